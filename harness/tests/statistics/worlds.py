"""Worlds made by hand with the structure of the real data: dependent layers and heads, shared examples, seeds."""

import numpy as np

from harness.statistics import Comparison

LAYERS, HEADS = 4, 3
LAYER_SPREAD, HEAD_SPREAD = 0.5, 0.5


def measured(
    rng: np.random.Generator,
    *,
    seeds: int = 1,
    examples: int = 30,
    claims: int = 1,
    seed_spread: float = 0.0,
) -> np.ndarray:
    """Return one task's values [claim, seed, example, layer, head] without an effect.

    A seed moves all its values, in all claims. An example, of variance 1, moves all its layers and heads; half of
    that is common to all claims. Each layer of an example, and each head of that, varies by 0.5 about it.
    """
    common, own = rng.normal(0, np.sqrt(0.5), (2, claims, 1, examples, 1, 1))
    common = np.broadcast_to(common[:1], own.shape)
    seed = rng.normal(0, seed_spread, (1, seeds, 1, 1, 1)) if seed_spread else 0.0
    layer = rng.normal(0, LAYER_SPREAD, (claims, seeds, examples, LAYERS, 1))
    head = rng.normal(0, HEAD_SPREAD, (claims, seeds, examples, LAYERS, HEADS))
    values: np.ndarray = common + own + seed + layer + head
    return values


def rest_variance() -> float:
    """Variance of the mean over layers and heads of what belongs to one seed's example alone."""
    return LAYER_SPREAD**2 / LAYERS + HEAD_SPREAD**2 / (LAYERS * HEADS)


def mean_claims(
    rng: np.random.Generator, *, claims: int = 1, seeds: int = 1, seed_spread: float = 0.0, effect: float = 0.0
) -> list[Comparison]:
    """Return a comparison of each claim in two tasks of 30 examples: layers and heads averaged, as claims do it."""
    tasks = [measured(rng, claims=claims, seeds=seeds, seed_spread=seed_spread) for _ in range(2)]
    cells = [task.mean(axis=(3, 4)) + effect for task in tasks]
    return [Comparison(f"part {c}", "a > b", "cosine", tuple(cell[c] for cell in cells)) for c in range(claims)]


def proportion_claim(rng: np.random.Generator, *, seeds: int = 1, seed_spread: float = 0.0) -> Comparison:
    """Return a share of right answers that is one half, in two tasks of 40 examples of which about half count.

    An answer is right where seed + example + rest > 0, all normal and about 0: over seeds and examples one half.
    """
    cells = []
    for _ in range(2):
        merit = measured(rng, seeds=seeds, examples=40, seed_spread=seed_spread)[0].mean(axis=(2, 3))
        counts = rng.random((1, 40)) < 0.5
        cells.append(np.where(counts, (merit > 0).astype(float), np.nan))
    return Comparison("share", "share > 1/2", "fraction", tuple(cells), "proportion", 0.5)
