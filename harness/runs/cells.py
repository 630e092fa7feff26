"""What measurements are made on: the runs of cells and of other things, and what they left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from harness.data import Cell, CellAndReading, CellAndStart, ExpandedParts, Recording, Setting
from harness.runs.entries import from_entry, from_parts_entry
from harness.runs.finetuning import FinetuningRun, StartingQueriesRun, weights_of
from harness.runs.label_reading import LabelReadingRun
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.runs.scoring import RecordingRun
from harness.runs.theory import FirstOrderRun, PartsRun, UpdatesRun
from harness.store import Record, Store

Extended = TypeVar("Extended")


@dataclass(frozen=True)
class CellRuns:
    """One task under one demonstration set and variant: a run for each setting, and the finetuning."""

    zsl: RecordingRun
    icl: RecordingRun
    ft: RecordingRun
    finetuned: FinetuningRun
    number: int
    """Examples of the cell: the first of the runs', of which some may have more."""

    @property
    def inputs(self) -> Sequence[Record]:
        """All four."""
        return (self.zsl, self.icl, self.ft, self.finetuned)

    @property
    def trained_on_context(self) -> bool:
        """Whether finetuning read the demonstrations that stand in the context, in some order, under some labels.

        What is fitted to ICL reads none at all.
        """
        read, shown = self.finetuned, self.icl
        other_texts = read.variant.texts == "unrelated" or read.variant.imitates is not None
        unlike = other_texts or shown.context is not None
        return read.demonstrations == shown.demonstrations and not unlike

    def read(self, store: Store) -> Cell:
        """Return the cell; what the store lacks of it is run."""
        icl = store.find_or_run(self.icl)
        spans: list[tuple[int, int]] = icl.facts["spans"]  # type: ignore[assignment]
        recordings = [from_entry(store.find_or_run(self.zsl)), from_entry(icl), from_entry(store.find_or_run(self.ft))]
        zsl, icl_recording, ft = (first_of(recording, self.number) for recording in recordings)
        return Cell(
            zsl=zsl,
            icl=icl_recording,
            ft=ft,
            spans=tuple((first, last) for first, last in spans),
            training_queries=store.find_or_run(self.finetuned.recorded).tensors["query_vectors"],
            trained_on_context=self.trained_on_context,
        )


def first_of(recording: Recording, number: int) -> Recording:
    """Return the recording of the first examples, padded to the longest of them, as if they had been run alone."""
    if number == len(recording.gold):
        return recording
    arrays = {f.name: getattr(recording, f.name)[:number] for f in fields(Recording) if f.name != "setting"}
    longest = recording.query_lengths[:number].max(initial=0)
    arrays["scores_query"] = arrays["scores_query"][..., :longest]
    return Recording(setting=recording.setting, **arrays)


def _extended(kind: type[Extended], known: Any, **more: np.ndarray) -> Extended:
    """Return a record of a kind that has the fields of a known one, and more."""
    return kind(**{f.name: getattr(known, f.name) for f in fields(known)}, **more)


@dataclass(frozen=True)
class CellFromStart:
    """A cell, and the query vectors that its finetuning started from."""

    cell: CellRuns
    start: StartingQueriesRun

    @property
    def inputs(self) -> Sequence[Record]:
        """The cell's runs, and the one more."""
        return (*self.cell.inputs, self.start)

    def read(self, store: Store) -> CellAndStart:
        """Return the cell; what the store lacks of it is run."""
        cell = self.cell.read(store)
        return _extended(CellAndStart, cell, starting_queries=store.find_or_run(self.start).tensors["query_vectors"])


@dataclass(frozen=True)
class CellAndLabelReading:
    """A cell, and how much heads read labels under its ICL."""

    cell: CellRuns
    reading: LabelReadingRun

    @property
    def inputs(self) -> Sequence[Record]:
        """The cell's runs, and the one more."""
        return (*self.cell.inputs, self.reading)

    def read(self, store: Store) -> CellAndReading:
        """Return the cell; what the store lacks of it is run."""
        cell = self.cell.read(store)
        return _extended(CellAndReading, cell, label_reading=store.find_or_run(self.reading).tensors["reading"])


@dataclass(frozen=True)
class SeveralCells:
    """Cells that differ in one thing, such as the order of their demonstrations."""

    cells: tuple[CellRuns, ...]

    @property
    def inputs(self) -> Sequence[Record]:
        """Those of all."""
        return [run for cell in self.cells for run in cell.inputs]

    def read(self, store: Store) -> list[Cell]:
        """Return the cells."""
        return [cell.read(store) for cell in self.cells]


@dataclass(frozen=True)
class OrdersOfSets:
    """Cells of several demonstration sets, each in the same number of orders."""

    sets: tuple[SeveralCells, ...]

    @property
    def inputs(self) -> Sequence[Record]:
        """Those of all."""
        return [run for cells in self.sets for run in cells.inputs]

    def read(self, store: Store) -> list[list[Cell]]:
        """Return the cells of each set."""
        return [cells.read(store) for cells in self.sets]


@dataclass(frozen=True)
class NextTokens:
    """A cell, and the next token's logits of its three settings, worked out anew: they are too large to be kept."""

    cell: CellRuns
    of: Run
    """Whose prompts and model they are."""

    @property
    def inputs(self) -> Sequence[Record]:
        """The cell's runs."""
        return self.cell.inputs

    def read(self, store: Store) -> tuple[Cell, Mapping[Setting, np.ndarray]]:
        """Return the cell and the logits [example, vocabulary] by setting."""
        return self.cell.read(store), self.logits(store)

    def logits(self, store: Store) -> Mapping[Setting, np.ndarray]:
        """Return the next token's logits [example, vocabulary] of the three settings."""
        from harness.models.next_token import next_token_logits  # noqa: PLC0415  # slow import

        model, prompts, size = model_of(self.of, store), prompts_of(self.of, store), self.of.batch_size
        found = {s: next_token_logits(model, prompts, s, size) for s in (Setting.ZSL, Setting.ICL)}
        with model.with_weights(weights_of(store.find_or_run(self.cell.finetuned))):
            found[Setting.FT] = next_token_logits(model, prompts, Setting.FT, size)
        return found


@dataclass(frozen=True)
class PartsRuns:
    """Attention taken apart, and to first order, without demonstrations and with them."""

    zsl: PartsRun
    icl: PartsRun

    @property
    def inputs(self) -> Sequence[Record]:
        """Both, and the first order of both."""
        return (self.zsl, self.icl, *map(self.first_order, (self.zsl, self.icl)))

    @staticmethod
    def first_order(parts: PartsRun) -> FirstOrderRun:
        """Return the run of the same attention to first order."""
        return parts.becoming(FirstOrderRun)

    def read(self, store: Store) -> tuple[ExpandedParts, ExpandedParts]:
        """Return the parts under ZSL and under ICL."""
        return self._read(self.zsl, store), self._read(self.icl, store)

    def _read(self, run: PartsRun, store: Store) -> ExpandedParts:
        parts = from_parts_entry(store.find_or_run(run))
        expanded = store.find_or_run(self.first_order(run)).tensors["first_order"]
        return _extended(ExpandedParts, parts, first_order=expanded)


@dataclass(frozen=True)
class ComparedUpdates:
    """How like the weight updates are."""

    run: UpdatesRun

    @property
    def inputs(self) -> Sequence[Record]:
        """The one run."""
        return (self.run,)

    def read(self, store: Store) -> Mapping[str, np.ndarray]:
        """Return likenesses by name, each [example, layer, kv_head]."""
        return store.find_or_run(self.run).tensors
