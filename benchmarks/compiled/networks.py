"""Training steps in float32: a perceptron and a transformer block, value and gradient."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.compiled.cases import Case, Pair
from benchmarks.compiled.toolkits import Toolkit

N_CLASSES = 10


def cross_entropy(xp: Any, logits: Any, targets: Any) -> Any:
    """The mean over examples of ``log sum exp(logits) - logits[target]``; targets are one-hot."""
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    return xp.mean(xp.log(xp.sum(xp.exp(shifted), axis=1)) - xp.sum(targets * shifted, axis=1))


def mlp(tools: Toolkit) -> Pair:
    """Three hidden layers of rectifiers; gradient in four weights and four biases."""
    xp = tools.xp

    def function(*arguments: Any) -> Any:
        weights, biases, (x, targets) = arguments[:4], arguments[4:8], arguments[8:]
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = x @ weight + bias
            if layer < 3:
                x = xp.where(x > 0, x, 0.0)
        return cross_entropy(xp, x, targets)

    return Pair(function, tools.gradient(function, 8, with_value=True))


def mlp_data(width: int, batch: int = 128) -> tuple[Any, ...]:
    """Weights of layers width -> width -> width -> width -> 10, biases, examples, targets."""
    random = np.random.default_rng(12)
    shapes = [(width, width)] * 3 + [(width, N_CLASSES)]
    weights = [random.normal(size=shape) * np.sqrt(2.0 / shape[0]) for shape in shapes]
    biases = [0.01 * random.normal(size=shape[1]) for shape in shapes]
    x = random.normal(size=(batch, width))
    targets = np.eye(N_CLASSES)[random.integers(0, N_CLASSES, size=batch)]
    return tuple(array.astype(np.float32) for array in (*weights, *biases, x, targets))


def attention(tools: Toolkit, n_heads: int) -> Pair:
    """A transformer block, normalized before each half; gradient in its eight parameters."""
    xp = tools.xp

    def normalized(x: Any, scale: Any) -> Any:
        centered = x - xp.mean(x, axis=-1, keepdims=True)
        return centered / xp.sqrt(xp.mean(centered**2, axis=-1, keepdims=True) + 1e-5) * scale

    def softmax(x: Any) -> Any:
        weights = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return weights / xp.sum(weights, axis=-1, keepdims=True)

    def gelu(x: Any) -> Any:
        return 0.5 * x * (1.0 + xp.tanh(0.7978845608 * (x + 0.044715 * x**3)))

    def function(
        query: Any,
        key: Any,
        value: Any,
        out: Any,
        up: Any,
        down: Any,
        before: Any,
        between: Any,
        x: Any,
        targets: Any,
    ) -> Any:
        n, length, width = x.shape
        depth = width // n_heads

        def heads(y: Any) -> Any:
            return xp.swapaxes(xp.reshape(y, (n, length, n_heads, depth)), 1, 2)

        y = normalized(x, before)
        q, k, v = heads(y @ query), heads(y @ key), heads(y @ value)
        scores = xp.matmul(q, xp.swapaxes(k, 2, 3)) * (1.0 / depth**0.5)
        mixed = xp.reshape(xp.swapaxes(xp.matmul(softmax(scores), v), 1, 2), (n, length, width))
        x = x + mixed @ out
        x = x + gelu(normalized(x, between) @ up) @ down
        return xp.mean((x - targets) ** 2)

    return Pair(function, tools.gradient(function, 8, with_value=True))


def attention_data(width: int, length: int, batch: int) -> tuple[Any, ...]:
    """Four projections, two layers of the perceptron, two scales, tokens and targets."""
    random = np.random.default_rng(13)
    shapes = [(width, width)] * 4 + [(width, 4 * width), (4 * width, width)]
    weights = [random.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes]
    scales = [np.ones(width), np.ones(width)]
    tokens = [random.normal(size=(batch, length, width)) for _ in range(2)]
    return tuple(array.astype(np.float32) for array in (*weights, *scales, *tokens))


def cases() -> Iterator[Case]:
    """Every row."""
    for width in (128, 256, 512, 1024):
        yield Case(
            "mlp",
            f"width {width}",
            mlp,
            partial(mlp_data, width),
            dtype="float32",
            is_small=width <= 256,
        )
    yield Case(
        "attention",
        "256, 8 heads, 128 tokens, batch 8",
        partial(attention, n_heads=8),
        partial(attention_data, 256, 128, 8),
        dtype="float32",
    )
