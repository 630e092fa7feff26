"""Distances between output distributions, by hand and by what must hold of any two."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.metrics.distributions import change_agreement, kl_divergence, token_overlap, total_variation

Comparison = Callable[[np.ndarray, np.ndarray], np.ndarray]


def top_two(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the overlap of the top two tokens."""
    return token_overlap(a, b, top=2)


# Whole numbers: shifts of them are exact, and ties are common.
PAIRS = hnp.arrays(np.float64, (2, 3, 5), elements=st.integers(-9, 9).map(float))
TRIPLES = hnp.arrays(np.float64, (3, 3, 5), elements=st.integers(-9, 9).map(float))
SHIFTS = hnp.arrays(np.float64, (3, 1), elements=st.integers(-(10**4), 10**4).map(float))
relaxed = settings(deadline=None, max_examples=50)


def logits(*probabilities: float) -> np.ndarray:
    """Return logits of one example that have these probabilities."""
    given: np.ndarray = np.log(np.array([probabilities]))
    return given


def test_total_variation_by_hand() -> None:
    """From (1/2, 1/4, 1/4) to (1/4, 1/4, 1/2) a quarter of the probability moves."""
    assert total_variation(logits(0.5, 0.25, 0.25), logits(0.25, 0.25, 0.5)).item() == pytest.approx(0.25)


def test_contrary_certainties_are_as_far_apart_as_can_be() -> None:
    """Logits 1e4 apart overflow no exponential: each is sure of another token, so the distance is 1."""
    assert total_variation(np.array([[1e4, 0.0]]), np.array([[-1e4, 0.0]])).item() == pytest.approx(1)


def test_divergence_by_hand() -> None:
    """From (1/2, 1/2) to (1/4, 3/4): 1/2 ln 2 + 1/2 ln 2/3 = 1/2 ln 4/3; back it is 3/4 ln 3 - ln 2."""
    one, other = logits(0.5, 0.5), logits(0.25, 0.75)
    assert kl_divergence(one, other).item() == pytest.approx(np.log(4 / 3) / 2)
    assert kl_divergence(other, one).item() == pytest.approx(0.75 * np.log(3) - np.log(2))


def test_divergence_of_certainties_is_finite() -> None:
    """Logits 1e4 apart: what is sure costs 1e4 nats by the contrary certainty, and nothing by its own."""
    sure, contrary = np.array([[1e4, 0.0]]), np.array([[0.0, 1e4]])
    assert kl_divergence(sure, contrary).item() == pytest.approx(1e4)
    assert kl_divergence(sure, sure).item() == 0


def test_token_overlap_by_hand() -> None:
    """The top three of one are tokens 0, 1, 2, of the other 4, 2, 1: two of three in common."""
    a, b = np.array([[9.0, 8.0, 7.0, 1.0, 0.0]]), np.array([[0.0, 5.0, 6.0, 1.0, 9.0]])
    assert token_overlap(a, b, top=3).item() == pytest.approx(2 / 3)


def test_tied_tokens_are_taken_by_index() -> None:
    """Behind token 3 tie 0, 1 and 2: the top two are 3 and 0, half of the other's, which are 0 and 1."""
    tied, clear = np.array([[1.0, 1.0, 1.0, 2.0]]), np.array([[4.0, 3.0, 2.0, 1.0]])
    assert token_overlap(tied, clear, top=2).item() == 0.5
    assert token_overlap(tied, tied, top=2).item() == 1


def test_change_agreement_by_hand() -> None:
    """Changes (3, 0, 0) and (0, 3, 0), centred (2, -1, -1) and (-1, 2, -1): cosine -3 / 6."""
    zsl = np.array([[5.0, 1.0, -2.0]])
    icl, ft = zsl + np.array([3.0, 0.0, 0.0]), zsl + np.array([0.0, 3.0, 0.0])
    assert change_agreement(zsl, icl, ft).item() == pytest.approx(-0.5)


def test_two_answers_agree_or_disagree() -> None:
    """Between two answers ICL's change of 4 in the second's favour is FT's of 0.1, and the contrary of -0.1."""
    zsl, icl = np.zeros((2, 2)), np.array([[-2.0, 2.0], [-2.0, 2.0]])
    ft = np.array([[0.0, 0.1], [0.1, 0.0]])
    np.testing.assert_allclose(change_agreement(zsl, icl, ft), [1, -1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_change_that_is_all_rounding_is_none(dtype: type[np.floating]) -> None:
    """A shift of every logit by 0.1 changes no probability: what rounding leaves of it has no direction."""
    zsl = np.random.default_rng(0).normal(0, 20, (50, 3)).astype(dtype)
    np.testing.assert_array_equal(change_agreement(zsl, zsl + dtype(0.1), -zsl), 0)


@pytest.mark.parametrize(
    "measure", [total_variation, kl_divergence, top_two, lambda a, b: change_agreement(a, b, a[::-1])]
)
def test_float32_logits_are_compared_in_float64(measure: Comparison) -> None:
    """Float32 logits give what their float64 copies give, to the last bit."""
    a, b = np.random.default_rng(0).standard_normal((2, 4, 1000)).astype(np.float32)
    np.testing.assert_array_equal(measure(a, b), measure(a.astype(np.float64), b.astype(np.float64)))


@pytest.mark.parametrize("measure", [total_variation, kl_divergence, top_two, lambda a, b: change_agreement(a, a, b)])
def test_logits_of_other_examples_are_refused(measure: Comparison) -> None:
    """One example against many is a mix-up of recordings, not a broadcast."""
    with pytest.raises((HarnessError, TypeCheckError)):
        measure(np.zeros((1, 3)), np.zeros((2, 3)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("measure", [total_variation, kl_divergence, top_two, lambda a, b: change_agreement(a, a, b)])
def test_logits_that_are_no_numbers_are_refused(measure: Comparison, value: float) -> None:
    """A masked or overflowed logit is said, not turned into a probability."""
    with pytest.raises(HarnessError, match=r"1 of 6 logits .* not finite"):
        measure(np.zeros((1, 3)), np.array([[0.0, value, 0.0]]))


@pytest.mark.parametrize("top", [0, 4])
def test_more_tokens_than_there_are_have_no_top(top: int) -> None:
    """Of three tokens the top is one, two or three."""
    with pytest.raises(HarnessError, match=f"the top {top} tokens were asked for of 3, expected 1 to 3"):
        token_overlap(np.zeros((1, 3)), np.zeros((1, 3)), top=top)


@pytest.mark.parametrize("measure", [total_variation, top_two])
@relaxed
@given(pair=PAIRS)
def test_comparison_has_no_direction_and_stays_within_bounds(measure: Comparison, pair: np.ndarray) -> None:
    """Each measure is the same from a to b as from b to a, and lies in [0, 1]."""
    there, back = measure(pair[0], pair[1]), measure(pair[1], pair[0])
    np.testing.assert_allclose(there, back, rtol=0, atol=1e-15)
    assert there.min() >= 0
    assert there.max() <= 1


@pytest.mark.parametrize("measure", [total_variation, top_two])
@relaxed
@given(pair=PAIRS, shift=SHIFTS)
def test_constant_added_to_all_logits_changes_nothing(measure: Comparison, pair: np.ndarray, shift: np.ndarray) -> None:
    """Softmax does not see a shift of an example's logits."""
    np.testing.assert_allclose(measure(pair[0] + shift, pair[1]), measure(*pair), rtol=0, atol=1e-11)


@relaxed
@given(pair=PAIRS)
def test_distance_to_itself_is_zero(pair: np.ndarray) -> None:
    """Nothing is away from itself by more than rounding."""
    np.testing.assert_allclose(total_variation(pair[0], pair[0]), 0, atol=1e-14)


def test_rounding_takes_no_distance_out_of_bounds() -> None:
    """Of 200 distributions none is nearer to itself than 0, or, sharpened, further from its reverse than 1."""
    a = 5 * np.random.default_rng(0).standard_normal((200, 50))
    assert total_variation(a, a).min() >= 0
    assert total_variation(100 * a, -100 * a).max() <= 1


@relaxed
@given(PAIRS)
def test_all_tokens_overlap_wholly(pair: np.ndarray) -> None:
    """With every token in the top, any two distributions share it."""
    np.testing.assert_array_equal(token_overlap(pair[0], pair[1], top=5), 1)


@relaxed
@given(PAIRS)
def test_top_tokens_are_those_of_a_stable_sort(pair: np.ndarray) -> None:
    """The overlap equals that of the first two indices of each example, sorted by descending logit."""
    tops = [[set(np.argsort(-row, kind="stable")[:2].tolist()) for row in side] for side in pair]
    expected = [len(a & b) / 2 for a, b in zip(*tops, strict=True)]
    np.testing.assert_array_equal(token_overlap(pair[0], pair[1], top=2), expected)


@relaxed
@given(TRIPLES, SHIFTS)
def test_change_agreement_is_a_cosine_of_log_probabilities(triple: np.ndarray, shift: np.ndarray) -> None:
    """From log-probabilities or from shifted logits it is the same, symmetric in ICL and FT, and within [-1, 1]."""
    zsl, icl, ft = triple
    found = change_agreement(zsl, icl, ft)
    logs = [z - np.log(np.exp(z).sum(axis=-1, keepdims=True)) for z in triple]
    np.testing.assert_allclose(change_agreement(logs[0], logs[1], logs[2]), found, atol=1e-11)
    np.testing.assert_allclose(change_agreement(zsl, icl + shift, ft), found, atol=1e-11)
    np.testing.assert_allclose(change_agreement(zsl, ft, icl), found, atol=1e-15)
    assert np.abs(found).max() <= 1


@relaxed
@given(PAIRS)
def test_changes_agree_with_themselves_and_not_with_their_opposites(pair: np.ndarray) -> None:
    """Where ICL changed the distribution, its change has agreement 1 with itself and -1 with its reverse."""
    zsl, icl = pair
    changed = np.ptp(icl - zsl, axis=-1) > 0
    np.testing.assert_allclose(change_agreement(zsl, icl, icl), changed, atol=1e-12)
    np.testing.assert_allclose(change_agreement(zsl, icl, 2 * zsl - icl), -1.0 * changed, atol=1e-12)
