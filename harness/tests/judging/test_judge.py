"""From measured claims to verdicts: one correction a family, a control that can withdraw support."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import claims
from harness.evidence.checks import Check
from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, ClaimModule, Measured, load_claims
from harness.judging.judge import Judge
from harness.statistics import Comparison
from harness.statistics.results import Outcome

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


def _comparison(mean: float, n: int = 40) -> Comparison:
    """Return n differences with this mean, half of them 0.1 above it and half 0.1 below."""
    values = mean + 0.1 * np.tile([1.0, -1.0], n // 2)
    return Comparison(name="a part", prediction="d > 0", unit="cosine", cells=(values.reshape(1, -1),))


def _judge(evidence: Evidence, effect: float, control: float, sibling: float | None = None) -> Judge:
    modules = {"C1": ClaimModule(MADE_UP, lambda _: Measured((_comparison(effect),), (_comparison(control),)))}
    if sibling is not None:
        other = replace(MADE_UP, id="C2")
        modules["C2"] = ClaimModule(other, lambda _: Measured((_comparison(sibling),), (_comparison(0.0),)))
    return Judge(evidence, modules, alpha=0.05, seed=0)


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
    evidence: Evidence, effect: float, control: float, outcome: Outcome
) -> None:
    """Support that the control finds too is withdrawn; a refutation stays, whatever the control says."""
    verdict = _judge(evidence, effect, control).verdict("C1")
    assert verdict.outcome is outcome
    assert verdict.control is not None
    assert verdict.control.passed is (control <= 0)


def test_withdrawn_support_says_why(evidence: Evidence) -> None:
    """The reader learns that the control came out supported, and what the test had found."""
    reason = _judge(evidence, 0.5, 0.5).verdict("C1").reason
    assert "negative control came out supported" in reason
    assert "effect 0.5" in reason


@pytest.mark.parametrize("effect", [0.5, -0.5, 0.0])
def test_reason_holds_effect_interval_and_number(evidence: Evidence, effect: float) -> None:
    """Whichever way it goes, the reason can be checked: 40 examples around the effect."""
    verdict = _judge(evidence, effect, 0.0).verdict("C1")
    found = verdict.parts[0].estimate
    assert f"effect {found.effect:.3g}" in verdict.reason
    assert f"[{found.low:.3g}, {found.high:.3g}] (n = 40)" in verdict.reason


def test_siblings_make_the_correction_sterner(evidence: Evidence) -> None:
    """Alone a supported part has a 95 % interval; beside a sibling without an effect, Holm asks for 97.5 %."""
    alone = _judge(evidence, 0.5, 0.0).verdict("C1").parts[0].estimate
    beside = _judge(evidence, 0.5, 0.0, sibling=0.0).verdict("C1").parts[0].estimate
    assert [alone.level, beside.level] == pytest.approx([0.95, 0.975])


@pytest.mark.parametrize("claim_id", ["C2", "C12"])
def test_verdict_does_not_depend_on_which_claims_were_asked_for(evidence: Evidence, claim_id: str) -> None:
    """Asked for alone, or last after its family's others: the same verdict to the last digit."""
    modules = load_claims(claims)
    everything = Judge(evidence, modules, alpha=0.05, seed=0)
    for other, module in modules.items():
        if module.claim.family == modules[claim_id].claim.family:
            everything.verdict(other)
    alone = Judge(evidence, modules, alpha=0.05, seed=0).verdict(claim_id)
    assert repr(alone) == repr(everything.verdict(claim_id))


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
    evidence: Evidence, worst: float, effect: float | None, planted: float, outcome: Outcome
) -> None:
    """A broken identity refutes, whole ones leave it to the comparisons, and a planted error must break one."""
    parts = () if effect is None else (_comparison(effect),)
    measured = Measured(parts=parts, checks=(_check(0.1), _check(worst)), control_checks=(_check(planted),))
    verdict = Judge(evidence, {"C1": ClaimModule(MADE_UP, lambda _: measured)}, alpha=0.05, seed=0).verdict("C1")
    assert verdict.outcome is outcome
    assert verdict.control is not None
    assert verdict.control.passed == (planted > 1)
    assert ("all 14 cases hold" in verdict.reason) == (worst <= 1)
