"""What may stand in finetuning's place beside ICL: ICL itself once more, or finetuning that differs in one thing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.evidence.measuring import Measurement
from harness.evidence.questions import Measuring
from harness.evidence.reported import drawn_for, in_a_ring, sets_of
from harness.evidence.sources import Sources
from harness.runs.finetuning import FinetuningRun
from harness.runs.variants import OWN, Variant


@dataclass(frozen=True)
class StandIn(Measuring):
    """A measurement of the claims' own ICL beside a stand-in for FT, on the first examples of the control tasks.

    What it finds of 'FT' is the stand-in's. None where the stand-in is of another demonstration set and no other is
    reported: such a task has no records.
    """

    measurement: str
    role: Literal["icl", "ft"]
    """ICL once more, or finetuning."""
    variant: Variant = OWN
    """What is other about the stand-in alone."""
    behind: int = 0
    """Of which reported demonstration set it is: so many places behind ICL's, round in a ring."""

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each control task, by demonstration set in the context."""
        return {task: found for task in sources.control_tasks if (found := self._records(sources, task))}

    def finetunings(self, sources: Sources) -> Mapping[str, list[FinetuningRun]]:
        """Return the stand-in's, where it is finetuned."""
        if self.role == "icl" or self.variant.update != "finetuned":
            return {}
        cell, chosen = sources.experiment.cell, sources.chosen
        found = {task: self._pairs(sources, task) for task in sources.control_tasks}
        return {t: [cell(t, chosen, other, v).finetuned for _, other, v in of_task] for t, of_task in found.items()}

    def _records(self, sources: Sources, task: str) -> list[Measurement]:
        return [self._record(sources, task, *pair) for pair in self._pairs(sources, task)]

    def _pairs(self, sources: Sources, task: str) -> list[tuple[int, int, Variant]]:
        """Return ICL's sets, each with the stand-in's and its draw."""
        pairs = in_a_ring(sets_of(sources, task), self.behind)
        return [
            (shown, other, drawn_for(self.variant, place))
            for place, (shown, other) in enumerate(pairs)
            if not self.behind or shown != other
        ]

    def _record(self, sources: Sources, task: str, shown: int, other: int, variant: Variant) -> Measurement:
        experiment, chosen = sources.experiment, sources.chosen
        own = experiment.cell(task, chosen, shown, OWN)
        standing = experiment.cell(task, chosen, other, variant)
        if self.role == "icl":
            cell = replace(own, ft=standing.icl)
        else:
            cell = replace(own, ft=standing.ft, finetuned=standing.finetuned)
        of = experiment.beside(FinetuningRun, task, chosen, shown, OWN)
        words = ", ".join(filter(None, (variant.words, f"set {other}")))
        return Measurement(self.measurement, of, cell, against=f"{self.role.upper()}, {words}")
