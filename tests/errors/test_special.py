"""What special functions say when they cannot go on."""

import pytest
import scipy.special as sc

import wengert as wg
from wengert.errors import MissingRuleError


def test_no_derivative_in_an_order():
    message = r"scipy\.special\.zeta has no derivative with respect to its exponent"
    with pytest.raises(MissingRuleError, match=message):
        wg.grad(lambda s: sc.zeta(s, 2.0))(3.0)


def test_a_function_without_a_rule_is_named():
    with pytest.raises(MissingRuleError, match=r"scipy\.special\.wofz has no derivative"):
        wg.grad(lambda x: sc.wofz(x).real)(1.0)
