"""A plan: stated before it is run, in waves of which each rests on earlier ones, and no more than the store lacks."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.engines.plan import run_plan, stated
from harness.errors import HarnessError
from harness.evidence.questions import (
    AcrossSets,
    CausalOrder,
    HowItRan,
    Learned,
    Measuring,
    OnControls,
    OnTasks,
    Question,
)
from harness.evidence.sources import Sources, open_sources
from harness.evidence.training_questions import TextTasks, TrainedGPTs
from harness.progress import Silent
from harness.runs import loaded
from harness.runs.variants import Variant
from harness.store import TENSORS, DamagedEntryWarning, Record, Store
from harness.tests.engines.noted import Asked, Noted, noted
from harness.tests.test_store_together import Member
from harness.tests.tiny import Project, ready
from harness.tests.trainings.test_grid import Heard, small, write_corpus
from harness.tests.trainings.test_text_tasks import SIZE, write_text
from harness.tests.two_tasks import QUERIES, two_tasks


@pytest.fixture(scope="module")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny project with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


def opened(project: Project, store: Path, **options: object) -> Sources:
    """Return sources of both tasks; two sets are reported of three, and one of two learning rates diverges."""
    sets = {"candidate_sets": 3, "demonstration_sets": 2, "tasks": ("toy", "doll"), "control_queries": QUERIES}
    return open_sources(project.settings(store, **(sets | options)), fixtures.MODELS, fixtures.TASKS)


def kinds(records: Sequence[Record]) -> Counter[str]:
    """Return how many there are of each kind."""
    return Counter(record.kind for record in records)


def kept(store: Store) -> Counter[str]:
    """Return how many entries of each kind the store has."""
    return Counter(path.parts[-3] for path in store.root.glob("runs/*/*/facts.json"))


def in_doubt(questions: Sequence[Question], sources: Sources) -> Mapping[Path, Record]:
    """Return what is tried again for what was found when it was run."""
    measuring = [question for question in questions if isinstance(question, Measuring)]
    found = [of for question in measuring for of in question.tried_again(sources).values()]
    return {sources.store.place(run): run for of in found for place, run in of.items() if place}


def require_as_stated(questions: Sequence[Question], sources: Sources) -> None:
    """Fail unless as much as is stated is run, each record once and behind what it rests on.

    But for finetunings beyond the first set that are tried again as their losses give cause for doubt.
    """
    heard, plan = Heard(), stated(questions, sources)
    assert kept(sources.store) == Counter()
    run_plan(questions, sources, heard)
    records = [record for wave in plan for record in wave]
    doubted = list(in_doubt(questions, sources).values())
    assert kinds([*records, *doubted]) == kept(sources.store)
    assert heard.expected == pytest.approx(sum(record.cost for record in records))
    assert heard.done == pytest.approx(heard.expected + sum(record.cost for record in doubted))
    assert stated(questions, sources) == []


VARIANTS = (Variant(), Variant(weights="fresh"), Variant(labels="random"), Variant(another_task=True), Variant(order=1))
ON_MODELS: dict[str, list[Question]] = {
    "on tasks": [OnTasks("kendall"), OnTasks("sim_am"), OnTasks("updates"), OnTasks("relaxed"), Learned(), HowItRan()],
    "on controls": [OnControls("sim_am", variant) for variant in VARIANTS],
    "other orders": [AcrossSets("orders_and_sets"), OnControls("distributions"), CausalOrder()],
    "all at once": [OnTasks("accuracy"), OnControls("accuracy", Variant(gradient="layer_causal")), CausalOrder()],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_MODELS)
def test_plan_is_stated_before_it_is_run(both: Project, tmp_path: Path, name: str) -> None:
    """As many records of each kind, and the same work in all, as are run then; nothing is computed to state it."""
    require_as_stated(ON_MODELS[name], opened(both, tmp_path))


@pytest.mark.slow
def test_plan_of_trainings_is_stated_before_it_is_run(project: Project, tmp_path: Path) -> None:
    """Which eta is best is not known yet; how many trainings there will be is."""
    options = {"corpus": write_corpus(tmp_path / "corpus.txt"), "device": "cpu", "processes": 1}
    require_as_stated([TrainedGPTs()], small(project.settings(tmp_path / "store", **options)))


@pytest.mark.slow
def test_plan_of_text_tasks_is_stated_before_it_is_run(project: Project, tmp_path: Path) -> None:
    """The models that are asked are those of the grid: nobody trains them twice."""
    options = {"corpus": write_text(tmp_path / "corpus.txt"), "device": "cpu", "processes": 1}
    require_as_stated([TextTasks(), TrainedGPTs()], small(project.settings(tmp_path / "store", **options), SIZE))


@pytest.mark.parametrize("name", [*ON_MODELS, "trainings"])
def test_inputs_come_in_earlier_waves(both: Project, tmp_path: Path, name: str) -> None:
    """Whatever a record rests on stands in a wave before its own; no record stands in two, or twice in one."""
    settings = both.settings(tmp_path / "store", tasks=("toy", "doll"), corpus=write_text(tmp_path / "corpus.txt"))
    sources = small(settings, SIZE)
    plan = stated([TextTasks(), TrainedGPTs()] if name == "trainings" else ON_MODELS[name], sources)
    place, before = sources.store.place, set[Path]()
    for wave in plan:
        assert all(place(needed) in before for record in wave for needed in record.inputs)
        before |= {place(record) for record in wave}
    assert len(before) == sum(map(len, plan))


def of_sums(log: Path, threads: int | None = None) -> tuple[Noted, Noted, Noted]:
    """Return three records of which the last rests on both others, and the second on the first."""
    first = Noted("first", log, (), threads)
    second = Noted("second", log, (first,), threads)
    return first, second, Noted("third", log, (first, second), threads)


def test_only_goals_need_to_be_named(project: Project, tmp_path: Path) -> None:
    """What the goal rests on is run before it, each once, and all adds up: 1, 1 + 1, 1 + 1 + 2."""
    sources, (*_, goal) = opened(project, tmp_path / "store", tasks=("toy",)), of_sums(tmp_path / "log")
    run_plan([Asked(((goal,),)), Asked(((goal, goal),))], sources, Silent())
    assert [name for name, _ in noted(goal.log)] == ["first", "second", "third"]
    assert sources.store.read(goal).tensors["sum"] == [4]


def test_stages_are_run_one_after_the_other(project: Project, tmp_path: Path) -> None:
    """A question's second stage comes after all of its first; what another had, or an earlier one, is not run again."""
    sources, log = opened(project, tmp_path / "store", tasks=("toy",)), tmp_path / "log"
    a, b, c, d = (Noted(name, log) for name in "abcd")
    questions = [Asked(((a,), (b, c))), Asked(((c,), (d, a)))]
    assert [[record.words[-1] for record in wave] for wave in stated(questions, sources)] == [["a", "c"], ["b", "d"]]
    run_plan(questions, sources, Silent())
    assert [name for name, _ in noted(log)] == ["a", "c", "b", "d"]


def test_a_question_goes_on_while_others_wait(project: Project, tmp_path: Path) -> None:
    """What its first stage made known is run before a slow one of another question is done."""
    sources = opened(project, tmp_path / "store", tasks=("toy",), processes=2)
    log = tmp_path / "log"
    slow, quick, then = Noted("slow", log, takes=3.0), Noted("quick", log), Noted("then", log)
    heard = Heard()
    last = Noted("last", log, (slow,))
    run_plan([Asked(((slow,), (last,))), Asked(((quick,), (then,)))], sources, heard)
    assert [name for name, _ in noted(log)].index("then") < [name for name, _ in noted(log)].index("last")
    assert heard.lines == [f"noting {name}" for name in ("slow", "quick", "then", "last")]


def test_the_longest_are_run_first_and_what_needs_one_thread_last(project: Project, tmp_path: Path) -> None:
    """So that short ones fill what is left at the end, and a training what waits for nothing else leaves free."""
    sources, log = opened(project, tmp_path / "store", tasks=("toy",), processes=1), tmp_path / "log"
    short, training, long = Noted("short", log), Noted("training", log, (), 1, costs=9.0), Noted("long", log, costs=4.0)
    run_plan([Asked(((short, training, long),))], sources, Silent())
    assert [name for name, _ in noted(log)] == ["long", "short", "training"]


def test_goal_that_is_there_needs_nothing(project: Project, tmp_path: Path) -> None:
    """With the goal in the store nothing that it rests on is run, even where that is gone; another goal's is."""
    sources, (first, second, goal) = opened(project, tmp_path / "store", tasks=("toy",)), of_sums(tmp_path / "log")
    question = Asked(((goal,),))
    run_plan([question], sources, Silent())
    for record in (first, second):
        shutil.rmtree(sources.store.place(record))
    assert stated([question], sources) == []
    other = Noted("other", first.log, (first,))
    assert stated([question, Asked(((other,),))], sources) == [[first], [other]]


@pytest.mark.slow
def test_measurement_that_is_there_needs_none_of_its_runs(project: Project, tmp_path: Path) -> None:
    """Recordings and finetunings gone, a measurement is still read; one that is not there needs them all again."""
    sources = ready(project.settings(tmp_path), OnTasks("sim_am"), OnTasks("kendall"))
    for kind in ("recording", "finetuned"):
        shutil.rmtree(tmp_path / "runs" / kind)
    assert stated([OnTasks("sim_am"), OnTasks("kendall")], sources) == []
    again = [record for wave in stated([OnTasks("sim_am"), OnTasks("sim_aou")], sources) for record in wave]
    assert kinds(again) == {"recording": 3, "finetuned": 1, "measurement": 1}


def test_what_is_computed_with_a_goal_is_planned_with_it(project: Project, tmp_path: Path) -> None:
    """One of three is asked for: all three are stated, run in one pass, and told of."""
    sources, group = opened(project, tmp_path / "store", tasks=("toy",)), Member(1, 3, tmp_path / "log").together
    question, heard = Asked(((group[1],),)), Heard()
    (wave,) = stated([question], sources)
    assert sorted(record.words for record in wave) == sorted(record.words for record in group)
    run_plan([question], sources, heard)
    assert all(sources.store.find(record) is not None for record in group)
    assert (tmp_path / "log").read_text() == "x"


def damage(store: Store, record: Record) -> None:
    """Cut the record's tensors short."""
    path = store.place(record) / TENSORS
    path.write_bytes(path.read_bytes()[:-1])


def test_damaged_goal_is_made_again(project: Project, tmp_path: Path) -> None:
    """It counts as lacking, the damage is said, and what is found then is whole; what it rests on is left alone."""
    sources, (*_, goal) = opened(project, tmp_path / "store", tasks=("toy",)), of_sums(tmp_path / "log")
    heard = Heard()
    run_plan([Asked(((goal,),))], sources, Silent())
    damage(sources.store, goal)
    with pytest.warns(DamagedEntryWarning, match="damaged .* computed again"):
        run_plan([Asked(((goal,),))], sources, heard)
    assert [name for name, _ in noted(goal.log)] == ["first", "second", "third", "third"]
    assert sources.store.read(goal).tensors["sum"] == [4]
    assert (heard.lines, heard.expected, heard.done) == ([goal.words], 2, 2)


def test_damaged_measurement_is_made_again(project: Project, tmp_path: Path) -> None:
    """A measurement cut short is measured once more on the runs that are there, and is what it was."""
    question = OnTasks("sim_am")
    sources = ready(project.settings(tmp_path), question)
    (record,) = question.records(sources)["toy"]
    before = sources.store.read(record).tensors
    damage(sources.store, record)
    heard = Heard()
    with pytest.warns(DamagedEntryWarning):
        run_plan([question], sources, heard)
    after = sources.store.read(record).tensors
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert heard.lines == [record.words]


class Told(Heard):
    """Also keeps the work that was done when each thing began."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[tuple[str, float]] = []

    def begin(self, what: str) -> None:
        """Keep it."""
        super().begin(what)
        self.begun.append((what, self.done))


@pytest.mark.parametrize("name", ["accuracy", "kendall"])
def test_work_that_is_done_adds_up_to_what_was_expected(project: Project, tmp_path: Path, name: str) -> None:
    """Whatever is asked first needs all runs: progress ends at 100 %, and each step said what it is, before it ran."""
    told = Told()
    settings = project.settings(tmp_path, candidate_sets=3, demonstration_sets=2, learning_rates=(2.0,))
    sources = ready(settings, OnTasks(name), progress=told)
    assert told.done == pytest.approx(told.expected)
    assert told.expected > 0
    expected = {"toy: ICL with set 2 on dev", "toy: FT with learning rate 2 on dev", "toy: FT on test"}
    assert expected <= {*told.lines}
    assert told.begun[0] == (f"preparing {sources.experiment.model.name}", 0)
    assert len(told.lines) == 1 + sum(kept(sources.store).values())


def test_prompts_are_checked_before_any_weights_load(project: Project, tmp_path: Path) -> None:
    """The second task's prompts do not fit: that is the error, with nothing in the store and no model loaded."""
    both = two_tasks(project, tmp_path / "long")
    test = both.data / "doll" / "test.jsonl"
    test.write_text(test.read_text().replace('"text": "', f'"text": "{"w1 " * 300}'))
    sources, heard = opened(both, tmp_path / "store"), Heard()
    loaded.load_trained.cache_clear()
    with pytest.raises(HarnessError, match="'doll'"):
        run_plan([OnTasks("accuracy")], sources, heard)
    assert heard.lines == [f"preparing {sources.experiment.model.name}"]
    assert loaded.load_trained.cache_info().currsize == 0
    assert kept(sources.store) == Counter()


def test_plan_without_runs_of_the_model_prepares_none(project: Project, tmp_path: Path) -> None:
    """Where everything of the model is in the store its prompts are not built."""
    sources = ready(project.settings(tmp_path / "store"), OnTasks("accuracy"))
    loaded.load_builder.cache_clear()
    goal = of_sums(tmp_path / "log")[0]
    run_plan([OnTasks("accuracy"), Asked(((goal,),))], sources, Silent())
    assert loaded.load_builder.cache_info().currsize == 0
