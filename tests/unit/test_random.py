"""`wengert.random`: keys and streams, the same under every transform; arguments and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.ops.philox import blocks, philox

random = wg.random
KEY = random.key(2026)
EDGE = 2**64 - 1


# -- the stream is NumPy's -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2**64 + 5, 2**128 - 1])
def test_streams_are_those_of_numpy(seed: int) -> None:
    key = random.key(seed)
    numpy = lambda: np.random.Philox(key=seed)
    for n in (1, 5, 63, 64, 1001):
        np.testing.assert_array_equal(random.bits(key, n), numpy().random_raw(n))
        expected = np.random.Generator(numpy()).random(n)
        np.testing.assert_array_equal(random.uniform(key, n), expected)
        expected = np.random.Generator(numpy()).random(n, dtype=np.float32)
        found = random.uniform(key, n, np.float32)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)
    assert random.uniform(key) == np.random.Generator(numpy()).random()


COUNTERS = [(0, 0, 0, 0), (EDGE - 1, 0, 0, 0), (EDGE - 2, EDGE, EDGE, 5), (EDGE,) * 4]


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("n", [0, 1, 3, 4, 6, 63, 64, 130])
def test_counters_are_those_of_numpy(counter: Any, n: int) -> None:
    """Carries between the words of the counter too, in NumPy's code, ours and compiled."""
    key, start = np.array([3, EDGE - 8], np.uint64), np.array(counter, np.uint64)
    expected = np.random.Philox(key=key, counter=start).random_raw(max(n, 1))[:n]
    np.testing.assert_array_equal(philox(key, start, n), expected)
    np.testing.assert_array_equal(blocks(key, start, -(-n // 4)).ravel()[:n], expected)
    compiled = wg.jit(lambda key, start: philox(key, start, n))
    np.testing.assert_array_equal(compiled(key, start), expected)


def test_the_published_test_vector() -> None:
    """Of the authors' Random123 library: key and counter of the digits of pi."""
    counter = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89)
    key = np.array([0x452821E638D01377, 0xBE5466CF34E90C6C], np.uint64)
    before = np.array([counter[0] - 1, *counter[1:]], np.uint64)  # a block follows its counter
    assert [hex(int(w)) for w in philox(key, before, 4)] == [
        "0xa528f45403e61d95",
        "0x38c72dbd566e9788",
        "0xa5a1610e72fd18b5",
        "0x57bd43b5e52b7fe6",
    ]


DRAWS = {
    "bits": lambda key: random.bits(key, (5, 3)),
    "bits8": lambda key: random.bits(key, 7, np.uint8),
    "uniform": lambda key: random.uniform(key, (5, 3)),
    "uniform32": lambda key: random.uniform(key, 5, np.float32),
    "integers": lambda key: random.integers(key, -3, 1000, 9),
    "wide": lambda key: random.integers(key, -(2**62), 2**62, 9),
    "permutation": lambda key: random.permutation(key, 9),
    "choice": lambda key: random.choice(key, 9, 4, replace=False),
    "split": lambda key: random.split(key, (2, 2)),
    "fold": lambda key: random.fold_in(key, 17),
    "bernoulli": lambda key: random.bernoulli(key, 0.3, 20),
    "rademacher": lambda key: random.rademacher(key, 20),
    "poisson": lambda key: random.poisson(key, np.array([0.5, 20.0]), (3, 2)),
    "binomial": lambda key: random.binomial(key, 10, 0.3, 6),
    "nested": lambda key: random.bits(random.split(random.fold_in(key, 3))[1], 70),
}
CLOSE = {
    "normal": lambda key: random.normal(key, 300),
    "gamma": lambda key: random.gamma(key, 0.3, 20),
    "student": lambda key: random.student_t(key, 4.0, 20),
    "dirichlet": lambda key: random.dirichlet(key, np.array([0.1, 1.0, 2.0]), 3),
    "mvn": lambda key: random.multivariate_normal(key, np.zeros(2), np.eye(2) + 0.5, 3),
    "orthogonal": lambda key: random.orthogonal(key, 3),
    "wishart": lambda key: random.wishart(key, 4.5, np.eye(2)),
    "ball": lambda key: random.ball(key, 3, 1.5, 4),
    "multinomial": lambda key: random.multinomial(key, 20, np.array([0.2, 0.3, 0.5]), 2),
    "categorical": lambda key: random.categorical(key, np.array([0.1, 0.2, 0.3]), shape=8),
    "geometric": lambda key: random.geometric(key, 0.3, 8),
}


@pytest.mark.parametrize("name", [*DRAWS, *CLOSE])
def test_samples_do_not_depend_on_transforms(name: str) -> None:
    """One by one, in a batch, compiled, in a loop."""
    f = DRAWS.get(name) or CLOSE[name]
    keys = random.split(KEY, 3)
    one_by_one = np.stack([f(key) for key in keys])
    loop = lambda keys: wg.scan(lambda c, key: (c, f(key)), 0, keys)[1]
    for run in (wg.vmap(f), wg.jit(wg.vmap(f)), loop, wg.jit(loop)):
        found = run(keys)
        assert found.dtype == one_by_one.dtype
        if name in DRAWS:
            np.testing.assert_array_equal(found, one_by_one)
        else:
            np.testing.assert_allclose(found, one_by_one, rtol=1e-12, atol=1e-14)


def test_large_streams_do_not_depend_on_threads() -> None:
    """Blocks that threads share: the numbers are NumPy's all the same."""
    n = 3_000_001
    expected = np.random.Generator(np.random.Philox(key=1)).random(n)
    found = wg.jit(lambda key: random.uniform(key, n))(random.key(1))
    np.testing.assert_array_equal(found, expected)


def test_more_samples_begin_with_the_same_ones() -> None:
    for f in (random.bits, random.uniform, random.normal, random.gumbel):
        np.testing.assert_array_equal(f(KEY, 100)[:7], f(KEY, 7))
    np.testing.assert_array_equal(random.split(KEY, 9)[:4], random.split(KEY, 4))


# -- keys ------------------------------------------------------------------------------------------


def test_derived_keys_are_blocks_of_their_own_counters() -> None:
    """The layout that docs/notes/random.md promises."""
    seed = np.array([5, 6], np.uint64)
    for i, key in enumerate(random.split(seed, 3)):
        counter = np.array([i, 0, 0, 1], np.uint64)
        np.testing.assert_array_equal(
            key, np.random.Philox(counter=counter, key=seed).random_raw(2)
        )
    for data in (0, 1, 2**64 - 1, -1):
        counter = np.array([data % 2**64, 0, 0, 2], np.uint64)
        expected = np.random.Philox(counter=counter, key=seed).random_raw(2)
        np.testing.assert_array_equal(random.fold_in(seed, data), expected)


def test_traced_seeds_and_data() -> None:
    np.testing.assert_array_equal(wg.jit(lambda seed: random.key(seed))(7), random.key(7))
    np.testing.assert_array_equal(
        wg.jit(lambda i: random.fold_in(KEY, i))(-5), random.fold_in(KEY, -5)
    )


def test_many_derived_keys_differ() -> None:
    keys = [random.split(KEY, 2000), *[random.split(k, 50) for k in random.split(KEY, 20)]]
    keys += [np.stack([random.fold_in(KEY, i) for i in range(500)])]
    every = np.concatenate(keys)
    assert len({k.tobytes() for k in every}) == len(every)


# -- arguments -------------------------------------------------------------------------------------

SIGNATURES = {
    "uniform": {"low": -1.0, "high": 2.0},
    "normal": {"loc": 1.0, "scale": 2.0},
    "lognormal": {"mean": 0.1, "sigma": 0.5},
    "exponential": {"scale": 2.0},
    "laplace": {"loc": 1.0, "scale": 2.0},
    "logistic": {"loc": 1.0, "scale": 2.0},
    "gumbel": {"loc": 1.0, "scale": 2.0},
    "cauchy": {"loc": 1.0, "scale": 2.0},
    "rayleigh": {"scale": 2.0},
    "pareto": {"a": 3.0},
    "weibull": {"a": 1.5, "scale": 2.0},
    "triangular": {"left": -1.0, "mode": 0.5, "right": 2.0},
    "truncated_normal": {"lower": -1.0, "upper": 3.0, "loc": 0.5, "scale": 2.0},
    "gamma": {"a": 2.5, "scale": 2.0},
    "loggamma": {"a": 2.5},
    "chisquare": {"df": 3.0},
    "beta": {"a": 2.0, "b": 3.0},
    "f": {"dfnum": 4.0, "dfden": 9.0},
    "student_t": {"df": 5.0, "loc": 1.0, "scale": 2.0},
    "von_mises": {"kappa": 2.0, "mu": 0.5},
    "wald": {"mean": 1.0, "scale": 2.0},
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_shapes_and_dtypes(name: str) -> None:
    f, parameters = getattr(random, name), SIGNATURES[name]
    single = f(KEY, **parameters)
    assert isinstance(single, np.float64)
    assert f(KEY, **parameters, shape=(2, 3)).shape == (2, 3)
    assert f(KEY, **parameters, shape=0).shape == (0,)
    assert f(KEY, **parameters, shape=4, dtype=np.float32).dtype == np.float32
    first, *_ = parameters
    several = {**parameters, first: np.full((3, 1), parameters[first])}
    assert f(KEY, **several).shape == (3, 1)
    np.testing.assert_array_equal(
        f(KEY, **several, shape=(3, 2)), f(KEY, **parameters, shape=(3, 2))
    )
    with pytest.raises(wg.errors.ShapeError, match=f"{name}: the shapes do not fit."):
        f(KEY, **several, shape=(2, 2))
    with pytest.raises(wg.errors.DtypeError, match=f"{name}: samples have no such dtype."):
        f(KEY, **parameters, dtype=np.int64)
    with pytest.raises(wg.errors.DtypeError, match=f"{name}: a parameter is not real."):
        f(KEY, **{**parameters, first: 1j})


def test_parameters_outside_their_domain() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(random.gamma(KEY, -1.0))
        assert np.isnan(random.wald(KEY, -1.0, 1.0))
        assert np.isnan(random.von_mises(KEY, -1.0))
        assert np.isnan(random.truncated_normal(KEY, 2.0, 1.0))
    assert random.poisson(KEY, -1.0) == -1
    assert random.binomial(KEY, 3.5, 0.5) == -1
    assert random.binomial(KEY, 3, 1.5) == -1


def raised(kind: type, call: Any) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_what_is_no_key() -> None:
    error = wg.errors.DtypeError
    for bad in (7, np.zeros(2), np.zeros(2, np.int64), None, [1, 2]):
        assert "normal: the first argument is no key." in raised(
            error, lambda b=bad: random.normal(b)
        )
    text = raised(wg.errors.ShapeError, lambda: random.normal(random.split(KEY, 3)))
    assert "normal: one key has two words." in text
    assert "wengert.vmap" in text


def test_bad_seeds_shapes_and_numbers() -> None:
    error = wg.errors.ArgumentError
    assert "key: the seed is no integer." in raised(error, lambda: random.key(1.5))
    assert "key: the seed does not fit in 128 bits." in raised(error, lambda: random.key(-1))
    assert "normal: the shape is no tuple of integers." in raised(
        error, lambda: random.normal(KEY, 2.5)
    )
    assert "normal: a size is negative." in raised(error, lambda: random.normal(KEY, (2, -1)))
    assert "fold_in: not an integer of 64 bits." in raised(error, lambda: random.fold_in(KEY, 0.5))
    text = raised(wg.errors.DtypeError, lambda: random.bits(KEY, 3, np.float64))
    assert "bits: not a dtype of random bits." in text


def test_bad_ranges() -> None:
    text = raised(wg.errors.ArgumentError, lambda: random.integers(KEY, 3, 3))
    assert "integers: there is no integer in the range." in text
    text = raised(wg.errors.DtypeError, lambda: random.integers(KEY, 0.0, 3.0))
    assert "integers: a bound is no integer." in text
    text = raised(wg.errors.DtypeError, lambda: random.integers(KEY, 0, 3, dtype=float))
    assert "integers: not a dtype of integers." in text


def test_bad_choices() -> None:
    argument, shape = wg.errors.ArgumentError, wg.errors.ShapeError
    assert "choice: more is to be chosen than there is." in raised(
        argument, lambda: random.choice(KEY, 3, 4, replace=False)
    )
    assert "choice: there is not one probability for each entry." in raised(
        shape, lambda: random.choice(KEY, 3, 2, p=np.ones(2) / 2)
    )
    assert "choice: there is no such axis." in raised(
        shape, lambda: random.choice(KEY, np.ones(3), axis=1)
    )
    assert "permutation: there is no such axis." in raised(
        shape, lambda: random.permutation(KEY, np.ones(3), axis=1)
    )
    assert "permutation: a number of things is no plain integer of 0 or more." in raised(
        argument, lambda: random.permutation(KEY, 2.5)
    )
    assert "categorical: logits have no axis." in raised(
        shape, lambda: random.categorical(KEY, 1.0)
    )
    assert "multinomial: there are no events." in raised(
        shape, lambda: random.multinomial(KEY, 3, 1.0)
    )


def test_bad_matrices() -> None:
    argument, shape = wg.errors.ArgumentError, wg.errors.ShapeError
    assert "multivariate_normal: mean and covariance do not fit." in raised(
        shape, lambda: random.multivariate_normal(KEY, np.zeros(3), np.eye(2))
    )
    assert "multivariate_normal: there is no such method." in raised(
        argument, lambda: random.multivariate_normal(KEY, np.zeros(2), np.eye(2), method="lu")
    )
    assert "dirichlet: alpha has no axis." in raised(shape, lambda: random.dirichlet(KEY, 1.0))
    assert "ball: the norm is none." in raised(argument, lambda: random.ball(KEY, 3, p=0.0))
    assert "wishart: the scale is no square matrix." in raised(
        shape, lambda: random.wishart(KEY, 3.0, np.ones((2, 3)))
    )


def test_choices_and_orders() -> None:
    x = np.arange(12.0).reshape(4, 3)
    found = random.permutation(KEY, x)
    assert sorted(map(tuple, found)) == sorted(map(tuple, x))
    lines = random.permutation(KEY, x, axis=1, independent=True)
    np.testing.assert_array_equal(np.sort(lines, axis=1), x)
    assert random.choice(KEY, x, (2, 5), axis=1).shape == (4, 2, 5)
    few = random.choice(KEY, 5, 5, replace=False, p=np.array([0.5, 0.2, 0.1, 0.1, 0.1]))
    assert sorted(few.tolist()) == [0, 1, 2, 3, 4]
    never = random.choice(KEY, 3, 1000, p=np.array([0.5, 0.0, 0.5]))
    assert set(never.tolist()) == {0, 2}
    assert 0 <= random.choice(KEY, 3) < 3
    grad = wg.grad(lambda x: np.sum(random.choice(KEY, x, 7)))(np.ones(3))
    counts = np.bincount(random.choice(KEY, 3, 7), minlength=3)
    np.testing.assert_array_equal(grad, counts)


def test_full_ranges_of_integers() -> None:
    word = random.bits(KEY, 5)
    low = random.integers(KEY, 0, 2**64 - 1, 5, np.uint64, endpoint=True)
    np.testing.assert_array_equal(low, word)
    whole = random.integers(KEY, -(2**63), 2**63 - 1, 5, endpoint=True)
    np.testing.assert_array_equal(whole.astype(np.uint64) + np.uint64(2**63), word)
    small = random.integers(KEY, np.array([0, 10]), np.array([2, 12]), (500, 2))
    assert small.min(axis=0).tolist() == [0, 10]
    assert small.max(axis=0).tolist() == [1, 11]
    np.testing.assert_array_equal(random.randint(KEY, 5, 0, 9), random.integers(KEY, 9, shape=5))


# -- what NumPy's own generators do ----------------------------------------------------------------


def test_numpy_generators_refuse_traced_parameters() -> None:
    rng = np.random.default_rng(0)
    for f in (
        lambda x: rng.normal(loc=x),
        lambda x: np.sum(rng.normal(np.stack([x, x]))),
        lambda x: rng.gamma(x),
        lambda x: np.random.normal(x, 1.0),
    ):
        text = raised(wg.errors.ConversionError, lambda f=f: wg.grad(f)(1.0))
        assert "wengert.random, or loc + scale * rng.normal(), for random numbers" in text


def test_discrete_samples_are_constant() -> None:
    f = lambda p: random.binomial(KEY, 10, p) * p + random.poisson(KEY, p) * 1.0
    assert wg.grad(f)(0.4) == random.binomial(KEY, 10, 0.4)
    assert wg.grad(lambda p: np.where(random.bernoulli(KEY, p), 1.0, 0.0))(0.4) == 0.0
