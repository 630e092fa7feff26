"""Recordings to store entries and back."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from harness.store import Entry
from harness.types import JSON, Recording, Setting


def to_entry(recording: Recording, facts: JSON) -> Entry:
    """Return the recording's arrays and its setting, beside the given facts."""
    arrays = {f.name: getattr(recording, f.name) for f in fields(Recording) if f.name != "setting"}
    return Entry(arrays, {**facts, "setting": recording.setting.value})


def from_entry(entry: Entry) -> Recording:
    """Return the recording that `to_entry` kept."""
    arrays: Mapping[str, np.ndarray] = entry.tensors
    return Recording(setting=Setting(str(entry.facts["setting"])), **arrays)
