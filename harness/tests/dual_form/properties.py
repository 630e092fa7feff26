"""The properties that hold of right implementations, as checks that take the implementation as an argument.

The property tests run them on the package's own functions, and test_planted_errors.py on wrong ones.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from harness.dual_form import IDENTITIES, Identity, squared_error
from harness.dual_form.cases import AttentionCase, Space, SplitCase, TrainingCase
from harness.dual_form.identities import RIGHT, Discrepancy, Implementation, discrepancy

property_settings = settings(deadline=None, max_examples=100, derandomize=True)
DTYPES = st.sampled_from([torch.float32, torch.float64])
SEEDS = st.integers(0, 2**32)


def of_space(space: Space) -> st.SearchStrategy[dict[str, Any]]:
    """Return the strategy of all choices from a space."""
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in space.items()})


def identity(name: str) -> Identity:
    """Return the identity of that name."""
    return next(one for one in IDENTITIES if one.name == name)


def cases_of(name: str) -> st.SearchStrategy[Callable[[], Any]]:
    """Return the strategy of all cases of an identity, made when called: a failure prints choice and seed."""
    one = identity(name)

    def case(choice: dict[str, Any], seed: int, dtype: torch.dtype) -> Any:
        return one.make_case(choice, torch.Generator().manual_seed(seed), dtype)

    return st.builds(partial, st.just(case), of_space(one.space), SEEDS, DTYPES)


def within_bound(found: Discrepancy) -> None:
    """Fail where an error is larger than rounding explains."""
    assert found.ratio <= 1, f"error is {found.ratio:.3g} times its bound, {found.relative_error:.3g} of the size"


def holds(name: str, case: Any, of: Implementation = RIGHT) -> None:
    """Both sides of the identity are equal to rounding."""
    within_bound(identity(name).check(case, of))


def training_is_torchs(case: TrainingCase, of: Implementation = RIGHT) -> None:
    """On integers and powers of two, where float64 is exact, training and its dual are torch.nn.Linear under SGD."""
    trained = of.train(case.layer, case.batches, case.loss, case.descent)
    for index, weight in enumerate(case.layer.weight):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=case.layer.bias is not None, dtype=weight.dtype)
        with torch.no_grad():
            linear.weight.copy_(weight)
            if case.layer.bias is not None:
                linear.bias.copy_(case.layer.bias[index])
        rate, momentum, decay = case.descent.learning_rate, case.descent.momentum, case.descent.weight_decay
        optimizer = torch.optim.SGD(linear.parameters(), lr=rate, momentum=momentum, weight_decay=decay)
        for batch in case.batches:
            optimizer.zero_grad()
            loss = squared_error(linear(batch.inputs[index]), batch.targets[index])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        expected = linear(case.queries[index]).detach()
        assert torch.equal(trained.final(case.queries)[index], expected)
        assert torch.equal(of.dual_form(trained, case.queries)[index], expected)


def gradient_accumulates_to_outer_sum(case: TrainingCase, of: Implementation = RIGHT) -> None:
    """On integers, torch.nn.Linear's .grad after several backward passes is exactly the sum of outer products."""
    linear = torch.nn.Linear(case.layer.weight.shape[2], case.layer.weight.shape[1], bias=False, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(case.layer.weight[0])
    signals = []
    for batch in case.batches:
        outputs = linear(batch.inputs[0])
        outputs.retain_grad()
        loss = squared_error(outputs, batch.targets[0])
        loss.backward()  # type: ignore[no-untyped-call]
        assert outputs.grad is not None
        signals.append(outputs.grad)
    inputs = torch.cat([batch.inputs[0] for batch in case.batches])
    assert linear.weight.grad is not None
    assert torch.equal(linear.weight.grad, of.outer_sum(torch.cat(signals), inputs))


def update_is_additive(case: AttentionCase, of: Implementation = RIGHT) -> None:
    """DW_ICL of demonstrations A and B together is that of A plus that of B, wherever they are cut."""
    whole = of.icl_update(case.demonstrations, case.projections)
    for cut in range(case.demonstrations.shape[-2] + 1):
        first, second = case.demonstrations[..., :cut, :], case.demonstrations[..., cut:, :]
        parts = of.icl_update(first, case.projections) + of.icl_update(second, case.projections)
        within_bound(_compared_as_updates(case, whole, parts))


def update_ignores_order(case: AttentionCase, of: Implementation = RIGHT) -> None:
    """DW_ICL is the same for the demonstrations in reverse and in rotated order."""
    given = of.icl_update(case.demonstrations, case.projections)
    for other in (case.demonstrations.flip(-2), case.demonstrations.roll(1, -2)):
        within_bound(_compared_as_updates(case, given, of.icl_update(other, case.projections)))


def finetuning_update_is_the_difference(case: AttentionCase, of: Implementation = RIGHT) -> None:
    """DW_FT is W_ZSL of the finetuned projections minus W_ZSL of the pretrained ones."""
    finetuned, before = case.projections.plus(case.update), case.projections
    difference = of.zero_shot_weights(case.tokens, finetuned) - of.zero_shot_weights(case.tokens, before)
    absolute = [(a.abs(), b.abs()) for a, b in ((before.value, case.update.value), (before.key, case.update.key))]
    values, keys = (case.tokens.abs().unsqueeze(-3) @ (a + b).mT for a, b in absolute)
    size = 2 * values.mT @ keys  # the difference cancels: either side of it is of this size
    roundings = 2 * case.tokens.shape[-1] + case.tokens.shape[-2] + 8
    within_bound(discrepancy(of.ft_update(case.tokens, before, case.update), difference, size, roundings))


def groups_share_their_head(case: AttentionCase, of: Implementation = RIGHT) -> None:
    """Query head h is served by key-value head h // (heads / groups), token by token."""
    found = of.relaxed_attention(case.tokens, case.projections, case.queries)
    applied = of.apply_weights(of.zero_shot_weights(case.tokens, case.projections), case.queries)
    expected, size = torch.zeros_like(found), torch.zeros_like(found)
    heads, groups = case.queries.shape[1], len(case.projections.key)
    for text in range(2):
        for head in range(heads):
            w_v, w_k = (w[head // (heads // groups)] for w in (case.projections.value, case.projections.key))
            for x in case.tokens[text]:
                for row, q in enumerate(case.queries[text, head]):
                    expected[text, head, row] += (w_v @ x) * ((w_k @ x) @ q)
                    size[text, head, row] += (w_v.abs() @ x.abs()) * ((w_k.abs() @ x.abs()) @ q.abs())
    roundings = 2 * case.tokens.shape[-1] + case.queries.shape[-1] + case.tokens.shape[-2] + 3
    within_bound(discrepancy(found, expected, size, roundings))
    within_bound(discrepancy(applied, expected, size, roundings))


def mass_is_softmax_weight_of_demonstrations(case: SplitCase, of: Implementation = RIGHT) -> None:
    """With value 1 at demonstrations and 0 at own tokens, attention is the mass a, and each part keeps to its own."""
    theirs = torch.zeros_like(case.values[..., :1])
    theirs[:, : case.demonstrations] = 1
    marked = SplitCase(theirs, case.keys, case.queries, case.demonstrations)
    holds("softmax split", marked, of)
    split = of.split_attention(theirs, case.keys, case.queries, case.demonstrations)
    eps = torch.finfo(theirs.dtype).eps * (case.keys.shape[-2] + 2)
    expected = 1.0 if case.demonstrations else 0.0
    assert (split.demonstrations - expected).abs().max() <= eps
    assert torch.equal(split.own, torch.zeros_like(split.own))


def _compared_as_updates(case: AttentionCase, left: Tensor, right: Tensor) -> Discrepancy:
    tokens = case.demonstrations.abs().unsqueeze(-3)
    size = (tokens @ case.projections.value.abs().mT).mT @ (tokens @ case.projections.key.abs().mT)
    return discrepancy(left, right, size, 2 * case.tokens.shape[-1] + case.demonstrations.shape[-2] + 3)
