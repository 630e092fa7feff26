"""What a report says of a task is what its runs left."""

from dataclasses import replace
from typing import Any

import pytest

from harness.data import LeftOut
from harness.evidence.sources import Sources
from harness.runs.facts import CellFacts, task_facts
from harness.runs.selection import Selection, Tuning
from harness.settings import Protocol
from harness.tests.runs.made_up import CHOSEN, made_up

LAID_OUT = {"start": "<s>", "answers": {"bad": [" bad"], "goodness": [" good", "n", "ess"]}}


@pytest.fixture(scope="module")
def kept(sources: Sources) -> CellFacts:
    """Return the facts of the tiny task's best cell as a record."""
    chosen = sources.selection("toy")
    return CellFacts(sources.experiment.own_cell("toy", chosen, chosen.candidates[0]))


def test_cells_facts_are_those_of_its_runs(sources: Sources, kept: CellFacts) -> None:
    """Six demonstrations, the prefix' tokens, ICL's device, and the seconds of the four runs under their names."""
    zsl, icl, ft, finetuned = (sources.store.read(run).facts for run in kept.of.inputs)
    runs = {"ZSL": zsl, "ICL": icl, "finetuning": finetuned, "FT": ft}
    assert sources.store.read(kept).facts == {
        "demonstrations": 6,
        "tokens": icl["prefix_tokens"],
        "device": icl["device"],
        "seconds": {name: facts["seconds"] for name, facts in runs.items()},
    }
    assert kept.compute(sources.store).facts == sources.store.read(kept).facts


def test_cells_facts_rest_on_its_runs_and_have_their_key() -> None:
    """The key is the finetuning's, which names task, demonstrations and rate; all four runs are read."""
    cell = made_up().own_cell("toy", CHOSEN["toy"], 1)
    facts = CellFacts(cell)
    assert facts.key == cell.finetuned.key
    assert list(facts.inputs) == [cell.zsl, cell.icl, cell.ft, cell.finetuned]


def test_task_is_described_with_what_was_selected_from_what(sources: Sources, kept: CellFacts) -> None:
    """Data, template and examples; each set and rate that was tried, whether it was taken, and why not."""
    chosen, task = sources.selection("toy"), sources.experiment.tasks["toy"]
    made = sources.store.read(kept).facts
    said: Any = task_facts(sources.experiment, "toy", chosen, made, LAID_OUT)
    assert (said["name"], said["sha256"], said["licence"]) == ("toy", task.fingerprint, task.licence)
    assert said["template"] == "Input: {text} Type: bad / good"
    assert said["prompts begin with"] == "'<s>'"
    assert said["answer words"] == [
        {"word": "bad", "token scored": "' bad'", "which is": "the whole word"},
        {"word": "goodness", "token scored": "' good'", "which is": "the first of ' good' + 'n' + 'ess'"},
    ]
    assert said["test examples"] == f"30 of {len(task.test)}"
    assert said["demonstrations"] == f"6 used of 6 asked, {made['tokens']} tokens"
    assert said["selected on"] == "12 dev examples"
    assert [each["taken"] for each in said["demonstration sets tried"]].count("yes") == 1
    assert said["demonstration sets tried"][chosen.candidates[0]]["taken"] == "yes"
    assert said["rows left out"] == "none"
    assert (said["device"], said["seconds"]) == (made["device"], made["seconds"])


def test_diverged_rate_is_said(sources: Sources, kept: CellFacts) -> None:
    """At 1e38 finetuning overflows in its second step: the other rate is taken, and the facts say so."""
    made = sources.store.read(kept).facts
    said: Any = task_facts(sources.experiment, "toy", sources.selection("toy"), made, LAID_OUT)
    taken, diverged = said["learning rates tried"]
    assert (taken["learning rate"], taken["taken"]) == (2.0, "yes")
    assert taken["last bit moves answers by"].endswith(" times their gap")
    assert diverged == {
        "learning rate": 1e38,
        "FT accuracy": "diverged at step 2",
        "last bit moves answers by": "not tried",
        "taken": "no",
    }


def test_examples_that_are_selected_on_are_said_under_either_protocol() -> None:
    """30 test examples as the paper has it, 12 dev examples held out; accuracies in percent, none where there is none.

    By hand: 0.625 is 62 % (rounded to even), 0.5 is 50 %.
    """
    made = made_up()
    chosen = Selection((1,), 2.0, (0.5, 0.625), Tuning(2.0, (None, 0.5), (None, None)))
    ran = {"demonstrations": 5, "tokens": 70, "device": "cpu", "seconds": {}}
    paper = replace(made, settings=made.settings.model_copy(update={"protocol": Protocol.PAPER}))
    said: Any = [task_facts(e, "toy", chosen, ran, LAID_OUT) for e in (made, paper)]
    assert [of["selected on"] for of in said] == ["12 dev examples", "30 test examples"]
    assert [of["ICL accuracy"] for of in said[0]["demonstration sets tried"]] == ["50 %", "62 %"]
    assert [of["FT accuracy"] for of in said[0]["learning rates tried"]] == ["none", "50 %"]
    assert said[0]["demonstrations"] == "5 used of 6 asked, 70 tokens"


def test_random_sets_are_said_not_to_be_selected() -> None:
    """And which of them the learning rate was tuned on; all that were drawn are taken."""
    made = made_up()
    made = replace(made, settings=made.settings.model_copy(update={"selection": "random", "demonstration_sets": 2}))
    chosen = Selection((0, 1), 2.0, (0.5, 0.625), Tuning(2.0, (None, 0.5), (None, None)))
    ran = {"demonstrations": 5, "tokens": 70, "device": "cpu", "seconds": {}}
    said: Any = task_facts(made, "toy", chosen, ran, LAID_OUT)
    assert said["selected on"] == (
        "12 dev examples: the learning rate alone, with demonstration set 0; the sets are the first that were drawn"
    )
    assert [of["taken"] for of in said["demonstration sets tried"]] == ["yes", "yes"]


def test_rows_that_were_left_out_are_said_by_reason() -> None:
    """A row of the table each; the page shows lists of mappings so."""
    made = made_up()
    left = (LeftOut("train", "in test too", 3), LeftOut("test", "skipped: a text is empty", 1))
    toy = replace(made.tasks["toy"], left_out=left)
    chosen = Selection((1,), 2.0, (0.5, 0.625), Tuning(2.0, (None, 0.5), (None, None)))
    ran = {"demonstrations": 5, "tokens": 70, "device": "cpu", "seconds": {}}
    said: Any = task_facts(replace(made, tasks={**made.tasks, "toy": toy}), "toy", chosen, ran, LAID_OUT)
    assert said["rows left out"] == [
        {"of": "train", "reason": "in test too", "rows": 3},
        {"of": "test", "reason": "skipped: a text is empty", "rows": 1},
    ]
