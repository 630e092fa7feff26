"""What stands beside a verdict on the best sets: its words on the page, its place in the JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.report import page, sentences
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Estimate
from harness.tests.report.made_up import ON_BEST_SETS
from harness.tests.report.tags import Tags


def section(document: Document) -> str:
    """Return the page of the first claim alone."""
    return page.render(replace(document, verdicts=document.verdicts[:1]))


def test_words_for_the_best_sets() -> None:
    """Which they are and what they speak of; chosen on what is reported, that they look better."""
    assert sentences.best_sets_title(ON_BEST_SETS) == "The paper's way, the best of the 5 sets on dev"
    assert sentences.best_sets(ON_BEST_SETS) == (
        "The paper reports one set of demonstrations a task, the best of several. Here that is the one after which ICL "
        "answers most queries right on dev (movie: set 3, tweet: set 0, subject: set 1, headline: set 0). Judged by "
        "the same rule, not corrected for other claims. It speaks of other test examples after these very "
        "demonstrations, not of other demonstrations. It decides nothing: the verdict is that of all sets."
    )
    same = replace(ON_BEST_SETS, selected_on="test")
    assert sentences.best_sets_title(same).endswith("on the reported examples")
    assert "Chosen on the examples that are reported, it looks better than it is. It decides" in sentences.best_sets(
        same
    )


def test_it_stands_under_the_claims_own_comparisons(document: Document) -> None:
    """Its word is not in a badge, which is the verdict's, and the claim's own table comes first."""
    html = section(document)
    text = Tags(html).text
    assert "The paper's way, the best of the 5 sets on dev: inconclusive" in text
    assert (
        text.index("[+12.1, +18.7]") < text.index(sentences.best_sets(ON_BEST_SETS)) < text.index("[\u22122.4, +4.1]")
    )
    assert html.count('class="badge supported"') > html.count('class="badge inconclusive"') == 1  # in the legend


def test_claim_without_it_says_nothing_of_it(document: Document) -> None:
    """No other claim of the run has one."""
    assert page.render(document).count("The paper&#39;s way") == 1
    assert "The paper&#39;s way" not in page.render(replace(document, verdicts=document.verdicts[1:]))


def test_what_could_not_be_estimated_says_why(document: Document, no_estimate: Estimate) -> None:
    """A dash for each figure, and the reason under the name."""
    part = replace(ON_BEST_SETS.parts[0], estimate=no_estimate)
    first = replace(document.verdicts[0], on_best_sets=replace(ON_BEST_SETS, parts=(part,)))
    html = section(replace(document, verdicts=(first,)))
    assert "ICL beats ZSL<small>0 cases, 20 are needed</small>" in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{ 7 * 7 }}"])
def test_names_of_tasks_and_comparisons_are_text(document: Document, text: str) -> None:
    """As they are spelt, and no markup."""
    part = replace(ON_BEST_SETS.parts[0], name=text, unit=text)
    found = replace(ON_BEST_SETS, parts=(part,), numbers={text: 1}, selected_on=text)
    first = replace(document.verdicts[0], on_best_sets=found)
    tags = Tags(section(replace(document, verdicts=(first,))))
    assert f"({text}: set 1)" in tags.text
    assert "script" not in tags.names


def _of_before(document: Document) -> dict[str, Any]:
    """Return a report's data as suites wrote them that knew of no best sets."""
    data: dict[str, Any] = json.loads(to_json(document))
    for verdict in data["verdicts"]:
        del verdict["on_best_sets"], verdict["claim"]["on_best_sets"]
    return data


def test_reports_of_before_are_still_read(document: Document) -> None:
    """They have none: what is not there is what a claim has that knows of no such thing, and all else is read."""
    back = from_json(json.dumps(_of_before(document)))
    assert back.verdicts == (replace(document.verdicts[0], on_best_sets=None), *document.verdicts[1:])


def test_no_other_field_may_be_missing(document: Document) -> None:
    """Of the same records, and of what stands beside."""
    for where, name in ((("claim",), "presumes"), ((), "margin"), (("on_best_sets",), "of")):
        data: Any = json.loads(to_json(document))
        at = data["verdicts"][0]
        for key in where:
            at = at[key]
        del at[name]
        with pytest.raises(HarnessError, match=rf"lacks report\.verdicts\[0\].*{name}"):
            from_json(json.dumps(data))


def test_it_is_in_the_json(document: Document) -> None:
    """Sets by task, and each comparison with its interval and word."""
    found = json.loads(to_json(document))["verdicts"][0]["on_best_sets"]
    assert (found["outcome"], found["numbers"], found["of"]) == ("INCONCLUSIVE", dict(ON_BEST_SETS.numbers), 5)
    assert (found["parts"][0]["outcome"], found["parts"][0]["estimate"]["high"]) == ("INCONCLUSIVE", 0.041)
