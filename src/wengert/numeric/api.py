"""`derivative`, `gradient`, `jacobian` and `hessian` by differences of function values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.errors import ArgumentError, DtypeError, NonScalarOutputError, ShapeError
from wengert.numeric.assembly import first_order, second_order
from wengert.numeric.options import Argnums, Options
from wengert.numeric.probe import Probe


def derivative(
    f: Callable[..., Any],
    argnum: int = 0,
    *,
    method: str = "central",
    step: float | None = None,
    with_error: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The derivative of a function of one number: df/dx, in the structure of f's result.

    Parameters
    ----------
    f : callable
        Takes a float (or a 0-d array) at position `argnum`; returns numbers or arrays in any
        nesting of containers.
    argnum : int, default 0
        The argument to differentiate with respect to; the others are held fixed.
    method, step, with_error, holomorphic
        As for `gradient`.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the derivative, or an `Estimate` if `with_error`.

    Raises
    ------
    ShapeError
        If the argument is not a single number.

    Examples
    --------
    >>> import math
    >>> float(derivative(math.exp)(1.0))
    2.718281828
    """
    options = Options("derivative", argnum, method, step, with_error, holomorphic)

    def derivative_of_f(*args: Any, **kwargs: Any) -> Any:
        probe = _probe(f, args, kwargs, options)
        leaves = probe.leaves
        if len(leaves) != 1 or leaves[0].array.shape != () or not probe.arg_specs[0].is_leaf():
            shapes = ", ".join(f"{x.path}: {x.array.dtype}{list(x.array.shape)}" for x in leaves)
            raise ShapeError(
                "derivative: the argument must be a single number.",
                got=shapes or "a container without numbers",
                expected="a float or a 0-d array",
                try_="gradient for a scalar result, jacobian for an array",
            )
        # The Jacobian of a number has out's own shape, so it is out's tree of leaves.
        return first_order(probe, options, unwrap=True)

    return derivative_of_f


def gradient(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    method: str = "central",
    step: float | None = None,
    with_error: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The gradient of a scalar function by differences: what `wengert.grad` gives, without rules.

    Works for any function of numbers, whatever it is written in. Costs, for n numbers in the
    arguments and a step that suits at once: 1 + 2 n evaluations (`"forward"`), 1 + 4 n
    (`"central"`), 6 + n (`"complex"`), about 1 + 14 n (`"richardson"`); with a given step and
    without `with_error` 1 + n forward, 1 + 2 n central.

    Parameters
    ----------
    f : callable
        Returns one real number. It is handed copies, so it may write into its arguments.
    argnums : int or tuple of int, default 0
        The arguments to differentiate with respect to; each a pytree of floating-point numbers and
        arrays (real or complex).
    method : {"central", "forward", "complex", "richardson"}
        `"forward"`: (f(x+h) − f(x)) / h, error O(h), about 8 digits at best.
        `"central"`: (f(x+h) − f(x−h)) / 2h, error O(h²), about 10 digits.
        `"richardson"`: central differences at h, h/2, h/4, … extrapolated to h = 0, about 13.
        `"complex"`: Im f(x + ih) / h, all digits, for a real function whose code accepts complex
        numbers and uses analytic operations only. The sum over all coordinates is compared with a
        central difference, so that a use of `abs` or `real` is found and raises.
    step : float, optional
        The distance h that every number is moved by (`"richardson"`: first moved by); a negative
        one gives backward differences. By default it is chosen for each number: see Notes.
    with_error : bool, default False
        Return an `Estimate` with error, step and number of evaluations.
    holomorphic : bool, default False
        For complex arguments and a complex result: return df/dz.

    Returns
    -------
    callable
        Takes the arguments of `f`. Returns the gradient in the structure, shapes and dtypes of the
        argument (a tuple of these if `argnums` is a tuple), or an `Estimate` of that.

    Raises
    ------
    NonScalarOutputError
        If the result of `f` is not one real number.
    NotDifferentiableError
        If the argument holds integers or booleans.
    DtypeError
        If the complex step cannot be used for this function.

    Notes
    -----
    The first step is eps^(1/(p+1)) times the number's magnitude (1 for zero), p being the order of
    the error and eps that of the coarsest dtype involved. A second step of half the size measures
    the truncation error; where it and the rounding error, eps abs(f) / h, are out of balance the
    step is moved to where they balance, at most three times. See `wengert.numeric.stepping`.

    For a complex number z = x + iy the gradient is ∂f/∂x + i ∂f/∂y, the direction of steepest
    ascent, as in `wengert.grad`. With `holomorphic=True` it is (∂f/∂x − i ∂f/∂y) / 2, and what
    is left of the Cauchy–Riemann equations, abs(∂f/∂x + i ∂f/∂y) / 2, is added to the error.

    At a kink the central difference gives the mean of the two one-sided derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> def energy(p):
    ...     return np.sum(p["x"] ** 2) * p["k"]
    >>> gradient(energy)({"k": 0.5, "x": np.array([1.0, 2.0])})
    {'k': np.float64(5.0), 'x': array([1., 2.])}
    >>> estimate = gradient(np.tanh, method="complex", with_error=True)(0.3)
    >>> bool(abs(estimate.value - (1 - np.tanh(0.3) ** 2)) < 1e-15)
    True
    """
    options = Options("gradient", argnums, method, step, with_error, holomorphic)

    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        probe = _probe(f, args, kwargs, options)
        kinds = "fciub" if holomorphic else "fiub"
        is_scalar = probe.out_spec.is_leaf() and probe.out_shapes == [()]
        if not is_scalar or probe.out_dtypes[0].kind not in kinds:
            outputs = zip(probe.out_paths, probe.out_dtypes, probe.out_shapes, strict=True)
            raise NonScalarOutputError(
                "gradient: the function must return one real number.",
                got=", ".join(f"result{path}: {d}{list(s)}" for path, d, s in outputs),
                expected="one complex number" if holomorphic else "one real number",
                try_="jacobian for arrays; holomorphic=True for df/dz of a complex function",
            )
        return first_order(probe, options, unwrap=False, like_input=True)

    return gradient_of_f


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    method: str = "central",
    step: float | None = None,
    with_error: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of a function by differences: shape out + in for each pair of arrays.

    Parameters
    ----------
    f : callable
        Returns numbers or arrays in any nesting of containers.
    argnums, method, step, with_error, holomorphic
        As for `gradient`, at the same cost.

    Returns
    -------
    callable
        Takes the arguments of `f`. Returns the result's tree with, in place of each leaf, the
        argument's tree (a tuple of trees if `argnums` is a tuple) of arrays of shape out + in.

    Raises
    ------
    DtypeError
        If an argument is complex and `holomorphic` is not set: two real derivatives belong to each
        complex number then, and no one array holds both.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: np.stack([x[0] * x[1], x[1] ** 2]))(np.array([2.0, 3.0])).round(6)
    array([[3., 2.],
           [0., 6.]])
    """
    options = Options("jacobian", argnums, method, step, with_error, holomorphic)

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        return first_order(_probe(f, args, kwargs, options), options, unwrap=False)

    return jacobian_of_f


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    method: str = "central",
    step: float | None = None,
    with_error: bool = False,
) -> Callable[..., Any]:
    """The matrix of second derivatives by differences: shape out + in + in.

    Each entry comes from the function's values (second differences; about 5 digits forward, 8
    central, 10 with Richardson), except with `method="complex"`: the central difference of the
    complex step, about 10 digits. Symmetric by construction. Costs of the order of 4 n² evaluations
    for n numbers, more where the step has to be searched.

    Parameters
    ----------
    f : callable
        A function of real arguments; its result may be an array or a container of arrays.
    argnums, method, step, with_error
        As for `gradient`.

    Returns
    -------
    callable
        Takes the arguments of `f`. Returns the result's tree of the argument's tree of the
        argument's tree of arrays of shape out + in + in.

    Raises
    ------
    DtypeError
        If an argument is complex.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1], method="richardson")(np.array([1.0, 2.0])).round(6)
    array([[4., 2.],
           [2., 0.]])
    """
    options = Options("hessian", argnums, method, step, with_error)

    def hessian_of_f(*args: Any, **kwargs: Any) -> Any:
        probe = _probe(f, args, kwargs, options)
        if probe.is_complex:
            raise DtypeError(
                "hessian: only real arguments have one matrix of second derivatives.",
                got=", ".join(f"{x.path}: {x.array.dtype}" for x in probe.leaves if x.is_complex),
                expected="real floating-point arguments",
                try_="write the function of the real and imaginary parts",
            )
        return second_order(probe, options)

    return hessian_of_f


def _probe(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], options: Options
) -> Probe:
    numbers = options.argnums if isinstance(options.argnums, tuple) else (options.argnums,)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ArgumentError(
                f"{options.caller}: argnums names an argument that was not passed by position.",
                got=f"argnums={options.argnums!r}, {len(args)} positional arguments",
                expected=f"positions below {len(args)}",
            )
    probe = Probe(f, args, kwargs, tuple(n % len(args) for n in numbers), options.caller)
    if options.method == "complex":
        probe.require_complex_step()
    return probe
