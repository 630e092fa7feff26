"""Sentences of the page, worked by hand."""

import math
from dataclasses import replace

import pytest

from harness.judging.verdicts import Verdict
from harness.report import sentences
from harness.report.document import Document
from harness.statistics.results import Outcome, TaskResult
from harness.tests.report.made_up import CALIBRATION

TESTED = "from what decides whether it can be tested"
SPACE = "\N{NO-BREAK SPACE}"


def test_the_first_sentence_counts_findings_and_identities_apart(document: Document) -> None:
    """Of ten verdicts nine are findings, in every outcome that there is, and C5's rests on exact statements alone."""
    assert sentences.reading(document) == (
        "Of 9 claims, tested on tiny-135M with 4 tasks (movie, tweet, subject, headline), 2 are supported, "
        "1 is refuted, 1 is negligible, 1 is mixed, 2 are inconclusive, 1 is not testable here and 1 is not judged "
        "because of an error. 1 more is an identity, true or false whatever the data: it holds."
    )


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (["SUPPORTED"], "1 claim is an identity, true or false whatever the data: it holds."),
        (["SUPPORTED"] * 3, "3 claims are identities, true or false whatever the data: all hold."),
        (
            ["REFUTED", "SUPPORTED", "REFUTED"],
            "3 claims are identities, true or false whatever the data: 1 is supported and 2 are refuted.",
        ),
    ],
)
def test_run_of_identities_alone_counts_no_findings(document: Document, outcomes: list[str], said: str) -> None:
    """Broken ones are told from those that hold."""
    of = tuple(replace(document.verdicts[9], outcome=Outcome(outcome)) for outcome in outcomes)
    assert sentences.reading(replace(document, verdicts=of)) == said


def test_exact_statements_beside_comparisons_make_no_identity(document: Document) -> None:
    """Both have to hold: the claim is a finding."""
    both = replace(document.verdicts[0], checks=document.verdicts[9].checks)
    assert sentences.reading(replace(document, verdicts=(both,))).startswith("Of 1 claim, tested on tiny-135M")
    quick = replace(document.facts, environment={"profile": "quick"})
    assert " headline) under profile 'quick', " in sentences.reading(replace(document, facts=quick))


def test_an_open_comparison_tells_its_power(document: Document) -> None:
    """C2's second part would have shown 1.3 times its width of 4.7 points: 6.1 points."""
    part = document.verdicts[1].parts[1]
    assert sentences.explanation(part, told=part.reason) == (
        "This design would show an effect of 6.1 pp in 4 of 5 runs; a smaller one can go unseen."
    )


def test_a_reason_is_not_told_twice(document: Document) -> None:
    """Where the claim's reason holds the comparison's, the table does not repeat it."""
    part = document.verdicts[0].parts[0]
    assert sentences.explanation(part, told=part.reason) == ""
    assert sentences.explanation(part, told="") == "The interval from 0.121 to 0.187 lies above 0 (800 cases)."


def test_tasks_stand_in_one_line(document: Document) -> None:
    """Each with its effect and what it says beyond chance; then the whole without each; nothing where there is one."""
    by_task = (
        TaskResult("movie", -0.0214, -0.03, -0.01, 0.99, Outcome.REFUTED),
        TaskResult("tweet", 0.0096, 0.004, 0.014, 0.99, Outcome.SUPPORTED),
        TaskResult("origin", 0.0004, -0.004, 0.004, 0.99, Outcome.INCONCLUSIVE),
    )
    cosine = replace(document.verdicts[3].parts[0], by_task=by_task, without=by_task[1:])
    assert sentences.by_task(cosine) == (
        "By task: movie \N{MINUS SIGN}0.021 (against it), tweet +0.010 (for it), origin 0.000. "
        "Leaving one out: without tweet +0.010 (for it), without origin 0.000."
    )
    accuracy = replace(document.verdicts[0].parts[0], by_task=by_task[1:], without=())
    assert sentences.by_task(accuracy) == f"By task: tweet +1.0{SPACE}pp (for it), origin 0.0{SPACE}pp."
    assert sentences.by_task(replace(cosine, by_task=(), without=())) == ""


def test_calibration_says_the_design_the_mistakes_and_the_power() -> None:
    """The smaller task's examples; nothing of what the claim has no size for, or that the paper never printed."""
    assert sentences.calibration(CALIBRATION).replace(SPACE, " ") == (
        "Simulated 1,000 times from these data (5 sets, 2 draws, 35 examples a task). Of runs in which the null that "
        "is worst for it is true, SUPPORTED in 2.1 %, REFUTED in 0.4 % and NEGLIGIBLE in 3.3 % by mistake. "
        "Found where it is there: an effect of just the size that matters in 62 % and the paper's (0.186) in 100 %."
    )
    bare = replace(CALIBRATION, sets=1, draws=1, power=None, power_printed=None, printed=())
    assert sentences.calibration(bare).replace(SPACE, " ") == (
        "Simulated 1,000 times from these data (1 set, 1 draw, 35 examples a task). Of runs in which the null that is "
        "worst for it is true, SUPPORTED in 2.1 % and REFUTED in 0.4 % by mistake."
    )


@pytest.mark.parametrize(
    ("margin", "presupposed", "said"),
    [
        (None, None, ""),
        (0.0249, None, "0.025 standard errors from any other verdict"),
        (1.0, None, "1 standard error from any other verdict"),
        (10.0, None, "10 or more standard errors from any other verdict"),
        (None, 2.0, f"2 standard errors {TESTED}"),
        (3.0, 12.0, f"3 standard errors from any other verdict; 10 or more standard errors {TESTED}"),
    ],
)
def test_margin_is_said_in_standard_errors(
    document: Document, margin: float | None, presupposed: float | None, said: str
) -> None:
    """To two digits, and no further than it is measured."""
    assert sentences.edge(replace(document.verdicts[0], margin=margin, presupposed=presupposed)) == said


def test_sizes_that_matter_stand_with_their_reason(document: Document) -> None:
    """A size a unit; a claim that fixes none says nothing."""
    claim = replace(document.verdicts[0].claim, matters={"accuracy": 0.03, "cosine": 0.02})
    assert sentences.matters(claim) == "3.0 pp (accuracy), 0.020 (cosine): less than another demonstration set makes"
    assert sentences.matters(replace(claim, matters={}, because="")) == ""


def _with(verdict: Verdict, outcome: Outcome) -> Verdict:
    return replace(verdict, outcome=outcome, p_holm=0.2, p_negligible=0.03)


def test_p_values_are_those_of_the_verdict(document: Document) -> None:
    """Of the equivalence test where it decided; both are told in the claim's own section, as far as there are any."""
    found = [
        sentences.deciding_p(_with(document.verdicts[0], each)) for each in (Outcome.NEGLIGIBLE, Outcome.SUPPORTED)
    ]
    assert found == ["0.030", "0.200"]
    both = _with(document.verdicts[0], Outcome.SUPPORTED)
    assert sentences.family_p(both) == "0.200 for or against it, 0.030 that it is negligible"
    assert sentences.family_p(replace(both, p_negligible=math.nan)) == "0.200 for or against it"
    assert sentences.family_p(replace(both, p_holm=math.nan, p_negligible=math.nan)) == ""
