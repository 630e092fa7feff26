"""The page: what a reader finds on it, and what no data can put there."""

import re
from dataclasses import replace

import pytest
from markupsafe import escape

from harness.errors import shown
from harness.judging.claims import Claim
from harness.judging.exhibits import Curve, Series, Table
from harness.judging.reading import Reading
from harness.judging.verdicts import Verdict
from harness.report import page, sentences
from harness.report.document import Document, ModelFacts, RunFacts
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome
from harness.tests.report.tags import Tags


@pytest.fixture(scope="module")
def html(document: Document) -> str:
    """Render the made-up run once."""
    return page.render(document)


def hostile(document: Document, text: str) -> Document:
    """Put a text wherever data or a model could have brought it."""
    first = document.verdicts[3]
    panel = (text, (Series(text, (0.1, 0.2)),))
    bad = replace(
        first,
        claim=Claim(*[text] * 10, qualifies=(text,), subject=text, matters={text: 0.1}, because=text),
        subject=text,
        changes=(text,),
        reason=text,
        parts=(
            replace(
                first.parts[0],
                name=text,
                reason=text,
                unit=text,
                prediction=text,
                by_task=(replace(first.parts[0].by_task[0], task=text),),
                without=(replace(first.parts[0].without[0], task=text),),
            ),
        ),
        tables=(Table(text, (text,), ((text, (1.0,)),), note=text),),
        curves=(Curve(text, text, (panel,), x_label=text),),
        notes=(text,),
        markers=(text,),
    )
    of_model = ModelFacts({"name": text, text: text}, ({"name": text},), (text,))
    facts = RunFacts({text: of_model}, {text: [{text: text}]}, {}, (text,))
    document = replace(
        document, title=text, lead=text, cites={text[:1]: text}, readings=(Reading(text, text, text, text),)
    )
    return replace(document, started=text, suite_version=text, facts=facts, verdicts=(bad,))


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "'--></style><b>", "{{ 7 * 7 }}"]
)
def test_no_text_of_the_data_becomes_markup(document: Document, text: str) -> None:
    """Names from data sets and models are shown as they are spelt, and are nothing but text."""
    tags = Tags(page.render(hostile(document, text)))
    assert text in tags.text
    assert not {"script", "img"} & set(tags.names)
    assert not [name for name, _ in tags.attributes if name.startswith("on")]


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x9bb", "a\u202eb", "half \ud83d", "bell\x07\r"])
def test_no_text_of_the_data_steers_what_shows_it(document: Document, text: str) -> None:
    """Control characters and the like stand as their escapes, wherever data could bring them, in drawings too."""
    html = page.render(hostile(document, text))
    assert shown(html) == html
    assert html.encode()
    assert html.count(escape(shown(text))) > 30


def test_records_that_share_no_key_make_no_table(document: Document) -> None:
    """A thousand records with a key each would be a million cells: each is shown by itself."""
    records = [{f"k{i}": i} for i in range(1000)]
    html = page.render(replace(document, verdicts=(), facts=RunFacts({}, {"many": records})))
    assert html.count("<td") < 2000
    assert "<dt>k999</dt><dd>" in html


def test_the_page_needs_no_network(html: str) -> None:
    """No addresses but those inside the page, no scripts, and a policy that would refuse both."""
    tags = Tags(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(tags.names)
    assert all(link.startswith("#") for link in tags.values("href") + tags.values("xlink:href"))
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html


def test_what_is_opened_is_closed(document: Document, empty: Document) -> None:
    """Both pages are well-formed to the last tag."""
    assert [Tags(page.render(each)).open for each in (document, empty)] == [[], []]


def test_ids_are_unique_and_links_arrive(html: str) -> None:
    """Each claim's row in the overview leads to its section."""
    tags = Tags(html)
    ids = tags.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in tags.values("href")} <= set(ids)
    assert {f"claim-{claim}-tiny-135M" for claim in ("C1", "C2", "C10", "C11", "C12", "C13")} <= set(ids)


def test_overall_reading_is_the_documents_own(document: Document) -> None:
    """What the data say of two levels stands there to the letter, escaped, plain words first and terms behind them."""
    said = (
        Reading("Prediction", "tiny-135M", "It guesses <i>.", "left to chance (O3's <b>)."),
        Reading("Attention", "tiny-135M", "", "open."),
    )
    html = page.render(replace(document, readings=said))
    start = html.index("Overall reading")
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html[start : html.index("At a glance")]) == [
        (
            "Prediction",
            '<p>It guesses &lt;i&gt;.</p><p class="quiet">In terms: left to chance (O3&#39;s &lt;b&gt;).</p>',
        ),
        ("Attention", "<p>open.</p>"),
    ]


def test_run_without_any_reading_has_no_overall_reading(document: Document) -> None:
    """Whatever verdicts there are."""
    assert "Overall reading" not in page.render(replace(document, readings=()))


def test_title_and_words_are_the_suites(document: Document) -> None:
    """Above the page and in its head; another suite's page names no paper."""
    html = page.render(document)
    assert "<title>Do They Learn? Claims of a paper</title>" in html
    assert ("<h1>Do They Learn?</h1>" in html, ">Claims of a paper</p>" in html) == (True, True)
    assert not re.search(r"GPT|paper,", page.render(replace(document, title="", lead="", cites={}, verdicts=())))


def test_what_differs_and_fails_no_run_is_shown(document: Document) -> None:
    """In the claim's own section."""
    changed = replace(document.verdicts[0], changes=("'a part': n = 38, not 39",))
    text = Tags(page.render(replace(document, verdicts=(changed,)))).text
    assert "Differs from the expected run: 'a part': n = 38, not 39." in text


def test_charts_are_named_by_what_their_places_are(document: Document) -> None:
    """To a reader who hears the page: cosine by step, and by layer where nothing else is said."""
    first = document.verdicts[3]
    steps = replace(first, curves=(*first.curves, replace(first.curves[0], x_label="step")))
    labels = Tags(page.render(replace(document, verdicts=(steps,)))).values("aria-label")
    assert {"cosine by layer, movie", "cosine by step, movie"} <= set(labels)


def test_two_renders_are_the_same_bytes_and_json_holds_all(document: Document) -> None:
    """The page is a function of its data: reading the data back gives the same page."""
    assert page.render(document) == page.render(document) == page.render(from_json(to_json(document)))


def test_words_of_the_page_stand_on_it(document: Document, html: str) -> None:
    """The first sentence, the margin, what matters, the calibration, and each comparison's tasks."""
    text, verdict = Tags(html).text, document.verdicts[3]
    assert verdict.calibration
    said = [sentences.reading(document), sentences.edge(verdict), sentences.matters(verdict.claim)]
    said += [sentences.calibration(verdict.calibration), sentences.by_task(verdict.parts[0])]
    assert all(each and each in text for each in (*said, sentences.family_p(verdict)))


def test_comparison_shows_its_design_and_what_matters(document: Document) -> None:
    """How many sets and draws its examples were tried under, beside the smallest effect that would matter."""
    html = page.render(replace(document, verdicts=document.verdicts[:1]))
    assert "<small>matters from 3.0 pp</small>" in html
    assert ">800<small>5 sets, 2 draws</small>" in html
    one = replace(document.verdicts[0].parts[0].estimate, sets=1, draws=1)
    part = replace(document.verdicts[0].parts[0], estimate=one, matters=0.0)
    bare = page.render(replace(document, verdicts=(replace(document.verdicts[0], parts=(part,)),)))
    assert ("matters from" in bare, '<td data-label="n">800</td>' in bare) == (False, True)


def test_overview_shows_the_p_value_that_decided(html: str) -> None:
    """C9 is negligible by the equivalence test's 0.03, C1 supported by the other's 0.0016; the rest have it once."""
    overview = html[html.index('<section id="claims">') : html.index("Effects against no effect")]
    shown = re.findall(r'<b>(C\d+)</b>(?:(?!<b>C).)*?data-label="p \(Holm\)">(.*?)</td>', overview, re.DOTALL)
    assert dict(shown)["C1"] == "0.002"
    assert dict(shown)["C9"] == "0.030"
    assert overview.count('data-label="p (Holm)"') == 7


def test_what_cannot_be_tested_says_why(document: Document) -> None:
    """The reason, the distance from being testable, and neither comparisons nor a control."""
    html = page.render(replace(document, verdicts=document.verdicts[8:9]))
    text = Tags(html).text
    assert "finetuning corrects 1 of 50 answers of dev" in text
    assert "1.7 standard errors from what decides whether it can be tested" in text
    assert "nothing to compare" in text
    assert "Negative control, not run" in text


def test_a_run_without_verdicts_says_so(empty: Document) -> None:
    """Nothing judged is a sentence, not an empty table."""
    html = page.render(empty)
    assert "No claim was judged in this run." in html
    assert "At a glance" not in html


def test_facts_that_nobody_recorded_have_no_heading(empty: Document, html: str) -> None:
    """An empty section would promise something: one sentence stands for all four."""
    bare = page.render(empty)
    assert "Nothing was recorded of the run." in bare
    assert ("<h3>Settings</h3>" in bare, "<h3>Settings</h3>" in html) == (False, True)


def test_verdicts_are_told_by_word_and_symbol(html: str) -> None:
    """A reader who sees no colours sees which is which."""
    text = Tags(html).text
    assert all(f"{sign} {word}" in text for sign, word in zip("✓✗≈±?∅!", Outcome, strict=True))


def test_every_outcome_has_a_colour_in_both_themes(html: str) -> None:
    """Of its own name in the style sheet, light and dark; its badges and reasons take it."""
    for outcome in Outcome:
        name = page.tag(outcome)
        assert re.fullmatch("[a-z-]+", name)
        assert html.count(f"--{name}: #") == 2
        assert f".{name} {{ color: var(--{name}); }}" in html
        assert f'class="badge {name}"' in html


def test_an_error_says_what_happened_and_that_no_control_ran(document: Document) -> None:
    """A claim that was stopped has neither comparisons nor a control, and keeps its own section."""
    html = page.render(replace(document, verdicts=document.verdicts[5:6]))
    assert "RuntimeError: no training tokens were recorded\n  in task &#39;tweet&#39;" in html
    assert "Negative control, not run" in html
    assert "Effects against no effect" not in html


def test_a_verdict_that_was_not_expected_is_warned_of(html: str) -> None:
    """Of the six only C13 had an expectation, and it was another."""
    text = Tags(html).text
    assert "SUPPORTED was expected and ERROR came out." in text
    assert text.count("was expected and") == 1


def test_an_expected_verdict_needs_no_warning(document: Document) -> None:
    """What was expected and came out is as it should be."""
    same = tuple(replace(each, expected=each.outcome) for each in document.verdicts)
    assert 'class="warning"' not in page.render(replace(document, verdicts=same))


def test_a_control_that_came_out_supported_has_failed(html: str) -> None:
    """C10's control was supported: its box says FAILED; the six others passed."""
    text = Tags(html).text
    assert (text.count("Negative control: FAILED"), text.count("Negative control: passed")) == (1, 6)


def test_rows_of_the_paper_stand_apart(html: str) -> None:
    """Each of seven tables has two rows with the paper's figures."""
    assert html.count('<tr class="paper">') == 14


def test_hashes_are_shown_by_their_beginning(html: str) -> None:
    """64 digits are unreadable: ten are shown and all can be had by pointing at them."""
    digest = "9f2c" * 16
    assert f'<code title="{digest}">9f2c9f2c9f…</code>' in html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (None, "\N{EN DASH}"),
        (-3, "\N{MINUS SIGN}3"),
        (0.003, "0.003"),
        (1e-5, "1e\N{MINUS SIGN}05"),
        ("a-b", "a-b"),
    ],
)
def test_facts_are_written_for_people(value: object, text: str) -> None:
    """Python's True, None and hyphens are no words of a report."""
    assert page.scalar(value) == text


def test_a_list_of_mappings_has_the_columns_of_all() -> None:
    """The second task has a licence and the first has none: there is a column for it."""
    assert page.columns([{"name": "a"}, {"name": "b", "licence": "MIT"}]) == ["name", "licence"]


def test_times_are_written_to_the_minute() -> None:
    """What is no time is left as it is."""
    assert page.moment("2025-03-01T09:30:59+00:00") == "2025-03-01 09:30 UTC"
    assert page.moment("yesterday") == "yesterday"


def test_a_claim_with_a_bare_verdict_is_rendered(document: Document) -> None:
    """A verdict of nothing but a claim and a reason is enough for a page."""
    bare = Verdict(document.verdicts[0].claim, Outcome.INCONCLUSIVE, "0 cases, 20 are needed", (), None)
    assert "no comparison could be made" in page.render(replace(document, verdicts=(bare,)))
