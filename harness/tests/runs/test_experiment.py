"""What the settings say of which runs there are, before anything is run."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fixtures
from harness.data import LeftOut, Setting
from harness.errors import HarnessError
from harness.evidence.sources import Sources, open_sources
from harness.runs.experiment import Chosen, Experiment
from harness.runs.finetuning import FinetuningRun
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.runs.scoring import RecordingRun
from harness.runs.variants import Variant
from harness.settings import Protocol
from harness.store import Store
from harness.tests.runs.made_up import CHOSEN, VARIANTS, made_up
from harness.tests.tiny import Project


def _opened(project: Project, store: Path, **options: object) -> Experiment:
    return open_sources(project.settings(store, **options), fixtures.MODELS, fixtures.TASKS).experiment


def _ft(experiment: Experiment) -> RecordingRun:
    return experiment.run(RecordingRun, "toy", Setting.FT, 0, 2.0)


def _zsl(experiment: Experiment) -> RecordingRun:
    return experiment.run(RecordingRun, "toy", Setting.ZSL)


@pytest.mark.parametrize(
    "options",
    [{"dtype": "bfloat16"}, {"queries": 29}, {"demonstrations": 5}, {"seed": 1}],
    ids=lambda options: next(iter(options)),
)
def test_setting_that_decides_numbers_changes_the_key(
    project: Project, tmp_path: Path, options: dict[str, object]
) -> None:
    """The recording of FT rests on precision, test examples and demonstrations."""
    assert _ft(_opened(project, tmp_path)).key != _ft(_opened(project, tmp_path, **options)).key


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 3},
        {"device": "cpu"},
        {"alpha": 0.1},
        {"protocol": "paper"},
        {"candidate_sets": 3},
        {"learning_rates": (2.0,)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_setting_that_decides_no_run_keeps_the_key(
    project: Project, tmp_path: Path, options: dict[str, object]
) -> None:
    """What is selected from what, judged how and batched how leaves each single run as it was."""
    assert _ft(_opened(project, tmp_path)).key == _ft(_opened(project, tmp_path, **options)).key


def test_precision_device_and_batch_are_the_settings(project: Project, tmp_path: Path) -> None:
    """A run computes as the settings say, in the claims' own runs and beside them."""
    made = _opened(project, tmp_path, dtype="bfloat16", device="cpu", batch_size=3)
    chosen = {"toy": Chosen((0,), 2.0)}
    for run in (_ft(made), made.beside(FinetuningRun, "toy", chosen, 0, Variant(order=1))):
        assert (run.dtype, run.device, run.batch_size) == ("bfloat16", "cpu", 3)


def test_zero_shot_runs_do_not_depend_on_demonstrations(project: Project, tmp_path: Path) -> None:
    """Another seed and another number of demonstrations leave the key of ZSL as it was."""
    given, other = _opened(project, tmp_path), _opened(project, tmp_path, seed=1, demonstrations=5)
    assert _zsl(given).key == _zsl(other).key


def _changed_weights(project: Project) -> None:
    path = project.model / "model.safetensors"
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)


def _changed_config(project: Project) -> None:
    path = project.model / "config.json"
    path.write_text(path.read_text().replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05'))


def _changed_label(project: Project) -> None:
    path = project.data / "toy" / "test.jsonl"
    path.write_text(path.read_text().replace('"label": 0', '"label": 1', 1))


def _changed_template(project: Project) -> None:
    path = project.data / "toy" / "task.toml"
    path.write_text(path.read_text().replace("Type:", "type:"))


@pytest.mark.parametrize("change", [_changed_weights, _changed_config, _changed_label, _changed_template])
def test_model_and_data_change_the_key_by_their_content(
    project: Project, tmp_path: Path, change: Callable[[Project], None]
) -> None:
    """One bit of the weights, one number of the configuration, one label, one letter of the template."""
    copy = Project(tmp_path / "model", tmp_path / "data")
    shutil.copytree(project.model, copy.model)
    shutil.copytree(project.data, copy.data)
    key = _zsl(_opened(copy, tmp_path)).key
    assert key == _zsl(_opened(project, tmp_path)).key
    change(copy)
    assert _zsl(_opened(copy, tmp_path)).key != key


def test_task_of_another_name_is_another_key(project: Project, tmp_path: Path) -> None:
    """Demonstrations are drawn under the task's name: the same data under another name are other runs."""
    shutil.copytree(project.data / "toy", tmp_path / "data" / "doll")
    doll = _opened(Project(project.model, tmp_path / "data"), tmp_path, tasks=("doll",))
    runs = (
        doll.run(RecordingRun, "doll", Setting.ICL, 0),
        _opened(project, tmp_path).run(RecordingRun, "toy", Setting.ICL, 0),
    )
    one, other = (prompts_of(run, Store(tmp_path)) for run in runs)
    assert one.prefix != other.prefix
    assert runs[0].key != runs[1].key


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"queries": 41}, "40 test examples, 41 were asked; ask for fewer with --queries"),
        ({"dev_queries": 1000}, "dev examples, 1000 were asked; ask for fewer with --dev-queries"),
        ({"demonstrations": 1000}, "1000 were asked; ask for fewer with --demonstrations"),
        ({"tasks": ("toi",)}, "unknown task 'toi': did you mean 'toy'"),
        ({"model": "smolm2-135m-instruct"}, "unknown model .*did you mean 'smollm2-135m-instruct'"),
        ({"device": "abacus"}, "device 'abacus' can't be used"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_run_is_said_before_anything_is_computed(
    project: Project, tmp_path: Path, options: dict[str, object], complaint: str
) -> None:
    """One error, while the store is still empty."""
    with pytest.raises(HarnessError, match=complaint):
        _opened(project, tmp_path, **options)
    assert list(tmp_path.glob("runs/*/*")) == []


def test_one_task_under_two_names_is_refused(project: Project, tmp_path: Path) -> None:
    """A link to it, or a copy: its examples would be counted twice, and intervals be too narrow."""
    shutil.copytree(project.data / "toy", tmp_path / "data" / "toy")
    shutil.copytree(project.data / "toy", tmp_path / "data" / "copy")
    (tmp_path / "data" / "link").symlink_to("toy")
    for other in ("copy", "link"):
        with pytest.raises(HarnessError, match=f"tasks 'toy' and '{other}' are one: .*; give one of them with --tasks"):
            _opened(Project(project.model, tmp_path / "data"), tmp_path, tasks=("toy", other))


def test_rows_that_cannot_be_used_are_skipped_where_the_settings_say_so(project: Project, tmp_path: Path) -> None:
    """Nothing else changes: the runs have the keys that they have without those rows."""
    copy = Project(project.model, tmp_path / "data")
    shutil.copytree(project.data, copy.data)
    with (copy.data / "toy" / "train.jsonl").open("a") as file:
        file.write('{"text": "", "label": 0}\n')
    with pytest.raises(HarnessError, match=r"a row can't be used: train\.jsonl:181: field 'text' is empty"):
        _opened(copy, tmp_path)
    skipping = _opened(copy, tmp_path, skip_bad_rows=True)
    assert LeftOut("train", "skipped: a text is empty", 1) in skipping.tasks["toy"].left_out
    assert _zsl(skipping).key == _zsl(_opened(project, tmp_path)).key
    assert _zsl(_opened(project, tmp_path, skip_bad_rows=True)).key == _zsl(skipping).key


def test_selection_is_on_dev_or_as_the_paper_has_it_on_the_reported_examples() -> None:
    """Part and number of what is tried, under either protocol."""
    made = made_up()
    paper = replace(made, settings=made.settings.model_copy(update={"protocol": Protocol.PAPER}))
    tried = [run for e in (made, paper) for run in (*e.sets_tried("toy"), *e.rates_tried("toy", 1))]
    assert [(run.part, run.number) for run in tried] == [("dev", 12)] * 4 + [("test", 30)] * 4
    assert [run.learning_rate for run in tried[:4]] == [None, None, 0.5, 2.0]
    assert [run.demonstrations.candidate for run in tried[:4] if run.demonstrations] == [0, 1, 1, 1]


def test_more_control_queries_than_queries_are_all_of_them(both: Project, tmp_path: Path) -> None:
    """Forty are the default, and a small run has fewer."""
    made = _opened(both, tmp_path, tasks=("toy", "doll"), control_queries=40)
    assert made.control_number == 30
    assert made.cell("toy", CHOSEN, 1, Variant()).number == 30


def _beside(made: Experiment, chosen: Any = CHOSEN, variant: Variant = VARIANTS["labels random"]) -> Run:
    return made.beside(FinetuningRun, "toy", chosen, 0, variant)


@pytest.mark.parametrize(
    "options",
    [
        {"control_queries": 7},
        {"learning_rates": (2.0, 1.0)},
        {"queries": 29},
        {"seed": 1},
        {"dtype": "bfloat16"},
        {"demonstrations": 5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_setting_that_decides_a_control_is_in_its_key(options: dict[str, Any]) -> None:
    """How many queries, from what grid a rate is, and all that decides the claims' own runs."""
    made = made_up()
    other = replace(made, settings=made.settings.model_copy(update=options))
    assert _beside(other).key != _beside(made).key


def test_selected_rate_decides_a_control() -> None:
    """It is finetuned at the rate that was selected for the claims, and that is in its key."""
    slower = CHOSEN | {"toy": Chosen((1,), 1.0)}
    assert (_beside(made_up()).learning_rate, _beside(made_up(), slower).learning_rate) == (2.0, 1.0)
    assert _beside(made_up()).key != _beside(made_up(), slower).key


def test_variant_and_set_make_keys_of_their_own() -> None:
    """Every variant under two demonstration sets: no two keys are alike."""
    made, variants = made_up(), [*VARIANTS.values(), Variant(order=2), Variant(labels="random", draw=1)]
    keys = {str(made.beside(FinetuningRun, "toy", CHOSEN, c, v).key) for v in variants for c in (0, 1)}
    assert len(keys) == 2 * len(variants)


@pytest.mark.parametrize("change", ["set", "data"])
def test_another_tasks_data_are_in_the_key(change: str) -> None:
    """Which of doll's demonstration sets, and what is in doll's data, decide toy's run behind doll and no other."""
    made, chosen = made_up(), CHOSEN
    if change == "set":
        chosen = CHOSEN | {"doll": Chosen((1,), 0.5)}
    else:
        tasks = {**made.tasks, "doll": replace(made.tasks["doll"], fingerprint="other")}
        made = replace(made, tasks=tasks)
    behind, own = VARIANTS["another_task True"], Variant()
    assert _beside(made, chosen, behind).key != _beside(made_up(), CHOSEN, behind).key
    assert _beside(made, chosen, own).key == _beside(made_up(), CHOSEN, own).key


def test_last_tasks_next_is_the_first() -> None:
    """Each task's demonstrations stand before those of the one in front of it, round in a ring."""
    assert [made_up().next_task(task) for task in ("toy", "doll")] == ["doll", "toy"]


def test_orders_are_as_many_as_the_settings_say() -> None:
    """Cells of orders 0, 1, ...: the first is the claims' own, all have one ZSL."""
    made = made_up()
    made = replace(made, settings=made.settings.model_copy(update={"orders": 3}))
    cells = made.orders("toy", CHOSEN, 1).cells
    assert [cell.icl.variant.order for cell in cells] == [0, 1, 2]
    assert cells[0] == made.cell("toy", CHOSEN, 1, Variant())
    assert len({str(cell.zsl.key) for cell in cells}) == 1
    assert len({str(cell.ft.key) for cell in cells}) == 3


def test_prompts_that_cannot_be_built_are_said_before_weights_load(controls: Sources, tmp_path: Path) -> None:
    """A text longer than the context is one error, and nothing is in the store."""
    made = controls.experiment
    toy = made.tasks["toy"]
    long = replace(toy.test[0], texts={"text": "w1 " * 300})
    made = replace(made, tasks={"toy": replace(toy, test=(long, *toy.test[1:]))})
    with pytest.raises(HarnessError, match="toy"):
        made.check_prompts(Store(tmp_path))
    controls.experiment.check_prompts(Store(tmp_path))
    assert list(tmp_path.glob("runs/*/*")) == []
