"""From measured claims to verdicts: one correction a family, a control that can withdraw support, margins."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

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


def comparison(mean: float, n: int = 40, name: str = "a part") -> Comparison:
    """Return n differences with this mean, half of them 0.1 above it and half 0.1 below: a standard error of 0.016."""
    values = mean + 0.1 * np.tile([1.0, -1.0], n // 2)
    return Comparison(name=name, prediction="d > 0", unit="cosine", cells=(values.reshape(1, -1),))


ERROR = 0.1 / math.sqrt(39)
"""The standard error of 40 of them: their variance is 0.01 * 40 / 39."""
T = float(stats.t.isf(0.025, 39))


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


def test_judging_again_says_the_same_and_keeps_nothing(tmp_path: Path) -> None:
    """The same family has the same verdict; without simulations the store stays empty."""
    first, again = (judged(tmp_path, {MADE_UP: measured(0.5), OTHER: measured(0.1)}) for _ in range(2))
    assert repr(first) == repr(again)
    assert not list(tmp_path.glob("runs/*"))


SIZED = replace(MADE_UP, matters={"cosine": 0.1, "tau": 0.2}, because="a reason")


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [(0.5, Outcome.SUPPORTED), (0.04, Outcome.NEGLIGIBLE), (-0.04, Outcome.NEGLIGIBLE), (-0.5, Outcome.REFUTED)],
)
def test_claim_fixes_what_matters_by_unit(tmp_path: Path, effect: float, outcome: Outcome) -> None:
    """An effect of 0.04 leaves 0 out and is smaller than the 0.1 of cosine that matter; without sizes it is support."""
    found = judged(tmp_path, {SIZED: measured(effect)})
    assert (found.outcome, found.parts[0].matters) == (outcome, 0.1)
    unsized = judged(tmp_path, {MADE_UP: measured(effect)})
    assert (unsized.outcome, unsized.parts[0].matters) == (
        Outcome.SUPPORTED if effect > 0 else Outcome.REFUTED,
        0.0,
    )
    own = Measured((replace(comparison(effect), matters=0.3),))
    assert judged(tmp_path, {SIZED: own}).parts[0].matters == 0.3


def test_control_that_is_too_small_to_matter_is_no_support(tmp_path: Path) -> None:
    """An effect of 0.04 in the control is beyond chance, and beneath what the claim would call an effect."""
    found = judged(tmp_path, {SIZED: measured(0.5, 0.04)})
    assert found.control is not None
    assert (found.outcome, found.control.passed) == (Outcome.SUPPORTED, True)


def test_disagreeing_parts_are_mixed(tmp_path: Path) -> None:
    """One supported, the other refuted: neither word is the claim's."""
    both = Measured((comparison(0.5), comparison(-0.5, name="another")))
    assert judged(tmp_path, {MADE_UP: both}).outcome is Outcome.MIXED


def test_what_cannot_be_tested_is_said_and_corrects_no_other(tmp_path: Path) -> None:
    """Its reason stands alone, its comparisons are not judged, and a sibling is judged as if it were alone."""
    untestable = replace(measured(0.5), untestable="finetuning corrected 1 of 50", presupposed=1.5)
    found = judge({MADE_UP: untestable, OTHER: measured(0.5)}, Store(tmp_path), alpha=0.05, seed=0, simulations=20)
    first, other = found["C1"], found["C2"]
    assert (first.outcome, first.reason) == (Outcome.NOT_TESTABLE, "finetuning corrected 1 of 50")
    assert (first.parts, first.control, first.calibration) == ((), None, None)
    assert (first.margin, first.presupposed, other.presupposed) == (None, 1.5, None)
    assert other.parts[0].estimate.level == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("effect", "controls", "errors"),
    [
        (0.06, [0.0], 0.06 / ERROR - T),  # the claim's own way back to 0
        (0.06, [0.025], T - 0.025 / ERROR),  # the control's way up to support is shorter
        (0.06, [-0.5], 0.06 / ERROR - T),  # and here far
        (0.5, [-0.03], T + 0.03 / ERROR),  # the claim is further than any margin; the control has 0.03 more to go
        (0.5, [-0.03, 0.025], T - 0.025 / ERROR),  # one of two that gains support is enough
        (0.5, [0.04], 0.04 / ERROR - T),  # withdrawn; the control's way back would give it back
        (0.5, [0.04, 0.05], 0.05 / ERROR - T),  # for which both must lose it
        (-0.06, [0.04], 0.06 / ERROR - T),  # a refutation stays, whatever the control says
        (0.5, [-0.5], 10.0),  # as far as any margin is told
    ],
)
def test_margin_is_the_nearer_of_claim_and_control(
    tmp_path: Path, effect: float, controls: list[float], errors: float
) -> None:
    """In standard errors, by hand: Student's quantile is where an effect begins to be one."""
    control = tuple(comparison(mean, name=f"{i}") for i, mean in enumerate(controls))
    found = judged(tmp_path, {MADE_UP: Measured((comparison(effect),), control)})
    assert found.margin == pytest.approx(min(errors, 10.0), abs=0.05 if effect in {0.06, -0.06} else 1e-6)


def test_control_within_what_matters_has_that_far_to_go(tmp_path: Path) -> None:
    """Of the 0.1 that matter its interval ends 0.1 - 0.04 - T errors short: so far it must move to be support."""
    found = judged(tmp_path, {SIZED: measured(0.5, 0.04)})
    assert found.margin == pytest.approx(0.06 / ERROR - T)


def test_exact_statement_that_decides_leaves_no_margin(tmp_path: Path) -> None:
    """An identity that fails, or a planted error that goes unseen, is no matter of standard errors."""
    broken, unseen, sound = (
        Measured((comparison(0.5),), checks=(_check(worst),), control_checks=(_check(planted),))
        for worst, planted in ((2.0, 2.0), (0.5, 0.5), (0.5, 2.0))
    )
    found = [judged(tmp_path, {MADE_UP: of}) for of in (broken, unseen, sound)]
    assert [verdict.margin for verdict in found] == [None, None, 10.0]
    assert [verdict.exact for verdict in found] == [False] * 3
    assert judged(tmp_path, {MADE_UP: Measured(checks=(_check(0.5),))}).exact
    assert not judged(tmp_path, {MADE_UP: Measured()}).exact


def test_rule_is_calibrated_where_it_is_asked_for(tmp_path: Path) -> None:
    """With simulations every claim with comparisons says how often its rule errs.

    With the paper's effect it says how often it finds that, unless it measures more or less than the paper printed.
    """
    printed, more = replace(MADE_UP, paper_effects=(0.5,)), replace(OTHER, paper_effects=(0.5, 0.5))
    exact = replace(MADE_UP, id="C3")
    family = {printed: measured(0.5), more: measured(0.5), exact: Measured(checks=(_check(0.5),))}
    found = judge(family, Store(tmp_path), alpha=0.05, seed=0, simulations=20)
    calibrations = [verdict.calibration for verdict in found.values()]
    assert [made and (made.runs, made.printed) for made in calibrations] == [(20, (0.5,)), (20, ()), None]
    assert [made.power_printed for made in calibrations if made] == [1, None]


def test_claims_have_ids_of_their_own_and_all_their_words() -> None:
    """One claim a file, none lost under another's id, and no field of a claim empty."""
    modules = load_claims(claims)
    files = [path for folder in claims.__path__ for path in Path(folder).glob("[coqs][0-9]*.py")]
    assert len(modules) == len(files)
    optional = {"qualifies", "paper_effects", "matters", "because", "presumes", "on_best_sets"}
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


def test_claims_that_compare_say_what_would_matter_and_why() -> None:
    """A size above 0 for some unit, and its reason; claims that are exact have neither."""
    said = {claim_id: (module.claim.matters, module.claim.because) for claim_id, module in load_claims(claims).items()}
    assert {claim_id for claim_id, (sizes, _) in said.items() if not sizes} == {"C4", "C5", "C6", "C7", "C8"}
    assert all(bool(sizes) is bool(why) for sizes, why in said.values())
    assert all(size > 0 for sizes, _ in said.values() for size in sizes.values())
