"""How processors and memory are shared out: never more than there is, and never less than one process."""

import os
from pathlib import Path

import pytest

from harness.engines import shares
from harness.engines.shares import (
    BESIDE,
    COPIES,
    SMALL,
    Share,
    available_processors,
    share_for_models,
    share_for_trainings,
)
from harness.settings import parse_settings

LARGE = 540_000_000
"""Bytes of the default model's weights."""


@pytest.fixture(name="machine")
def _machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return what sets a machine of eight processors and 24 GB."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)
    monkeypatch.setattr(shares, "_QUOTA", Path("/none"))
    monkeypatch.setattr(shares, "main_memory", lambda: 24_000_000_000)
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)
    return monkeypatch


def given(**settings: object) -> Share:
    """Return the share of the default model under these settings."""
    return share_for_models(parse_settings(**settings), LARGE, on_gpu=False)


def test_one_process_a_processor_where_memory_holds(machine: pytest.MonkeyPatch) -> None:
    """Eight copies of the default model fit; of one of 2 GB three do, on two processors each; of one of 11 GB, one."""
    assert given() == Share(8, 1)
    settings = parse_settings()
    assert share_for_models(settings, 2_000_000_000, on_gpu=False) == Share(3, 2)
    assert share_for_models(settings, 10_800_000_000, on_gpu=False) == Share(1, 8)
    assert share_for_models(settings, 10_800_000_000, on_gpu=True) == Share(8, 1)
    machine.setattr(shares, "main_memory", lambda: None)
    assert share_for_models(settings, 10_800_000_000, on_gpu=False) == Share(8, 1)


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_memory_holds_all_processes(machine: pytest.MonkeyPatch, processes: int) -> None:
    """A byte less than so many need, and there is one fewer."""
    needed = processes * (COPIES * LARGE + BESIDE)
    machine.setattr(shares, "main_memory", lambda: needed)
    assert given().processes == processes
    machine.setattr(shares, "main_memory", lambda: needed - 1)
    assert given().processes == max(1, processes - 1)


@pytest.mark.usefixtures("machine")
def test_what_is_asked_for_holds() -> None:
    """So many processes, whatever memory there is and however small the model; threads are what is left."""
    assert given(processes=3) == Share(3, 2)
    assert given(processes=16) == Share(16, 1)
    assert share_for_models(parse_settings(processes=2), 1000, on_gpu=False) == Share(2, 4)
    assert share_for_trainings(parse_settings(processes=3)) == Share(3, 1)


@pytest.mark.usefixtures("machine")
def test_threads_that_are_asked_for_hold() -> None:
    """However many fit beside them; with as many processes as were asked for, too."""
    assert given(threads=3) == Share(2, 3)
    assert given(threads=16) == Share(1, 16)
    assert given(threads=1, processes=2) == Share(2, 1)


@pytest.mark.usefixtures("machine")
def test_a_small_model_runs_where_it_is() -> None:
    """Below so many bytes a process costs more than it saves; trainings take long whatever the model."""
    assert share_for_models(parse_settings(), SMALL - 1, on_gpu=False) == Share(1, 8)
    assert share_for_models(parse_settings(), SMALL, on_gpu=False) == Share(8, 1)
    assert share_for_trainings(parse_settings()) == Share(8, 1)


def test_processors_are_those_of_the_container_and_shared_with_other_workers(
    machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A quota of 2.5 processors are two; of xdist's workers each takes its part; never fewer than one."""
    assert available_processors() == 8
    machine.setattr(shares, "_QUOTA", tmp_path / "cpu.max")
    for quota, expected in (("max 100000", 8), ("250000 100000", 2), ("1600000 100000", 8), ("10000 100000", 1)):
        (tmp_path / "cpu.max").write_text(quota)
        assert available_processors() == expected
    (tmp_path / "cpu.max").write_text("max 100000")
    for workers, expected in (("2", 4), ("3", 2), ("16", 1)):
        machine.setenv("PYTEST_XDIST_WORKER_COUNT", workers)
        assert available_processors() == expected
