"""Which demonstration sets a question is about, and which draw of a variant belongs to each."""

from collections.abc import Sequence
from dataclasses import replace

from harness.evidence.sources import Sources
from harness.runs.finetuning import FinetuningRun
from harness.runs.imitated import reason_against
from harness.runs.variants import Variant


def sets_of(sources: Sources, task: str) -> Sequence[int]:
    """Return the reported demonstration sets of a task."""
    return sources.selection(task).candidates


def in_a_ring(sets: Sequence[int], behind: int) -> list[tuple[int, int]]:
    """Return each set with the one `behind` places after it, round in a ring."""
    return [(shown, sets[(i + behind) % len(sets)]) for i, shown in enumerate(sets)]


def drawn_for(variant: Variant, place: int) -> Variant:
    """Return the variant as it is on the set reported at a place: with weights of its own, where they are drawn."""
    return replace(variant, draw=place) if variant.weights != "trained" else variant


def drawn_sets(sources: Sources, task: str, variant: Variant) -> list[tuple[int, Variant]]:
    """Return the reported sets of a task that a variant is run on, each with its draw.

    Weights that are fitted to ICL cost more, and are fitted on the first sets (the setting `distilled_sets`), or on
    none (`left_out` says why).
    """
    sets = sets_of(sources, task)
    if variant.imitates is not None:
        sets = () if left_out(sources, task, variant) else sets[: sources.experiment.settings.distilled_sets]
    return [(candidate, drawn_for(variant, place)) for place, candidate in enumerate(sets)]


def left_out(sources: Sources, task: str, variant: Variant) -> str:
    """Return why a variant is run on no set of a task; empty where it is run on some."""
    settings = sources.experiment.settings
    if variant.imitates is None:
        return ""
    if variant.imitates not in settings.distilled or not settings.distilled_sets:
        return f"no update was fitted to ICL's {variant.imitates} (--distilled, --distilled-sets)"
    first = sets_of(sources, task)[0]
    return reason_against(sources.experiment.beside(FinetuningRun, task, sources.chosen, first, variant)) or ""
