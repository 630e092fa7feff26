"""Random cases: what the spaces hold, and that the text says it."""

import pytest
import torch

from harness.dual_form import IDENTITIES
from harness.dual_form.cases import (
    ATTENTION,
    SPLIT,
    TRAINING,
    AttentionChoice,
    TrainingChoice,
    attention_case,
    describe,
    draw,
    training_case,
)


def of_seed(seed: int) -> torch.Generator:
    """Return a generator in the state of that seed."""
    return torch.Generator().manual_seed(seed)


def test_text_names_every_range() -> None:
    """Long runs read 'from to', short ones as lists, flags as yes and no."""
    space = {"d_key": tuple(range(1, 9)), "scale": (0.01, 1.0), "bias": (False, True), "layout": ("zero", "generic")}
    assert describe(space) == "d key 1 to 8; scale 0.01, 1; bias no, yes; layout zero, generic"


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_draws_come_from_the_space(identity: object) -> None:
    """Two hundred draws stay in the space, and reach each end of every range."""
    space = identity.space  # type: ignore[attr-defined]
    generator = of_seed(0)
    drawn = [draw(space, generator) for _ in range(200)]
    for name, values in space.items():
        assert {choice[name] for choice in drawn} == set(values)


@pytest.mark.parametrize("space", [TRAINING, ATTENTION, SPLIT])
def test_degenerate_layouts_are_in_every_space(space: dict[str, tuple[str, ...]]) -> None:
    """Duplicates, inputs of rank one and zeros are covered everywhere."""
    assert {"duplicate", "rank one", "zero"} <= set(space["layout"])


@pytest.mark.parametrize(("layout", "rank"), [("generic", 4), ("duplicate", 1), ("rank one", 1), ("zero", 0)])
def test_layout_decides_the_rank_of_demonstrations(layout: str, rank: int) -> None:
    """Five generic tokens of width four span it; the degenerate layouts span a line or nothing."""
    case = attention_case(AttentionChoice(4, 2, 3, 2, 2, 5, 1, layout, 1.0, 0.1), of_seed(0), torch.float64)
    assert torch.linalg.matrix_rank(case.demonstrations).tolist() == [rank, rank]


def test_case_is_decided_by_choice_and_seed() -> None:
    """The same choice and seed give the same numbers."""
    choice = TrainingChoice(3, 2, 4, 2, "generic", 1.0, 0.1, 0.5, 0.01, bias=True, loss="network")
    first, again = (training_case(choice, of_seed(1), torch.float32) for _ in range(2))
    assert torch.equal(first.queries, again.queries)
    assert torch.equal(first.batches[1].inputs, again.batches[1].inputs)


def test_decay_takes_the_chosen_share_of_the_weights() -> None:
    """Shrink 0.3 is learning rate times weight decay, whatever the scale made of the learning rate."""
    choice = TrainingChoice(3, 2, 4, 2, "generic", 100.0, 0.1, 0.5, 0.3, bias=True, loss="squared error")
    descent = training_case(choice, of_seed(1), torch.float32).descent
    assert descent.learning_rate * descent.weight_decay == pytest.approx(0.3)
