"""A function of pytrees seen as a function of single real numbers, which can be moved one by one.

`Probe` flattens the arguments, copies whatever it hands to the function (so that neither we nor the
function can change what the caller owns), flattens the result and counts the calls.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, DtypeError, NotDifferentiableError, OutputError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Leaf:
    """One array or number among the arguments to be moved."""

    position: int  # among all leaves of all arguments
    path: str
    original: Any
    array: Array

    @property
    def is_complex(self) -> bool:
        return self.array.dtype.kind == "c"

    def like_original(self, array: Array) -> Any:
        """`array` in the guise of the original: a Python number, a NumPy scalar or an array."""
        if isinstance(self.original, np.ndarray):
            return array
        scalar = array[()]
        return scalar if isinstance(self.original, np.generic) else scalar.item()


@dataclass(frozen=True)
class Coordinate:
    """One real number: an entry of a leaf, or its imaginary part (`unit` = 1j)."""

    leaf: int
    index: int
    unit: complex
    value: complex  # the entry itself

    @property
    def magnitude(self) -> float:
        return float(abs(self.value))


Move = tuple[Coordinate, complex]


class Probe:
    """Calls `f` with some of its numbers moved, and counts the calls.

    Parameters
    ----------
    f : callable
        The function.
    args, kwargs : tuple, dict
        Where to evaluate.
    argnums : tuple of int
        The arguments whose floating-point leaves are to be moved.
    caller : str
        The public function on whose behalf we work, for messages.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        argnums: tuple[int, ...],
        caller: str,
    ) -> None:
        self.f = f
        self.caller = caller
        self.n_evaluations = 0
        self._all_leaves, self._spec = trees.flatten((args, dict(kwargs)))
        self.arg_specs = [trees.structure(args[n]) for n in argnums]
        self.leaves: list[Leaf] = []
        starts = np.cumsum([0] + [trees.structure(arg).num_leaves for arg in args])
        for n in argnums:
            for k, path in enumerate(trees.paths(args[n])):
                position = int(starts[n]) + k
                self.leaves.append(self._leaf(position, f"args[{n}]{path}"))
        self.coordinates = [
            Coordinate(k, index, unit, value)
            for k, leaf in enumerate(self.leaves)
            for index, value in enumerate(leaf.array.reshape(-1).tolist())
            for unit in ((1.0, 1.0j) if leaf.is_complex else (1.0,))
        ]
        self.base = self._evaluate_base()

    def _leaf(self, position: int, path: str) -> Leaf:
        original = self._all_leaves[position]
        if not isinstance(original, np.ndarray | np.generic | int | float | complex):
            raise ArgumentError(
                f"{self.caller}: an argument is neither a number nor an array.",
                got=f"{path}: {type(original).__name__}",
                expected="floating-point numbers and arrays, in any nesting of containers",
                try_="convert it with np.asarray, or leave its argument out of argnums",
            )
        array = np.array(original)
        if array.dtype.kind not in "fc":
            raise NotDifferentiableError(
                f"{self.caller}: the derivative with respect to {array.dtype} is not defined.",
                got=f"{path}: {array.dtype}{list(array.shape)}",
                expected="a floating-point or complex number or array",
                try_="pass 2.0 for 2, x.astype(float) for x, or leave it out of argnums",
            )
        return Leaf(position, path, original, array)

    def _evaluate_base(self) -> Array:
        out = self._call({})
        leaves, self.out_spec = trees.flatten(out)
        arrays = [self._output_array(leaf) for leaf in leaves]
        self.out_shapes = [a.shape for a in arrays]
        self.out_dtypes = [a.dtype for a in arrays]
        self.out_paths = trees.paths(out)
        floats = [d for d in self.out_dtypes if d.kind in "fc"]
        moved = [leaf.array.dtype for leaf in self.leaves]
        self.work_dtype = np.result_type(np.float64, *floats, *moved)
        if not any(d.kind == "c" for d in floats):
            self.work_dtype = np.real(np.empty(0, self.work_dtype)).dtype
        # The resolution is that of the coarsest floating-point dtype met on the way.
        self.eps = max([float(np.finfo(d).eps) for d in moved + floats], default=2.0**-52)
        return self._concatenate(arrays)

    def _output_array(self, leaf: Any) -> Array:
        array = np.asarray(leaf)
        if array.dtype.kind not in "fciub":
            raise OutputError(
                f"{self.caller}: the function returned something that is no array of numbers.",
                got=f"{type(leaf).__name__} (dtype {array.dtype})",
                expected="a number, an array, or a container of these",
                try_="return the numbers alone, without strings or other objects",
            )
        return array

    def _concatenate(self, arrays: Sequence[Array]) -> Array:
        if not arrays:
            return np.zeros(0, self.work_dtype)
        flat = [np.ravel(a) for a in arrays]
        return np.concatenate(flat).astype(np.result_type(self.work_dtype, *flat))

    def _call(self, replaced: Mapping[int, Any]) -> Any:
        leaves = [
            replaced[k]
            if k in replaced
            else (leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf)
            for k, leaf in enumerate(self._all_leaves)
        ]
        args, kwargs = trees.unflatten(self._spec, leaves)
        self.n_evaluations += 1
        return self.f(*args, **kwargs)

    def at(self, moves: Sequence[Move]) -> Array:
        """The flat result of `f` with every coordinate in `moves` moved by its amount."""
        arrays: dict[int, Array] = {}
        for coordinate, amount in moves:
            leaf = self.leaves[coordinate.leaf]
            if coordinate.leaf not in arrays:
                dtype = leaf.array.dtype
                if amount.imag != 0 and not leaf.is_complex:
                    dtype = np.result_type(dtype, np.complex64)
                arrays[coordinate.leaf] = leaf.array.astype(dtype)  # a copy, in its memory order
            array = arrays[coordinate.leaf]
            step = amount * coordinate.unit
            array.flat[coordinate.index] += step if array.dtype.kind == "c" else step.real
        out = self._call(
            {self.leaves[k].position: self.leaves[k].like_original(a) for k, a in arrays.items()}
        )
        leaves, spec = trees.flatten(out)
        outputs = [self._output_array(leaf) for leaf in leaves]
        shapes = [a.shape for a in outputs]
        if spec != self.out_spec or shapes != self.out_shapes:
            raise OutputError(
                f"{self.caller}: the result changes its structure when an argument is moved.",
                got=f"{spec} with shapes {shapes}",
                expected=f"{self.out_spec} with shapes {self.out_shapes}, as at the point itself",
                try_="return the same shapes for all arguments nearby",
            )
        return self._concatenate(outputs)

    def displacement(self, coordinate: Coordinate, amount: float) -> float:
        """How far the coordinate really moves when `amount` is added, after rounding."""
        array = self.leaves[coordinate.leaf].array
        old = array.flat[coordinate.index]
        step = coordinate.unit * amount
        with np.errstate(invalid="ignore", over="ignore"):
            new = old + array.dtype.type(step if array.dtype.kind == "c" else amount)
            moved = complex(new) - complex(old)
        distance = moved.imag if coordinate.unit == 1.0j else moved.real
        if distance == 0.0:
            raise ArgumentError(
                f"{self.caller}: the step is too small to change the argument.",
                got=f"step {amount:.3g} at {complex(old) if self.is_complex else float(old.real)} "
                f"in {self.leaves[coordinate.leaf].path} ({array.dtype})",
                expected=f"at least {self.smallest_step(coordinate):.3g}",
                try_="leave out step=, and it is chosen from the argument's size",
            )
        return distance

    def smallest_step(self, coordinate: Coordinate) -> float:
        """A few units in the last place of the coordinate."""
        dtype = np.real(self.leaves[coordinate.leaf].array).dtype
        part = coordinate.value
        magnitude = abs(part.imag if coordinate.unit == 1.0j else part.real)
        if not np.isfinite(magnitude):
            return float(np.finfo(dtype).eps)
        return 4.0 * float(np.spacing(dtype.type(magnitude)))

    @property
    def is_complex(self) -> bool:
        """Whether any of the moved leaves is complex."""
        return any(leaf.is_complex for leaf in self.leaves)

    def require_complex_step(self) -> None:
        """Raise unless the complex step can be tried at all: real in, real out."""
        if self.is_complex or self.base.dtype.kind == "c":
            raise DtypeError(
                f"{self.caller}: the complex step needs a real function of real arguments.",
                got="complex arguments" if self.is_complex else "a complex result",
                expected="float32 or float64 arguments and results",
                try_='method="central" or method="richardson"',
            )

    def at_complex(self, moves: Sequence[Move]) -> Array:
        """The imaginary part of `f` at a complex point; raises if `f` cannot be complex."""
        reason = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                out = self.at(moves)
            if out.dtype.kind == "c" or out.size == 0:
                return np.imag(out).astype(self.work_dtype)
            reason = "a real result came back for a complex argument"
            cause: Exception | None = None
        except (TypeError, np.exceptions.ComplexWarning) as error:
            if isinstance(error, OutputError):
                raise
            reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            cause = error
        raise self.not_analytic(reason) from cause

    def not_analytic(self, reason: str) -> DtypeError:
        """The error that says why the complex step cannot be used."""
        return DtypeError(
            f"{self.caller}: the complex step cannot be used, the function is not complex-capable.",
            got=reason,
            expected="a function made of analytic operations that accept complex numbers",
            try_='method="central" or method="richardson"; or replace abs, real, conj, float, '
            "math.* and comparisons in the function",
        )
