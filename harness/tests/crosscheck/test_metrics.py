"""The suite's metrics against plain loops that were written from the paper's text before the metrics were read.

Both compute in float64 from the same float32 numbers, so they differ by rounding alone: about 1e-16 for each sum,
divided by the size of the update that is compared. Updates here are at least a hundredth of what they change, which
leaves 1e-14; `arrays.TOLERANCE` is a hundred times that. A metric that computes in float32 errs by 1e-7 and is caught.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.dual_form.relaxed_attention import (
    Projections,
    apply_weights,
    icl_update,
    relaxed_attention,
    zero_shot_weights,
)
from harness.metrics import (
    kendall,
    rec2ftp,
    sim_am,
    sim_am_of_differences,
    sim_aou,
    sim_aou_with_update,
    training_attention,
    uniform_like,
)
from harness.tests.crosscheck import paper_metrics as paper
from harness.tests.crosscheck.arrays import exact, noise, padded, same

Seeds = st.integers(0, 2**32 - 1)
Sizes = st.floats(0.01, 100.0)


@given(seed=Seeds, size=Sizes, shape=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(8, 64)))
def test_sim_aou_is_the_papers(seed: int, size: float, shape: tuple[int, int, int]) -> None:
    """With finetuning's update, with the paper's uniform noise, and with any given update, of any size."""
    rng = np.random.default_rng(seed)
    zsl = noise(rng, *shape)
    icl, ft = (zsl + np.float32(size) * noise(rng, *shape) for _ in range(2))
    same(sim_aou(zsl, icl, ft), paper.sim_aou(exact(zsl), exact(icl), exact(ft)))
    for update in (uniform_like(zsl, rng), noise(rng, *shape)):
        found = sim_aou_with_update(zsl, icl, update)
        same(found, paper.sim_aou_with(exact(zsl), exact(icl), exact(update)))


@given(seed=Seeds, size=Sizes, lengths=st.lists(st.integers(2, 12), min_size=1, max_size=4), heads=st.integers(1, 4))
def test_sim_am_is_the_papers(seed: int, size: float, lengths: list[int], heads: int) -> None:
    """On raw maps and on differences from ZSL, each example of its own length with NaN behind it."""
    rng = np.random.default_rng(seed)
    shape = (len(lengths), 2, heads, max(lengths) + 1)
    zsl = noise(rng, *shape)
    icl, ft = (padded(zsl + np.float32(size) * noise(rng, *shape), lengths) for _ in range(2))
    zsl = padded(zsl, lengths)
    same(sim_am(icl, ft), paper.sim_am(exact(icl), exact(ft)))
    same(sim_am_of_differences(zsl, icl, ft), paper.sim_am_of_differences(exact(zsl), exact(icl), exact(ft)))


@given(seed=Seeds, tokens=st.integers(3, 30), values=st.integers(1, 40))
def test_kendall_is_tau_b_over_all_pairs(seed: int, tokens: int, values: int) -> None:
    """Few distinct values make many ties; where all are equal there is no order and both say NaN."""
    rng = np.random.default_rng(seed)
    first, second = (rng.integers(0, values, (3, 2, tokens)).astype(np.float64) for _ in range(2))
    same(kendall(first, second), paper.kendall(first, second))


@given(seed=Seeds, size=Sizes, width=st.integers(1, 64))
def test_training_attention_is_the_papers(seed: int, size: float, width: int) -> None:
    """X'^T q for each test example, layer and training token, relative to the lengths of both vectors."""
    rng = np.random.default_rng(seed)
    test, training = noise(rng, 3, 2, width), np.float32(size) * noise(rng, 2, 7, width)
    lengths = np.linalg.norm(test, axis=-1)[:, :, None] * np.linalg.norm(training, axis=-1)[None]
    plain = paper.training_attention(exact(training), exact(test))
    same(training_attention(test, training) / lengths, plain / lengths)


Right = st.tuples(st.booleans(), st.booleans(), st.booleans())


@given(right=st.lists(Right, max_size=30))
def test_rec2ftp_is_the_papers(right: list[tuple[bool, bool, bool]]) -> None:
    """The mean over counted cases, which does not exist where finetuning corrects nothing."""
    zsl, icl, ft = np.array(right, bool).reshape(-1, 3).T
    plain = paper.rec2ftp(zsl.tolist(), icl.tolist(), ft.tolist())
    cases = rec2ftp(zsl, icl, ft)
    counted = cases[~np.isnan(cases)]
    same(counted.mean() if len(counted) else np.nan, plain)


@pytest.mark.parametrize("part", [zero_shot_weights, icl_update])
def test_relaxed_attention_is_a_sum_of_outer_products(part: Callable[..., torch.Tensor]) -> None:
    """W_ZSL and dW_ICL, built entry by entry, and together what relaxed attention gives: (W_ZSL + dW_ICL) q."""
    rng = np.random.default_rng(8)
    demonstrations, own = rng.standard_normal((9, 6)), rng.standard_normal((4, 6))
    value, key, q = rng.standard_normal((5, 6)), rng.standard_normal((3, 6)), rng.standard_normal(3)
    tokens = own if part is zero_shot_weights else demonstrations
    plain = [paper.outer_products(x @ value.T, x @ key.T) for x in (tokens, own, demonstrations)]
    projections = Projections(torch.from_numpy(value)[None], torch.from_numpy(key)[None])
    same(part(torch.from_numpy(tokens), projections)[0], plain[0])
    query, both = torch.from_numpy(q)[None, None], torch.from_numpy(plain[1] + plain[2])[None]
    everything = torch.from_numpy(np.concatenate([demonstrations, own]))
    same(relaxed_attention(everything, projections, query)[0, 0], (plain[1] + plain[2]) @ q)
    same(apply_weights(both, query)[0, 0], (plain[1] + plain[2]) @ q)
