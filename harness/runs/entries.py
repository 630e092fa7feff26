"""Recordings to store entries and back."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from harness.data import JSON, AttentionParts, Recording, Setting
from harness.store import Entry


def to_entry(recording: Recording, facts: JSON) -> Entry:
    """Return the recording's arrays and its setting, beside the given facts."""
    arrays = {f.name: getattr(recording, f.name) for f in fields(Recording) if f.name != "setting"}
    return Entry(arrays, {**facts, "setting": recording.setting.value})


def from_entry(entry: Entry) -> Recording:
    """Return the recording that `to_entry` kept."""
    arrays: Mapping[str, np.ndarray] = entry.tensors
    return Recording(setting=Setting(str(entry.facts["setting"])), **arrays)


def to_parts_entry(parts: AttentionParts) -> Entry:
    """Return the parts' arrays, with their setting as the fact."""
    arrays = {f.name: getattr(parts, f.name) for f in fields(AttentionParts) if f.name != "setting"}
    return Entry(arrays, {"setting": parts.setting.value})


def from_parts_entry(entry: Entry) -> AttentionParts:
    """Return the parts that `to_parts_entry` kept."""
    return AttentionParts(setting=Setting(str(entry.facts["setting"])), **entry.tensors)
