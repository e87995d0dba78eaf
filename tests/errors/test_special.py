"""What special functions say when they cannot go on."""

import pytest
import scipy.special as sc

import wengert as wg
from wengert.errors import ArgumentError, MissingRuleError
from wengert.scipy import special


def test_no_derivative_in_an_order():
    message = r"scipy\.special\.lpmv has no derivative with respect to its degree"
    with pytest.raises(MissingRuleError, match=message):
        wg.grad(lambda v: sc.lpmv(1.0, v, 0.3))(2.5)


def test_parameters_have_four_derivatives():
    f = lambda v: sc.jv(v, 1.3)
    for _ in range(4):
        f = wg.grad(f)
    assert abs(f(0.7)) < 10
    message = r"scipy\.special\.jv: a derivative of order 5 in parameters"
    with pytest.raises(MissingRuleError, match=message):
        wg.grad(f)(0.7)


def test_orders_of_derivatives():
    with pytest.raises(ArgumentError, match="jvp: the order of the derivative is negative"):
        wg.grad(lambda z: special.jvp(1, z, -1))(0.5)
    with pytest.raises(ArgumentError, match="sph_harm_y: diff_n with traced angles"):
        wg.grad(lambda t: special.sph_harm_y(1, 0, t, 0.0, diff_n=1))(0.5)


def test_a_function_without_a_rule_is_named():
    with pytest.raises(MissingRuleError, match=r"scipy\.special\.mathieu_a has no derivative"):
        wg.grad(lambda q: sc.mathieu_a(1.0, q))(1.0)


@pytest.mark.parametrize("name", ["comb", "perm", "factorial"])
def test_exact_integers_have_no_derivative(name):
    arguments = (2,) if name != "factorial" else ()
    message = rf"scipy\.special\.{name}: exact=True gives Python integers, which have no derivative"
    with pytest.raises(ArgumentError, match=message):
        wg.grad(lambda n: getattr(special, name)(n, *arguments, exact=True))(3.0)


def test_a_degree_has_no_derivative():
    message = r"scipy\.special\.eval_jacobi has no derivative with respect to its order"
    with pytest.raises(MissingRuleError, match=message):
        wg.grad(lambda n: sc.eval_jacobi(n, 1.0, 1.0, 0.3))(2.5)
