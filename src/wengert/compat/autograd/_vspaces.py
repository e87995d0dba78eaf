"""`vspace`: the vector space that a value belongs to, with zeros, sums and products.

Numbers and arrays have one of theirs; containers have those of their entries. Complex numbers are
pairs of real ones: size two, inner product Re Σ conj(x) y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError
from wengert.trace.tracer import Tracer


class VSpace:
    """Base of vector spaces; subclasses may be registered for further types.

    As in autograd a subclass may leave out what its values do not need: only then what is left out
    raises `NotImplementedError`, so these are no abstract methods.
    """

    mappings: ClassVar[dict[type, Callable[[Any], VSpace]]] = {}
    iscomplex: bool = False
    size: int
    shape: Any

    def __init__(self, value: Any) -> None:
        pass

    def zeros(self) -> Any:
        """The zero vector."""
        raise NotImplementedError  # a space's own, see above

    def ones(self) -> Any:
        """The vector of ones."""
        raise NotImplementedError  # a space's own, see above

    def standard_basis(self) -> Iterator[Any]:
        """Its unit vectors, one after the other."""
        raise NotImplementedError  # a space's own, see above

    def randn(self) -> Any:
        """A vector of normal random numbers."""
        raise NotImplementedError  # a space's own, see above

    def add(self, x: Any, y: Any) -> Any:
        """x + y."""
        return self._add(x, y)

    def mut_add(self, x: Any, y: Any) -> Any:
        """x + y, None standing for zero; `x` may be overwritten."""
        return self._mut_add(self.zeros() if x is None else x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """x times the number a."""
        return self._scalar_mul(x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The real inner product."""
        return self._inner_prod(x, y)

    def covector(self, x: Any) -> Any:
        """The cotangent that acts as the inner product with x does."""
        return self._covector(x)

    def _add(self, x: Any, y: Any) -> Any:
        return x + y

    def _mut_add(self, x: Any, y: Any) -> Any:
        x += y
        return x

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return x * a

    def _inner_prod(self, x: Any, y: Any) -> Any:
        raise NotImplementedError  # a space's own, see above

    def _covector(self, x: Any) -> Any:
        return x

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def __repr__(self) -> str:
        return f"{type(self).__name__}_{self.__dict__}"

    @classmethod
    def register(
        cls, value_type: type, vspace_maker: Callable[[Any], VSpace] | None = None
    ) -> None:
        """Let `vspace` find this class, or `vspace_maker`, for values of a type."""
        VSpace.mappings[value_type] = vspace_maker or cls


class ArrayVSpace(VSpace):
    """Of real numbers and arrays."""

    def __init__(self, value: Any) -> None:
        value = value if isinstance(value, Tracer) else np.asarray(value)
        self.shape: tuple[int, ...] = value.shape
        self.dtype: np.dtype[Any] = value.dtype

    @property
    def size(self) -> int:  # type: ignore[override]  # a property here
        """How many real numbers a vector has."""
        return int(np.prod(self.shape))

    @property
    def ndim(self) -> int:
        """How many axes a vector has."""
        return len(self.shape)

    def zeros(self) -> Any:
        return np.zeros(self.shape, self.dtype)

    def ones(self) -> Any:
        return np.ones(self.shape, self.dtype)

    def standard_basis(self) -> Iterator[Any]:
        for index in np.ndindex(*self.shape):
            for unit in (1.0, 1.0j) if self.iscomplex else (1,):
                vector = self.zeros()
                vector[index] = unit
                yield vector

    def randn(self) -> Any:
        return np.asarray(np.random.randn(*self.shape)).astype(self.dtype)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return np.dot(np.ravel(x), np.ravel(y))


class ComplexArrayVSpace(ArrayVSpace):
    """Of complex numbers and arrays: two real numbers each."""

    iscomplex = True

    @property
    def size(self) -> int:  # type: ignore[override]  # a property here
        """How many real numbers a vector has."""
        return 2 * int(np.prod(self.shape))

    def ones(self) -> Any:
        return np.full(self.shape, 1.0 + 1.0j, self.dtype)

    def randn(self) -> Any:
        real, imag = np.random.randn(*self.shape), np.random.randn(*self.shape)
        return np.asarray(real + 1.0j * imag).astype(self.dtype)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return np.real(np.dot(np.conj(np.ravel(x)), np.ravel(y)))

    def _covector(self, x: Any) -> Any:
        return np.conj(x)


class ContainerVSpace(VSpace):
    """Of tuples, lists, dictionaries and other containers: `shape` holds the spaces inside."""

    def __init__(self, value: Any) -> None:
        leaves, self._spec = trees.flatten(value)
        self._spaces = [vspace(leaf) for leaf in leaves]
        self.shape = trees.unflatten(self._spec, self._spaces)

    @property
    def size(self) -> int:  # type: ignore[override]  # a property here
        """How many real numbers a vector has."""
        return sum([vs.size for vs in self._spaces])

    def _map(self, f: Callable[..., Any], *vectors: Any) -> Any:
        columns = [self._spec.flatten_up_to(x) for x in vectors]
        results = [f(vs, *[c[i] for c in columns]) for i, vs in enumerate(self._spaces)]
        return trees.unflatten(self._spec, results)

    def zeros(self) -> Any:
        return self._map(lambda vs: vs.zeros())

    def ones(self) -> Any:
        return self._map(lambda vs: vs.ones())

    def randn(self) -> Any:
        return self._map(lambda vs: vs.randn())

    def standard_basis(self) -> Iterator[Any]:
        for i, space in enumerate(self._spaces):
            for unit in space.standard_basis():
                parts = [unit if j == i else vs.zeros() for j, vs in enumerate(self._spaces)]
                yield trees.unflatten(self._spec, parts)

    def _add(self, x: Any, y: Any) -> Any:
        return self._map(lambda vs, a, b: vs._add(a, b), x, y)

    def _mut_add(self, x: Any, y: Any) -> Any:
        return self._map(lambda vs, a, b: vs._mut_add(a, b), x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return self._map(lambda vs, b: vs._scalar_mul(b, a), x)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        columns = [self._spec.flatten_up_to(v) for v in (x, y)]
        return sum([vs._inner_prod(a, b) for vs, a, b in zip(self._spaces, *columns, strict=True)])

    def _covector(self, x: Any) -> Any:
        return self._map(lambda vs, a: vs._covector(a), x)


def _of_array(value: Any) -> VSpace:
    return (ComplexArrayVSpace if np.iscomplexobj(value) else ArrayVSpace)(value)


VSpace.register(np.ndarray, _of_array)
for _real in (float, np.longdouble, np.float64, np.float32, np.float16):
    ArrayVSpace.register(_real)
for _complex in (complex, np.clongdouble, np.complex64, np.complex128):
    ComplexArrayVSpace.register(_complex)
for _container in (tuple, list, dict):
    ContainerVSpace.register(_container)


def vspace(value: Any) -> VSpace:
    """The vector space of a number, an array or a container; boxes count as their values.

    Raises
    ------
    ArgumentError
        For integers (not integer arrays) and all that is neither number nor container.

    Examples
    --------
    >>> from wengert.compat.autograd.extend import vspace
    >>> vspace([1.0, 2.0 + 1.0j]).size
    3
    """
    maker = VSpace.mappings.get(type(value))
    if maker is not None:
        return maker(value)
    if isinstance(value, Tracer):
        return _of_array(value)
    if trees.structure(value).num_nodes > 1:
        return ContainerVSpace(value)
    raise ArgumentError(
        f"Can't find vector space for value {value!r} of type {type(value)}.",
        expected="floating-point or complex numbers, arrays, or containers of them",
        try_="1.0 instead of 1",
    )


class SparseObject:
    """A vector given by how it is added to another: `mut_add(x)` returns x plus it."""

    __slots__ = ["mut_add", "vs"]

    def __init__(self, vs: VSpace, mut_add: Callable[[Any], Any]) -> None:
        self.vs = vs
        self.mut_add = mut_add

    def dense(self) -> Any:
        """The vector itself."""
        return self.mut_add(self.vs.zeros())


def add_trees(terms: list[Any]) -> Any:
    """The sum of vectors of one structure; None is zero."""
    total = None
    for term in terms:
        if isinstance(term, SparseObject):
            term = term.dense()
        if term is not None:
            total = term if total is None else trees.map_tree(lambda a, b: a + b, total, term)
    return total


__all__ = [
    "ArrayVSpace",
    "ComplexArrayVSpace",
    "ContainerVSpace",
    "SparseObject",
    "VSpace",
    "add_trees",
    "vspace",
]
