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


def changed_at_random(
    h: Float[np.ndarray, "*axes d_model"], h_zsl: Float[np.ndarray, "*axes d_model"], rng: np.random.Generator
) -> Float[np.ndarray, "*axes d_model"]:
    """Return h_ZSL + |h - h_ZSL| g / |g|, g standard normal: outputs that changed by as much, in any direction.

    What SimAOU has between changes that share nothing. Both of its updates are differences from the same h_ZSL after
    scaling to unit length, and so hold some of it: for changes of r and s times |h_ZSL|, at right angles to h_ZSL and
    to one another, SimAOU is sqrt((1 - 1 / sqrt(1 + r^2)) (1 - 1 / sqrt(1 + s^2))) / 2. Noise in an update's place has
    none of h_ZSL, and a similarity of 0. Raises HarnessError where the shapes differ.
    """
    require_same_shape(h, h_zsl, "attention outputs")
    h, h_zsl = h.astype(np.float64), h_zsl.astype(np.float64)
    noise = rng.standard_normal(h.shape)
    sizes = [np.linalg.norm(of, axis=-1, keepdims=True) for of in (h - h_zsl, noise)]
    changed: np.ndarray = h_zsl + noise * (sizes[0] / sizes[1])
    return changed


def _unit(h: Float[np.ndarray, "*axes d_model"]) -> Float[np.ndarray, "*axes d_model"]:
    h = h.astype(np.float64)
    length = np.linalg.norm(h, axis=-1, keepdims=True)
    unit: np.ndarray = h / np.where(length > 0, length, 1.0)
    return unit
