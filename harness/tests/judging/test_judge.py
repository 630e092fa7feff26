"""From measured claims to verdicts: one correction a family, a control that can withdraw support."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import claims
from harness.evidence.checks import Check
from harness.judging.claims import Claim, Measured, load_claims
from harness.judging.judge import judge
from harness.judging.verdicts import Verdict
from harness.statistics import Comparison
from harness.statistics.results import Outcome
from harness.store import Store

MADE_UP = Claim(
    id="C1",
    title="t",
    statement="s",
    section="s",
    prediction="d > 0",
    decision_rule="r",
    unit="example",
    family="made up",
    refuted_if="d < 0",
    control="c",
)
OTHER = replace(MADE_UP, id="C2")


def comparison(mean: float, n: int = 40) -> Comparison:
    """Return n differences with this mean, half of them 0.1 above it and half 0.1 below."""
    values = mean + 0.1 * np.tile([1.0, -1.0], n // 2)
    return Comparison(name="a part", prediction="d > 0", unit="cosine", cells=(values.reshape(1, -1),))


def measured(effect: float, control: float = 0.0) -> Measured:
    """Return one comparison and its control."""
    return Measured((comparison(effect),), (comparison(control),))


def judged(store: Path, family: dict[Claim, Measured], simulations: int = 0) -> Verdict:
    """Return the verdict on C1 among its family."""
    return judge(family, Store(store), alpha=0.05, seed=0, simulations=simulations)["C1"]


@pytest.mark.parametrize(
    ("effect", "control", "outcome"),
    [
        (0.5, 0.0, Outcome.SUPPORTED),
        (-0.5, 0.0, Outcome.REFUTED),
        (0.0, 0.0, Outcome.INCONCLUSIVE),
        (0.5, 0.5, Outcome.INCONCLUSIVE),
        (-0.5, 0.5, Outcome.REFUTED),
        (0.5, -0.5, Outcome.SUPPORTED),
    ],
)
def test_verdict_follows_the_effect_and_its_control(
    tmp_path: Path, effect: float, control: float, outcome: Outcome
) -> None:
    """Support that the control finds too is withdrawn; a refutation stays, whatever the control says."""
    verdict = judged(tmp_path, {MADE_UP: measured(effect, control)})
    assert verdict.outcome is outcome
    assert verdict.control is not None
    assert verdict.control.passed is (control <= 0)


def test_withdrawn_support_says_why(tmp_path: Path) -> None:
    """The reader learns that the control came out supported, and what the test had found."""
    reason = judged(tmp_path, {MADE_UP: measured(0.5, 0.5)}).reason
    assert "negative control came out supported" in reason
    assert "effect 0.5" in reason


@pytest.mark.parametrize("effect", [0.5, -0.5, 0.0])
def test_reason_holds_effect_interval_and_number(tmp_path: Path, effect: float) -> None:
    """Whichever way it goes, the reason can be checked: 40 examples around the effect."""
    verdict = judged(tmp_path, {MADE_UP: measured(effect)})
    found = verdict.parts[0].estimate
    assert f"effect {found.effect:.3g}" in verdict.reason
    assert f"[{found.low:.3g}, {found.high:.3g}] (n = 40)" in verdict.reason


def test_siblings_make_the_correction_sterner(tmp_path: Path) -> None:
    """Alone a supported part has a 95 % interval; beside a sibling without an effect, Holm asks for 97.5 %."""
    alone = judged(tmp_path, {MADE_UP: measured(0.5)}).parts[0].estimate
    beside = judged(tmp_path, {MADE_UP: measured(0.5), OTHER: measured(0.0)}).parts[0].estimate
    assert [alone.level, beside.level] == pytest.approx([0.95, 0.975])


def test_every_claim_of_the_family_has_its_own_verdict(tmp_path: Path) -> None:
    """By its id, with its own parts and control: one supported, one refuted, one without comparisons supported."""
    family = {
        MADE_UP: measured(0.5),
        OTHER: measured(-0.5),
        replace(MADE_UP, id="C3"): Measured(checks=(_check(0.5),), control_checks=(_check(2.0),)),
    }
    found = judge(family, Store(tmp_path), alpha=0.05, seed=0)
    assert {claim_id: verdict.outcome.value for claim_id, verdict in found.items()} == {
        "C1": "SUPPORTED",
        "C2": "REFUTED",
        "C3": "SUPPORTED",
    }
    assert [verdict.claim for verdict in found.values()] == list(family)


def test_controls_are_corrected_among_themselves(tmp_path: Path) -> None:
    """Two controls without an effect share 5 %: an interval at 97.5 %, though both claims are supported."""
    found = judge({MADE_UP: measured(0.5), OTHER: measured(0.5)}, Store(tmp_path), alpha=0.05, seed=0)
    levels = [verdict.control.parts[0].estimate.level for verdict in found.values() if verdict.control]
    assert max(levels) == pytest.approx(0.975)


def test_judging_again_reads_what_was_judged(tmp_path: Path) -> None:
    """Parts and controls are two entries of the store; the same family adds none and has the same verdict."""
    first, again = (judged(tmp_path, {MADE_UP: measured(0.5), OTHER: measured(0.1)}) for _ in range(2))
    assert repr(first) == repr(again)
    assert len(list(tmp_path.glob("runs/judged/*/facts.json"))) == 2
    assert not list(tmp_path.glob("runs/calibration/*"))


def test_rule_is_calibrated_where_it_is_asked_for(tmp_path: Path) -> None:
    """With simulations every claim with comparisons says how often its rule errs.

    With the paper's effect it says how often it finds that, unless it measures more or less than the paper printed.
    """
    printed, more = replace(MADE_UP, paper_effects=(0.5,)), replace(OTHER, paper_effects=(0.5, 0.5))
    exact = replace(MADE_UP, id="C3")
    family = {printed: measured(0.5), more: measured(0.5), exact: Measured(checks=(_check(0.5),))}
    found = judge(family, Store(tmp_path), alpha=0.05, seed=0, simulations=20)
    calibrations = [verdict.calibration for verdict in found.values()]
    assert [made and (made.runs, made.effect) for made in calibrations] == [(20, (0.5,)), (20, None), None]
    assert calibrations[0] is not None
    assert calibrations[0].power == 1


def test_claims_have_ids_of_their_own_and_all_their_words() -> None:
    """One claim a file, none lost under another's id, and no field of a claim empty."""
    modules = load_claims(claims)
    files = [path for folder in claims.__path__ for path in Path(folder).glob("[coq][0-9]*.py")]
    assert len(modules) == len(files)
    optional = {"qualifies", "paper_effects"}
    assert all(all(v for k, v in vars(module.claim).items() if k not in optional) for module in modules.values())


def _check(worst: float) -> Check:
    return Check("an identity", "a = b", cases=7, worst=worst, relative_error=1e-16, ranges="all")


@pytest.mark.parametrize(
    ("worst", "effect", "planted", "outcome"),
    [
        (0.5, None, 2.0, Outcome.SUPPORTED),
        (1.0, None, 2.0, Outcome.SUPPORTED),
        (1.1, None, 2.0, Outcome.REFUTED),
        (math.inf, 0.5, 2.0, Outcome.REFUTED),
        (0.5, 0.5, 2.0, Outcome.SUPPORTED),
        (0.5, 0.0, 2.0, Outcome.INCONCLUSIVE),
        (0.5, None, 0.5, Outcome.INCONCLUSIVE),
    ],
)
def test_exact_statements_must_all_hold(
    tmp_path: Path, worst: float, effect: float | None, planted: float, outcome: Outcome
) -> None:
    """A broken identity refutes, whole ones leave it to the comparisons, and a planted error must break one."""
    parts = () if effect is None else (comparison(effect),)
    of = Measured(parts=parts, checks=(_check(0.1), _check(worst)), control_checks=(_check(planted),))
    verdict = judged(tmp_path, {MADE_UP: of})
    assert verdict.outcome is outcome
    assert verdict.control is not None
    assert verdict.control.passed == (planted > 1)
    assert ("all 14 cases hold" in verdict.reason) == (worst <= 1)
