"""Several models beside each other: the table, what is said of it, and the page."""

import re
from dataclasses import replace

import pytest

from harness.report import page, sentences
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.report.side_by_side import agreement, labels, models_of, rows
from harness.statistics.results import Outcome
from harness.tests.report.tags import Tags
from harness.tests.report.two_models import OTHER, both, of_model


@pytest.fixture(scope="module")
def several(document: Document) -> Document:
    """Return the made-up run of two models."""
    return both(document)


@pytest.fixture(scope="module")
def html(several: Document) -> str:
    """Render it once."""
    return page.render(several)


def test_every_claim_has_a_row_with_its_verdict_on_each_model(several: Document) -> None:
    """In the order of the verdicts; None where it was not judged on one."""
    table = {row.claim.id: row for row in rows(several.verdicts)}
    assert models_of(several.verdicts) == ("tiny-135M", OTHER)
    assert list(table)[:3] == ["C1", "C2", "C10"]
    assert [v and v.outcome for v in table["C1"].verdicts] == [Outcome.SUPPORTED, Outcome.REFUTED]
    assert [v and v.subject for v in table["C12"].verdicts] == ["tiny-135M", None]
    assert {claim: row.differ for claim, row in table.items() if row.differ} == {"C1": "opposite", "C2": "differ"}


def test_comparisons_of_a_row_are_matched_by_their_names(several: Document) -> None:
    """A comparison that one model alone has leaves a gap with the other."""
    c2 = next(row for row in rows(several.verdicts) if row.claim.id == "C2")
    first, second = c2.verdicts
    assert first is not None
    row = replace(c2, verdicts=(replace(first, parts=first.parts[1:]), second))
    assert [(name, [part and part.name for part in parts]) for name, parts in row.comparisons] == [
        ("FT beats ZSL", ["FT beats ZSL", "FT beats ZSL"]),
        ("ICL beats FT", [None, "ICL beats FT"]),
    ]


def test_one_model_has_no_table(document: Document) -> None:
    """Nor a word on its page that speaks of several."""
    assert rows(document.verdicts) == ()
    html = page.render(document)
    assert not [word for word in ("Models side by side", "On other models", "tr.part") if word in html]


def test_agreement_counts_claims_that_several_models_were_judged_on(several: Document, document: Document) -> None:
    """Of ten claims nine were: seven the same, one otherwise, one the opposite."""
    assert agreement(rows(several.verdicts)) == (
        "Of 9 claims that were judged on several models, 7 came out the same on all; 1 differs, and 1 is supported on "
        "one model and refuted on another."
    )
    same = (*of_model(document, "a").verdicts[:1], *of_model(document, "b").verdicts[:1])
    assert agreement(rows(same)) == "Of 1 claim that was judged on several models, 1 came out the same on all."
    apart = (*of_model(document, "a").verdicts[:1], *of_model(document, "b").verdicts[1:2])
    assert agreement(rows(apart)) == "No claim was judged on two of them."


def test_labels_are_last_parts_unless_two_share_one() -> None:
    """What could not be told apart keeps its whole name."""
    assert labels(["owner/a", "b", "/x/c", "/y/c"]) == {"owner/a": "a", "b": "b", "/x/c": "/x/c", "/y/c": "/y/c"}


def test_first_sentences_count_model_by_model(several: Document) -> None:
    """Models and tasks, then what each came to, then the identities, which are of no model's making."""
    assert sentences.reading(several) == (
        "Tested on 2 models (tiny-135M, large-1B) with 4 tasks (movie, tweet, subject, headline). On tiny-135M, of 9 "
        "claims 2 are supported, 1 is refuted, 1 is negligible, 1 is mixed, 2 are inconclusive, 1 is not testable here "
        "and 1 is not judged because of an error. On large-1B, of 8 claims 2 are supported, 2 are refuted, 1 is "
        "negligible, 1 is mixed, 1 is not testable here and 1 is not judged because of an error. 2 more are "
        "identities, true or false whatever the data: all hold."
    )


def test_table_marks_rows_on_which_models_disagree_by_a_word(html: str) -> None:
    """A column a model; the mark is a word and a sign beside the colour, and only where they disagree."""
    start = html.index('<section id="models">')
    table = html[start : html.index("</section>", start)]
    assert re.findall(r'<th scope="col" class="word">(.*?)</th>', table) == ["tiny-135M", "large-1B"]
    assert re.findall(r"<b>(C\d+)</b>[^<]*<span class=\"mark\">(.*?)</span>", table) == [
        ("C1", "≠ opposite"),
        ("C2", "≠ differ"),
    ]
    assert table.count('<tbody class="differ">') == 2
    assert "Families of claims are corrected within a model" in table
    assert table.index("claim") < html.index("At a glance")


def test_every_cell_leads_to_the_claims_section_on_that_model(html: str) -> None:
    """Ids stay unique, all links arrive, and what is opened is closed."""
    tags = Tags(html)
    ids = tags.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in tags.values("href")} <= set(ids)
    assert {"claim-C1-tiny-135M", "claim-C1-owners-large-1B"} <= set(ids)
    assert tags.open == []


def test_figures_are_named_by_the_model_that_they_are_of(html: str) -> None:
    """Sections, the overview, the effects' drawing, the overall reading and how it was run."""
    text = Tags(html).text
    assert "C11 on large-1B</p><h2>" in html
    assert "<small>on large-1B</small>" in html
    assert "C11 on tiny-135M · " in text
    assert re.search(r"<h3>large-1B</h3>\s*<dl class=\"terms readings\">", html)
    assert ("<h3>Model: large-1B</h3>" in html, "<h3>Task: movie on tiny-135M</h3>" in html) == (True, True)
    assert "large-1B: The model is far smaller than the paper" in text


def test_several_models_survive_their_json(several: Document, html: str) -> None:
    """And give the same page."""
    assert page.render(from_json(to_json(several))) == html
