"""SimAOU: whether in-context learning and finetuning change the attention outputs in the same direction."""

import numpy as np
from jaxtyping import Float

from harness.metrics.cosine import cosine, require_same_shape


def attention_output_update(
    h: Float[np.ndarray, "example layer d_model"], h_zsl: Float[np.ndarray, "example layer d_model"]
) -> Float[np.ndarray, "example layer d_model"]:
    """Return h / |h| - h_zsl / |h_zsl|: what a setting changes of the unit attention output under ZSL.

    h is the self-attention block's output (after the output projection, before the residual) at the last
    token. A vector of zeros stays zero. Raises HarnessError where the shapes differ. Source: PAPER section 2.
    """
    require_same_shape(h, h_zsl, "attention outputs")
    update: np.ndarray = _unit(h) - _unit(h_zsl)
    return update


def sim_aou(
    h_zsl: Float[np.ndarray, "example layer d_model"],
    h_icl: Float[np.ndarray, "example layer d_model"],
    h_ft: Float[np.ndarray, "example layer d_model"],
) -> Float[np.ndarray, "example layer"]:
    """Return SimAOU, cos(h_ICL - h_ZSL, h_FT - h_ZSL) with each h scaled to unit length first, in [-1, 1].

    0 where a setting changed nothing. Raises HarnessError where the shapes differ. Source: PAPER section 2.
    """
    return sim_aou_with_update(h_zsl, h_icl, attention_output_update(h_ft, h_zsl))


def sim_aou_with_update(
    h_zsl: Float[np.ndarray, "example layer d_model"],
    h_icl: Float[np.ndarray, "example layer d_model"],
    update: Float[np.ndarray, "example layer d_model"],
) -> Float[np.ndarray, "example layer"]:
    """Return SimAOU with a given update in finetuning's place: noise, a scrambled update, another method's.

    The baseline of the paper is `sim_aou_with_update(h_zsl, h_icl, uniform_like(h_zsl, rng))`.
    """
    return cosine(attention_output_update(h_icl, h_zsl), update)


def _unit(h: Float[np.ndarray, "*axes d_model"]) -> Float[np.ndarray, "*axes d_model"]:
    h = h.astype(np.float64)
    length = np.linalg.norm(h, axis=-1, keepdims=True)
    unit: np.ndarray = h / np.where(length > 0, length, 1.0)
    return unit
