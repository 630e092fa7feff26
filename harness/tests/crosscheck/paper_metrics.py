"""The paper's measures as plain float64 loops, written from its equations alone, one example, layer and head at a time.

Slow on purpose: sums are exact to the last bit (`math.fsum`), nothing is broadcast, and nothing is imported from the
suite. A score behind the query text's last token is NaN and is left out. What the paper leaves undefined is NaN.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def inner(first: Iterable[float], second: Iterable[float]) -> float:
    """Return the inner product, summed without rounding: `sum_i a_i b_i`."""
    return math.fsum(float(a) * float(b) for a, b in zip(first, second, strict=True))


def cosine(first: Sequence[float] | Float64, second: Sequence[float] | Float64) -> float:
    """Return `a . b / (|a| |b|)`, NaN where a vector has no direction."""
    lengths = math.sqrt(inner(first, first)) * math.sqrt(inner(second, second))
    return inner(first, second) / lengths if lengths > 0 else math.nan


def unit(vector: Float64) -> list[float]:
    """Return the vector scaled to length one, all NaN where it is zero."""
    length = math.sqrt(inner(vector, vector))
    return [float(x) / length if length > 0 else math.nan for x in vector]


def difference(first: Iterable[float], second: Iterable[float]) -> list[float]:
    """Return `a - b`, element by element."""
    return [float(a) - float(b) for a, b in zip(first, second, strict=True)]


def softmax(logits: Float64) -> list[float]:
    """Return `P(y_j) = exp(logit_j) / sum_k exp(logit_k)` over one example's answer words (or its tokens)."""
    largest = max(float(x) for x in logits)
    exponentials = [math.exp(float(x) - largest) for x in logits]
    total = math.fsum(exponentials)
    return [x / total for x in exponentials]


def answers(label_logits: Float64) -> list[int]:
    """Return the answer of each example: the first of the words of largest probability."""
    chosen = []
    for logits in label_logits:
        probabilities = softmax(logits)
        chosen.append(probabilities.index(max(probabilities)))
    return chosen


def accuracy(label_logits: Float64, gold: Sequence[int]) -> float:
    """Return the share of examples whose answer is the gold one, NaN where there is none."""
    right = [answer == int(label) for answer, label in zip(answers(label_logits), gold, strict=True)]
    return sum(right) / len(right) if right else math.nan


def rec2ftp(zsl: Sequence[bool], icl: Sequence[bool], ft: Sequence[bool]) -> float:
    """Return `N[FT right, ICL right, ZSL wrong] / N[FT right, ZSL wrong]`, NaN where FT corrects nothing."""
    covered, corrected = 0, 0
    for zsl_right, icl_right, ft_right in zip(zsl, icl, ft, strict=True):
        if ft_right and not zsl_right:
            corrected += 1
            if icl_right:
                covered += 1
    return covered / corrected if corrected else math.nan


def sim_aou(zsl: Float64, icl: Float64, ft: Float64) -> Float64:
    """Return `cos(h_ICL - h_ZSL, h_FT - h_ZSL)` for each example and layer, every `h` of unit length first.

    All three are (example, layer, d_model); the result is (example, layer).
    """
    result = np.empty(zsl.shape[:2])
    for example, layer in np.ndindex(*result.shape):
        start = unit(zsl[example, layer])
        icl_update = difference(unit(icl[example, layer]), start)
        result[example, layer] = cosine(icl_update, difference(unit(ft[example, layer]), start))
    return result


def sim_aou_with(zsl: Float64, icl: Float64, update: Float64) -> Float64:
    """Return `cos(h_ICL - h_ZSL, u)` for each example and layer: finetuning's update replaced by the given one.

    All three are (example, layer, d_model); the result is (example, layer).
    """
    result = np.empty(zsl.shape[:2])
    for example, layer in np.ndindex(*result.shape):
        icl_update = difference(unit(icl[example, layer]), unit(zsl[example, layer]))
        result[example, layer] = cosine(icl_update, update[example, layer])
    return result


def present(scores: Float64) -> list[float]:
    """Return one head's scores over the query text's own tokens without the padding behind them."""
    return [float(x) for x in scores if not math.isnan(x)]


def sim_am(first: Float64, second: Float64) -> Float64:
    """Return `cos(m_1, m_2)` over the query text's own tokens, mean over heads, for each example and layer.

    Both are (example, layer, head, query), padded with NaN; the result is (example, layer).
    """
    examples, layers, heads, _ = first.shape
    result = np.empty((examples, layers))
    for example, layer in np.ndindex(examples, layers):
        cosines = [
            cosine(present(first[example, layer, head]), present(second[example, layer, head])) for head in range(heads)
        ]
        result[example, layer] = math.fsum(cosines) / heads
    return result


def sim_am_of_differences(zsl: Float64, icl: Float64, ft: Float64) -> Float64:
    """Return `cos(m_ICL - m_ZSL, m_FT - m_ZSL)`, mean over heads, for each example and layer.

    All three are (example, layer, head, query), padded with NaN; the result is (example, layer).
    """
    examples, layers, heads, _ = zsl.shape
    result = np.empty((examples, layers))
    for example, layer in np.ndindex(examples, layers):
        cosines = []
        for head in range(heads):
            start = present(zsl[example, layer, head])
            icl_update = difference(present(icl[example, layer, head]), start)
            cosines.append(cosine(icl_update, difference(present(ft[example, layer, head]), start)))
        result[example, layer] = math.fsum(cosines) / heads
    return result


def training_attention(training: Float64, test: Float64) -> Float64:
    """Return `X'^T q`: the test example's query vector against that of each training token.

    `training` is (layer, token, d_query), `test` is (example, layer, d_query); the result is (example, layer, token).
    """
    examples, layers, _ = test.shape
    tokens = training.shape[1]
    result = np.empty((examples, layers, tokens))
    for example, layer, token in np.ndindex(*result.shape):
        result[example, layer, token] = inner(training[layer, token], test[example, layer])
    return result


def tau_b(first: Sequence[float] | Float64, second: Sequence[float] | Float64) -> float:
    """Return Kendall's tau-b by comparing every pair of positions, NaN where either side is constant.

    `tau_b = (C - D) / sqrt((N - T_1) (N - T_2))`: C concordant and D discordant among N pairs, T_i tied on side i
    (M. G. Kendall, The treatment of ties in ranking problems, Biometrika 1945).
    """
    balance, untied_first, untied_second = 0, 0, 0
    for i in range(len(first)):
        for j in range(i):
            a = int(first[i] > first[j]) - int(first[i] < first[j])
            b = int(second[i] > second[j]) - int(second[i] < second[j])
            balance += a * b
            untied_first += a * a
            untied_second += b * b
    pairs = math.sqrt(untied_first * untied_second)
    return balance / pairs if pairs else math.nan


def kendall(icl: Float64, ft: Float64) -> Float64:
    """Return tau-b between two attentions to the same tokens for each example and layer.

    Both are (example, layer, token); the result is (example, layer).
    """
    result = np.empty(icl.shape[:2])
    for example, layer in np.ndindex(*result.shape):
        result[example, layer] = tau_b(icl[example, layer], ft[example, layer])
    return result


def outer_products(values: Float64, keys: Float64) -> Float64:
    """Return `sum_i (W_V x_i) (x) (W_K x_i)`: W_ZSL over the query's tokens, dW_ICL over the demonstrations'.

    `values` and `keys` are (token, d); the result is (d, d).
    """
    weight = np.empty((values.shape[1], keys.shape[1]))
    for row, column in np.ndindex(*weight.shape):
        weight[row, column] = inner(values[:, row], keys[:, column])
    return weight
