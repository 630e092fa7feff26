"""SimAOU, held to a loop over coordinates written from the paper."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.metrics import attention_output_update, changed_at_random, sim_aou, sim_aou_with_update

OUTPUTS = hnp.arrays(np.float64, (3, 2, 2, 4), elements=st.integers(-20, 20).map(float))
relaxed = settings(deadline=None, max_examples=50)


def sim_aou_by_loops(h_zsl: np.ndarray, h_icl: np.ndarray, h_ft: np.ndarray) -> np.ndarray:
    """SimAOU as PAPER section 2 has it, one number at a time."""
    examples, layers, width = h_zsl.shape
    result = np.zeros((examples, layers))
    for e in range(examples):
        for layer in range(layers):
            units = []
            for h in (h_zsl, h_icl, h_ft):
                length = math.sqrt(sum(float(h[e, layer, i]) ** 2 for i in range(width)))
                units.append([float(h[e, layer, i]) / length for i in range(width)])
            zsl, icl, ft = units
            u = [icl[i] - zsl[i] for i in range(width)]
            v = [ft[i] - zsl[i] for i in range(width)]
            dot = sum(u[i] * v[i] for i in range(width))
            result[e, layer] = dot / math.sqrt(sum(x * x for x in u)) / math.sqrt(sum(x * x for x in v))
    return result


def test_sim_aou_by_hand() -> None:
    """Unit outputs (1, 0), (0, 1), (-1, 0): updates (-1, 1) and (-2, 0), cosine 2 / (sqrt 2 * 2)."""
    zsl, icl, ft = (np.array([[h]]) for h in ([3.0, 0.0], [0.0, 2.0], [-5.0, 0.0]))
    assert sim_aou(zsl, icl, ft).item() == pytest.approx(1 / math.sqrt(2))


def test_sim_aou_agrees_with_the_papers_definition() -> None:
    """On random float32 outputs SimAOU equals a float64 loop over examples, layers and coordinates."""
    zsl, icl, ft = np.random.default_rng(1).standard_normal((3, 5, 3, 7)).astype(np.float32)
    np.testing.assert_allclose(sim_aou(zsl, icl, ft), sim_aou_by_loops(zsl, icl, ft), atol=1e-12)


def test_setting_that_changes_nothing_has_sim_aou_zero() -> None:
    """Where ICL leaves the output as it was under ZSL, its update has no direction."""
    zsl, ft = np.random.default_rng(2).standard_normal((2, 3, 2, 4))
    np.testing.assert_array_equal(sim_aou(zsl, zsl, ft), 0)


def test_output_of_zeros_stays_zero() -> None:
    """An attention block that gives zeros has no direction: its unit vector is taken as zero, not NaN."""
    zero, one = np.zeros((1, 1, 2)), np.array([[[0.0, 4.0]]])
    np.testing.assert_array_equal(attention_output_update(zero, one), [[[0.0, -1.0]]])


def test_other_examples_are_refused() -> None:
    """Recordings of other examples can't be subtracted."""
    with pytest.raises((HarnessError, TypeCheckError)):
        attention_output_update(np.ones((1, 2, 3)), np.ones((4, 2, 3)))


@relaxed
@given(OUTPUTS, st.floats(0.01, 100))
def test_sim_aou_ignores_the_size_of_outputs(outputs: np.ndarray, scale: float) -> None:
    """Each output is scaled to unit length first: stretching an output changes no update."""
    zsl, icl, _ = outputs
    stretched = attention_output_update(scale * icl, zsl / scale)
    np.testing.assert_allclose(stretched, attention_output_update(icl, zsl), atol=1e-12)


@relaxed
@given(OUTPUTS)
def test_update_back_is_the_opposite_update(outputs: np.ndarray) -> None:
    """From ICL to ZSL is the way from ZSL to ICL reversed, and against it SimAOU changes sign."""
    zsl, icl, ft = outputs
    back = attention_output_update(zsl, ft)
    np.testing.assert_array_equal(sim_aou_with_update(zsl, icl, back), -sim_aou(zsl, icl, ft))


@relaxed
@given(OUTPUTS)
def test_sim_aou_treats_icl_and_ft_alike(outputs: np.ndarray) -> None:
    """Cosine is symmetric in the two updates; only ZSL plays another part."""
    zsl, icl, ft = outputs
    np.testing.assert_allclose(sim_aou(zsl, icl, ft), sim_aou(zsl, ft, icl), atol=1e-12)


@pytest.mark.parametrize(("r", "s"), [(0.3, 0.3), (1.0, 1.0), (0.5, 4.0)])
def test_changes_that_share_nothing_share_their_start(r: float, s: float) -> None:
    """In many dimensions random changes are at right angles to all: SimAOU is what both updates hold of ZSL."""
    rng = np.random.default_rng(0)
    z, a = (of[None, None] / np.linalg.norm(of) for of in rng.standard_normal((2, 4096)))
    icl, ft = z + r * a, z + s * np.roll(a, 1)
    found = np.mean([sim_aou(z, icl, changed_at_random(ft, z, rng)) for _ in range(50)])
    expected = math.sqrt((1 - 1 / math.sqrt(1 + r**2)) * (1 - 1 / math.sqrt(1 + s**2))) / 2
    assert found == pytest.approx(expected, abs=0.02)


@relaxed
@given(OUTPUTS)
def test_random_change_keeps_the_size_alone(outputs: np.ndarray) -> None:
    """Each vector is off by as much as finetuning's, to rounding; where nothing changed nothing does."""
    zsl, _, ft = outputs
    changed = changed_at_random(ft, zsl, np.random.default_rng(0))
    found, expected = (np.linalg.norm(of - zsl, axis=-1) for of in (changed, ft))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(changed_at_random(zsl, zsl, np.random.default_rng(0)), zsl)
