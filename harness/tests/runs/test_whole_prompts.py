"""A model's first prompts, whole: what says nothing and what the split gets wrong is refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.sources import Sources, open_sources
from harness.runs.loaded import model_of
from harness.runs.scoring import AccuracyRun
from harness.runs.whole_prompts import WholePromptsRun, whole_prompts_of
from harness.tests.tiny import Project


@pytest.fixture
def fresh(project: Project, tmp_path: Path) -> Sources:
    """Return the tiny project with an empty store."""
    return open_sources(project.settings(tmp_path / "store"), fixtures.MODELS, fixtures.TASKS)


def _first(sources: Sources) -> AccuracyRun:
    return sources.experiment.sets_tried("toy")[1]


@contextmanager
def _zeros(sources: Sources, *names: str) -> Iterator[None]:
    """Have all weights whose names hold one of these be zero for the block."""
    network = model_of(_first(sources), sources.store).network
    chosen = [p for name, p in network.named_parameters() if any(part in name for part in names)]
    kept = [p.detach().clone() for p in chosen]
    try:
        with torch.no_grad():
            for p in chosen:
                p.zero_()
        yield
    finally:
        with torch.no_grad():
            for p, value in zip(chosen, kept, strict=True):
                p.copy_(value)


def test_first_icl_run_of_a_task_leaves_the_error_of_the_split(fresh: Sources) -> None:
    """Rounding, and neither nothing nor much; once for all demonstration sets."""
    for run in fresh.experiment.sets_tried("toy"):
        fresh.store.find_or_run(run)
    facts = fresh.store.read(whole_prompts_of(_first(fresh))).facts
    error, rounding = float(str(facts["error"])), float(str(facts["rounding"]))
    assert 0 < error < 10 * rounding < 1e-3
    assert len([*(fresh.store.root / "runs" / "whole_prompts").glob("*/facts.json")]) == 1


def test_model_of_zeros_is_one_message(fresh: Sources) -> None:
    """Every logit is equal, whatever is asked: nothing is judged of it."""
    with _zeros(fresh, ""), pytest.raises(HarnessError, match=r"every logit is equal .* whole"):
        fresh.store.find_or_run(_first(fresh))
    assert fresh.store.find(_first(fresh)) is None


def test_model_that_reads_nothing_is_one_message(fresh: Sources) -> None:
    """With neither attention nor feed-forward outputs the last token alone decides, which all prompts share."""
    with (
        _zeros(fresh, "o_proj", "down_proj"),
        pytest.raises(HarnessError, match="the same whatever it reads"),
    ):
        fresh.store.find_or_run(_first(fresh))


def test_positions_that_change_with_length_are_refused(fresh: Sources) -> None:
    """A model whose frequencies depend on how many tokens one forward sees: prefix and queries get others."""
    run = _first(fresh)
    rotary = model_of(run, fresh.store).network.model.rotary_emb
    handle = rotary.register_forward_pre_hook(lambda _, *given: _stretched(*given), with_kwargs=True)
    try:
        with pytest.raises(
            HarnessError, match="other numbers for queries behind an encoded prefix than for whole"
        ) as said:
            fresh.store.find_or_run(run)
    finally:
        handle.remove()
    off, allowed = map(float, re.findall(r"(?:off by|at most) ([\d.e-]+)", str(said.value)))
    assert off > 10 * allowed
    assert fresh.store.find(run) is None


def _stretched(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Halve the positions where one forward sees more than a hundred tokens."""
    positions = kwargs["position_ids"]
    return args, kwargs | {"position_ids": positions // 2 if positions.shape[-1] > 100 else positions}


def test_other_libraries_and_devices_are_tried_anew(fresh: Sources) -> None:
    """Both are in the key; the settings that change no number are not."""
    run = whole_prompts_of(_first(fresh))
    assert {"torch", "transformers", "device"} <= run.key.keys()
    assert run.key["device"] == "cpu" or torch.cuda.is_available()
    assert run.key == run.becoming(WholePromptsRun, batch_size=1).key
    assert run.setting is Setting.ICL
