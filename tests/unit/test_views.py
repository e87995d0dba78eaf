"""Views, copies and writes: every alias sees what NumPy's would see, in every mode.

A function is run on plain arrays, which is the truth, and then differentiated, mapped, traced and
jitted; the values must be the same. Its derivative is compared with differences of the plain runs.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import MutationError

X = np.random.default_rng(3).uniform(0.2, 1.4, (3, 4))


def difference(f, x, dx, h=1e-3):
    """The derivative of f along dx from plain runs, extrapolated twice."""
    d = [(f(x + h / 2**k * dx) - f(x - h / 2**k * dx)) / (2 * h / 2**k) for k in range(3)]
    first, second = (4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3
    return (16 * second - first) / 15


def agrees(f, x=X, maps=True, tolerance=1e-7):
    """Assert that f, a scalar function of an array, is the same in every mode."""
    expected = f(x.copy())
    dx = np.random.default_rng(4).uniform(-1, 1, x.shape)
    slope = difference(f, x, dx)
    scale = max(abs(slope), abs(expected), 1.0)

    def near(found, wanted):
        assert abs(found - wanted) <= tolerance * scale, (found, wanted)

    kept = x.copy()
    value, gradient = wg.value_and_grad(f)(x)
    near(value, expected)
    near(np.sum(gradient * dx), slope)
    value, tangent = wg.jvp(f, (x,), (dx,))
    near(value, expected)
    near(tangent, slope)
    value, inner = wg.jvp(lambda x: wg.jvp(f, (x,), (dx,))[0], (x,), (dx,))
    near(value, expected)
    near(inner, slope)
    again = wg.grad(lambda x: wg.value_and_grad(f)(x)[0])(x)
    near(np.sum(again * dx), slope)
    near(wg.jit(f)(x), expected)
    if maps:
        program = wg.trace(f)(x)
        near(program(x), expected)
        others = np.stack([x, x + 0.1 * dx])
        mapped = wg.vmap(f)(others)
        near(mapped[0], expected)
        near(mapped[1], f(others[1].copy()))
        gradients = wg.vmap(wg.grad(f))(others)
        near(np.sum(gradients[0] * dx), slope)
    assert np.array_equal(x, kept)


def total(*arrays):
    """A scalar that depends on every element of the arrays, each with a weight of its own."""
    result = 0.0
    for k, a in enumerate(arrays, 1):
        weights = np.cos(np.arange(a.size) * 0.7 + k).reshape(a.shape)
        result = result + (weights * a * a).sum()
    return result


# -- views where NumPy makes views -----------------------------------------------------------------


VIEWS = {
    "row": lambda y: y[1],
    "column": lambda y: y[:, 2],
    "block": lambda y: y[1:, ::2],
    "backwards": lambda y: y[::-1, ::-1],
    "newaxis": lambda y: y[:, None],
    "row_of_block": lambda y: y[1:][0],
    "zero_d": lambda y: y[1, 2, ...],
    "T": lambda y: y.T,
    "T_row": lambda y: y.T[1],
    "reshape": lambda y: y.reshape(2, 6),
    "reshape_copy": lambda y: y.T.reshape(2, 6),
    "reshape_F": lambda y: y.reshape((2, 6), order="F"),
    "reshape_F_of_T": lambda y: y.T.reshape(-1, order="F"),
    "reshape_of_strided": lambda y: y[:, ::2].reshape(-1),
    "reshape_of_row": lambda y: y[1].reshape(2, 2),
    "reshape_of_part": lambda y: y[:2].reshape(-1),
    "reshape_split": lambda y: y[:, 1:3].reshape(3, 2, 1),
    "ravel": lambda y: y.ravel(),
    "ravel_of_T": lambda y: y.T.ravel(),
    "ravel_F_of_T": lambda y: y.T.ravel(order="F"),
    "ravel_K": lambda y: y.T.ravel(order="K"),
    "ravel_of_strided": lambda y: y[0][::2].ravel(),
    "flatten": lambda y: y.flatten(),
    "np_ravel": lambda y: np.ravel(y),
    "np_reshape": lambda y: np.reshape(y, -1),
    "np_transpose": lambda y: np.transpose(y),
    "swapaxes": lambda y: np.swapaxes(y, 0, 1),
    "moveaxis": lambda y: np.moveaxis(y, 0, -1),
    "squeeze": lambda y: y[:, :1].squeeze(),
    "expand_dims": lambda y: np.expand_dims(y, 0),
    "atleast_3d": lambda y: np.atleast_3d(y),
    "flip": lambda y: np.flip(y, 0),
    "rot90": lambda y: np.rot90(y),
    "split": lambda y: np.split(y, 2, axis=1)[1],
    "unstack": lambda y: np.unstack(y)[2],
    "hsplit_T": lambda y: np.hsplit(y, 2)[0].T,
    "real": lambda y: y.real,
    "view": lambda y: y.view(),
    "ellipsis": lambda y: y[...],
    "copy": lambda y: y.copy(),
    "copy_F": lambda y: y.copy(order="F"),
    "np_copy": lambda y: np.copy(y),
    "astype": lambda y: y.astype(float),
    "astype_no_copy": lambda y: y.astype(float, copy=False),
    "fancy": lambda y: y[[0, 2]],
    "mask": lambda y: y[np.array([True, False, True])],
    "take": lambda y: np.take(y, [0, 1], axis=0),
    "take_int": lambda y: np.take(y, 1, axis=0),
    "integer_0d": lambda y: y[np.int64(1)],
    "integer_array_0d": lambda y: y[np.array(1)],
    "roll": lambda y: np.roll(y, 1),
    "tile": lambda y: np.tile(y, 1),
    "concatenate": lambda y: np.concatenate([y]),
    "repeat": lambda y: np.repeat(y, 1, axis=0),
}
ORDERS = {"C": lambda x: np.sin(x), "F": lambda x: np.sin(np.array([2.0])) * np.sin(x).T.copy().T}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("root", ORDERS.values(), ids=ORDERS)
def test_write_through_view(view, root):
    # Without values (maps) C order is assumed, as the documentation of views says.
    def f(x):
        y = root(x)
        v = view(y)
        v[...] = v * 2.0 + 1.0
        before = total(y)
        y[1:, 1:] *= 3.0
        return before + total(y, v)

    agrees(f, maps=root is ORDERS["C"])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("other", ["T", "ravel", "block", "row", "reshape_copy", "backwards"])
def test_chains_of_views(view, other):
    def f(x):
        y = np.sin(x)
        v = VIEWS[view](y)
        if v.ndim >= 2 and v.shape[0] > 1 and v.shape[1] > 1:
            w = VIEWS[other](v) if other != "reshape_copy" or v.size == 12 else v
        else:
            w = v
        w += 1.0
        v *= x[0, 0]
        if w.ndim:
            w[..., -1:] = 0.5
        y[0] -= 0.25
        return total(y, v, w)

    agrees(f, maps=view not in ("reshape_F", "copy_F"))


def test_elements_written_through_views_one_by_one():
    def f(x):
        y = np.cos(x)
        flat, turned, row = y.ravel(), y.T, y[1]
        for i in range(5):
            flat[i + 2] = flat[i] * x[0, 1] + turned[i % 4, 1]
            turned[3, i % 3] = row[i % 4]
            row[i % 4] += flat[0]
        return total(y, flat, turned, row)

    agrees(f)


def test_diagonal_is_a_view_that_cannot_be_written():
    def f(x):
        y = np.sin(x)
        d = np.diagonal(y)
        y[1, 1] = x[0, 0] * 2
        return total(y, d)

    agrees(f)
    with pytest.raises(MutationError, match="read-only"):
        wg.grad(lambda x: np.diagonal(x * 1.0).__setitem__(0, 1.0))(X)


def test_broadcast_is_a_view_that_cannot_be_written():
    def f(x):
        y = np.sin(x)
        b = np.broadcast_to(y, (2, 3, 4))
        y[0, 0] = 2.0
        return total(b)

    agrees(f)
    with pytest.raises(MutationError, match="read-only"):
        wg.grad(lambda x: np.broadcast_to(x * 1.0, (2, 3, 4)).__iadd__(1.0))(X)


# -- scalars and 0-d arrays ------------------------------------------------------------------------


def test_scalar_read_is_immutable():
    def f(x):
        y = np.sin(x)
        a = y[0, 0]
        a += 1.0
        b = y[0][1]
        b *= 2.0
        for row in y:
            element = row[2]
            element -= 5.0
        return total(y) + a * b

    agrees(f)


def test_zero_d_array_is_a_view():
    def f(x):
        y = np.sin(x)
        a = y[0, 0, ...]
        a += 1.0
        b = y[1:2, 2:3].reshape(())
        b *= x[0, 0]
        c = np.squeeze(y[2:, 3:])
        c[()] = 4.0 * x[0, 1]
        return total(y) + a * b * c

    agrees(f)


def test_loop_variable_of_rows_is_a_view():
    def f(x):
        y = np.sin(x)
        for i, row in enumerate(y):
            row *= i + 1.0
        return total(y)

    agrees(f)


def test_scalar_argument_is_immutable():
    def f(a):
        b = a
        b += 1.0
        return a * b

    assert wg.grad(f)(2.0) == 5.0
    assert wg.grad(f)(np.float64(2.0)) == 5.0


def test_real_and_imaginary_parts_are_views():
    def f(x):
        z = np.sin(x) + 1j * np.cos(x)
        z.real[1] = x[0] * 2.0
        z.imag[:, 1] += 0.5
        z.real.T[2] *= z[:, 0].imag
        z[2].imag[::2] = 0.25
        z.real.ravel()[5] = 1.0
        z.T.imag[0, 1] = x[2, 2]
        r = z[:2].real
        z[0] *= 2.0 - 1.0j
        z.real += 0.125
        z.imag = z.imag * 0.5
        r[1, 1:3] -= 1.0
        for k in range(3):
            z.real[k, k] += r[0, k]
        return total(z.real, z.imag, r)

    agrees(f)


def test_real_part_of_a_real_array_is_the_array():
    def f(x):
        y = np.sin(x)
        y.real[0] = 2.0
        y.real *= 3.0
        return total(y, y.imag + 1.0)

    agrees(f)


# -- self-assignment, overlap, order ---------------------------------------------------------------


def test_overlapping_slices_read_before_they_are_written():
    def f(x):
        y = np.sin(x)
        y[1:] = y[:-1]
        y[:, :-1] += y[:, 1:]
        y[::-1] = y
        y.T[:3, :3] = y[:, :3]
        return total(y)

    agrees(f)


def test_updates_keep_the_memory_order_that_views_rest_on():
    def f(x):
        y = np.sin(x).T.copy(order="C").T  # Fortran order
        y += x  # the sum alone would be in C order
        v = y.ravel()  # so a copy
        v *= 2.0
        w = y.T.ravel()  # and this a view
        w += 1.0
        return total(y, v, w)

    agrees(f)


def test_stale_views_are_read_again_in_chains():
    def f(x):
        y = np.sin(x)
        a = y[1:]
        b = a[:, ::2]
        c = b.T
        y[2, 2] = x[0, 0]
        first = c[1, 1]
        c[0, 0] = first * 3.0
        return total(a, b, c, y)

    agrees(f)


def test_copies_are_independent():
    def f(x):
        y = np.sin(x)
        z = y.copy()
        w = wnp.array(y)
        y[0] = 1.0
        z[1] = 2.0
        w += x
        return total(y, z, w)

    agrees(f)


def test_same_result_assigned_twice_does_not_alias():
    def f(x):
        y = np.sin(x)
        z = np.zeros_like(x)
        z[...] = y
        z[0] = 5.0
        y[1] = 7.0
        w = np.empty_like(x)
        np.copyto(w, y)
        w[2] = 0.0
        return total(y, z, w)

    agrees(f)


# -- random sequences ------------------------------------------------------------------------------


def run_script(script, x, orders):
    """Interpret a list of steps on arrays that may be views of each other."""
    arrays = [np.sin(x), np.cos(x).T.copy().T if orders == "CF" else np.cos(x)]
    scalars = 0.0
    for kind, a, b, c in script:
        h = arrays[a % len(arrays)]
        other = arrays[c % len(arrays)]
        made = None
        n = h.shape[0] if h.ndim else 0
        if kind == "row" and h.ndim and n:
            made = h[b % n - (n if c % 2 else 0)]
        elif kind == "column" and h.ndim > 1:
            made = h[..., b % h.shape[-1]]
        elif kind == "slice" and h.ndim:
            made = h[b % (n + 1) :: 1 + c % 2]
        elif kind == "back" and h.ndim:
            made = h[..., :: -1 - b % 2]
        elif kind == "T":
            made = h.T
        elif kind == "reshape":
            made = (
                h.reshape(-1) if b % 2 else h.reshape(h.shape[::-1], order=orders[c % len(orders)])
            )
        elif kind == "ravel":
            made = h.ravel(order="CFK"[b % 3])
        elif kind == "newaxis":
            made = h[None] if b % 2 else h[..., None]
        elif kind == "squeeze":
            made = np.squeeze(h)
        elif kind == "copy":
            made = h.copy()
        elif kind == "fancy" and n:
            made = h[[b % n, c % n]]
        elif kind == "zero_d" and h.size:
            made = h[(*[b % m for m in h.shape], ...)]
        elif kind == "scalar" and h.size:
            value = h[tuple([b % m for m in h.shape])]
            value += 1.0
            scalars = scalars + value
        elif kind == "element" and h.size and other.size:
            at = tuple([b % m for m in h.shape])
            h[at] = 0.5 * other[tuple([c % m for m in other.shape])] + 0.1
        elif kind == "elements" and n:
            h[b % n :] = 0.25 * h[c % n]
        elif kind == "fill":
            h[...] = scalars * 0.01 + 0.3
        elif kind == "iadd":
            h += 0.1 * b
        elif kind == "imul" and other.size:
            h *= other[tuple([c % m for m in other.shape])] * 0.5 + 0.5
        elif kind == "iadd_slice" and n:
            h[: 1 + b % n] += 0.3
        elif kind == "assign" and other.shape == h.shape:
            h[...] = other
        elif kind == "scatter" and n:
            h[[b % n, c % n]] = 0.7 * h[b % n] + 0.1
        elif kind == "add_at" and n:
            np.add.at(h, [b % n, c % n, b % n], 0.2 * x[0, 0])
        elif kind == "out" and other.shape == h.shape:
            np.multiply(h, 0.5, out=other)
        elif kind == "where":
            np.copyto(h, 0.2, where=np.arange(h.size).reshape(h.shape) % 3 == b % 3)
        if (
            made is not None
            and made.size
            and made.size * made.ndim < 60
            and getattr(made, "shape", None) != ()
        ):
            arrays.append(made)
        elif kind == "zero_d" and made is not None:
            made *= 2.0
            scalars = scalars + made
    return total(*arrays) + np.sin(scalars)


KINDS = (
    "row column slice back T reshape ravel newaxis squeeze copy fancy zero_d scalar element "
    "elements fill iadd imul iadd_slice assign scatter add_at out where"
).split()
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(0, 7), st.integers(0, 11), st.integers(0, 11))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=14))
def test_random_scripts(script):
    agrees(lambda x: run_script(script, x, "C"), tolerance=3e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=14))
def test_random_scripts_with_fortran_order(script):
    agrees(lambda x: run_script(script, x, "CF"), maps=False, tolerance=3e-6)
