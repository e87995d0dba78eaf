"""A classifier of handwritten digits: plain NumPy for the model, one call for its gradient.

The images are scikit-learn's copy of the optical recognition data of E. Alpaydin and C. Kaynak (UCI
repository, 1998): 1,797 digits of 8 by 8 pixels. The model is a perceptron with one hidden layer;
its parameters are a dictionary of dictionaries, which `wg.value_and_grad` accepts and gives back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import wengert as wg
from wengert import trees
from wengert.demo.progress import Screen
from wengert.demo.timing import best_time

Array = np.ndarray[Any, np.dtype[Any]]
Parameters = dict[str, dict[str, Array]]

tree_map = trees.map_tree
N_PIXELS, N_HIDDEN, N_CLASSES = 64, 64, 10
WEIGHT_DECAY = 1e-4
# D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015; their values.
DECAY_MEAN, DECAY_SQUARE, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class DigitsResult:
    """What the training gave.

    Attributes
    ----------
    losses : ndarray, shape (epochs,)
        Mean training loss of each epoch.
    accuracies : ndarray, shape (epochs,)
        Held-out accuracy after each epoch, as a fraction.
    confusion : ndarray, shape (10, 10)
        Held-out images by true digit (row) and predicted digit (column).
    mistakes : list of (image, truth, prediction)
        The held-out images that were classified wrongly.
    n_parameters, n_train, n_test, n_steps : int
        Sizes of the problem.
    seconds : float
        Time of the training.
    forward_time, gradient_time : float
        Seconds for the loss of one minibatch alone, and with its gradient.
    """

    losses: Array
    accuracies: Array
    confusion: Array
    mistakes: list[tuple[Array, int, int]]
    n_parameters: int
    n_train: int
    n_test: int
    n_steps: int
    seconds: float
    forward_time: float
    gradient_time: float

    @property
    def accuracy(self) -> float:
        """Held-out accuracy at the end, as a fraction."""
        return float(self.accuracies[-1])


def scores(parameters: Parameters, images: Array) -> Array:
    """The unnormalized log-probability of every class: shape (images, 10)."""
    hidden, output = parameters["hidden"], parameters["output"]
    activation = np.tanh(images @ hidden["weight"] + hidden["bias"])
    return activation @ output["weight"] + output["bias"]


def loss(parameters: Parameters, images: Array, labels: Array) -> Any:
    """Mean cross-entropy of the softmax, with a small penalty on the weights."""
    logits = scores(parameters, images)
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_normalizer = np.log(np.sum(np.exp(shifted), axis=1))
    chosen = shifted[np.arange(len(labels)), labels]
    penalty = sum(np.sum(layer["weight"] ** 2) for layer in parameters.values())
    return np.mean(log_normalizer - chosen) + WEIGHT_DECAY * penalty


def adam(
    parameters: Parameters, gradient: Parameters, mean: Parameters, square: Parameters, t: int
) -> tuple[Parameters, Parameters, Parameters]:
    """One step of Adam: the new parameters and the new running moments."""
    rate = 0.004 * 0.5 ** (t / 400)
    mean = tree_map(lambda m, g: DECAY_MEAN * m + (1 - DECAY_MEAN) * g, mean, gradient)
    square = tree_map(lambda s, g: DECAY_SQUARE * s + (1 - DECAY_SQUARE) * g**2, square, gradient)

    def moved(p: Array, m: Array, s: Array) -> Array:
        unbiased = m / (1 - DECAY_MEAN**t)
        scale = np.sqrt(s / (1 - DECAY_SQUARE**t)) + EPSILON
        return p - rate * unbiased / scale

    return tree_map(moved, parameters, mean, square), mean, square


def run(screen: Screen, quick: bool = False) -> DigitsResult:
    """Train on three quarters of the images, report the accuracy on the rest."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = images / 16.0
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=0.25, stratify=labels, random_state=0
    )
    generator = np.random.default_rng(0)
    parameters = _initial(generator)
    mean = square = tree_map(np.zeros_like, parameters)
    step = wg.value_and_grad(loss)
    losses, accuracies, t = [], [], 0
    n_epochs = 15 if quick else 60
    start = time.perf_counter()
    with screen.step("training on digits", n_epochs) as bar:
        for _ in range(n_epochs):
            epoch = []
            for batch in _batches(generator, len(train_x)):
                t += 1
                value, gradient = step(parameters, train_x[batch], train_y[batch])
                parameters, mean, square = adam(parameters, gradient, mean, square, t)
                epoch.append(float(value))
            predicted = np.argmax(scores(parameters, test_x), axis=1)
            losses.append(float(np.mean(epoch)))
            accuracies.append(float(np.mean(predicted == test_y)))
            bar.advance(f"loss {losses[-1]:.4f}  held-out {accuracies[-1]:.2%}")
    seconds = time.perf_counter() - start

    sample = train_x[:64], train_y[:64]
    confusion = np.zeros((N_CLASSES, N_CLASSES), dtype=int)
    np.add.at(confusion, (test_y, predicted), 1)
    wrong = np.flatnonzero(predicted != test_y)
    result = DigitsResult(
        losses=np.array(losses),
        accuracies=np.array(accuracies),
        confusion=confusion,
        mistakes=[(test_x[i].reshape(8, 8), int(test_y[i]), int(predicted[i])) for i in wrong],
        n_parameters=sum(a.size for layer in parameters.values() for a in layer.values()),
        n_train=len(train_x),
        n_test=len(test_x),
        n_steps=t,
        seconds=seconds,
        forward_time=best_time(lambda: loss(parameters, *sample)),
        gradient_time=best_time(lambda: step(parameters, *sample)),
    )
    screen.say(f"  held-out accuracy {result.accuracy:.2%}: {len(wrong)} of {result.n_test} wrong")
    screen.say(
        f"  {t} steps in {seconds:.1f} s; one loss {1e6 * result.forward_time:.0f} µs, "
        f"with its gradient {1e6 * result.gradient_time:.0f} µs"
    )
    return result


def _initial(generator: np.random.Generator) -> Parameters:
    def layer(n_in: int, n_out: int) -> dict[str, Array]:
        return {
            "weight": generator.normal(scale=n_in**-0.5, size=(n_in, n_out)),
            "bias": np.zeros(n_out),
        }

    return {"hidden": layer(N_PIXELS, N_HIDDEN), "output": layer(N_HIDDEN, N_CLASSES)}


def _batches(generator: np.random.Generator, n: int, size: int = 64) -> Iterator[Array]:
    """The numbers below `n` in random order, `size` at a time; a shorter rest is left out."""
    order = generator.permutation(n)
    for start in range(0, n - size + 1, size):
        yield order[start : start + size]
