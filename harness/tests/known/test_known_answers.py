"""Models whose answer is known, from prompt to verdict: what is there is found, and what is not there is not."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pytest
from scipy import stats

from harness.report import page
from harness.report.document import Document, ModelFacts, RunFacts
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome
from harness.tests.known.pipeline import CLAIMS, verdicts_of

Outcomes = Mapping[str, Sequence[Outcome]]
"""By claim: a verdict a seed."""
FALSE = 0.05
FEW = 10
"""Seeds below which none may be false: what the first ones say is known."""


@pytest.fixture(scope="module")
def outcomes(seeds: range) -> Callable[[str], Outcomes]:
    """Return the verdicts on a construction, by its name."""

    @cache
    def found(name: str) -> Outcomes:
        verdicts = [verdicts_of(name, seed) for seed in seeds]
        return {claim: [of[claim].outcome for of in verdicts] for claim in CLAIMS}

    return found


def allowed(number: int) -> int:
    """Return how many of these verdicts may be false: where 5 % are, there are more once in fifty times at most."""
    return int(stats.binom.ppf(0.98, number, FALSE)) if number >= FEW else 0


def test_three_of_twenty_verdicts_may_be_false() -> None:
    """More than three of twenty come up once in 63 where the rate is the nominal 5 %; more than two once in 13."""
    assert (allowed(20), allowed(1)) == (3, 0)
    assert stats.binom.sf(3, 20, FALSE) == pytest.approx(1 / 63, rel=0.01)


@pytest.mark.parametrize("claim", CLAIMS)
def test_meta_optimizer_is_supported(outcomes: Callable[[str], Outcomes], claim: str) -> None:
    """Its in-context run is its run finetuned on the context, at another rate, in another order, with noise.

    None of twenty may be missed: where the power is .86, all twenty are found once in twenty. Of the four claims'
    eighty verdicts that is so at .963. To show .95 of each claim alone takes 59 seeds, of which none is missed.
    """
    found = outcomes("meta-optimizer")[claim]
    assert found == [Outcome.SUPPORTED] * len(found)


def test_report_shows_what_was_judged(seeds: range) -> None:
    """The page of a meta-optimizer's run has a badge of each verdict, and reads back from its JSON as it was."""
    verdicts = tuple(verdicts_of("meta-optimizer", seeds[0]).values())
    document = Document(
        "0", "2026-01-01T00:00:00+00:00", 1.0, RunFacts({"known": ModelFacts({"name": "known"}, ())}, {}), verdicts
    )
    assert page.render(document).count("SUPPORTED</span>") >= len(CLAIMS)
    assert from_json(to_json(document)).verdicts[0].outcome == verdicts[0].outcome


@pytest.mark.parametrize("claim", ["C11", "C12"])
def test_uphill_is_refuted(outcomes: Callable[[str], Outcomes], claim: str) -> None:
    """The same update with its sign turned round: outputs and attention go away from finetuning's. None is missed."""
    found = outcomes("uphill")[claim]
    assert found == [Outcome.REFUTED] * len(found)


def test_uphill_orders_tokens_as_no_finetuning_does(outcomes: Callable[[str], Outcomes]) -> None:
    """It attends to training tokens as steps the other way would: C13 is never supported."""
    assert Outcome.SUPPORTED not in outcomes("uphill")["C13"]


@pytest.mark.parametrize("name", ["lookup", "uphill", "random"])
def test_looking_up_predicts_as_finetuning_does(outcomes: Callable[[str], Outcomes], name: str) -> None:
    """Who is right where finetuning is right covers what it corrects, whatever he did to be right."""
    found = outcomes(name)["C10"]
    assert found == [Outcome.SUPPORTED] * len(found)


@pytest.mark.parametrize("claim", ["C11", "C12", "C13"])
def test_looking_up_is_no_descent(outcomes: Callable[[str], Outcomes], claim: str) -> None:
    """Attention is as without demonstrations, to the last bit: no draw can make it finetuning's."""
    assert Outcome.SUPPORTED not in outcomes("lookup")[claim]


@pytest.mark.parametrize("claim", CLAIMS)
def test_ignoring_demonstrations_is_not_testable(outcomes: Callable[[str], Outcomes], claim: str) -> None:
    """Nothing was learned in context that could be like finetuning."""
    found = outcomes("ignoring")[claim]
    assert found == [Outcome.NOT_TESTABLE] * len(found)


@pytest.mark.parametrize("claim", ["C11", "C12", "C13"])
def test_random_change_is_not_taken_for_descent(outcomes: Callable[[str], Outcomes], claim: str) -> None:
    """Of finetuning's size, and in a direction of its own for each demonstration set."""
    found = outcomes("random")[claim]
    assert found.count(Outcome.SUPPORTED) <= allowed(len(found))


def test_large_random_change_is_not_taken_for_descent(seeds: range) -> None:
    """Thirty times as large: what its outputs and finetuning's share is zero-shot's, which a random change shares too.

    Over noise in the update's place it would look like a similarity: by .04 to .12 under seeds 0 to 19, where .02
    matters.
    """
    found = [verdicts_of("large random", seed)["C11"] for seed in seeds]
    assert [of.outcome for of in found].count(Outcome.SUPPORTED) <= allowed(len(found))
    effects = {part.name: [of.parts[i].estimate.effect for of in found] for i, part in enumerate(found[0].parts)}
    over_noise, over_change = effects["FT over isotropic noise"], effects["FT over a random change of its size"]
    assert all(small < large - 0.02 for small, large in zip(over_change, over_noise, strict=True))


def test_random_change_is_not_taken_for_steps_uphill(outcomes: Callable[[str], Outcomes]) -> None:
    """SimAOU of it is 0 on average.

    SimAM's difference is not, and C12 may be refuted: a change across finetuning's leads away from both, and from the
    finetuned map, which is farther off, the more.
    """
    found = outcomes("random")["C11"]
    assert found.count(Outcome.REFUTED) <= allowed(len(found))
