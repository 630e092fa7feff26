"""The negative controls of the exact claims: each error is one, and the one that its words say."""

from dataclasses import fields

import pytest
import torch

from harness.dual_form import (
    Descent,
    LinearLayer,
    Projections,
    TrainedLayer,
    ft_update,
    icl_update,
    minibatches,
    squared_error,
    train,
)
from harness.dual_form.identities import RIGHT, Implementation
from harness.dual_form.planted import PLANTED
from harness.dual_form.verification import IDENTITIES, verify


def trained() -> TrainedLayer:
    """Return y = 2 x after one step at rate 1 towards 0 from x = 1: the error signal is -2, the trained layer 0."""
    layer = LinearLayer(torch.tensor([[2.0]]), None)
    batches = minibatches(torch.tensor([[1.0]]), torch.tensor([[0.0]]), 1)
    return train(layer, batches, squared_error, Descent(1.0))


def test_each_statement_has_one_wrong_function_in_an_identity_of_its_own() -> None:
    """Of all functions that an identity may be given, exactly one differs from the right ones."""
    stated = {identity.name: identity.about for identity in IDENTITIES}
    assert PLANTED.keys() == set(stated.values()) - {"softmax split"}
    for about, (name, _, wrong) in PLANTED.items():
        assert stated[name] == about
        changed = [f.name for f in fields(Implementation) if getattr(wrong, f.name) is not getattr(RIGHT, f.name)]
        assert len(changed) == 1, changed


@pytest.mark.parametrize("about", PLANTED)
def test_identity_fails_in_both_precisions(about: str) -> None:
    """On the same fifty choices the error is caught, in float64 and in float32, and the right functions are not."""
    name, _, wrong = PLANTED[about]
    identity = next(identity for identity in IDENTITIES if identity.name == name)
    found, right = (verify(identity, 50, torch.Generator().manual_seed(0), of) for of in (wrong, RIGHT))
    assert all(precision.largest_ratio > 1e4 for precision in found.precisions)
    assert right.holds


def test_dual_form_with_signals_turned() -> None:
    """At x = 3 the start gives 6 and the attention over past inputs adds -6; turned it takes them off: 12."""
    layer, x = trained(), torch.tensor([[3.0]])
    assert RIGHT.dual_form(layer, x).item() == 0
    assert PLANTED["dual form"][2].dual_form(layer, x).item() == 12


def test_outer_products_counted_twice() -> None:
    """The one step's outer product is -2; twice it is -4."""
    assert RIGHT.weight_update(trained()).item() == -2
    assert PLANTED["outer products"][2].weight_update(trained()).item() == -4


def test_first_demonstration_token_left_out() -> None:
    """Of tokens 1, 2 and 3 through W_V = W_K = 1, dW_ICL = 1 + 4 + 9; without the first 13."""
    one, tokens = Projections(torch.ones(1, 1, 1), torch.ones(1, 1, 1)), torch.tensor([[1.0], [2.0], [3.0]])
    assert icl_update(tokens, one).item() == 14
    assert PLANTED["ICL as an update"][2].icl_update(tokens, one).item() == 13


def test_no_demonstration_leaves_nothing_to_leave_out() -> None:
    """Where there is no demonstration dW_ICL is 0 with the error as without: the control rests on the other cases."""
    one = Projections(torch.ones(1, 1, 1), torch.ones(1, 1, 1))
    assert PLANTED["ICL as an update"][2].icl_update(torch.empty(0, 1), one).item() == 0


def test_sign_of_finetunings_update_turned() -> None:
    """With x = 2, W_V = W_K = 1 and both one larger, dW_FT = 4 * 4 - 2 * 2 = 12; turned -12."""
    one, x = Projections(torch.ones(1, 1, 1), torch.ones(1, 1, 1)), torch.tensor([[2.0]])
    assert ft_update(x, one, one).item() == 12
    assert PLANTED["finetuning as an update"][2].ft_update(x, one, one).item() == -12
