"""Checkpoints that are another's, and what stands in a checkpoint's place."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.drafts import MovedAsideWarning
from harness.models.gpt.network import GPT
from harness.models.gpt.training import train
from harness.tests.models.gpt.test_training import (
    CHECKPOINT,
    DRAFT,
    PROBLEM,
    SCHEDULE,
    Stop,
    fresh,
    same,
    stopping_after,
    trained,
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Add up in one order, as trainings of the suite do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def unbroken() -> tuple[GPT, np.ndarray]:
    """Return what a training without a stop leaves."""
    return trained()


def test_checkpoint_of_another_training_starts_anew(tmp_path: Path, unbroken: tuple[GPT, np.ndarray]) -> None:
    """Whole and of the same shape, it is another's: the folder that it was written in has another name."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    with pytest.raises(Stop):
        train(fresh(), PROBLEM, replace(SCHEDULE, learning_rate=0.5), checkpoint=theirs, progress=stopping_after(7))
    theirs.rename(ours)
    assert same(trained(checkpoint=ours), unbroken)


@pytest.mark.parametrize("name", [CHECKPOINT, DRAFT])
def test_fifo_for_a_checkpoint_is_not_waited_for(tmp_path: Path, unbroken: tuple[GPT, np.ndarray], name: str) -> None:
    """It is no checkpoint, and is moved aside where one is written."""
    os.mkfifo(tmp_path / name)
    with pytest.warns(MovedAsideWarning, match="was a FIFO, expected a file"):
        found = trained(checkpoint=tmp_path)
    assert same(found, unbroken)


def test_checkpoint_is_not_written_through_a_link(tmp_path: Path) -> None:
    """A link in the place of a checkpoint's draft is replaced."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / DRAFT).symlink_to(tmp_path / "precious")
    trained(checkpoint=tmp_path / "folder")
    assert (tmp_path / "precious").read_text() == "precious"
