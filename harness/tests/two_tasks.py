"""The tiny project with a second task, 'doll': shorter texts of the same words under another template."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import fixtures
from harness.runs.control_runs import ControlRuns
from harness.runs.runner import Runner
from harness.tests.tiny import Project

QUERIES = 8
"""Test examples of each task for the controls, of 30 for the claims."""

FEWER = 4
"""Words that a text of doll has less than the text of toy that it was made from."""


def two_tasks(project: Project, folder: Path) -> Project:
    """Return a project with the same model and both tasks: doll's texts are toy's turned round, its answers swapped."""
    shutil.copytree(project.data, folder / "data")
    toy, doll = folder / "data" / "toy", folder / "data" / "doll"
    doll.mkdir()
    (doll / "task.toml").write_text('template = "Type: {text} Input:"\nanswers = ["good", "bad"]\n')
    for part in ("train.jsonl", "test.jsonl"):
        rows = [json.loads(line) for line in (toy / part).read_text().splitlines()]
        shorter = [{**row, "text": " ".join(row["text"].split()[FEWER:][::-1])} for row in rows]
        (doll / part).write_text("".join(json.dumps(row) + "\n" for row in shorter))
    return Project(project.model, folder / "data")


def runner_of(project: Project, store: Path, **options: Any) -> Runner:
    """Return a runner of both tasks."""
    options = {"tasks": ("toy", "doll"), "control_queries": QUERIES, "simulations": 0} | options
    return Runner(project.settings(store, **options), fixtures.MODELS, fixtures.TASKS)


def controls_of(project: Project, store: Path, **options: Any) -> ControlRuns:
    """Return control runs on both tasks."""
    return ControlRuns(runner_of(project, store, **options))


def select(controls: ControlRuns, task: str = "toy", **chosen: Any) -> None:
    """Put another demonstration set or learning rate in the place of what was chosen on dev."""
    controls.runner._selected[task] = replace(controls.runner.selection(task), **chosen)


def entries(store: Path, kind: str) -> list[Any]:
    """Return what the store's entries of a kind say: their keys and facts."""
    return [json.loads(path.read_text()) for path in store.glob(f"runs/{kind}/*/facts.json")]
