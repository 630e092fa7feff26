"""What is measured of attention head by head: of those that read the demonstrations' labels, and of the others."""

from collections.abc import Mapping

import numpy as np

from harness.data import CellAndReading
from harness.metrics.sim_am import differences_by_head

READERS = 0.1
"""Share of the heads that count as readers of labels."""


def measure_sim_am_by_head(cell: CellAndReading, _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAM on differences [example] of the tenth of heads that read labels most, and of all others.

    Heads of all layers are ranked by ICL's weight on the labels, mean over examples; neither ZSL nor FT is asked.
    """
    by_head = differences_by_head(cell.zsl.scores_query, cell.icl.scores_query, cell.ft.scores_query)
    reading = cell.label_reading.mean(axis=0)  # [layer, head]
    number = max(1, round(READERS * reading.size))
    order = np.argsort(-reading, axis=None, kind="stable")
    of_heads = by_head.reshape(len(by_head), -1)[:, order]
    return {"readers": of_heads[:, :number].mean(axis=1), "others": of_heads[:, number:].mean(axis=1)}
