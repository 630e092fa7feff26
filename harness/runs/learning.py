"""Whether anything was learned of the demonstrations, in the context or by finetuning: what claims presuppose."""

from dataclasses import dataclass

import numpy as np

from harness.errors import HarnessError
from harness.store import Entry


@dataclass(frozen=True)
class Learning:
    """Right answers of the three settings to the same queries, under one demonstration set."""

    number: int
    """Queries."""
    zsl: float
    icl: float
    ft: float
    """Shares of right answers, from 0 to 1."""
    icl_corrected: int
    icl_broke: int
    ft_corrected: int
    ft_broke: int
    """Queries that ZSL gets wrong and the setting right, and the other way round."""


def learning_of(zsl: Entry, icl: Entry, ft: Entry) -> Learning:
    """Return what the answers of three `AccuracyRun`s to the same queries say of learning.

    share = N[right] / N, corrected = N[ZSL wrong & setting right], broke = N[ZSL right & setting wrong], so that
    corrected - broke = N (share - share of ZSL).

    Raises:
        HarnessError: finetuning diverged, so that there are no answers.
        ValueError: the queries' gold labels are not the same.

    """
    if ft.facts["accuracy"] is None:
        raise HarnessError(
            "finetuning diverged on a demonstration set, at the learning rate that was selected on another, so that "
            "it has no answers; give smaller ones with --learning-rates",
        )
    if not np.array_equal(zsl.tensors["gold"], icl.tensors["gold"]) or not np.array_equal(
        zsl.tensors["gold"], ft.tensors["gold"]
    ):
        message = "answers of three settings to queries that are not the same"
        raise ValueError(message)
    before, in_context, finetuned = (
        of.tensors["label_logits"].argmax(axis=1) == of.tensors["gold"] for of in (zsl, icl, ft)
    )
    return Learning(
        number=len(before),
        zsl=float(before.mean()),
        icl=float(in_context.mean()),
        ft=float(finetuned.mean()),
        icl_corrected=int((~before & in_context).sum()),
        icl_broke=int((before & ~in_context).sum()),
        ft_corrected=int((~before & finetuned).sum()),
        ft_broke=int((before & ~finetuned).sum()),
    )
