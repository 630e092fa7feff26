"""A public replication's figures, task by task, for tables of runs of the same model on the same tasks.

Deutch et al. (arXiv 2311.07772) left the result files of their runs on fairseq's dense 1.3B in their repository
(GiilDe/ft-vs-icl, folder artifacts, Apache-2.0): 32 demonstrations, three sets a task, means over sets and layers.
"""

from collections.abc import Sequence

from harness.evidence.evidence import Evidence

MODELS = frozenset({"fairseq-dense-1.3b", "KoboldAI/fairseq-dense-1.3B"})
"""What the model is called, in the catalogue and on the hub."""

COLUMNS = ("SimAOU", "SimAOU, layer-causal", "uniform noise", "SimAM on differences", "the same, layer-causal")
FIGURES = {
    "SST2": (0.111, 0.223, 0.002, 0.150, 0.299),
    "SST5": (0.092, 0.107, 0.002, 0.308, 0.326),
    "MR": (0.216, 0.328, 0.001, 0.139, 0.263),
    "Subj": (0.177, 0.345, 0.002, 0.254, 0.322),
    "AGNews": (0.308, 0.327, 0.001, 0.505, 0.432),
    "CB": (0.205, 0.344, 0.004, 0.246, 0.382),
}
"""By the paper's name of the task."""


def replicated(evidence: Evidence, columns: Sequence[str | None]) -> list[tuple[str, tuple[float | None, ...]]]:
    """Return a row for each of the tasks that the replication has figures of; none where another model runs.

    `columns`: what stands in each column of the table, as COLUMNS names it, or None where there is no figure.
    """
    if evidence.model not in MODELS:
        return []
    found = {name: dict(zip(COLUMNS, FIGURES[name], strict=True)) for name in evidence.paper_names if name in FIGURES}
    return [
        (f"1.3B on {name}, replicated by Deutch et al.", tuple(None if c is None else figures[c] for c in columns))
        for name, figures in found.items()
    ]
