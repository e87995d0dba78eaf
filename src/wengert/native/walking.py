"""`Walker`: loops over arrays in memory, and what is loaded and stored in them.

The half of `Machine` that calls nothing; see `whole.py`. Loops whose turns are costly are shared by
threads: `stack` and `blocks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import SIZES, Branch, Complex, Loop, Value, parts, rebuilt
from wengert.native.cutting import CALLS_WORK, cut_calls
from wengert.native.frame import Frame
from wengert.native.index import Affine, Index, Symbol, bounds, broadcast_index, split
from wengert.native.memory import Buffer, LoopBinding, c_strides, index_value, load, store
from wengert.native.parallel import Region
from wengert.native.rules import combine

_DTYPES = {"b1": "bool"}
_WRITTEN_OUT = 4  # turns of a short loop that are written one after the other


class Walker:
    """Loops, loads and stores for rules that write whole arrays."""

    def __init__(self, b: Arithmetic, frame: Frame) -> None:
        self.b = b
        self.frame = frame

    # -- loops -----------------------------------------------------------------------------------

    @contextmanager
    def loop(self, n: int | Value, carried: Sequence[Value] = ()) -> Iterator[Any]:
        """A loop over `n` >= 1 turns; its index is an Index.

        With `carried` initial values it gives a `Turn`: read `turn.values`, set `turn.next`; after
        the loop `turn.results` holds the last ones.
        """
        stop = self.b.index(n) if isinstance(n, int) else n
        loop = self.b.open_loop(stop, carried)
        turn = Turn(self.index_of(loop, n if isinstance(n, int) else 1 << 40), loop)
        yield turn if carried else turn.index
        turn.results = self.b.close_loop(loop, turn.next)

    @contextmanager
    def loops(self, shape: Sequence[int]) -> Iterator[tuple[Index, ...]]:
        """Nested loops over every index of a shape; nothing is written for an empty one."""
        opened = []
        at: list[Index] = []
        for n in shape:
            if n == 1:
                at.append(0)
                continue
            loop = self.b.open_loop(self.b.index(n))
            opened.append(loop)
            at.append(self.index_of(loop, n))
        yield tuple(at)
        for loop in reversed(opened):
            self.b.close_loop(loop)

    @contextmanager
    def steps(self, start: int, stop: int, step: int) -> Iterator[Index]:
        """A loop `for i in range(start, stop, step)`, of one turn at least."""
        if stop - start <= step:
            yield start
            return
        loop = self.b.open_loop(self.b.index(stop), (), self.b.index(start), step)
        yield self.index_of(loop, stop)
        self.b.close_loop(loop)

    @contextmanager
    def between(self, start: Index, stop: Index, extent: int) -> Iterator[Index]:
        """A loop from `start` to `stop` - 1, of one turn at least, below `extent`."""
        loop = self.b.open_loop(self.number(stop), (), self.number(start))
        yield self.index_of(loop, extent)
        self.b.close_loop(loop)

    def lanes(self, first: Index, lanes: int, extent: int) -> Index:
        """`lanes` indices side by side, from `first` on."""
        if not lanes:
            return first
        binding = LoopBinding(self.number(first), lanes, self.b.depth)
        return Affine(0, ((Symbol(extent, binding), 1),))

    def in_lanes(self, n: int, lanes: int, body: Callable[[Index], None], ns: float = 0.0) -> None:
        """`body(i)` for i from 0 to n - 1: written for whole lanes of indices, then for single
        ones; `ns` as in `stack`."""
        whole = n - n % lanes if lanes else 0
        if whole and cut_calls(whole // lanes, lanes * ns):
            with self.stack((whole // lanes,), lanes * ns) as (i,):
                body(self.lanes(i * lanes, lanes, n))
        elif whole:
            with self.steps(0, whole, lanes) as i:
                body(self.lanes(i, lanes, n))
        if whole < n:
            with self.steps(whole, n, 1) as i:
                body(i)

    def each(self, shape: Sequence[int], write: Callable[..., None], lanes: int = 1) -> None:
        """`write(at)` for every index of a shape, in C order; the last axis in lanes."""
        if math.prod(shape) == 0:
            return
        if not shape:
            write(())
            return
        with self.loops(shape[:-1]) as at:
            self.span(shape[-1], lambda i: write((*at, i)), lanes)

    def span(
        self, stop: int, write: Callable[[Index], None], lanes: int = 1, start: int = 0
    ) -> None:
        """`write(i)` for start <= i < stop: whole lanes first, a few turns without a loop."""
        whole = (stop - start) // lanes * lanes if lanes > 1 else 0
        if whole:
            self._loop_of(start, start + whole, write, lanes)
        start += whole
        if stop - start > _WRITTEN_OUT:
            self._loop_of(start, stop, write, 0)
            return
        for i in range(start, stop):
            write(i)

    def _loop_of(self, start: int, stop: int, write: Callable[[Index], None], lanes: int) -> None:
        loop = self.b.open_loop(self.b.index(stop), (), self.b.index(start), max(lanes, 1))
        write(self.index_of(loop, stop, lanes))
        self.b.close_loop(loop)

    def fold(
        self,
        stop: int | Value,
        inits: Sequence[Any],
        turn: Callable[..., Sequence[Any]],
        start: int | Value = 0,
    ) -> list[Any]:
        """Values after start <= i < stop, at least one turn: `turn(i, *values)` gives the next."""
        first, last = [self.b.index(n) if isinstance(n, int) else n for n in (start, stop)]
        loop = self.b.open_loop(last, [v for x in inits for v in parts(x)], first)
        carried = iter(loop.carried)
        values = [rebuilt(x, carried) for x in inits]
        i = self.index_of(loop, stop if isinstance(stop, int) else 1 << 40)
        nexts = [
            self.b.splat(v, own.lanes)
            for v, own in zip(
                [v for x in turn(i, *values) for v in parts(x)], loop.carried, strict=True
            )
        ]
        results = iter(self.b.close_loop(loop, nexts))
        return [rebuilt(x, results) for x in inits]

    def index_of(self, loop: Loop, extent: int, lanes: int = 0) -> Index:
        binding = LoopBinding(loop.index, lanes, self.b.depth)
        return Affine(0, ((Symbol(extent, binding), 1),))

    def common_kind(self, *kinds: str) -> str:
        """The kind that numbers of these kinds are computed in."""
        return np.result_type(*[np.dtype(_DTYPES.get(k, k)) for k in kinds]).str[1:]

    def lanes_for(self, *kinds: str) -> int:
        """How many numbers of these kinds are worked on at once; complex ones one by one."""
        if any(kind[0] == "c" for kind in kinds):
            return 1
        return 32 // max(SIZES[kind] for kind in kinds)

    # -- loops that threads share ----------------------------------------------------------------

    def is_long(self, ns: float) -> bool:
        """Whether threads share library calls that take so long, if not what is around them."""
        return self.frame.region is None and ns >= CALLS_WORK

    @contextmanager
    def stack(self, shape: Sequence[int], ns: float) -> Iterator[tuple[Index, ...]]:
        """`loops` over items of about `ns` nanoseconds each, in blocks if they take long together.

        Memory that an item works in must be taken inside: each block has its own.
        """
        n = math.prod(shape)
        blocks = cut_calls(n, ns) if self.frame.region is None else None
        if blocks is None:
            with self.loops(shape) as at:
                yield at
            return
        with self.blocks(n, *blocks) as (first, count):
            start = self.number(first)
            loop = self.b.open_loop(self.b.add(start, count), (), start)
            places = iter(self.unravel(self.index_of(loop, n), [k for k in shape if k > 1]))
            yield tuple([next(places) if k > 1 else 0 for k in shape])
            self.b.close_loop(loop)

    @contextmanager
    def blocks(self, n: int, n_blocks: int, size: int) -> Iterator[tuple[Index, Value]]:
        """0 … n - 1 in blocks that threads share: the first of each, and how many it has.

        All have `size` but the last, which has what is left.
        """
        b = self.b
        region = Region(b, self.frame, n_blocks, 0)
        block = Affine(0, ((Symbol(n_blocks, region.block), 1),))
        count = b.index(size)
        if n != n_blocks * size:
            is_last = b.compare("eq", region.block, b.index(n_blocks - 1))
            count = b.select(is_last, b.index(n - (n_blocks - 1) * size), count)
        yield block * size, count
        region.close()

    # -- elements --------------------------------------------------------------------------------

    def load(self, buffer: Buffer, at: Sequence[Index]) -> Any:
        """An element, loaded anew each time: the array may have been written in between."""
        fresh = Buffer(
            buffer.base, buffer.kind, buffer.shape, buffer.strides, buffer.offset, self.b.depth
        )
        return load(self.b, fresh, at)

    def store(self, buffer: Buffer, at: Sequence[Index], value: Any) -> None:
        store(self.b, buffer, at, self.b.convert(value, buffer.kind))

    def view(
        self,
        buffer: Buffer,
        shape: Sequence[int],
        strides: Sequence[int],
        steps: Sequence[tuple[Index, int]] = (),
    ) -> Buffer:
        """The same memory in other axes, from `steps` (an index, a stride) on."""
        offset = buffer.offset
        for i, stride in steps:
            offset = offset + i * stride
        return Buffer(
            buffer.base, buffer.kind, tuple(shape), tuple(strides), offset, buffer.depth, buffer.id
        )

    def load_as(self, buffer: Buffer, at: Sequence[Index], kind: str) -> Any:
        """The same in another kind."""
        return self.b.convert(self.load(buffer, at), kind)

    def reshaped(self, buffer: Buffer, shape: Sequence[int]) -> Buffer:
        """The same memory as an array of another shape; both are in C order."""
        return Buffer(
            buffer.base,
            buffer.kind,
            tuple(shape),
            c_strides(shape),
            buffer.offset,
            buffer.depth,
            buffer.id,
        )

    def broadcast(self, buffer: Buffer, at: Sequence[Index]) -> tuple[Index, ...]:
        """Where an operand is read for the element `at` of an array it broadcasts to."""
        extra = len(buffer.shape) - len(at)
        if extra > 0:
            return (0,) * extra + broadcast_index(at, buffer.shape[extra:])
        return broadcast_index(at, buffer.shape)

    def stack_index(self, buffer: Buffer, at: Sequence[Index]) -> tuple[Index, ...]:
        """Where an operand's axes before the last are read for `at`, to which they broadcast."""
        shape = buffer.shape[:-1]
        return broadcast_index(at, shape)

    def splat(self, x: Any, lanes: int) -> Any:
        """A number in every lane."""
        return rebuilt(x, iter([self.b.splat(v, lanes) for v in parts(x)])) if lanes > 1 else x

    def place(self, buffer: Buffer, at: Sequence[Index], extent: int) -> Index:
        """An integer of an array as a place on an axis; negative ones count from its end."""
        b = self.b
        value = self.load(buffer, at)
        is_signed = value.kind[0] == "i"
        value = b.convert(value, "i8")
        if is_signed:
            value = b.select(
                b.compare("lt", value, b.index(0)), b.add(value, b.index(extent)), value
            )
        return self.opaque(value, extent)

    def unravel(self, place: Index, shape: Sequence[int]) -> tuple[Index, ...]:
        """The index of a place in C order."""
        at: list[Index] = []
        for n in reversed(shape[1:]):
            q, r = split(place, n) or self._divided(place, n)
            at.append(r)
            place = q
        return (place, *reversed(at)) if shape else ()

    def _divided(self, place: Index, n: int) -> tuple[Index, Index]:
        q, r = self.b.unsigned_divide(self.number(place), n)
        return self.opaque(q, bounds(place)[1] // n + 1), self.opaque(r, n)

    def less(self, x: Any, y: Any) -> Value:
        """x < y in the order that NumPy sorts by: a NaN is behind every number."""
        b = self.b
        if isinstance(x, Complex):
            return self._complex_less(x, y)
        below = b.compare("lt", x, y)
        if x.kind[0] != "f":
            return below
        return b.or_(below, b.and_(b.is_nan(y), b.not_(b.is_nan(x))))

    def _complex_less(self, x: Complex, y: Complex) -> Value:
        """R + Rj, R + nanj, nan + Rj, nan + nanj; inside of each by real, then imaginary part."""
        b = self.b
        lost_x, lost_y = b.is_nan(x.im), b.is_nan(y.im)
        same = b.or_(b.compare("eq", x.re, y.re), b.and_(b.is_nan(x.re), b.is_nan(y.re)))
        by_re = b.and_(b.compare("lt", x.re, y.re), b.or_(b.not_(lost_x), lost_y))
        above = b.and_(b.compare("gt", x.re, y.re), b.and_(lost_y, b.not_(lost_x)))
        last = b.and_(b.is_nan(y.re), b.not_(b.is_nan(x.re)))
        return b.select(same, self.less(x.im, y.im), b.or_(last, b.or_(by_re, above)))

    def combine(self, how: str, x: Any, y: Any) -> Any:
        """Two partial results of a reduction in one; see `Reduce`."""
        return combine(self.b, how, x, y)

    def branch(self, condition: Value) -> Branch:
        return self.b.branch(condition)

    def join(self, branch: Branch, x: Any, y: Any) -> Any:
        """End a branch: `x` from its first arm, or `y` from its second."""
        return rebuilt(x, iter(branch.join(parts(x), parts(y))))

    def number(self, i: Index) -> Value:
        return index_value(self.b, i)

    def opaque(self, value: Value, extent: int) -> Index:
        """A computed integer as an index."""
        return Affine(0, ((Symbol(extent, value), 1),)) if value.const is None else value.const


class Turn:
    """A loop turn with carried values."""

    def __init__(self, index: Index, loop: Loop) -> None:
        self.index = index
        self.values = loop.carried
        self.next: Sequence[Value] = ()
        self.results: list[Value] = []
