"""A test of the tests: wrong variants of the theory's functions, each rejected by the property that covers it.

Every property here is the very check that the property tests run on the right functions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch

from harness.dual_form import (
    Descent,
    Projections,
    dual_form,
    ft_update,
    icl_update,
    outer_sum,
    relaxed_attention,
    shrunk_start,
    softmax_attention,
    split_attention,
    step_weights,
    train,
    weight_update,
)
from harness.dual_form.cases import draw
from harness.dual_form.identities import Implementation
from harness.dual_form.in_context_regression import construct
from harness.dual_form.relaxed_attention import apply_weights
from harness.tests.dual_form import properties
from harness.tests.dual_form.exact import exact_case
from harness.tests.dual_form.regressions import construction_is_a_gradient_step, regression
from harness.tests.dual_form.wrong_variants import (
    ascending,
    bias_forgotten,
    constructed,
    dealt_round,
    dual_of,
    mass_by_count,
    mass_from_exponentials,
    mass_of,
    recency,
    relaxed_with_softmax,
    reweighted,
    trained_with,
    update_of,
    whole_token,
    with_signals,
    without_shrinking,
)


@dataclass(frozen=True)
class Planted:
    """A mistake, the functions that have it, and the property that must notice."""

    mistake: str
    rejects: Callable[[Any, Any], None]
    """(case, implementation): raises AssertionError."""
    cases: Callable[[], Iterator[Any]]
    wrong: Any


def drawn(name: str) -> Iterator[Any]:
    """Yield forty random cases of an identity in double precision."""
    one = properties.identity(name)
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        yield one.make_case(draw(one.space, generator), generator, torch.float64)


def exact() -> Iterator[Any]:
    """Yield cases in which float64 is exact, with and without bias, momentum and decay."""
    for seed, (momentum, decay) in enumerate(product((0.0, 0.5), repeat=2)):
        yield exact_case(seed, 4, 2, Descent(0.25, momentum, decay), bias=seed % 2 == 0)


def regressed() -> Iterator[Any]:
    """Yield in-context regressions of several sizes."""
    for seed in range(6):
        yield regression(seed, torch.float64, (2 + seed % 2, 1 + seed % 3, 2 + seed), 1.0, 0.5, 3)


def on_regressions(mistake: str, **wrong: Any) -> Planted:
    """Plant a mistake in the construction, or in the step that it is held to."""
    return Planted(mistake, lambda case, of: construction_is_a_gradient_step(case, **of), regressed, wrong)


def on_identity(mistake: str, name: str, wrong: Implementation) -> Planted:
    """Plant a mistake that an identity must notice."""
    return Planted(mistake, partial(properties.holds, name), partial(drawn, name), wrong)


def on_attention(mistake: str, check: Callable[..., None], wrong: Implementation) -> Planted:
    """Plant a mistake that another property of relaxed attention must notice."""
    return Planted(mistake, check, partial(drawn, "ICL as an update"), wrong)


DUAL, WEIGHT, GRADIENT = "dual form", "trained weight", "accumulated gradient"
ICL, FT, SPLIT = "ICL as an update", "finetuning as an update", "softmax split"
FORGETFUL = [
    ("momentum forgotten in training", lambda given: Descent(given.learning_rate, 0.0, given.weight_decay)),
    ("weight decay forgotten in training", lambda given: Descent(given.learning_rate, given.momentum)),
    ("learning rate doubled in training", lambda given: replace(given, learning_rate=2 * given.learning_rate)),
]
PLANTED = [
    on_identity("sign of the attention flipped", DUAL, dual_of(lambda t, x: 2 * shrunk_start(t)(x) - dual_form(t, x))),
    on_identity("bias forgotten", DUAL, dual_of(bias_forgotten)),
    on_identity("start not shrunk by decay", DUAL, Implementation(train=without_shrinking)),
    on_identity("learning rate missing", DUAL, with_signals(lambda t, _: -torch.cat(t.output_gradients, dim=-2))),
    on_identity("order of error signals reversed", DUAL, with_signals(lambda t, _: t.error_signals.flip(-2))),
    on_identity(
        "first past input dropped",
        DUAL,
        with_signals(lambda t, _: torch.cat([0 * t.error_signals[..., :1, :], t.error_signals[..., 1:, :]], dim=-2)),
    ),
    on_identity("steps not weighted", DUAL, reweighted(lambda _, steps: [1.0] * steps)),
    on_identity("step weights off by one", DUAL, reweighted(lambda d, steps: step_weights(d, steps + 1).steps[:-1])),
    on_identity("step weights in reverse", DUAL, reweighted(lambda d, steps: step_weights(d, steps).steps[::-1])),
    on_identity(
        "momentum^(T-t) for its sum", WEIGHT, reweighted(lambda d, steps: [d.momentum**k for k in range(steps)][::-1])
    ),
    on_identity(
        "outer product transposed", WEIGHT, Implementation(weight_update=lambda t: outer_sum(t.inputs, t.error_signals))
    ),
    on_identity("sign of the update flipped", WEIGHT, Implementation(weight_update=lambda t: -weight_update(t))),
    on_identity("gradient transposed", GRADIENT, Implementation(outer_sum=lambda v, k: outer_sum(k, v))),
    on_identity("mean instead of sum", GRADIENT, Implementation(outer_sum=lambda v, k: outer_sum(v, k) / k.shape[-2])),
    on_identity(
        "last input dropped", GRADIENT, Implementation(outer_sum=lambda v, k: outer_sum(v[..., :-1, :], k[..., :-1, :]))
    ),
    *(Planted(name, properties.training_is_torchs, exact, trained_with(change)) for name, change in FORGETFUL),
    Planted(
        "batches taken in reverse",
        properties.training_is_torchs,
        exact,
        Implementation(train=lambda layer, batches, loss, descent: train(layer, batches[::-1], loss, descent)),
    ),
    Planted(
        "gradient of the last batch alone",
        properties.gradient_accumulates_to_outer_sum,
        exact,
        Implementation(outer_sum=lambda v, k: outer_sum(v[-2:], k[-2:])),
    ),
    on_identity("softmax kept", ICL, Implementation(relaxed_attention=relaxed_with_softmax)),
    on_identity(
        "scale kept",
        ICL,
        Implementation(relaxed_attention=lambda x, w, q: relaxed_attention(x, w, q) * q.shape[-1] ** -0.5),
    ),
    on_identity("sign of dW_ICL flipped", ICL, update_of(lambda v, k: (-v, k))),
    on_identity("dW_ICL transposed", ICL, update_of(lambda v, k: (k, v))),
    on_identity("one demonstration dropped", ICL, update_of(lambda v, k: (v[..., 1:, :], k[..., 1:, :]))),
    on_identity("values paired with the next key", ICL, update_of(lambda v, k: (v, k.roll(1, -2)))),
    on_attention(
        "mean over demonstrations", properties.update_is_additive, update_of(lambda v, k: (v / v.shape[-2], k))
    ),
    on_attention("later demonstrations weigh more", properties.update_ignores_order, update_of(recency)),
    on_identity("dW_FT without - W_ZSL", FT, Implementation(ft_update=lambda x, w, d: icl_update(x, w.plus(d)))),
    on_identity(
        "update of keys ignored",
        FT,
        Implementation(ft_update=lambda x, w, d: ft_update(x, w, Projections(d.value, 0 * d.key))),
    ),
    on_attention(
        "dW_V dW_K term missing",
        properties.finetuning_update_is_the_difference,
        Implementation(ft_update=lambda x, w, d: ft_update(x, w, d) - outer_sum(d.values(x), d.keys(x))),
    ),
    on_attention(
        "heads dealt round",
        properties.groups_share_their_head,
        Implementation(
            relaxed_attention=partial(dealt_round, relaxed_attention),
            apply_weights=partial(dealt_round, apply_weights),
        ),
    ),
    on_identity("masses swapped", SPLIT, mass_of(lambda split: 1 - split.mass)),
    on_identity("mass from unscaled scores", SPLIT, mass_of(lambda split: split.mass, scale=1.0)),
    on_identity("mass by number of tokens", SPLIT, Implementation(split_attention=mass_by_count)),
    on_identity("mass from exponentials", SPLIT, Implementation(split_attention=mass_from_exponentials)),
    Planted(
        "own part over all tokens",
        properties.mass_is_softmax_weight_of_demonstrations,
        partial(drawn, SPLIT),
        Implementation(
            split_attention=lambda v, k, q, n: replace(split_attention(v, k, q, n), own=softmax_attention(v, k, q))
        ),
    ),
    on_regressions("sign of the values flipped", construct=constructed(value=lambda w: -w)),
    on_regressions("values transposed", construct=constructed(value=lambda w: w.mT)),
    on_regressions("1 / N missing", construct=lambda start, rate, _: construct(start, rate, 1)),
    on_regressions("targets enter the score", construct=constructed(key=whole_token, query=whole_token)),
    on_regressions("step up the slope", gradient_step=ascending),
]


def rejected(planted: Planted) -> bool:
    """Whether the property fails on some case; a shape that does not fit is no verdict, and the next case is tried."""
    for case in planted.cases():
        try:
            planted.rejects(case, planted.wrong)
        except AssertionError:
            return True
        except RuntimeError:
            continue
    return False


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.mistake)
def test_planted_error_is_rejected(planted: Planted) -> None:
    """The property that covers this mistake fails on it, by number and not by shape."""
    assert rejected(planted)


def test_every_planted_error_is_caught() -> None:
    """All of the mistakes are caught: none is there that a property lets pass."""
    assert sum(map(rejected, PLANTED)) == len(PLANTED) == 42


def test_nothing_right_is_rejected() -> None:
    """On the same cases the right functions pass the same properties."""
    for planted in PLANTED:
        right: Any = {} if isinstance(planted.wrong, dict) else Implementation()
        assert not rejected(replace(planted, wrong=right)), planted.mistake
