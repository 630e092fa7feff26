"""Questions about rivals of finetuning, other demonstration sets, and what was learned."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.questions import FinetunedAt, Learned, OnControls, OnOtherSets, OnTasks, Question, UpdateSizes
from harness.evidence.sources import Provisional, Sources
from harness.runs.selection import tune
from harness.runs.variants import Variant
from harness.store import Store
from harness.tests.evidence.conftest import Asking
from harness.tests.tiny import Project, ready
from harness.tests.two_tasks import select

LAYERS = 2
CAUSAL = Variant(gradient="layer_causal")
TRIED = [f"toy: FT with learning rate {rate} on dev, gradient layer causal" for rate in ("2", "1e+38")]
AGAIN = "toy: FT with learning rate 2 again, weights off by their last bit, gradient layer causal"
STEADY = "toy: FT with learning rate 2 again, weights off by their last bit on dev, gradient layer causal"


def _stages(question: Question, sources: Sources) -> list[list[str]]:
    return [[record.words for record in stage] for stage in question.stages(sources)]


def test_rivals_rates_are_tried_before_it_is_measured(project: Project, tmp_path: Path) -> None:
    """Behind what the claims' own are selected by: the grid, then whether the best is steady, then what is asked."""
    question = OnControls("sim_am", CAUSAL, tuned=True)
    sources = ready(project.settings(tmp_path), question)
    measured = [f"toy: {words}, gradient layer causal" for words in ("measuring sim am", "finetuning")]
    assert _stages(question, sources)[2:] == [TRIED, measured, [AGAIN]]
    provisional = Provisional(sources.experiment, sources.grid, Store(tmp_path / "empty"))
    assert _stages(question, provisional)[3:] == [TRIED, [STEADY], measured, [AGAIN]]
    assert all(run.part == "dev" for run in list(question.stages(sources))[2])  # type: ignore[attr-defined]


@pytest.mark.parametrize("variant", [Variant(), Variant(another_task=True), Variant(update="random")])
def test_what_takes_the_claims_own_steps_is_not_tuned_again(controls: Evidence, variant: Variant) -> None:
    """Tuned it is the same question: nothing more is tried, and the records are the same."""
    sources = controls.sources
    asked = [OnControls("sim_am", variant, tuned=tuned) for tuned in (False, True)]
    assert _stages(asked[0], sources) == _stages(asked[1], sources)
    places = [[sources.store.place(r) for of in one.records(sources).values() for r in of] for one in asked]
    assert places[0] == places[1]


def test_tuned_rival_is_finetuned_at_its_own_rate(asking: Asking) -> None:
    """Measurement, finetuning and size are of the rate that was selected for it; ICL and ZSL stay the claims' own."""
    kinds: tuple[Question, ...] = (OnControls("sim_aou", CAUSAL, tuned=True), UpdateSizes(CAUSAL, tuned=True))
    evidence = asking(*kinds, FinetunedAt(CAUSAL, tuned=True), control_tasks=1, learning_rates=(1e-3, 2.0))
    sources = evidence.sources
    sources._tuned["toy", CAUSAL] = replace(tune(sources.experiment, "toy", sources.store, CAUSAL), learning_rate=1e-3)
    select(sources, learning_rate=2.0)
    (measured,) = kinds[0].records(sources)["toy"]  # type: ignore[attr-defined]
    (size,) = kinds[1].records(sources)["toy"]  # type: ignore[attr-defined]
    (finetuned,) = FinetunedAt(CAUSAL, tuned=True).records(sources)["toy"]
    own = sources.experiment.cell("toy", sources.chosen, sources.selection("toy").candidates[0], Variant())
    assert [run.learning_rate for run in (measured.of, size, finetuned, measured.source.ft)] == [1e-3] * 4
    assert (measured.source.icl, measured.source.zsl) == (own.icl, own.zsl)
    assert own.ft.learning_rate == 2.0


def test_other_sets_are_the_reported_ones_behind_each(asking: Asking) -> None:
    """Of three sets each stands in the context once; FT's is the next one, or the one after it, and never the same."""
    sets = (2, 0, 1)
    sources = asking(demonstration_sets=3, candidate_sets=3).sources
    for task in ("toy", "doll"):
        select(sources, task, candidates=sets)
    for behind, trained in ((1, (0, 1, 2)), (2, (1, 2, 0))):
        found = OnOtherSets("sim_aou", behind).records(sources)
        assert set(found) == {"toy", "doll"}
        for of_task in found.values():
            assert tuple(record.context for record in of_task) == sets
            cells: list[Any] = [record.source for record in of_task]
            assert tuple(cell.icl.demonstrations.candidate for cell in cells) == sets
            assert tuple(cell.ft.demonstrations.candidate for cell in cells) == trained
            assert tuple(cell.finetuned.demonstrations.candidate for cell in cells) == trained
    assert OnOtherSets("sim_aou", 3).records(sources) == {}


def test_measurement_across_sets_is_kept_apart(asking: Asking) -> None:
    """It is not the one of either set, and is what the metric finds in ICL of one and FT of the other."""
    asked = OnTasks("sim_aou"), OnOtherSets("sim_aou")
    evidence = asking(*asked, demonstration_sets=2)
    sources = evidence.sources
    chosen = sources.selection("toy")
    own, across = (evidence.of(question, "ft")["toy"] for question in asked)
    assert own.shape == across.shape == (2, 30, LAYERS)
    for row, (shown, trained) in enumerate((chosen.candidates, chosen.candidates[::-1])):
        read = sources.experiment.across("toy", chosen, shown, trained).read(sources.store)
        expected = MEASUREMENTS["sim_aou"][1](read, np.random.default_rng(0))["ft"]
        assert np.array_equal(across[row], expected)
    assert not np.isclose(own, across).all(axis=(1, 2)).any()
    places = [sources.store.place(record) for one in asked for of in one.records(sources).values() for record in of]
    assert len(set(places)) == 8


def test_kendalls_tau_across_sets_is_refused(asking: Asking) -> None:
    """No token of the context was trained on: the error says so."""
    sources = asking(OnTasks("accuracy"), demonstration_sets=2).sources
    (record, _) = OnOtherSets("kendall").records(sources)["toy"]
    with pytest.raises(HarnessError, match="finetuned on other texts"):
        record.compute(sources.store)


def test_what_was_learned_is_asked_on_dev_for_every_reported_set(asking: Asking) -> None:
    """Three settings a set, all on the dev examples, at the rate that was selected; under `paper` on those reported."""
    for protocol, part, number in (("held-out", "dev", 12), ("paper", "test", 30)):
        sources = asking(demonstration_sets=2, protocol=protocol).sources
        found = Learned().records(sources)
        assert set(found) == {"toy", "doll"}
        for task, sets in found.items():
            chosen = sources.selection(task)
            for candidate, runs in zip(chosen.candidates, sets, strict=True):
                assert list(runs) == [run.setting for run in runs.values()] == [Setting.ZSL, Setting.ICL, Setting.FT]
                assert {(run.part, run.number, run.task.name) for run in runs.values()} == {(part, number, task)}
                drawn = [run.demonstrations and run.demonstrations.candidate for run in runs.values()]
                assert drawn == [None, candidate, candidate]
                assert [run.learning_rate for run in runs.values()] == [None, None, chosen.learning_rate]


def test_what_was_learned_needs_little_that_was_not_selected_by(asking: Asking) -> None:
    """Of the best set ICL and FT at its rate are there: ZSL alone is new."""
    sources = asking().sources
    (runs,) = Learned().records(sources)["toy"]
    assert [setting for setting, run in runs.items() if sources.store.find(run) is None] in ([], [Setting.ZSL])
