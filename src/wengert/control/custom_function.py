"""`CustomFunction`: what the functions made by `custom_jvp` and `custom_vjp` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, ClassVar

from wengert import trees
from wengert.control.bodies import Body, record_body, require_callable
from wengert.control.custom import CustomCall, custom_call, nondiff_positions
from wengert.control.custom_equation import bind_custom
from wengert.control.self_calls import recording_rule, self_call
from wengert.errors import MissingRuleError, OutputError
from wengert.trace.tracer import current_recording


class CustomFunction(ABC):
    """A function whose derivative is given by the user's own functions, the parts of its rule."""

    missing: ClassVar[tuple[str, str]]  # the method that gives the rule, and how to call it

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: int | Sequence[int] = ()) -> None:
        name = type(self).__name__
        require_callable(name, fun, "the argument")
        update_wrapper(self, fun)
        self.fun = fun
        self.identity: Any = self
        self.nondiff_argnums = nondiff_positions(name, nondiff_argnums)
        self.rule: tuple[Callable[..., Any], ...] = ()

    @property
    def name(self) -> str:
        return getattr(self.fun, "__name__", "a function")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        positions = tuple([i - 1 if i > 0 else i for i in self.nondiff_argnums if i != 0])
        bound = type(self)(self.fun.__get__(instance, owner), positions)
        bound.identity = (self.identity, instance)
        bound.rule = tuple([part.__get__(instance, owner) for part in self.rule])
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = custom_call(self.name, self.fun, self.nondiff_argnums, args, kwargs)
        inside = self_call(self.identity, call)
        if inside is not None:
            return inside[0]
        if current_recording.get() is None:
            return self.fun(*args, **kwargs)
        if not self.rule:
            method, usage = self.missing
            raise MissingRuleError(
                f"{self.name} is a {type(self).__name__} function without a rule.",
                got=f"no {method}",
                try_=usage.format(name=self.name),
            )
        primal = record_body(self.name, self.fun, call.types, call.arguments, call.values)
        with recording_rule(self.identity, call, primal.out_types, primal.spec) as depth:
            rule, float_outs = self._record_rule(call, primal)
        return bind_custom(self.name, call, primal, rule, float_outs, depth)

    @abstractmethod
    def _record_rule(self, call: CustomCall, primal: Body) -> tuple[Body, tuple[int, ...]]:
        """The forward rule of the equation, and which outputs have tangents in it."""


def outputs_of_pair(result: Any, second: str, what: str, spec: Any) -> list[Any]:
    """The leaves of the function's outputs in (out, second), which a part of a rule returned."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise OutputError(
            f"{what} did not return a pair (out, {second}).",
            got=type(result).__name__,
            expected="a pair",
        )
    leaves, found = trees.flatten(result[0])
    if found != spec:
        raise OutputError(
            f"{what} returned another structure than the function.",
            got=str(found),
            expected=str(spec),
        )
    return leaves
