"""False statements about the theory, proven false by numbers worked by hand."""

import math

import pytest

from harness.dual_form import COUNTEREXAMPLES
from harness.dual_form.counterexamples import (
    descent_depends_on_order,
    nonlinearity_breaks_dual_form,
    softmax_is_not_relaxed,
)


def test_softmax_attention_is_not_the_relaxed_form() -> None:
    """Softmax gives 3/4 and 9/10 at q and 2q, so it is no matrix times q; relaxed attention gives ln 3."""
    found = softmax_is_not_relaxed()
    assert [number for _, number in found.numbers] == pytest.approx([0.75, 0.9, math.log(3)])
    assert found.gap == pytest.approx(0.6)


def test_descent_depends_on_order_where_the_icl_update_does_not() -> None:
    """1/4 or 1/2 by descent, according to which demonstration came first; 1 by dW_ICL either way."""
    found = descent_depends_on_order()
    assert [number for _, number in found.numbers] == [0.25, 0.5, 1, 1]
    assert found.gap == 0.25


def test_dual_form_fails_behind_a_nonlinearity() -> None:
    """Behind a relu the output changes by -1/2 at 1 and by 0 at -1, where linear attention is odd."""
    found = nonlinearity_breaks_dual_form()
    assert [number for _, number in found.numbers] == [-0.5, -0.5, 0, 0.5]
    assert found.gap == 0.5


def test_no_counterexample_is_a_near_miss() -> None:
    """All three say what they refute, and by far more than rounding."""
    found = [make() for make in COUNTEREXAMPLES]
    assert len({one.false_statement for one in found}) == 3
    assert all(one.gap > 0.2 for one in found)
