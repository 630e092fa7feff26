"""How alike two settings distribute probability over tokens, beyond which answer is the likeliest.

Logits may cover the whole vocabulary or the answer words alone; all is computed in float64. Every function raises
HarnessError where shapes differ or a logit is not finite.
"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_softmax

from harness.errors import HarnessError
from harness.metrics.cosine import cosine, require_same_shape

Logits = Float[np.ndarray, "example token"]


def total_variation(logits_a: Logits, logits_b: Logits) -> Float[np.ndarray, " example"]:
    """Return TV = 1/2 sum_t |p_a(t) - p_b(t)|, in [0, 1]: the probability that must move to make one the other."""
    _require_comparable(logits_a, logits_b)
    p, q = (np.exp(log_softmax(logits.astype(np.float64), axis=-1)) for logits in (logits_a, logits_b))
    distance: np.ndarray = np.clip(np.abs(p - q).sum(axis=-1) / 2, 0.0, 1.0)
    return distance


def kl_divergence(logits_p: Logits, logits_q: Logits) -> Float[np.ndarray, " example"]:
    """Return KL(p || q) = sum_t p(t) ln(p(t) / q(t)), in nats, at least 0: what coding p's tokens by q costs more."""
    _require_comparable(logits_p, logits_q)
    log_p, log_q = (log_softmax(logits.astype(np.float64), axis=-1) for logits in (logits_p, logits_q))
    divergence: np.ndarray = np.maximum((np.exp(log_p) * (log_p - log_q)).sum(axis=-1), 0.0)
    return divergence


def token_overlap(logits_a: Logits, logits_b: Logits, top: int = 10) -> Float[np.ndarray, " example"]:
    """Return |T_a & T_b| / top, in [0, 1], T being the `top` likeliest tokens.

    Of tokens that tie for the last places those with the smaller index are taken, in both settings alike, so equal
    logits overlap wholly. The share that two random sets have is top / vocabulary. Raises HarnessError unless `top`
    is in 1..vocabulary. Source: Shen, Mishra, Khashabi (arXiv 2310.08540), who take the top 10.
    """
    _require_comparable(logits_a, logits_b)
    share: np.ndarray = (_among_top(logits_a, top) & _among_top(logits_b, top)).sum(axis=-1) / top
    return share


def change_agreement(logits_zsl: Logits, logits_icl: Logits, logits_ft: Logits) -> Float[np.ndarray, " example"]:
    """Return cos(C[log p_ICL - log p_ZSL], C[log p_FT - log p_ZSL]), in [-1, 1]; C takes the mean over tokens away.

    The normalising constants of the three distributions fall to C, so logits are enough. 0 where a setting changed
    nothing beyond the rounding of its logits' own precision. Between two answers there is one direction and its
    opposite: the cosine is then 1, -1 or 0.
    """
    _require_comparable(logits_icl, logits_zsl)
    _require_comparable(logits_ft, logits_zsl)
    return cosine(_centred_change(logits_icl, logits_zsl), _centred_change(logits_ft, logits_zsl))


def _require_comparable(a: Logits, b: Logits) -> None:
    require_same_shape(a, b, "logits to compare")
    wrong = int((~np.isfinite(a)).sum() + (~np.isfinite(b)).sum())
    if wrong:
        message = f"{wrong} of {a.size + b.size} logits to compare are not finite, expected numbers: "
        raise HarnessError(message + "leave out tokens that are masked in either setting.")


def _among_top(logits: Logits, top: int) -> Bool[np.ndarray, "example token"]:
    """Mark the `top` largest logits: by a threshold, since sorting 49,152 tokens took eight times as long."""
    if not 1 <= top <= logits.shape[-1]:
        message = f"the top {top} tokens were asked for of {logits.shape[-1]}, expected 1 to {logits.shape[-1]}: "
        raise HarnessError(message + "ask for fewer, or give logits over the whole vocabulary.")
    threshold = np.partition(logits, -top, axis=-1)[:, -top, None]
    above, tied = logits > threshold, logits == threshold
    room = top - above.sum(axis=-1, keepdims=True)
    marked: np.ndarray = above | (tied & (tied.cumsum(axis=-1) <= room))
    return marked


def _centred_change(after: Logits, before: Logits) -> Float[np.ndarray, "example token"]:
    """Return the centred change, zero where it is all rounding: a cosine would make a direction of that."""
    change = after.astype(np.float64) - before.astype(np.float64)
    centred = change - change.mean(axis=-1, keepdims=True)
    largest = np.maximum(np.abs(after), np.abs(before)).max(axis=-1, keepdims=True)
    rounding = 4 * max(np.finfo(after.dtype).eps, np.finfo(before.dtype).eps) * largest
    return np.where(np.abs(centred).max(axis=-1, keepdims=True) > rounding, centred, 0.0)
