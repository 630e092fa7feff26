"""Recordings survive the store."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from harness.data import Recording, Setting
from harness.runs.entries import from_entry, to_entry
from harness.store import Entry, Store


def test_recording_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every array with its type and its padding, the setting, and the facts beside them."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2,) * (rank + 1)).astype(np.float32) for rank in (1, 2, 3, 2, 2)]
    arrays[2][1, :, :, 1] = np.nan
    recording = Recording(Setting.FT, np.array([0, 1]), *arrays)
    store = Store(tmp_path)
    store.find_or_compute("recording", {}, lambda: to_entry(recording, {"seconds": 1.5}))
    entry = store.find_or_compute("recording", {}, lambda: Entry({}, {}))
    back = from_entry(entry)
    same = {f.name: np.array_equal(getattr(back, f.name), getattr(recording, f.name), equal_nan=True)
            and getattr(back, f.name).dtype == getattr(recording, f.name).dtype
            for f in fields(Recording) if f.name != "setting"}  # fmt: skip
    assert all(same.values()), same
    assert (back.setting, entry.facts["seconds"]) == (Setting.FT, 1.5)
