"""The public names: users and the design's contract rely on them."""

import inspect

import pytest

import wengert as wg

NAMES = """
grad value_and_grad elementwise_grad jacobian jacfwd jacrev value_and_jacobian derivative
jvp vjp linearize linear_transpose hvp vhp hessian hessian_diagonal jet taylor vmap jit trace
cond switch while_loop fori_loop scan map stop_gradient custom_jvp custom_vjp checkpoint remat
implicit_root implicit_minimum
check_grads compare_methods debug_nans explain clear_cache Program WengertError
""".split()
SUBMODULES = "numpy scipy numeric symbolic extend errors interop optimize random".split()


@pytest.mark.parametrize("name", NAMES)
def test_name_exists_and_is_documented(name):
    thing = getattr(wg, name)
    assert name in wg.__all__
    assert inspect.getdoc(thing), f"{name} has no docstring"


@pytest.mark.parametrize("name", SUBMODULES)
def test_submodule_loads_when_touched(name):
    assert inspect.ismodule(getattr(wg, name))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Program", "WengertError"}))
def test_public_functions_show_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(wg, name)), f"{name} has no example"


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        wg.nonsense
