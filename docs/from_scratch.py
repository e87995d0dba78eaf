"""Automatic differentiation from scratch: Wengert's kernel in miniature.

Read this file from top to bottom; it needs NumPy and nothing else. Run it to see what it shows:

    python docs/from_scratch.py

The idea is from 1964 and fits on a page. Run a function once and write down the elementary steps
it takes, as a list of equations. To differentiate the function, run the chain rule over the list.
What makes it powerful is that the chain rule over a list is again a list. So derivatives of
derivatives, forward mode, reverse mode, and a function mapped over many items are all the same kind
of thing: functions from lists to lists. The list is called a Program here.

Each section names the file of the real library that it is the small picture of.
"""

from __future__ import annotations

import functools
import itertools
import operator
from dataclasses import dataclass, field

import numpy as np

# 1. The list                                                            (wengert/ir/program.py)
# -----------------------------------------------------------------------------------------------
#
# A Program has inputs, equations and an output. An equation applies one primitive to Vars, which
# are written once and read afterwards, or to constants. That is all: no loops, no branches, no
# scopes. A Var knows the shape of its value and is otherwise nothing but itself.


class Var:
    def __init__(self, shape):
        self.shape = shape


@dataclass
class Equation:
    primitive: Primitive
    inputs: list  # of Vars and constants
    params: dict  # what is not differentiated: axes, shapes, indices
    output: Var


@dataclass
class Program:
    inputs: list
    equations: list
    output: object  # a Var, or a constant

    def __str__(self):
        letters = (f"v{i}" for i in itertools.count())
        names = {v: next(letters) for v in self.inputs}
        lines = ["(" + ", ".join(names.values()) + "):"]
        for eq in self.equations:
            names[eq.output] = next(letters)
            args = [name_of(a, names) for a in eq.inputs]
            args += [f"{key}={value}" for key, value in eq.params.items()]
            lines.append(f"  {names[eq.output]} = {eq.primitive.name}({', '.join(args)})")
        return "\n".join([*lines, f"  return {name_of(self.output, names)}"])


def name_of(atom, names):
    return names[atom] if isinstance(atom, Var) else str(atom)


# What the rest of the file needs to know of a primitive stands in one record: how NumPy computes
# it, its derivative, its adjoint where it is linear, and what it does to a batch. Sections 4 to 6
# say what these rules are for; section 7 fills the records in.          (wengert/ir/primitive.py)


@dataclass(eq=False)
class Primitive:
    name: str
    array: object
    jvp: object = None
    transpose: dict = field(default_factory=dict)
    batch: object = None


# 2. Writing the list                                  (wengert/trace/tracer.py, recording.py)
# -----------------------------------------------------------------------------------------------
#
# To find out which steps a function takes, call it on stand-ins. A Tracer stands for a value while
# a Recording is open: it holds the Var that names the value in the list and, usually, the value
# itself, so that `if x > 0` and `while error > tolerance` just work. Every recording has a serial
# number. Why that matters is said below.

serial_numbers = itertools.count(1)


class Recording:
    def __init__(self):
        self.serial = next(serial_numbers)
        self.inputs, self.equations = [], []
        self.values = {}  # Var -> its value, None where there is none

    def input(self, shape, value=None):
        var = Var(shape)
        self.inputs.append(var)
        self.values[var] = value
        return Tracer(self, var, value)

    def atom(self, x):
        """What stands for `x` in an equation: its Var if it is ours, otherwise itself."""
        return x.var if isinstance(x, Tracer) and x.recording is self else x

    def program(self, result):
        return Program(self.inputs, self.equations, self.atom(result))


# `bind` is the one place where anything happens. It finds the innermost recording among its
# arguments, takes that one layer off, and applies the primitive to what is inside. This is a call
# of `bind` again, because what is inside may be a Tracer of a recording further out: which then
# takes its own note. Nesting to any depth is this recursion, and nothing else in the file
# knows about it.


def bind(primitive, *args, **params):
    recordings = [a.recording for a in args if isinstance(a, Tracer)]
    if not recordings:
        return primitive.array(*args, **params)
    recording = max(recordings, key=lambda r: r.serial)
    inside = [a.value if isinstance(a, Tracer) and a.recording is recording else a for a in args]
    if any(x is None for x in inside):
        value, shape = None, shape_without_values(primitive, args, params)
    else:
        value = bind(primitive, *inside, **params)
        shape = np.shape(value)
    var = Var(shape)
    recording.values[var] = value
    recording.equations.append(Equation(primitive, [recording.atom(a) for a in args], params, var))
    return Tracer(recording, var, value)


# Some recordings have no values: a tangent has none before somebody chooses one. Shapes are still
# needed. The library has a rule for types in every record; here the primitive is tried on ones.


def shape_without_values(primitive, args, params):
    return np.shape(primitive.array(*[np.ones(np.shape(a)) for a in args], **params))


# A Tracer behaves like an array. NumPy asks it first whenever it meets one (`__array_ufunc__`,
# `__array_function__`), so that the user goes on writing `np.sin(x)`; operators are NumPy's too.


class Tracer(np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, recording, var, value):
        self.recording, self.var, self.value = recording, var, value

    shape = property(lambda self: self.var.shape)

    def __array_ufunc__(self, ufunc, method, *args):
        return functions[ufunc](*args)

    def __array_function__(self, function, types, args, kwargs):
        return functions[function](*args, **kwargs)

    def __getitem__(self, index):
        return bind(index_p, self, index=index)

    def __bool__(self):
        if self.value is None:
            raise TypeError("a decision on a value that does not exist yet")
        return bool(self.value)

    def __float__(self):
        raise TypeError("this would drop the derivative; keep the traced value")


# 3. Running the list                                               (wengert/trace/evaluate.py)
# -----------------------------------------------------------------------------------------------
#
# Running a Program binds its equations one by one. On arrays, that computes. On Tracers, that
# writes the Program into another list: whatever can be run can be recorded.


def evaluate(program, *args):
    known = dict(zip(program.inputs, args, strict=True))

    def look_up(atom):
        return known[atom] if isinstance(atom, Var) else atom

    for eq in program.equations:
        known[eq.output] = bind(eq.primitive, *map(look_up, eq.inputs), **eq.params)
    return look_up(program.output)


# 4. The chain rule                                           (wengert/transforms/linearize.py)
# -----------------------------------------------------------------------------------------------
#
# `linearize` runs f at a point and then walks along its list with tangents. The jvp rule of each
# primitive says how a change of its inputs changes its output:
#
#     y = x0 * x1      dy = dx0 * x1 + x0 * dx1
#
# The tangents are Tracers of a second recording, which has no values; the x are known numbers. What
# this second recording holds in the end is a Program that is linear in its inputs: the derivative
# of f at x, as a list of its own. A tangent that is None is zero, and nothing is recorded for it.


def linearize(f, *args):
    """f(*args), and the linear Program that takes tangents of args to the tangent of f."""
    recording = Recording()
    inputs = [recording.input(np.shape(x), x) for x in args]
    y = f(*inputs)

    linear = Recording()
    tangents = {x.var: linear.input(x.shape) for x in inputs}

    for eq in recording.equations:
        changes = [tangents.get(a) if isinstance(a, Var) else None for a in eq.inputs]
        if eq.primitive.jvp is None or all(dx is None for dx in changes):
            continue
        known = [recording.values[a] if isinstance(a, Var) else a for a in eq.inputs]
        y_known = recording.values[eq.output]
        tangents[eq.output] = eq.primitive.jvp(y_known, known, changes, **eq.params)

    out = recording.atom(y)
    if not isinstance(out, Var):  # f does not depend on its arguments
        return y, linear.program(np.zeros(np.shape(y)))
    dy = tangents.get(out, np.zeros(out.shape))
    return recording.values[out], linear.program(dy)


def jvp(f, x, v):
    """f(x) and its derivative in the direction v: forward mode."""
    y, linear = linearize(f, x)
    return y, evaluate(linear, v)


# Note what did not have to be said. The known numbers may themselves be Tracers, of a recording
# further out; then the jvp rules, made of ordinary operations, are recorded there as well, and the
# derivative can be differentiated. And the recording of f is always younger than the recordings
# around it, so that its tangents never mix with theirs: that is what the serial numbers are for.

# 5. The list backward                                        (wengert/transforms/transpose.py)
# -----------------------------------------------------------------------------------------------
#
# A linear Program is a matrix that nobody wrote out. Forward mode multiplies it by a column. To
# multiply it by a row, walk the list from its end: each equation receives the cotangent of its
# output, how much the result changes with it, and hands to each input its share. A Var read twice
# gets the sum. So reverse mode needs rules for linear primitives only, and there are few of them.
# The price of a gradient is the length of the list, whatever the number of inputs.


def transpose(program, ct):
    """The cotangents of the inputs of a linear Program, given that of its output."""
    cts = {program.output: ct} if isinstance(program.output, Var) else {}
    for eq in reversed(program.equations):
        ct = cts.get(eq.output)
        if ct is None:
            continue
        for i, x in enumerate(eq.inputs):
            if isinstance(x, Var):  # every Var of a linear Program is a tangent
                share = eq.primitive.transpose[i](ct, eq.inputs, **eq.params)
                cts[x] = cts[x] + share if x in cts else share
    return [cts.get(v, np.zeros(v.shape)) for v in program.inputs]


def vjp(f, *args):
    """f(*args), and the function from a cotangent of the result to those of args."""
    y, linear = linearize(f, *args)
    return y, lambda ct: transpose(linear, ct)


def grad(f):
    """The gradient of a function whose result is one number: reverse mode."""

    def gradient(x):
        y, pullback = vjp(f, x)
        assert np.shape(y) == (), "the gradient of a function with several results"
        return pullback(1.0)[0]

    return gradient


# 6. Many at once                                                 (wengert/transforms/batch.py)
# -----------------------------------------------------------------------------------------------
#
# A function written for one item becomes a function of an array of items: record it on one item,
# without values, then run the list with each primitive's batch rule. The items lie along the first
# axis. An equation that depends on no item is run once, as it stands.


def vmap(f):
    """f mapped over the first axis of its argument."""

    def mapped(xs):
        recording = Recording()
        program = recording.program(f(recording.input(np.shape(xs)[1:])))
        size = np.shape(xs)[0]
        known, is_mapped = {program.inputs[0]: xs}, {program.inputs[0]}
        for eq in program.equations:
            args = [known[a] if isinstance(a, Var) else a for a in eq.inputs]
            on = [a in is_mapped if isinstance(a, Var) else False for a in eq.inputs]
            if any(on):
                known[eq.output] = eq.primitive.batch(eq.primitive, size, args, on, **eq.params)
                is_mapped.add(eq.output)
            else:
                known[eq.output] = bind(eq.primitive, *args, **eq.params)
        y = program.output
        if not isinstance(y, Var):
            return broadcast(y, (size, *np.shape(y)))
        return known[y] if y in is_mapped else broadcast(known[y], (size, *np.shape(known[y])))

    return mapped


# 7. The primitives                                                             (wengert/ops)
# -----------------------------------------------------------------------------------------------
#
# One record each, all its rules side by side. Operands of elementwise ones are broadcast first, by
# an operation that is recorded like any other: then its adjoint, a sum, need be written only once.


def batch_elementwise(primitive, size, args, on):
    items = [
        a if is_on else broadcast(a, (size, *np.shape(a)))
        for a, is_on in zip(args, on, strict=True)
    ]
    return bind(primitive, *items)


def nonlinear(name, array, slope):
    """A function of one number, with derivative slope(y, x)."""
    rule = lambda y, xs, dxs: dxs[0] * slope(y, xs[0])
    return Primitive(name, array, rule, batch=batch_elementwise)


def linear(name, array, transpose, batch):
    """A linear function of one argument: it is its own derivative."""

    def rule(y, xs, dxs, **params):
        return bind(primitive, dxs[0], **params)

    primitive = Primitive(name, array, rule, {0: transpose}, batch)
    return primitive


sin_p = nonlinear("sin", np.sin, lambda y, x: np.cos(x))
cos_p = nonlinear("cos", np.cos, lambda y, x: -np.sin(x))
exp_p = nonlinear("exp", np.exp, lambda y, x: y)
log_p = nonlinear("log", np.log, lambda y, x: 1.0 / x)
reciprocal_p = nonlinear("reciprocal", np.reciprocal, lambda y, x: -y * y)
greater_p = Primitive("greater", np.greater, batch=batch_elementwise)  # no rule: derivative zero


def total(terms):
    """The sum of those that are not None, which is zero."""
    return functools.reduce(operator.add, [term for term in terms if term is not None])


neg_p = linear("neg", np.negative, lambda ct, xs: -ct, batch_elementwise)
add_p = Primitive(
    "add",
    np.add,
    jvp=lambda y, xs, dxs: total(dxs),
    transpose={0: lambda ct, xs: ct, 1: lambda ct, xs: ct},
    batch=batch_elementwise,
)
mul_p = Primitive(
    "mul",
    np.multiply,
    jvp=lambda y, xs, dxs: total(
        dx if dx is None else dx * other for dx, other in zip(dxs, reversed(xs), strict=True)
    ),
    transpose={0: lambda ct, xs: ct * xs[1], 1: lambda ct, xs: ct * xs[0]},
    batch=batch_elementwise,
)


# Those that move numbers around come in adjoint pairs: where one reads, the other writes; where one
# repeats, the other adds up. A slice and the array of zeros that it is put back into:

index_p = linear(
    "index",
    lambda x, index: x[index],
    lambda ct, xs, index: bind(place_p, ct, index=index, shape=xs[0].shape),
    lambda index_p, size, args, on, index: bind(index_p, args[0], index=of_items(index)),
)
place_p = linear(
    "place",
    lambda ct, index, shape: place(np.zeros(shape), index, ct),
    lambda ct, xs, index, shape: ct[index],
    lambda place_p, size, args, on, index, shape: bind(
        place_p, args[0], index=of_items(index), shape=(size, *shape)
    ),
)


def place(zeros, index, ct):
    np.add.at(zeros, index, ct)  # what was read twice is added twice
    return zeros


def of_items(index):
    """The same index into every item."""
    return (slice(None), *index) if isinstance(index, tuple) else (slice(None), index)


# Repeating an array along new or short axes, and summing over them:

broadcast_p = linear(
    "broadcast",
    np.broadcast_to,
    lambda ct, xs, shape: sum_to(ct, xs[0].shape),
    lambda broadcast_p, size, args, on, shape: bind(
        broadcast_p, with_rank(args[0], len(shape) + 1), shape=(size, *shape)
    ),
)
sum_p = linear(
    "sum",
    lambda x, axes: np.sum(x, axis=axes),
    lambda ct, xs, axes: broadcast(expand(ct, axes, xs[0].shape), xs[0].shape),
    lambda sum_p, size, args, on, axes: bind(sum_p, args[0], axes=tuple(a + 1 for a in axes)),
)
reshape_p = linear(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    lambda ct, xs, shape: bind(reshape_p, ct, shape=xs[0].shape),
    lambda reshape_p, size, args, on, shape: bind(reshape_p, args[0], shape=(size, *shape)),
)


def broadcast(x, shape):
    return x if np.shape(x) == shape else bind(broadcast_p, x, shape=shape)


def with_rank(x, rank):
    """x with axes of size 1 after the first, so that NumPy lines the others up."""
    shape = x.shape[:1] + (1,) * (rank - len(x.shape)) + x.shape[1:]
    return bind(reshape_p, x, shape=shape)


def expand(ct, axes, shape):
    """A sum over axes with those axes put back, of size 1."""
    return bind(reshape_p, ct, shape=tuple(1 if a in axes else n for a, n in enumerate(shape)))


def sum_to(ct, shape):
    """The adjoint of broadcasting `shape`: the sum over whatever was repeated."""
    extra = len(np.shape(ct)) - len(shape)
    axes = [*range(extra)]
    axes += [extra + a for a, n in enumerate(shape) if n == 1 and np.shape(ct)[extra + a] > 1]
    return bind(reshape_p, bind(sum_p, ct, axes=tuple(axes)), shape=shape)


# Last, the table in which the Tracer finds NumPy's functions. Quotients, powers and `tanh` are no
# primitives: they are made of those above, and the recording sees through them.


def elementwise(primitive):
    def function(*args):
        shape = np.broadcast_shapes(*map(np.shape, args))
        return bind(primitive, *[broadcast(a, shape) for a in args])

    return function


def sum_(x, axis=None):
    rank = len(x.shape)
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return bind(sum_p, x, axes=tuple(a % rank for a in axes))


def power(x, n):
    if isinstance(n, int) and n > 0:
        return functools.reduce(operator.mul, [x] * n)
    return np.exp(n * np.log(x))


def tanh(x):
    e = np.exp(-2.0 * x)
    return (1.0 - e) / (1.0 + e)


functions = {
    np.add: elementwise(add_p),
    np.multiply: elementwise(mul_p),
    np.divide: lambda x, y: x * functions[np.reciprocal](y),
    np.reciprocal: elementwise(reciprocal_p),
    np.negative: elementwise(neg_p),
    np.subtract: lambda x, y: x + -y,
    np.power: power,
    np.sin: elementwise(sin_p),
    np.cos: elementwise(cos_p),
    np.exp: elementwise(exp_p),
    np.log: elementwise(log_p),
    np.tanh: tanh,
    np.greater: elementwise(greater_p),
    np.sum: sum_,
    np.shape: lambda x: x.shape,
}

# 8. What it can do
# -----------------------------------------------------------------------------------------------


def square_root(a):
    """Newton's iteration: Python's own loop, as long as the values ask for."""
    x = a
    while abs_(x * x - a) > 1e-14 * a:
        x = 0.5 * (x + a / x)
    return x


def abs_(x):
    return x if x > 0.0 else -x


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def confusing(x):
    """d/dx of x * (d/dy of x + y): the inner derivative is 1, so that the outer one is 1, not 2."""
    return x * grad(lambda y: x + y)(1.0)


def main():
    recording = Recording()
    result = (lambda x: np.sin(x) * x)(recording.input((), 2.0))
    print("The list of sin(x) * x", recording.program(result), sep="\n")

    y, linear = linearize(lambda x: np.sin(x) * x, 2.0)
    print("\nIts derivative at 2, also a list", linear, sep="\n")
    print("\n  forward ", evaluate(linear, 1.0))
    print("  backward", transpose(linear, 1.0)[0])
    print("  by hand ", np.cos(2.0) * 2.0 + np.sin(2.0))

    f, derivatives = np.sin, []
    for _ in range(4):
        f = grad(f)
        derivatives.append(float(f(1.0)))
    print("\nFour derivatives of sin at 1\n ", np.array(derivatives))

    x = np.array([1.0, 2.0, 3.0])
    print("\nGradient of Rosenbrock's function at", x, "\n ", grad(rosenbrock)(x))
    hessian = vmap(lambda v: jvp(grad(rosenbrock), x, v)[1])(np.eye(3))
    print("Its Hessian: forward over reverse, mapped over the unit vectors")
    print(hessian)

    print("\nThrough a while loop, the derivative of a square root at 2 and what it should be")
    print(" ", grad(square_root)(2.0), 0.5 / np.sqrt(2.0))
    print("\nNested, with the outer variable inside:", grad(confusing)(3.0))


if __name__ == "__main__":
    main()
