"""What special functions say when they cannot go on."""

import pytest
import scipy.special as sc

import wengert as wg
from wengert.errors import ArgumentError, MissingRuleError
from wengert.scipy import special


def test_no_derivative_in_an_order():
    message = r"scipy\.special\.zeta has no derivative with respect to its exponent"
    with pytest.raises(MissingRuleError, match=message):
        wg.grad(lambda s: sc.zeta(s, 2.0))(3.0)


def test_a_function_without_a_rule_is_named():
    with pytest.raises(MissingRuleError, match=r"scipy\.special\.mathieu_a has no derivative"):
        wg.grad(lambda q: sc.mathieu_a(1.0, q))(1.0)


@pytest.mark.parametrize("name", ["comb", "perm", "factorial"])
def test_exact_integers_have_no_derivative(name):
    arguments = (2,) if name != "factorial" else ()
    message = rf"scipy\.special\.{name}: exact=True gives Python integers, which have no derivative"
    with pytest.raises(ArgumentError, match=message):
        wg.grad(lambda n: getattr(special, name)(n, *arguments, exact=True))(3.0)
