"""The tiny project with a second task, 'doll': shorter texts of the same words under another template.

And with a third, 'cube', for those who name it: doll's texts under answer words that neither of the others has.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.evidence.questions import CausalOrder, Question
from harness.evidence.sources import Sources
from harness.tests.tiny import Project, ready

QUERIES = 8
"""Test examples of each task for the controls, of 30 for the claims."""

FEWER = 4
"""Words that a text of doll has less than the text of toy that it was made from."""


def two_tasks(project: Project, folder: Path) -> Project:
    """Return a project with the same model and the tasks: doll's texts are toy's turned round, its answers swapped."""
    shutil.copytree(project.data, folder / "data")
    toy, doll = folder / "data" / "toy", folder / "data" / "doll"
    doll.mkdir()
    (doll / "task.toml").write_text('template = "Type: {text} Input:"\nanswers = ["good", "bad"]\n')
    for part in ("train.jsonl", "test.jsonl"):
        rows = [json.loads(line) for line in (toy / part).read_text().splitlines()]
        shorter = [{**row, "text": " ".join(row["text"].split()[FEWER:][::-1])} for row in rows]
        (doll / part).write_text("".join(json.dumps(row) + "\n" for row in shorter))
    shutil.copytree(doll, cube := folder / "data" / "cube")
    (cube / "task.toml").write_text('template = "Type: {text} Input:"\nanswers = ["w0", "w1"]\n')
    return Project(project.model, folder / "data")


def sources_of(project: Project, store: Path, *questions: Question, **options: Any) -> Sources:
    """Return the sources of both tasks, with what the questions need in the store; none asked, what is selected by."""
    options = {"tasks": ("toy", "doll"), "control_queries": QUERIES, "simulations": 0} | options
    return ready(project.settings(store, **options), *(questions or (CausalOrder(),)))


def select(sources: Sources, task: str = "toy", **chosen: Any) -> None:
    """Put another demonstration set or learning rate in the place of what was chosen on dev."""
    sources._selected[task] = replace(sources.selection(task), **chosen)


def entries(store: Path, kind: str) -> list[Any]:
    """Return what the store's entries of a kind say: their keys and facts."""
    return [json.loads(path.read_text()) for path in store.glob(f"runs/{kind}/*/facts.json")]
