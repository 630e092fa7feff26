"""Rival explanations and subjects on the page: who speaks of whom, and what is judged on what."""

import re
from dataclasses import replace

import pytest

from harness.judging.reading import in_reading_order
from harness.report import page
from harness.report.document import Document
from harness.statistics.results import Outcome
from harness.tests.report.tags import Tags


@pytest.fixture(scope="module")
def rivals(document: Document) -> Document:
    """Return the run with two rival explanations of C11, of which O3 speaks of C10 as well, and no charts."""
    base, refuted, open_ = document.verdicts[3], Outcome.REFUTED, Outcome.INCONCLUSIVE
    added = [
        replace(base, claim=replace(base.claim, id=claim, title=f"Rival {claim}", qualifies=qualified), outcome=outcome)
        for claim, qualified, outcome in (("O1", ("C11",), refuted), ("O3", ("C10", "C11"), open_))
    ]
    plain = tuple(replace(verdict, curves=()) for verdict in (*document.verdicts, *added))
    return replace(document, verdicts=in_reading_order(plain))


@pytest.fixture(scope="module")
def rivals_html(rivals: Document) -> str:
    """Render it once."""
    return page.render(rivals)


def section(html: str, claim: str) -> str:
    """Return a claim's section of the page."""
    start = html.index(f'<section class="claim" id="claim-{claim}-tiny-135M">')
    following = html.find('<section class="claim"', start + 1)
    return html[start : following if following > 0 else None]


def test_rivals_and_the_claims_they_speak_of_link_each_other(rivals_html: str) -> None:
    """C11 names both with their verdicts, C10 the one that speaks of it; each leads back; C12 has none."""
    sections = {claim: section(rivals_html, claim) for claim in ("C10", "C11", "C12", "O1", "O3")}
    rows = {claim: "".join(re.findall(r'<p class="related">.*?</p>', s, re.DOTALL)) for claim, s in sections.items()}
    led = {claim: re.findall(r'href="#claim-(\w+)-tiny-135M"', row) for claim, row in rows.items()}
    assert led == {"C10": ["O3"], "C11": ["O1", "O3"], "C12": [], "O1": ["C11"], "O3": ["C10", "C11"]}
    named = Tags(rows["C11"]).text
    assert re.search(r"O1 Rival O1\s+✗ REFUTED\s+·\s+O3 Rival O3\s+\? INCONCLUSIVE", named)


def test_rivals_stand_behind_the_claims_they_speak_of(rivals_html: str) -> None:
    """The document's order is the page's, in the overview and below."""
    order = re.findall(r'<section class="claim" id="claim-(\w+)-tiny-135M">', rivals_html)
    assert order == ["C1", "C2", "C5", "C9", "C10", "C11", "O1", "O3", "C12", "C13", "C14", "C15"]
    overview = rivals_html[rivals_html.index('<section id="claims">') : rivals_html.index("Effects against no effect")]
    assert re.findall(r'href="#claim-(\w+)-tiny-135M"', overview) == order


def test_statements_that_are_not_the_papers_are_not_said_to_be(rivals_html: str) -> None:
    """C11's statement is the paper's, O1's an objection to it."""
    cited = {claim: re.findall(r"<cite>(.*?)</cite>", section(rivals_html, claim)) for claim in ("C11", "O1")}
    assert cited == {"C11": ["the paper, section 4.2, table 3"], "O1": ["section 4.2, table 3"]}


def test_verdicts_of_one_claim_about_two_subjects_stand_apart(rivals: Document) -> None:
    """Each has its own section, says what it was judged on, and links rivals judged on the same, and the other one."""
    other = tuple(replace(each, subject="large", reason=f"large: {each.reason}") for each in rivals.verdicts)
    html = page.render(replace(rivals, verdicts=(*rivals.verdicts, *other)))
    for subject, beside in (("tiny-135M", "large"), ("large", "tiny-135M")):
        start = html.index(f'<section class="claim" id="claim-C11-{subject}">')
        own = html[start : html.index("</section>", start)]
        assert re.findall(r'href="#claim-(\S+)"', own) == [f"O1-{subject}", f"O3-{subject}", f"C11-{beside}"]
        assert f"<dt>Judged on</dt><dd>{subject}</dd>" in own
