"""What a question asks for: the right measurement, of the right tasks, sets and variant, and nothing run by asking."""

from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.data import Cell, CellAndStart
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
    UpdateSizes,
)
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.evidence.training_questions import TextTasks, TrainedGPTs, TrainedLayers
from harness.runs.facts import CellFacts
from harness.runs.theory import CausalityRun
from harness.runs.variants import Variant
from harness.store import MissingEntryError
from harness.tests.evidence.conftest import MEASURED, VARIANTS, Asking
from harness.tests.minuscule import write_words
from harness.tests.tiny import ON_TASKS, Project
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
    [("sim_am", "differences"), ("sim_aou", "ft"), ("kendall", "ft"), ("kendall", "unfinetuned")],
)
def test_measurement_is_made_on_the_variants_cell(
    controls: Evidence, variant: Variant, measurement: str, name: str
) -> None:
    """What the measurement finds in the cell, under the same name."""
    best = controls.sources.selection("toy").candidates[0]
    of = cell_from_start(controls, "toy", best, variant)
    expected = MEASUREMENTS[measurement][1](of, np.random.default_rng(0))[name]
    (record,) = OnControls(measurement, variant).records(controls.sources)["toy"]
    assert np.array_equal(controls.sources.store.read(record).tensors[name], expected)


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
    asked += [OnControls("distributions"), *map(OnTasks, ON_TASKS)]
    places = [sources.store.place(record) for one in asked for of in one.records(sources).values() for record in of]
    assert len(set(places)) == len(places) == 2 * len(asked)


def _stages(question: Question, sources: Sources) -> list[list[str]]:
    return [[record.words for record in stage] for stage in question.stages(sources)]


AGAIN = "toy: FT with learning rate 2 again, weights off by their last bit, weights fresh"
DISTILLED = Variant(update="distilled_outputs")
SELECTED = [
    ["toy: ICL with set 0 on dev", "toy: ICL with set 1 on dev"],
    ["toy: FT with learning rate 2 on dev", "toy: FT with learning rate 1e+38 on dev"],
]


@pytest.mark.parametrize(
    ("question", "last"),
    [
        (OnTasks("relaxed"), ["toy: measuring relaxed"]),
        (OnControls("sim_am"), ["toy: measuring sim am"]),
        (FinetunedAt(Variant(gradient="layer_causal")), ["toy: finetuning, gradient layer causal"]),
        (FinetunedAt(Variant()), []),
        (FinetunedAt(Variant(update="random")), ["toy: finetuning, update random"]),
        (FinetunedAt(DISTILLED, tuned=True), ["toy: finetuning, update distilled outputs"]),
        (OnControls("divergences", DISTILLED), ["toy: measuring divergences, update distilled outputs"]),
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


def test_what_is_measured_of_a_variant_is_tried_again_last(sources: Sources) -> None:
    """Its finetuning is asked for with the measurement, and then the same off by a bit."""
    *selected, measured, again = _stages(OnControls("sim_am", Variant(weights="fresh")), sources)
    assert selected == SELECTED
    assert measured == ["toy: measuring sim am, weights fresh", "toy: finetuning, weights fresh"]
    assert again == [AGAIN]


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
