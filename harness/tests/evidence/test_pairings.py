"""Wrong pairs and Kendall's baselines, each held to plain sums over all that it may have been drawn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.data import CellAndStart, Recording, Setting
from harness.evidence.measurements import DRAWS, MEASUREMENTS

GOLD = [0, 1, 0, 1, 0, 2, 1]
"""Example 5 is the only one of its label."""
TOKENS = [5, 3, 4, 5, 2, 5, 4]
LAYERS, HEADS, WIDTH = 2, 3, 4
SPANS = ((1, 5), (6, 9), (10, 12))
"""Demonstrations of 4, 3 and 2 tokens in the context."""
TRAINED = [1, 2, 3, 4, 6, 7, 8, 10, 11]
"""Their places among the training tokens: a start token stands before each."""

Values = Callable[[int, int, int], float]
"""Of an example's ICL and another's FT in one layer."""


@pytest.fixture(scope="module")
def cell() -> CellAndStart:
    """Return a cell of noise: 7 examples of 2 to 5 tokens."""
    rng = np.random.default_rng(0)

    def noise(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    def recording(setting: Setting, context: int) -> Recording:
        scores = noise(len(GOLD), LAYERS, HEADS, max(TOKENS))
        for example, tokens in enumerate(TOKENS):
            scores[example, :, :, tokens:] = np.nan
        arrays = (noise(len(GOLD), LAYERS, WIDTH), scores, noise(len(GOLD), LAYERS, context))
        return Recording(setting, np.array(GOLD), noise(len(GOLD), 3), *arrays, noise(len(GOLD), LAYERS, WIDTH))

    zsl, icl, ft = recording(Setting.ZSL, 1), recording(Setting.ICL, 13), recording(Setting.FT, 1)
    return CellAndStart(zsl, icl, ft, SPANS, noise(LAYERS, 12, WIDTH), starting_queries=noise(LAYERS, 12, WIDTH))


def measured(name: str, cell: CellAndStart) -> Mapping[str, np.ndarray]:
    """Return a measurement of the cell."""
    return MEASUREMENTS[name][1](cell, np.random.default_rng(1))


def cosine(u: np.ndarray, v: np.ndarray) -> float:
    """Return the cosine of two vectors."""
    return float(u @ v / np.sqrt((u @ u) * (v @ v)))


def of_outputs(cell: CellAndStart) -> Values:
    """Return SimAOU of an example's ICL and another's FT."""

    def change(recording: Recording, example: int, layer: int) -> np.ndarray:
        ends = (r.attn_out[example, layer].astype(float) for r in (recording, cell.zsl))
        after, before = (h / np.sqrt(h @ h) for h in ends)
        return np.array(after - before)

    return lambda example, other, layer: cosine(change(cell.icl, example, layer), change(cell.ft, other, layer))


def of_maps(cell: CellAndStart, cut_by: Sequence[int] | None = None) -> Values:
    """Return SimAM on differences over the last tokens that both have, or that an example's partner leaves of it."""

    def change(recording: Recording, example: int, layer: int, last: int) -> np.ndarray:
        both = (r.scores_query[example, layer, :, : TOKENS[example]].astype(float) for r in (recording, cell.zsl))
        after, before = both
        return np.array((after - before)[:, TOKENS[example] - last :])

    def value(example: int, other: int, layer: int) -> float:
        last = min(TOKENS[example], TOKENS[cut_by[example] if cut_by else other])
        pair = change(cell.icl, example, layer, last), change(cell.ft, other, layer, last)
        return float(np.mean([cosine(u, v) for u, v in zip(*pair, strict=True)]))

    return value


def tau(cell: CellAndStart, example: int, layer: int, theirs: np.ndarray) -> float:
    """Return Kendall's tau of ICL's attention to the demonstrations' tokens with another's."""
    tokens = [i for first, last in SPANS for i in range(first, last)]
    return float(stats.kendalltau(cell.icl.scores_context[example, layer, tokens], theirs).statistic)


def products(vectors: np.ndarray, training: np.ndarray, layer: int) -> np.ndarray:
    """Return a query vector's inner products with the training tokens of demonstrations."""
    return np.array([vectors.astype(float) @ training[layer, i].astype(float) for i in TRAINED])


def of_tokens(cell: CellAndStart) -> Values:
    """Return tau of an example's ICL with another's FT."""
    return lambda example, other, layer: tau(
        cell, example, layer, products(cell.ft.query_vectors[other, layer], cell.training_queries, layer)
    )


PAIRED = {"sim_aou": of_outputs, "sim_am": of_maps, "kendall": of_tokens}


def partners_of(found: np.ndarray, values: Values, candidates: Callable[[int], Sequence[int]]) -> list[list[int]]:
    """Return with which candidate each draw and example was paired: all its layers have that one's values."""
    drawn = []
    for of_draw in found:
        drawn.append([-1] * len(GOLD))
        for example, layers in enumerate(of_draw):
            for other in candidates(example):
                expected = [values(example, other, layer) for layer in range(LAYERS)]
                if np.allclose(layers, expected, rtol=0, atol=1e-9):
                    drawn[-1][example] = other
    return drawn


@pytest.mark.parametrize("name", PAIRED)
def test_pairs_within_a_label_are_of_two_examples(cell: CellAndStart, name: str) -> None:
    """ICL's of each example is held to FT's of another one of its label, the same for all layers, five times over."""
    found = measured(name, cell)["other_of_class"]
    assert found.shape == (DRAWS, len(GOLD), LAYERS)
    same = {i: [j for j in range(len(GOLD)) if GOLD[j] == GOLD[i] and j != i] for i in range(len(GOLD))}
    drawn = partners_of(found, PAIRED[name](cell), same.__getitem__)
    assert np.isnan(found[:, 5]).all()
    for of_draw in drawn:
        assert all(partner >= 0 for example, partner in enumerate(of_draw) if example != 5)
    assert len({tuple(of_draw) for of_draw in drawn}) > 1


@pytest.mark.parametrize("name", ["sim_aou", "sim_am"])
def test_pairs_across_labels_are_of_two_labels(cell: CellAndStart, name: str) -> None:
    """And to FT's of one of another label; the only example of its label has partners here."""
    found = measured(name, cell)["other_class"]
    assert found.shape == (DRAWS, len(GOLD), LAYERS)
    others = {i: [j for j in range(len(GOLD)) if GOLD[j] != GOLD[i]] for i in range(len(GOLD))}
    drawn = partners_of(found, PAIRED[name](cell), others.__getitem__)
    assert all(partner >= 0 for of_draw in drawn for partner in of_draw)
    assert len({tuple(of_draw) for of_draw in drawn}) > 1


@pytest.mark.parametrize(("other", "own"), [("other_of_class", "own_cut"), ("other_class", "own_cut_other_class")])
def test_own_map_is_cut_as_the_partners(cell: CellAndStart, other: str, own: str) -> None:
    """Beside each pair stands the example's own FT over the same last tokens: whichever partner it was drawn with."""
    found = measured("sim_am", cell)
    drawn = partners_of(found[other], of_maps(cell), lambda i: [j for j in range(len(GOLD)) if j != i])
    assert found[own].shape == (DRAWS, len(GOLD), LAYERS)
    for draw, partners in enumerate(drawn):
        values = of_maps(cell, partners)
        for example, partner in enumerate(partners):
            expected = [values(example, example, layer) if partner >= 0 else np.nan for layer in range(LAYERS)]
            np.testing.assert_allclose(found[own][draw, example], expected, atol=1e-9)


def test_unfinetuned_attention_is_the_untouched_models(cell: CellAndStart) -> None:
    """The query vector under ZSL with those at the training tokens before any step; none that finetuning moved."""
    found = measured("kendall", cell)["unfinetuned"]
    for example, layer in np.ndindex(len(GOLD), LAYERS):
        before = products(cell.zsl.query_vectors[example, layer], cell.starting_queries, layer)
        assert found[example, layer] == pytest.approx(tau(cell, example, layer, before), abs=1e-12)
    turned = replace(cell.ft, query_vectors=-cell.ft.query_vectors)
    moved = replace(cell, ft=turned, training_queries=cell.starting_queries)
    assert np.array_equal(measured("kendall", moved)["unfinetuned"], found)


def test_permuted_within_demonstrations_keeps_what_is_between_them(cell: CellAndStart) -> None:
    """Where attention is equal within a demonstration, nothing is permuted; where it differs there alone, it is lost.

    ICL attends to demonstrations in their order, FT's inner products agree: tau stays what it is. Where ICL's attention
    rises within each demonstration as FT's does, it is 1, and permuted within 0 in the mean of 7 examples and 2 layers.
    """
    steps = np.repeat([1.0, 2.0, 3.0], [4, 3, 2])
    within = np.concatenate([np.arange(n) for n in (4, 3, 2)]).astype(float)
    for attention, between in ((steps, True), (steps * 0 + within, False)):
        found = measured("kendall", attending(cell, attention))
        assert found["within"].shape == (len(GOLD), LAYERS)
        assert found["ft"] == pytest.approx(np.ones((len(GOLD), LAYERS)))
        if between:
            assert found["within"] == pytest.approx(np.ones((len(GOLD), LAYERS)))
        else:
            assert found["within"].mean() < 0.4
            assert len(np.unique(found["within"].round(9))) > 3


def test_permutations_within_differ_between_examples(cell: CellAndStart) -> None:
    """Each example and layer is permuted anew: the same attention everywhere gives another tau nearly everywhere."""
    rising = np.arange(9.0)
    found = measured("kendall", attending(cell, rising))["within"]
    assert len(np.unique(found.round(9))) > len(GOLD)


def attending(cell: CellAndStart, attention: np.ndarray) -> CellAndStart:
    """Return the cell where ICL and FT attend so to the demonstrations' tokens, in every example and layer."""
    context, training = np.zeros((len(GOLD), LAYERS, 13), np.float32), np.zeros((LAYERS, 12, 1), np.float32)
    context[:, :, [i for first, last in SPANS for i in range(first, last)]] = attention
    training[:, TRAINED, 0] = attention
    vectors = np.ones((len(GOLD), LAYERS, 1), np.float32)
    return replace(
        cell,
        zsl=replace(cell.zsl, query_vectors=vectors),
        icl=replace(cell.icl, scores_context=context),
        ft=replace(cell.ft, query_vectors=vectors),
        training_queries=training,
        starting_queries=training,
    )
