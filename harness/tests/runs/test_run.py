"""A run's key holds all that decides its numbers, and nothing else."""

import json
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from harness.data import Setting
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.questions import AcrossSets, FinetunedAt, HowItRan, OnControls, OnTasks, Question
from harness.evidence.supervised import Supervised
from harness.runs.distillation import Distillation
from harness.runs.finetuning import FinetuningRun
from harness.runs.run import Demonstrations, Run
from harness.runs.scoring import AccuracyRun, RecordingRun
from harness.runs.variants import Variant
from harness.store import FACTS, Store, entry_key
from harness.tests.runs.made_up import CHOSEN, ROW, made_up
from harness.tests.tiny import ON_TASKS, Project
from harness.tests.two_tasks import sources_of

BESIDE = made_up().beside(RecordingRun, "toy", CHOSEN, 1, Variant(another_task=True))
RUN = replace(BESIDE, setting=Setting.ICL)
"""A run whose every field has a value."""
ELSEWHERE = RUN.context
assert ELSEWHERE is not None


def _model(**changes: Any) -> Any:
    return replace(RUN.model, **changes)


OTHER: Mapping[str, tuple[Any, ...]] = {
    "model": (
        _model(fingerprint="ac" * 32),
        _model(row=ROW.model_copy(update={"start_token": "<t>"})),
        _model(row=ROW.model_copy(update={"separator": " "})),
        _model(row=None),
    ),
    "task": (replace(RUN.task, name="dolly"), replace(RUN.task, fingerprint="3" * 64)),
    "part": ("dev",),
    "number": (7,),
    "setting": (Setting.FT, Setting.ZSL),
    "demonstrations": (Demonstrations(5, 3, 1), Demonstrations(6, 4, 1), Demonstrations(6, 3, 0)),
    "learning_rate": (1.0, None),
    "variant": (Variant(another_task=True, draw=1), Variant(another_task=True, labels="flipped")),
    "fitting": (29,),
    "rates": ((0.5,), (2.0, 0.5)),
    "context": (
        None,
        replace(ELSEWHERE, task=replace(ELSEWHERE.task, name="dolly")),
        replace(ELSEWHERE, task=replace(ELSEWHERE.task, fingerprint="3" * 64)),
        replace(ELSEWHERE, demonstrations=Demonstrations(6, 3, 1)),
    ),
    "distillation": (Distillation(), Distillation(steps=7)),
    "dtype": ("bfloat16",),
}
SAME: Mapping[str, tuple[Any, ...]] = {
    "device": ("cpu", "cuda"),
    "batch_size": (3,),
    "kept": (ELSEWHERE,),
    "sets": ((0, 1, 2),),
    "tried_with": ((0.5, 2.0),),
}


def _name(run: Run) -> str:
    return entry_key(kind=run.kind, **run.key)


def test_every_field_is_said_to_count_or_not() -> None:
    """A field that is added must be put in one of the two tables."""
    assert OTHER.keys() | SAME.keys() == {f.name for f in fields(Run)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in OTHER for value in OTHER[name]])
def test_field_that_decides_numbers_changes_the_key(name: str, value: Any) -> None:
    """Changed alone it is another entry, in a run beside the claims' own, which has all fields."""
    assert _name(replace(RUN, **{name: value})) != _name(RUN)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in SAME for value in SAME[name]])
def test_what_decides_no_number_keeps_the_key(name: str, value: Any) -> None:
    """Where it runs, how many queries go at once, what runs with it, whether weights are kept that it leaves."""
    assert _name(replace(RUN, **{name: value})) == _name(RUN)


def test_name_and_folder_of_a_model_keep_the_key() -> None:
    """The same weights elsewhere, under another name, are the same model."""
    assert _name(replace(RUN, model=_model(name="other", folder=Path("elsewhere")))) == _name(RUN)


@pytest.mark.parametrize("kind", [RecordingRun, AccuracyRun])
@pytest.mark.parametrize(
    "arguments",
    [
        ("dev", Setting.FT, 0, 2.0),
        ("test", Setting.ICL, 0, 2.0),
        ("test", Setting.FT, 1, 2.0),
        ("test", Setting.FT, 0, 3.0),
    ],
)
def test_part_setting_set_and_rate_change_the_key(kind: type[Run], arguments: Any) -> None:
    """Four arguments name a run of one task: each counts in the claims' own runs too."""
    part, setting, candidate, rate = arguments
    made = made_up()
    found = made.run(kind, "toy", setting, candidate, rate, part)
    assert found.key != made.run(kind, "toy", Setting.FT, 0, 2.0).key


def test_run_becomes_another_kind_with_the_same_fields() -> None:
    """All fields are handed on but for those that are named."""
    found = RUN.becoming(FinetuningRun, setting=None)
    assert type(found) is FinetuningRun
    assert found.setting is None
    assert all(getattr(found, f.name) == getattr(RUN, f.name) for f in fields(Run) if f.name != "setting")


def test_run_is_plain_data() -> None:
    """Sent to another process it is the same run, of the same name."""
    sent = pickle.loads(pickle.dumps(RUN))  # noqa: S301  # our own
    assert sent == RUN
    assert _name(sent) == _name(RUN)


def test_runs_say_what_they_are() -> None:
    """Task, setting, what is tried, on what, and what is other about it."""
    made = made_up()
    cell, own = made.cell("toy", CHOSEN, 1, Variant(labels="flipped")), made.own_cell("toy", CHOSEN["toy"], 1)
    found = (*made.sets_tried("toy"), made.rates_tried("toy", 1)[1], *own.inputs, *cell.inputs)
    assert [run.words for run in found] == [
        "toy: ICL with set 0 on dev",
        "toy: ICL with set 1 on dev",
        "toy: FT with learning rate 2 on dev",
        "toy: ZSL on test",
        "toy: ICL on test",
        "toy: FT on test",
        "toy: finetuning",
        "toy: ZSL on test",
        "toy: ICL, labels flipped",
        "toy: FT, labels flipped",
        "toy: finetuning, labels flipped",
    ]


def test_cost_is_of_examples_and_steps() -> None:
    """30 queries alone or behind a prefix, and six demonstrations to step on; FT on dev has both."""
    made = made_up()
    costs = [run.cost for run in made.own_cell("toy", CHOSEN["toy"], 1).inputs]
    assert costs == pytest.approx([30, 30 * 1.7 + 14, 30, 24])
    assert made.rates_tried("toy", 1)[0].cost == 12 + 24
    assert made.sets_tried("toy")[0].cost == pytest.approx(12 * 1.7 + 14)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping | list):
        for step in value if isinstance(value, Mapping) else range(len(value)):
            yield from _leaves(value[step], (*path, step))
    else:
        yield path


def _with_other(key: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy of the key with the value at the path changed."""
    copy = json.loads(json.dumps(key))
    *before, last = path
    place = copy
    for step in before:
        place = place[step]
    place[last] = [place[last]]
    return copy


@pytest.fixture(scope="module")
def filled(both: Project, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with an entry of every kind that a model's runs leave."""
    other = Variant(another_task=True)
    beside = [OnControls("accuracy", other), OnControls("distributions"), OnControls("sim_am_by_head")]
    across = [OnControls("kendall", Variant(order=1)), AcrossSets("orders_and_sets")]
    rates = FinetunedAt(Variant(labels="flipped", draw=1))
    asked: tuple[Question, ...] = (*map(OnTasks, ON_TASKS), *beside, *across, rates, Supervised("n-grams"), HowItRan())
    return sources_of(
        both, tmp_path_factory.mktemp("filled"), *asked, learning_rates=(2.0,), demonstration_sets=2
    ).store


def test_every_value_of_every_stored_key_counts(filled: Store) -> None:
    """Of each kind of entry that a whole run leaves, each value of the key, changed alone, is a miss."""
    found: dict[str, set[str]] = {}
    measured = set()
    for path in (filled.root / "runs").glob(f"*/*/{FACTS}"):
        key = json.loads(path.read_text())["key"]
        key.pop("format")  # see test_store
        kind = path.parents[1].name
        assert path.parent.name == filled.path(kind, key).name
        hashes = {entry_key(**_with_other(key, leaf)) for leaf in _leaves(key)}
        assert len(hashes - {entry_key(**key)}) == len(list(_leaves(key)))
        found[kind] = found.get(kind, set()) | set(key)
        measured |= {str(key.get("measurement"))}
    always = {"model", "layout", "dtype", "task", "part", "number"}
    trained = always | {"demonstrations", "learning_rate"}
    beside = trained | {"variant", "version", "longest", "rates"}
    assert found == {
        "accuracy": trained | {"setting"},
        "recording": trained | {"setting"},
        "finetuned": trained,
        "parts": always | {"setting", "demonstrations"},
        "first_order": always | {"setting", "demonstrations"},
        "starting_queries": always | {"demonstrations"},
        "updates": trained,
        "measurement": trained | {"measurement"},
        "facts": trained,
        "steadiness": trained | {"setting"},
        "whole_prompts": always | {"setting", "demonstrations", "torch", "transformers", "device"},
        "control_steadiness": beside | {"setting"},
        "layout": {"model", "layout", "answers"},
        "control_recording": beside | {"setting", "another task"},
        "control_finetuned": beside,
        "control_starting_queries": beside - {"learning_rate"},
        "control_label_reading": beside - {"learning_rate"} | {"setting"},
        "control": beside | {"measurement", "another task"},
        "supervised": {"task", "part", "number", "version", "features", "labels"},
    }
    named = " ".join(measured)
    assert all(name in named for name in MEASUREMENTS)
