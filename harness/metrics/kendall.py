"""Kendall: whether ICL's attention and finetuning's order the training tokens alike."""

import numpy as np
from jaxtyping import Float
from scipy import stats

from harness.metrics.cosine import require_same_shape


def training_attention(
    query_vectors: Float[np.ndarray, "example layer d_query"],
    training_queries: Float[np.ndarray, "layer token d_query"],
) -> Float[np.ndarray, "example layer token"]:
    """Return finetuning's "attention to training tokens" X'^T q (PAPER section 2).

    q is the finetuned model's query vector at a test example's last token, X' the query vectors recorded at
    each training token during finetuning. One layer at a time: float64 copies of all at once need gigabytes.
    """
    examples, layers, _ = query_vectors.shape
    attention = np.empty((examples, layers, training_queries.shape[1]))
    for layer in range(layers):
        keys = training_queries[layer].astype(np.float64)
        attention[:, layer] = query_vectors[:, layer].astype(np.float64) @ keys.T
    return attention


def kendall(
    a: Float[np.ndarray, "example layer token"], b: Float[np.ndarray, "example layer token"]
) -> Float[np.ndarray, "example layer"]:
    """Return Kendall's tau-b between a and b over the tokens, for each example and layer, in [-1, 1].

    tau_b = (concordant - discordant pairs) / sqrt((pairs - ties in a) (pairs - ties in b)). NaN where a or b
    is constant or holds a NaN: there is no order to compare. Raises HarnessError where the shapes differ.
    """
    require_same_shape(a, b, "attentions to training tokens")
    taus = np.empty(a.shape[:-1])
    for index in np.ndindex(taus.shape):
        # The asymptotic p value is the cheap one, and it goes unused.
        taus[index] = stats.kendalltau(a[index], b[index], method="asymptotic").statistic
    return taus
