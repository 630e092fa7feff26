"""SimAM: whether two settings attend alike to the query text's own tokens."""

import numpy as np
from jaxtyping import Float

from harness.metrics.cosine import cosine, require_same_shape


def sim_am(
    m_a: Float[np.ndarray, "example layer head query"], m_b: Float[np.ndarray, "example layer head query"]
) -> Float[np.ndarray, "example layer"]:
    """Return cos(m_a, m_b) over the query text's own tokens, averaged over heads, in [-1, 1].

    m is the last token's attention scores before softmax over the query text's own tokens (ICL's slice
    leaves the demonstrations out), padded with NaN behind each example's last token. A head whose scores are
    all zero counts as cosine 0. Raises HarnessError where the shapes differ. The paper sets
    sim_am(m_icl, m_ft) against sim_am(m_icl, m_zsl) (PAPER section 2).
    """
    per_head = cosine(m_a, m_b)
    mean: np.ndarray = per_head.mean(axis=-1)
    return mean


def sim_am_of_differences(
    m_zsl: Float[np.ndarray, "example layer head query"],
    m_icl: Float[np.ndarray, "example layer head query"],
    m_ft: Float[np.ndarray, "example layer head query"],
) -> Float[np.ndarray, "example layer"]:
    """Return SimAM of the changes from ZSL: the mean over heads of cos(m_icl - m_zsl, m_ft - m_zsl).

    Raw maps are alike because the text is the same, whatever was learned; their changes tell more
    (Deutch et al. 2024, arXiv 2311.07772). Raises HarnessError where the shapes differ.
    """
    require_same_shape(m_icl, m_zsl, "attention maps of ICL and ZSL")
    require_same_shape(m_ft, m_zsl, "attention maps of FT and ZSL")
    before = m_zsl.astype(np.float64)
    return sim_am(m_icl - before, m_ft - before)
