"""What a question asks for: the right measurement, of the right tasks, sets and variant, and nothing run by asking."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fixtures
from harness.data import Cell, CellAndStart, Setting
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS, ByTask
from harness.evidence.measuring import Measurement
from harness.evidence.questions import (
    AcrossSets,
    CausalOrder,
    FinetunedAt,
    HowItRan,
    Learned,
    OnControls,
    OnOtherSets,
    OnTasks,
    Question,
    TextTasks,
    TrainedGPTs,
    TrainedLayers,
    UpdateSizes,
)
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.runs.facts import CellFacts
from harness.runs.selection import tune
from harness.runs.theory import CausalityRun
from harness.runs.variants import Variant
from harness.store import MissingEntryError, Store
from harness.tests.evidence.conftest import MEASURED, VARIANTS, Asking
from harness.tests.minuscule import write_words
from harness.tests.tiny import ON_TASKS, Project, ready
from harness.tests.two_tasks import QUERIES, select

LAYERS = 2
FLIPPED = Variant(labels="flipped")


def cell(evidence: Evidence, task: str, candidate: int, variant: Variant) -> Cell:
    """Return a variant's cell."""
    sources = evidence.sources
    return sources.experiment.cell(task, sources.chosen, candidate, variant).read(sources.store)


def cell_from_start(evidence: Evidence, task: str, candidate: int, variant: Variant) -> CellAndStart:
    """Return a variant's cell with what its finetuning starts from."""
    experiment, sources = evidence.sources.experiment, evidence.sources
    return experiment.from_start(experiment.cell(task, sources.chosen, candidate, variant)).read(sources.store)


def _shapes(found: ByTask) -> dict[str, tuple[int, ...]]:
    return {task: array.shape for task, array in found.items()}


@pytest.mark.parametrize(
    ("measurement", "name", "axes"),
    [("accuracy", "icl", ()), ("sim_aou", "ft", (LAYERS,)), ("sim_am", "differences", (LAYERS,))],
)
def test_measurements_have_the_control_queries_of_every_task(
    controls: Evidence, measurement: str, name: str, axes: tuple[int, ...]
) -> None:
    """One demonstration set, eight of thirty examples, layers where there are any."""
    found = controls.of(OnControls(measurement), name)
    assert _shapes(found) == dict.fromkeys(("toy", "doll"), (1, QUERIES, *axes))


def test_measurements_on_tasks_have_all_queries(asking: Asking) -> None:
    """Thirty examples of every task, whichever of them are controls."""
    evidence = asking(OnTasks("accuracy"), control_tasks=1)
    assert _shapes(evidence.of(OnTasks("accuracy"), "icl")) == {"toy": (1, 30), "doll": (1, 30)}


def test_first_control_tasks_alone_are_run(asking: Asking) -> None:
    """With one control task of two, the second is not among the controls."""
    evidence = asking(OnControls("accuracy"), FinetunedAt(FLIPPED), control_tasks=1)
    assert list(evidence.of(OnControls("accuracy"), "icl")) == ["toy"]
    assert list(FinetunedAt(FLIPPED).records(evidence.sources)) == ["toy"]


def test_every_reported_demonstration_set_has_a_row(asking: Asking) -> None:
    """Two sets reported are two rows, best first."""
    question = OnControls("accuracy", FLIPPED)
    evidence = asking(question, demonstration_sets=2)
    sets = evidence.sources.selection("toy").candidates
    best = [cell(evidence, "toy", c, FLIPPED) for c in sets]
    assert len(sets) == 2
    assert evidence.of(question, "icl")["toy"].tolist() == [of.icl.correct.astype(float).tolist() for of in best]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("measurement", "name"),
    [("sim_am", "differences"), ("sim_aou_unscaled", "ft"), ("kendall", "ft"), ("kendall", "unfinetuned")],
)
def test_measurement_is_made_on_the_variants_cell(
    controls: Evidence, variant: Variant, measurement: str, name: str
) -> None:
    """What the measurement finds in the cell, under the same name."""
    best = controls.sources.selection("toy").candidates[0]
    of = cell_from_start(controls, "toy", best, variant)
    expected = MEASUREMENTS[measurement][1](of, np.random.default_rng(0))[name]
    assert np.array_equal(controls.of(OnControls(measurement, variant), name)["toy"], expected[None])


@pytest.mark.parametrize(
    ("measurement", "name"), [("sim_am", "differences"), ("relaxed", "explained"), ("updates", "cosine_icl")]
)
def test_measurement_on_tasks_is_made_on_the_claims_own_runs(
    evidence: Evidence, sources: Sources, measurement: str, name: str
) -> None:
    """A cell, its parts, or its updates, under the best demonstration set and at the rate that was selected."""
    chosen, experiment = sources.selection("toy"), sources.experiment
    best = chosen.candidates[0]
    made_on = {
        "sim_am": experiment.own_cell("toy", chosen, best),
        "relaxed": experiment.parts("toy", best),
        "updates": experiment.updates("toy", chosen, best),
    }
    read = made_on[measurement].read(sources.store)  # type: ignore[attr-defined]
    expected = MEASUREMENTS[measurement][1](read, np.random.default_rng(0))[name]
    assert np.array_equal(evidence.of(OnTasks(measurement), name)["toy"], expected[None])


def test_no_two_questions_have_a_record_in_common(controls: Evidence) -> None:
    """Every measurement under every variant lies in a place of its own, apart from the claims' own."""
    sources = controls.sources
    variants = (*VARIANTS, Variant(weights="fresh"), FLIPPED, Variant(another_task=True))
    asked: list[OnTasks | OnControls] = [OnControls(m, variant) for m in MEASURED for variant in variants]
    asked += [OnControls("order_spread"), OnControls("distributions"), *map(OnTasks, ON_TASKS)]
    places = [sources.store.place(record) for one in asked for of in one.records(sources).values() for record in of]
    assert len(set(places)) == len(places) == 2 * len(asked)


def _stages(question: Question, sources: Sources) -> list[list[str]]:
    return [[record.words for record in stage] for stage in question.stages(sources)]


AGAIN = "toy: FT with learning rate 2 again, weights off by their last bit, gradient layer causal"
SELECTED = [
    ["toy: ICL with set 0 on dev", "toy: ICL with set 1 on dev"],
    ["toy: FT with learning rate 2 on dev", "toy: FT with learning rate 1e+38 on dev"],
]


@pytest.mark.parametrize(
    ("question", "last"),
    [
        (OnTasks("relaxed"), ["toy: measuring relaxed"]),
        (OnControls("sim_am", Variant(weights="fresh")), ["toy: measuring sim am, weights fresh"]),
        (FinetunedAt(Variant(gradient="layer_causal")), ["toy: finetuning, gradient layer causal", AGAIN]),
        (FinetunedAt(Variant()), []),
        (FinetunedAt(Variant(update="random")), ["toy: finetuning, update random"]),
        (UpdateSizes(Variant()), ["toy: size of the update"]),
        (UpdateSizes(Variant(gradient="layer_causal")), ["toy: size of the update, gradient layer causal"]),
        (OnOtherSets("sim_am"), []),
        (Learned(), ["toy: ZSL on dev", "toy: ICL with set 0 on dev", "toy: FT with learning rate 2 on dev"]),
        (AcrossSets("orders_and_sets"), ["toy: measuring orders and sets"]),
        (CausalOrder(), ["toy: causal order"]),
        (HowItRan(), ["toy: how it was run", "toy: tokens of its prompts"]),
    ],
)
def test_demonstrations_and_rates_are_selected_first(sources: Sources, question: Question, last: list[str]) -> None:
    """Sets in the first stage, rates in the second, then what is asked; the claims' own finetuning is not asked for."""
    assert _stages(question, sources) == [*SELECTED, last]


def test_questions_about_trainings_choose_the_strength_first(project: Project, tmp_path: Path) -> None:
    """The tries of eta, then every training and the yardstick; layers of linear attention have nothing to choose."""
    settings = project.settings(tmp_path / "store", corpus=write_words(tmp_path / "words.txt"))
    sources = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    grid, provisional = sources.grid, Provisional(sources.experiment, sources.grid, sources.store)
    tried, made = TrainedGPTs().stages(provisional)
    assert list(tried) == list(grid.tries.values())
    assert list(made) == [*grid.every(grid.size.etas[0]), grid.yardstick]
    assert [len(stage) for stage in TrainedLayers().stages(sources)] == [1]


def test_text_tasks_are_not_asked_of_small_sizes(sources: Sources) -> None:
    """Size 'tiny' answers nothing: no stage, no record."""
    assert not sources.grid.size.text_tasks
    assert list(TextTasks().stages(sources)) == []
    assert TextTasks().records(sources) == {}


def test_asking_runs_nothing(project: Project, tmp_path: Path) -> None:
    """On an empty store the first stage is stated; the second can't be, and says what it waits for."""
    sources = open_sources(project.settings(tmp_path / "store"), fixtures.MODELS, fixtures.TASKS)
    stages = OnTasks("accuracy").stages(sources)
    assert [record.words for record in next(stages)] == SELECTED[0]
    with pytest.raises(MissingEntryError, match="lacks 'toy: ICL with set 0 on dev'"):
        next(stages)
    assert not list((tmp_path / "store").glob("runs/*/*"))


def test_causal_order_and_how_it_ran_are_of_the_best_set(asking: Asking) -> None:
    """Of two sets the better one's runs alone, at the learning rate that was selected."""
    sources = asking(demonstration_sets=2).sources
    select(sources, candidates=(1, 0), learning_rate=0.5)
    causal, made = CausalOrder().records(sources)["toy"], HowItRan().records(sources)["toy"]
    assert isinstance(causal, CausalityRun)
    assert isinstance(made, CellFacts)
    for run in (causal, made.of.finetuned):
        assert run.demonstrations is not None
        assert (run.demonstrations.candidate, run.learning_rate) == (1, 0.5)


def test_measurement_names_its_run(controls: Evidence) -> None:
    """Each is of the task, set, rate and variant that were asked for."""
    sources = controls.sources
    for variant in VARIANTS:
        for task, (record,) in OnControls("sim_aou", variant).records(sources).items():
            assert isinstance(record, Measurement)
            chosen = sources.selection(task)
            drawn = record.of.demonstrations
            assert drawn is not None
            assert (record.name, record.of.task.name, record.of.variant) == ("sim_aou", task, variant)
            assert (drawn.candidate, record.of.learning_rate) == (chosen.candidates[0], chosen.learning_rate)


CAUSAL = Variant(gradient="layer_causal")
TRIED = [f"toy: FT with learning rate {rate} on dev, gradient layer causal" for rate in ("2", "1e+38")]
STEADY = "toy: FT with learning rate 2 again, weights off by their last bit on dev, gradient layer causal"


def test_rivals_rates_are_tried_before_it_is_measured(project: Project, tmp_path: Path) -> None:
    """Behind what the claims' own are selected by: the grid, then whether the best is steady, then what is asked."""
    question = OnControls("sim_am", CAUSAL, tuned=True)
    sources = ready(project.settings(tmp_path), question)
    assert _stages(question, sources)[2:] == [TRIED, ["toy: measuring sim am, gradient layer causal"]]
    provisional = Provisional(sources.experiment, sources.grid, Store(tmp_path / "empty"))
    assert _stages(question, provisional)[3:] == [TRIED, [STEADY], ["toy: measuring sim am, gradient layer causal"]]
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
    places = [sources.store.place(record) for one in asked for of in one.records(sources).values() for record in of]  # type: ignore[attr-defined]
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
