"""How often the judge errs, and how often it finds an effect, by simulation.

New runs of a claim are drawn from the data of a run (`new_runs` says how), put to a null or to an effect, and decided
by the judge's own rule (`decisions`), at the level that Holm leaves a claim alone: among others it is sterner.

The nulls are the least favourable. A claim says that all its comparisons hold, so support errs most where one has no
effect and the others have large ones: each is tried by itself. Refutation errs most where none has an effect;
NEGLIGIBLE where all effects are just as large as what matters above 0, or one is below and no other is in its way.

What this shows: the rule's error rates and power for the distributions and the dependence that the data have, with as
many sets, draws and examples. What it does not: that these tasks and examples, or two to five sets, stand for others.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.errors import HarnessError
from harness.statistics.comparison import Comparison
from harness.statistics.decisions import ClaimTests, TestedPart, tested
from harness.statistics.new_runs import Size, draw_runs
from harness.statistics.results import Calibration, Outcome

RUNS = 1_000
_CHUNK = 250  # runs at once: 3 tasks of 5 sets, 5 draws and 20 examples take 3 MB a comparison


def calibrate(
    claim: str,
    parts: Sequence[Comparison],
    alpha: float,
    rng: np.random.Generator,
    *,
    printed: Sequence[float] = (),
    runs: int = RUNS,
) -> Calibration:
    """Return the calibration of a claim, from `runs` simulated runs of each null and effect.

    `printed` holds the effect of each comparison that the paper prints: none, or one for each. Raises HarnessError on
    another number of them, on one that makes a proportion no probability, and on fewer than one run.
    """
    if runs < 1:
        raise HarnessError(f"a simulation was given runs = {runs}, expected 1 or more: ask for some.")
    _require_possible(claim, parts, printed)
    null = simulate(parts, [part.matters if part.alike else 0.0 for part in parts], alpha, rng, runs=runs)
    sizes = [0.0 if part.alike else part.matters for part in parts]
    sized = all(part.matters for part in parts)
    at_size = simulate(parts, sizes, alpha, rng, runs=runs) if sized else None
    below = simulate(parts, [-size for size in sizes], alpha, rng, runs=runs) if sized else None
    found = simulate(parts, printed, alpha, rng, runs=runs) if printed else None
    negligible = [_share(at_size, Outcome.NEGLIGIBLE), _share_alone(below, Outcome.NEGLIGIBLE)]
    return Calibration(
        claim=claim,
        runs=runs,
        sets=parts[0].sets,
        draws=max(part.draws for part in parts),
        examples=tuple(cell.shape[2] for cell in parts[0].cells),
        false_support=_share_alone(null, Outcome.SUPPORTED),
        false_refutation=_share(null, Outcome.REFUTED),
        false_negligible=max(negligible),
        power=_share(at_size, Outcome.SUPPORTED) if at_size else None,
        power_printed=_share(found, Outcome.SUPPORTED) if found else None,
        printed=tuple(printed),
    )


def simulate(
    parts: Sequence[Comparison], shifts: Sequence[float], alpha: float, rng: np.random.Generator, *, runs: int
) -> Mapping[str, np.ndarray]:
    """Return the `outcomes` of simulated runs in which each comparison has the effect given in `shifts`.

    And those that the claim has where only one comparison is as it was drawn and no other is in its way: `alone`,
    [comparison, run].
    """
    outcomes, alone = [], []
    for tests in simulated_runs(parts, shifts, rng, runs=runs, at_once=_CHUNK):
        outcomes.append(ClaimTests(tests).outcomes(alpha, alpha, alpha))
        alone.append([ClaimTests((test,), len(tests) - 1).outcomes(alpha, alpha, alpha) for test in tests])
    return {"outcomes": np.concatenate(outcomes), "alone": np.concatenate(alone, axis=1)}


def simulated_runs(
    parts: Sequence[Comparison],
    shifts: Sequence[float],
    rng: np.random.Generator,
    *,
    runs: int,
    at_once: int,
    size: Size | None = None,
) -> Iterator[tuple[TestedPart, ...]]:
    """Yield the tests of each comparison on new runs as `draw_runs` makes them, at most so many of them at once."""
    for first in range(0, runs, at_once):
        drawn = draw_runs(parts, shifts, rng, runs=min(at_once, runs - first), size=size)
        yield tuple(tested(part, cells) for part, cells in zip(parts, drawn, strict=True))


def _share(found: Mapping[str, np.ndarray] | None, outcome: Outcome) -> float:
    return 0.0 if found is None else float((found["outcomes"] == outcome.value).mean())


def _share_alone(found: Mapping[str, np.ndarray] | None, outcome: Outcome) -> float:
    """Return the share of the comparison that has it most often."""
    return 0.0 if found is None else float((found["alone"] == outcome.value).mean(axis=1).max())


def _require_possible(claim: str, parts: Sequence[Comparison], printed: Sequence[float]) -> None:
    """Raise HarnessError on effects that are not one for each comparison, or make a proportion no probability."""
    if printed and len(printed) != len(parts):
        raise HarnessError(
            f"{claim} was given {len(printed)} printed effects, expected none or one for each of its {len(parts)} "
            "comparisons: give 0 where there is none."
        )
    shifts = [(part, sign * part.matters) for part in parts for sign in (1, -1)]
    for part, size in [*shifts, *(zip(parts, printed, strict=True) if printed else ())]:
        if part.kind == "proportion" and not 0 <= part.null + size <= 1:
            expected = f"one from {-part.null:g} to {1 - part.null:g}: take the share less {part.null:g}"
            raise HarnessError(f"'{part.name}' of {claim} was given the effect {size:g}, expected {expected}.")
