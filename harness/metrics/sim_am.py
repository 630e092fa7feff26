"""SimAM: whether two settings attend alike to the query text's own tokens."""

import numpy as np
from jaxtyping import Float, Int

from harness.metrics.cosine import cosine, require_same_shape
from harness.metrics.pairing import of_partners


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
    mean: np.ndarray = differences_by_head(m_zsl, m_icl, m_ft).mean(axis=-1)
    return mean


def differences_by_head(
    m_zsl: Float[np.ndarray, "example layer head query"],
    m_icl: Float[np.ndarray, "example layer head query"],
    m_ft: Float[np.ndarray, "example layer head query"],
) -> Float[np.ndarray, "example layer head"]:
    """Return cos(m_icl - m_zsl, m_ft - m_zsl) of each head. Raises HarnessError where the shapes differ."""
    require_same_shape(m_icl, m_zsl, "attention maps of ICL and ZSL")
    require_same_shape(m_ft, m_zsl, "attention maps of FT and ZSL")
    before = m_zsl.astype(np.float64)
    return cosine(m_icl - before, m_ft - before)


def sim_am_of_partners(
    m_zsl: Float[np.ndarray, "example layer head query"],
    m_icl: Float[np.ndarray, "example layer head query"],
    m_ft: Float[np.ndarray, "example layer head query"],
    partners: Int[np.ndarray, "draw example"],
) -> tuple[Float[np.ndarray, "draw example layer"], Float[np.ndarray, "draw example layer"]]:
    """Return SimAM on differences of each example's ICL with its partner's FT, and with its own FT cut alike.

    Texts differ in length. Compared are the tokens that both have, counted from the end, so that the template's end
    and the last words stand beside each other: the last n of both, n being the shorter one's number of tokens. The
    second array compares the same n tokens with the example's own FT, so that both are of equally many numbers. NaN
    where there is no partner (see `harness.metrics.pairing`). Raises HarnessError where the shapes differ.
    """
    require_same_shape(m_icl, m_zsl, "attention maps of ICL and ZSL")
    require_same_shape(m_ft, m_zsl, "attention maps of FT and ZSL")
    before = m_zsl.astype(np.float64)
    icl, ft = aligned_at_end(m_icl - before), aligned_at_end(m_ft - before)
    theirs, own = np.empty((2, *partners.shape, icl.shape[1]))
    for draw, of_draw in enumerate(partners):
        other = of_partners(ft, of_draw)
        theirs[draw] = sim_am(icl, other)
        own[draw] = sim_am(icl, np.where(np.isnan(other), np.nan, ft))
    return theirs, own


def aligned_at_end(
    maps: Float[np.ndarray, "example layer head query"],
) -> Float[np.ndarray, "example layer head query"]:
    """Return maps that are padded before their first token, not behind their last: last tokens share a place."""
    longest = maps.shape[-1]
    scored = (~np.isnan(maps)).any(axis=(1, 2))  # not at first, where all layers' windows are shorter than the text
    tokens = (scored * np.arange(1, longest + 1)).max(axis=-1, initial=0)
    sources = (np.arange(longest) - (longest - tokens)[:, None]) % longest
    return np.take_along_axis(maps, sources[:, None, None, :], axis=-1)
