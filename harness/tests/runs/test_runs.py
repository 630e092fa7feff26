"""Single runs: their keys hold all that decides their numbers, and nothing else."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS
from harness.runs.runner import Runner
from harness.runs.runs import Runs
from harness.store import FACTS, entry_key
from harness.tests.tiny import Project


def _runs(project: Project, store: Path, **options: object) -> Runs:
    return Runner(project.settings(store, **options), fixtures.MODELS, fixtures.TASKS).runs


@pytest.mark.parametrize(
    "options",
    [{"dtype": "bfloat16"}, {"queries": 29}, {"demonstrations": 5}, {"seed": 1}],
    ids=lambda options: next(iter(options)),
)
def test_setting_that_decides_numbers_changes_the_key(
    project: Project, tmp_path: Path, options: dict[str, object]
) -> None:
    """The recording of FT rests on precision, test examples and demonstrations."""
    given, other = _runs(project, tmp_path), _runs(project, tmp_path, **options)
    assert given.key("toy", "test", Setting.FT, 0, 2.0) != other.key("toy", "test", Setting.FT, 0, 2.0)


@pytest.mark.parametrize(
    "options",
    [{"batch_size": 3}, {"alpha": 0.1}, {"protocol": "paper"}, {"candidate_sets": 3}, {"learning_rates": (2.0,)}],
    ids=lambda options: next(iter(options)),
)
def test_setting_that_decides_no_run_keeps_the_key(
    project: Project, tmp_path: Path, options: dict[str, object]
) -> None:
    """What is selected from what, judged how and batched how leaves each single run as it was."""
    given, other = _runs(project, tmp_path), _runs(project, tmp_path, **options)
    assert given.key("toy", "test", Setting.FT, 0, 2.0) == other.key("toy", "test", Setting.FT, 0, 2.0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("dev", Setting.FT, 0, 2.0),
        ("test", Setting.ICL, 0, 2.0),
        ("test", Setting.FT, 1, 2.0),
        ("test", Setting.FT, 0, 3.0),
    ],
)
def test_part_setting_set_and_rate_change_the_key(evidence: Evidence, arguments: Any) -> None:
    """Four arguments name a run of one task: each counts."""
    runs = evidence.runner.runs
    assert runs.key("toy", *arguments) != runs.key("toy", "test", Setting.FT, 0, 2.0)


def test_zero_shot_runs_do_not_depend_on_demonstrations(project: Project, tmp_path: Path) -> None:
    """Another seed and another number of demonstrations leave the key of ZSL as it was."""
    given, other = _runs(project, tmp_path), _runs(project, tmp_path, seed=1, demonstrations=5)
    assert given.key("toy", "test", Setting.ZSL) == other.key("toy", "test", Setting.ZSL)


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
    key = _runs(copy, tmp_path).key("toy", "test", Setting.ZSL)
    assert key == _runs(project, tmp_path).key("toy", "test", Setting.ZSL)
    change(copy)
    assert _runs(copy, tmp_path).key("toy", "test", Setting.ZSL) != key


def test_task_of_another_name_is_another_key(project: Project, tmp_path: Path) -> None:
    """Demonstrations are drawn under the task's name: the same data under another name are other runs."""
    shutil.copytree(project.data / "toy", tmp_path / "data" / "doll")
    doll = _runs(Project(project.model, tmp_path / "data"), tmp_path, tasks=("doll",))
    toy = _runs(project, tmp_path)
    assert doll.prompts("doll", "test", 0).prefix != toy.prompts("toy", "test", 0).prefix
    assert doll.key("doll", "test", Setting.ICL, 0) != toy.key("toy", "test", Setting.ICL, 0)


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


def test_every_value_of_every_stored_key_counts(evidence: Evidence) -> None:
    """Of each kind of entry that a whole run leaves, each value of the key, changed alone, is a miss."""
    for name in MEASUREMENTS:
        evidence._all(name, "toy")
    evidence.runner.facts("toy")
    store = evidence.runner.runs.store
    fields: dict[str, set[str]] = {}
    for path in (store.root / "runs").glob(f"*/*/{FACTS}"):
        key = json.loads(path.read_text())["key"]
        key.pop("format")  # see test_store
        kind = path.parents[1].name
        assert path.parent.name == store.path(kind, key).name
        hashes = {entry_key(**_with_other(key, leaf)) for leaf in _leaves(key)}
        assert len(hashes - {entry_key(**key)}) == len(list(_leaves(key)))
        fields[kind] = fields.get(kind, set()) | set(key)
    always = {"model", "layout", "dtype", "task", "part", "number"}
    trained = always | {"demonstrations", "learning_rate"}
    expected = {
        "accuracy": trained | {"setting"},
        "recording": trained | {"setting"},
        "finetuned": trained,
        "measurement": trained | {"measurement"},
        "facts": trained,
    }
    assert {kind: fields[kind] for kind in expected} == expected


def test_finetuning_that_diverges_on_a_further_set_says_so(project: Project, tmp_path: Path) -> None:
    """At rate 1e37 set 0 holds and set 1 overflows: the rate is selected on the first, the second is an error."""
    runs = _runs(project, tmp_path, learning_rates=(1e37,), candidate_sets=2, demonstration_sets=2)
    assert runs.accuracy("toy", "dev", Setting.FT, 0, 1e37).facts["diverged_at"] is None
    with pytest.raises(HarnessError, match=r"set 1 diverged at its step 6 .* 1e\+37 .*--learning-rates"):
        runs.finetuned("toy", 1, 1e37)
