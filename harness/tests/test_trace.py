"""A data's way from task to verdict, traced: calls between rooms while a claim is judged on the tiny project."""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import claims
import fixtures
from harness.judging.claims import load_claims
from harness.plugin.study import Study
from harness.progress import Silent
from harness.tests.test_layers import LAYERS, ROOT
from harness.tests.tiny import Project

CALLED_BACK = {
    ("harness.judging", "claims"),  # a claim's `measure`
    ("harness.packages", "harness.tasks"),  # what a row of the tasks' catalogue requires
    ("harness.packages", "harness.models"),  # and of the models'
}
"""Calls up the floors that are no imports: what a room was handed by who called it."""

Calls = Counter[tuple[str, str]]


def _room(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT) or {"tests", ".venv"} & set(path.parts):
        return ""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:2]) if parts[0] == "harness" else parts[0]


def _caller(frame: FrameType) -> str:
    """Return the nearest room above the frame; the store hands on calls of whoever asked it."""
    above = frame.f_back
    while above is not None and _room(above) in {"", "harness.store"}:
        above = above.f_back
    return _room(above) if above else ""


@pytest.fixture(scope="module")
def calls(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Return how often a room called another while C11 was judged on an empty store."""
    found: Calls = Counter()

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and (room := _room(frame)) and frame.f_code.co_name != "<module>":
            found[_caller(frame), room] += 1

    modules, settings = load_claims(claims), project.settings(tmp_path_factory.mktemp("traced"))
    sys.setprofile(watch)
    try:
        study = Study(modules, settings, fixtures.MODELS, fixtures.TASKS, Silent())
        study.verdict("C11")
    finally:
        sys.setprofile(None)
    return Counter({rooms: n for rooms, n in found.items() if rooms[0] not in {"", rooms[1]}})


def test_every_call_goes_down_the_floors(calls: Calls) -> None:
    """From plan to runs to models, from evidence to metrics, from judging to statistics, and never back up."""
    climbs = {(by, to) for by, to in calls if LAYERS[to] >= LAYERS[by]}
    assert climbs <= CALLED_BACK


def test_data_pass_each_room_on_their_way(calls: Calls) -> None:
    """The steps from examples to the verdict are all there: a trace that saw nothing would hold anything."""
    way = ("harness.tasks", "harness.prompts", "harness.models", "harness.runs", "harness.store", "harness.metrics")
    assert {*way, "harness.evidence", "harness.statistics", "harness.judging"} <= {to for _, to in calls}


def test_plan_is_run_once_and_judged_once(calls: Calls) -> None:
    """Whoever judges the four claims of a family enters engines for what was learned, and for what they ask.

    And judging to leave tasks out, to measure each claim once, and to judge.
    """
    assert (calls["harness.plugin", "harness.engines"], calls["harness.plugin", "harness.judging"]) == (2, 3)
    assert calls["harness.judging", "claims"] == 4
