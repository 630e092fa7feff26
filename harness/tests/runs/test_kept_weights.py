"""Answers on dev from the weights that a finetuning left for the test examples: the same, and no step taken twice."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.engines.plan import run_plan
from harness.evidence.questions import HowItRan, Learned, OnTasks, Question
from harness.evidence.sources import Sources, open_sources
from harness.models.rows import finetune_rows
from harness.progress import Silent
from harness.runs import steadiness
from harness.runs.prompting import prompts_of
from harness.runs.scoring import AccuracyRun
from harness.runs.steadiness import ROSE, SteadinessRun
from harness.store import Entry, Store
from harness.tests.runs.made_up import CHOSEN, made_up
from harness.tests.tiny import Project, ready
from harness.tests.two_tasks import sources_of

FIRST, SECOND = 1, 0
"""Of made-up task toy: the set that was chosen, on which rates were tried, and one that is reported behind it."""


def _further(sources: Sources) -> AccuracyRun:
    """Return FT on dev under the second of toy's reported sets."""
    return Learned().records(sources)["toy"][1][Setting.FT]


def _finetunings(questions: Sequence[Question], sources: Sources) -> int:
    """Return how often a model was finetuned while the questions' records were run."""
    found = 0

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal found
        if event == "call" and frame.f_code is finetune_rows.__code__:
            found += len(frame.f_locals["rows"])

    sys.setprofile(watch)
    try:
        run_plan(questions, sources, Silent())
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_answers_are_those_of_finetuning_anew(project: Project, tmp_path: Path, dtype: str) -> None:
    """To the last bit, in either precision; and not those of the first set's weights."""
    sources = ready(project.settings(tmp_path, demonstration_sets=2, dtype=dtype), Learned())
    run, first = _further(sources), Learned().records(sources)["toy"][0][Setting.FT]
    kept, anew = sources.store.read(run), replace(run, kept=None).compute(sources.store)
    assert kept.facts == anew.facts
    assert all(np.array_equal(kept.tensors[name], anew.tensors[name]) for name in ("label_logits", "gold"))
    assert not np.allclose(kept.tensors["label_logits"], sources.store.read(first).tensors["label_logits"])


def test_other_texts_are_finetuned_on_anew(project: Project, tmp_path: Path) -> None:
    """Of 30 demonstrations fewer fit beside the longest test example than beside the one of dev, which is shorter."""
    options = {"demonstrations": 30, "dev_queries": 2, "demonstration_sets": 2, "selection": "random"}
    sources = ready(project.settings(tmp_path, **options), Learned())
    run = _further(sources)
    assert run.kept is not None
    own, other = (prompts_of(of, sources.store).demonstrations for of in (run, run.kept))
    assert len(own) > len(other)
    kept, anew = sources.store.read(run), replace(run, kept=None).compute(sources.store)
    assert np.array_equal(kept.tensors["label_logits"], anew.tensors["label_logits"])


def test_no_reported_set_is_finetuned_on_twice(both: Project, tmp_path: Path) -> None:
    """On the first of two sets at both rates, once more for its weights and off by a bit; on the second once."""
    options: dict[str, Any] = {"tasks": ("toy", "doll"), "demonstration_sets": 2}
    sources = open_sources(both.settings(tmp_path, **options), fixtures.MODELS, fixtures.TASKS)
    assert _finetunings([Learned(), HowItRan(), OnTasks("accuracy")], sources) == 2 * (2 + 1 + 1 + 1)


def test_further_sets_are_tried_again_where_their_losses_give_cause(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three reported sets the two behind the first, at a loss that rises by as little as the smaller of both."""
    options = {"demonstration_sets": 3, "selection": "random", "learning_rates": (2.0,)}
    sources = ready(project.settings(tmp_path, **options), HowItRan())
    own = {c: sources.experiment.own_cell("toy", sources.selection("toy"), c).finetuned for c in (0, 1, 2)}
    losses: dict[int, Any] = {c: sources.store.read_facts(run)["losses"] for c, run in own.items()}
    rose = {c: max(found) - found[0] for c, found in losses.items()}
    assert rose[1] != rose[2]
    assert HowItRan().other_sets(sources) == {"toy": {c: _again(sources, c) for c in (1, 2) if rose[c] > ROSE}}
    monkeypatch.setattr(steadiness, "ROSE", (rose[1] + rose[2]) / 2)
    larger = max((1, 2), key=rose.__getitem__)
    assert HowItRan().other_sets(sources) == {"toy": {larger: _again(sources, larger)}}
    run_plan([HowItRan()], sources, Silent())
    assert sources.store.find(_again(sources, larger)) is not None
    assert sources.store.find(_again(sources, 3 - larger)) is None


def _again(sources: Sources, candidate: int) -> SteadinessRun:
    return sources.experiment.on_reported(SteadinessRun, "toy", sources.selection("toy"), candidate)


def test_run_rests_on_the_sets_own_finetuning_under_its_old_name() -> None:
    """Beyond the first set; steadiness hands it on, and the key is the one of a run that finetunes anew."""
    made, chosen = made_up(), replace(CHOSEN["toy"], candidates=(FIRST, SECOND))
    anew, run = made.tried(AccuracyRun, "toy", SECOND, 2.0), made.answers("toy", chosen, SECOND)[Setting.FT]
    assert run.key == anew.key
    assert run.inputs == (made.own_cell("toy", chosen, SECOND).finetuned,)
    assert made.on_reported(SteadinessRun, "toy", chosen, SECOND).inputs == (run,)
    assert made.answers("toy", chosen, FIRST)[Setting.FT].inputs == ()


def test_weights_that_are_kept_cost_no_step() -> None:
    """Scoring 12 queries is left of it; one more finetuning from weights off by a bit costs its steps."""
    made, chosen = made_up(), replace(CHOSEN["toy"], candidates=(FIRST, SECOND))
    assert made.answers("toy", chosen, SECOND)[Setting.FT].cost == 12
    assert made.on_reported(SteadinessRun, "toy", chosen, SECOND).cost == made.steadiness("toy", SECOND, 2.0).cost > 12


def test_answers_that_diverged_before_are_not_steady(both: Project, tmp_path: Path) -> None:
    """A store may hold that finetuning on a further set diverged: no number says how far its answers move."""
    sources = sources_of(both, tmp_path, demonstration_sets=2)
    chosen = sources.selection("toy")
    run = sources.experiment.on_reported(SteadinessRun, "toy", chosen, chosen.candidates[1])
    _keep(sources.store, run.becoming(AccuracyRun), Entry({}, {"accuracy": None, "diverged_at": 1}))
    assert run.compute(sources.store).facts == {"moved": None}


def _keep(store: Store, run: AccuracyRun, entry: Entry) -> None:
    store.find_or_compute(run.kind, run.key, lambda: entry)
