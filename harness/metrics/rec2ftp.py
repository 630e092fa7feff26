"""Rec2FTP: how much of what finetuning corrects in-context learning corrects too."""

import numpy as np
from jaxtyping import Bool, Float


def rec2ftp(
    correct_zsl: Bool[np.ndarray, " example"],
    correct_icl: Bool[np.ndarray, " example"],
    correct_ft: Bool[np.ndarray, " example"],
) -> Float[np.ndarray, " example"]:
    """Return for each example that FT corrects (FT right, ZSL wrong) whether ICL is right, for others NaN.

    The mean over the examples that count is the paper's (section 2)

        Rec2FTP = N[(FT right) & (ICL right) & (ZSL wrong)] / N[(FT right) & (ZSL wrong)].

    Where FT corrects nothing every entry is NaN: there is no ratio, and none is made up.
    """
    corrected = correct_ft & ~correct_zsl
    return np.where(corrected, correct_icl.astype(np.float64), np.nan)
