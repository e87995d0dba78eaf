"""Who computes a sparse derivative, and how: value and derivative from NumPy arrays to SciPy's.

A contestant prepares itself when it is first called, and is fast afterwards: the race's first
time then holds whatever a library does once (finding the structure, coloring, compiling).

CasADi's programs are called through its buffers, which copy nothing, and their results are
wrapped in sparse arrays that share those buffers. Bundle adjustment is differentiated for one
observation and mapped over all of them, since a graph of the whole has millions of nodes; the
layout of its blocks is chosen so that they *are* the values of the compressed rows. Programs
without loops of their own run on CasADi's interpreter; the mapped one, and right-hand sides,
also through the C compiler, where there is one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from benchmarks.compiled.bundle import projection_error
from benchmarks.sparse_problems import Problem

COMPILERS = ("gcc", "cc", "clang")
FLAGS = ["-O2", "-march=native"]
CHUNK = 100
"""Columns of a dense Hessian that are computed at once."""


class Answer(NamedTuple):
    """A function's value, raveled, and its derivative."""

    value: np.ndarray
    derivative: Any


class Prepared:
    """A call that is made at its first use: ``make()`` gives what is called from then on."""

    def __init__(self, make: Callable[[], Callable[[], Answer]]) -> None:
        self.make = make
        self.call: Callable[[], Answer] | None = None

    def __call__(self) -> Answer:
        if self.call is None:
            self.call = self.make()
        return self.call()


def contestants(problem: Problem) -> dict[str, Prepared]:
    """Everybody who takes part in a problem, Wengert first."""
    found = {"wengert": Prepared(lambda: wengert(problem))}
    if problem.order == 1:
        found["scipy grouped 2-point"] = Prepared(lambda: differences(problem))
    if find_spec("casadi") is not None:
        is_bundle = problem.name == "bundle"
        peer = casadi_bundle if is_bundle else casadi_whole
        found["casadi"] = Prepared(lambda: peer(problem, None))
        compiler = next(filter(shutil.which, COMPILERS), None)
        if compiler is not None and problem.order == 1:
            found[f"casadi {compiler}"] = Prepared(lambda: peer(problem, compiler))
    if problem.order == 2:
        found["wengert dense, in chunks"] = Prepared(lambda: dense_hessian(problem))
    elif problem.name != "bundle":  # 95,529 x 55,710 numbers would take 43 GB
        found["wengert dense"] = Prepared(lambda: dense_jacobian(problem))
    return found


def n_colors(problem: Problem) -> dict[str, int]:
    """Into how many groups each library's coloring divides the columns of the derivative.

    So many products determine it, or evaluations beyond the first. Wengert may find a cheaper way
    than by its columns, and CasADi's bundle adjustment colors nothing.
    """
    kind = "column" if problem.order == 1 else "star"
    color = import_module("wengert.sparse").color
    n_columns = problem.structure.shape[1]
    found = {"wengert": color(problem.structure, kind).n_colors}
    if problem.order == 1:
        groups = import_module("scipy.optimize._numdiff").group_columns(problem.structure)
        found["scipy grouped 2-point"] = int(np.max(groups)) + 1
    found[f"wengert dense{', in chunks' * (problem.order - 1)}"] = n_columns
    if find_spec("casadi") is not None and problem.name != "bundle":
        columns = problem.structure.tocsc()
        sparsity = import_module("casadi").Sparsity(
            *columns.shape, columns.indptr.tolist(), columns.indices.tolist()
        )
        coloring = sparsity.uni_coloring if problem.order == 1 else sparsity.star_coloring
        found["casadi"] = coloring().size2()
    return found


# ---- Wengert -----------------------------------------------------------------------------------


def flat(value: Any) -> np.ndarray:
    """All outputs, raveled, one behind the other."""
    leaves = value if isinstance(value, tuple) else (value,)
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


def wengert(problem: Problem) -> Callable[[], Answer]:
    """`wengert.sparse`: the structure is found, nothing is told."""
    sparse = import_module("wengert.sparse")
    make = sparse.value_and_jacobian if problem.order == 1 else sparse.value_and_hessian
    derived = make(problem.function, argnums=tuple(range(problem.n_free)))

    def call() -> Answer:
        value, derivative = derived(*problem.arguments)
        return Answer(flat(value), derivative)

    return call


def dense_jacobian(problem: Problem) -> Callable[[], Answer]:
    """The whole Jacobian, compiled."""
    wg = import_module("wengert")
    derived = wg.jit(wg.value_and_jacobian(problem.function))
    return lambda: Answer(*derived(*problem.arguments))


def dense_hessian(problem: Problem) -> Callable[[], Answer]:
    """All columns of the Hessian, a block at a time, of which the nonzero entries are kept."""
    wg = import_module("wengert")
    (x,), rest = problem.free, problem.arguments[1:]

    def times(direction: Any) -> Any:
        of_x = lambda x: problem.function(x, *rest)
        return wg.hvp(of_x, (x,), (direction.reshape(x.shape),)).ravel()

    products = wg.jit(wg.vmap(times))
    function = wg.jit(problem.function)

    def call() -> Answer:
        rows = []
        for start in range(0, x.size, CHUNK):
            units = np.zeros((CHUNK, x.size))
            kept = np.arange(start, min(start + CHUNK, x.size))
            units[kept - start, kept] = 1.0
            rows.append(csr_array(products(units)[: len(kept)]))
        return Answer(flat(function(*problem.arguments)), vstack(rows))

    return call


# ---- SciPy -------------------------------------------------------------------------------------


def differences(problem: Problem) -> Callable[[], Answer]:
    """One-sided differences of groups of columns; the structure is given, the groups are found."""
    numdiff = import_module("scipy.optimize._numdiff")
    structure = problem.structure
    groups = numdiff.group_columns(structure)
    at = np.concatenate([np.ravel(part) for part in problem.free])
    ends = np.cumsum([part.size for part in problem.free])[:-1]
    rest = problem.arguments[problem.n_free :]

    def function(x: np.ndarray) -> np.ndarray:
        parts = zip(np.split(x, ends), problem.free, strict=True)
        return flat(problem.function(*(part.reshape(like.shape) for part, like in parts), *rest))

    def call() -> Answer:
        value = function(at)
        sparsity = (structure, groups)
        derivative = numdiff.approx_derivative(function, at, "2-point", f0=value, sparsity=sparsity)
        return Answer(value, derivative)

    return call


# ---- CasADi ------------------------------------------------------------------------------------


class CasadiNames:
    """NumPy's names as far as the problems use them, over CasADi's symbols.

    A column stands for a vector; axis 1 of a matrix is its second.
    """

    def __init__(self) -> None:
        self.casadi = import_module("casadi")
        self.sqrt, self.cos, self.sin = self.casadi.sqrt, self.casadi.cos, self.casadi.sin
        self.where = self.casadi.if_else

    def concatenate(self, parts: Any) -> Any:
        """Vectors, one behind the other."""
        return self.casadi.vertcat(*parts)

    def stack(self, parts: Any, axis: int = 0) -> Any:
        """Scalars as a vector, or vectors as columns."""
        return self.casadi.horzcat(*parts) if axis == 1 else self.casadi.vertcat(*parts)

    def ravel(self, x: Any) -> Any:
        """Row by row."""
        return self.casadi.vec(x.T)

    def sum(self, x: Any, axis: int | None = None) -> Any:
        """Of a vector, or of each row of a matrix."""
        return self.casadi.sum2(x) if axis == 1 else self.casadi.sum1(x)


def compiled(function: Any, compiler: str | None) -> Any:
    """A CasADi function through the C compiler, or as it is."""
    if compiler is None:
        return function
    casadi = import_module("casadi")
    names = range(function.n_in())
    inputs = [casadi.MX.sym(f"x{place}", function.sparsity_in(place)) for place in names]
    flags = {"compiler": compiler, "flags": FLAGS}
    options = {"jit": True, "compiler": "shell", "jit_options": flags}
    return casadi.Function("compiled", inputs, function.call(inputs), options)


class Bound:
    """A call of a CasADi function that reads and writes these contiguous arrays in place."""

    def __init__(self, function: Any, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
        buffer, self.trigger = function.buffer()
        for place, array in enumerate(inputs):
            buffer.set_arg(place, array.reshape(-1).data)
        for place, array in enumerate(outputs):
            buffer.set_res(place, array.data)
        # The trigger holds addresses: whatever they point to has to live as long.
        self.kept = function, buffer, inputs, outputs

    def __call__(self) -> None:
        self.trigger()


def casadi_whole(problem: Problem, compiler: str | None) -> Callable[[], Answer]:
    """The whole program as one graph of scalars, and its derivative with its structure."""
    casadi, names = import_module("casadi"), CasadiNames()
    (x,), rest = problem.free, problem.arguments[1:]
    # CasADi's matrices go column by column: the transpose of one has NumPy's order
    symbol = casadi.SX.sym("x", *x.shape[::-1])
    value = problem.program(names, symbol.T if x.ndim == 2 else symbol, *rest)
    if problem.order == 1:
        derivative = casadi.jacobian(value, symbol)
    else:
        derivative, _ = casadi.hessian(value, symbol)
    function = compiled(casadi.Function("whole", [symbol], [value, derivative]), compiler)
    structure = derivative.sparsity()
    numbers, entries = np.empty(value.numel()), np.empty(structure.nnz())
    rows, starts = np.array(structure.row()), np.array(structure.colind())
    run = Bound(function, [x], [numbers, entries])

    def call() -> Answer:
        run()
        return Answer(numbers, csc_array((entries, rows, starts), shape=structure.shape))

    return call


def casadi_bundle(problem: Problem, compiler: str | None) -> Callable[[], Answer]:
    """One observation's blocks, mapped over all of them."""
    casadi, names = import_module("casadi"), CasadiNames()
    cameras, points, weights, features, c, p = problem.arguments
    n = len(c)
    symbols = [casadi.SX.sym(*named) for named in (("c", 11), ("p", 3), ("w", 1), ("f", 2))]
    errors = projection_error(names, *symbols)
    # transposed, the blocks of an observation go row by row
    blocks = casadi.jacobian(errors, casadi.vertcat(*symbols[:3])).T
    weight = symbols[2]
    outputs = [errors, 1.0 - weight**2, blocks, -2.0 * weight]
    each = casadi.Function("each", symbols, outputs, {"cse": True})
    mapped = compiled(each.map(n), compiler)
    numbers, entries = np.empty(3 * n), np.empty((blocks.nnz() + 1) * n)
    parts = [*np.split(numbers, [2 * n]), *np.split(entries, [blocks.nnz() * n])]
    inputs = [cameras[c], points[p], weights, features]
    run = Bound(mapped, inputs, parts)
    structure = problem.structure

    def call() -> Answer:
        inputs[0][:], inputs[1][:] = cameras[c], points[p]
        run()
        shared = (entries, structure.indices, structure.indptr)
        return Answer(numbers, csr_array(shared, shape=structure.shape))

    return call
