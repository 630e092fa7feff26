"""Prompts of a run: what a variant changes of the demonstrations, and what it leaves as it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.sources import Sources
from harness.prompts import Prompts, draw_demonstrations
from harness.runs.finetuning import FinetuningRun
from harness.runs.loaded import load_builder
from harness.runs.prompting import prompts_of
from harness.runs.scoring import RecordingRun
from harness.runs.variants import Variant
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, select, sources_of

FULL = 1
"""Demonstration set of doll that leaves less room in a context of 256 tokens than toy's longest query needs."""


def _prompts(sources: Sources, task: str = "toy", candidate: int | None = None, **changes: Any) -> Prompts:
    taken = sources.selection(task).candidates[0] if candidate is None else candidate
    run = sources.experiment.beside(FinetuningRun, task, sources.chosen, taken, Variant(**changes))
    return prompts_of(run, sources.store)


def _own(sources: Sources, task: str = "toy", candidate: int | None = None) -> Prompts:
    taken = sources.selection(task).candidates[0] if candidate is None else candidate
    return prompts_of(sources.experiment.run(RecordingRun, task, Setting.ICL, taken), sources.store)


def _answers(prompts: Prompts) -> list[int]:
    """Return the demonstrations' answer tokens in the prefix, and check that finetuning reads the same texts."""
    texts = [prompts.prefix[first:last] for first, last in prompts.spans]
    assert [(prompts.start_token, *text) for text in texts] == list(prompts.demonstrations)
    return [text[-1] for text in texts]


def test_variant_that_changes_nothing_has_the_claims_own_prompts(controls: Sources) -> None:
    """The same demonstrations, before the first queries with their gold labels."""
    own, found = _own(controls), _prompts(controls)
    assert len(own.queries) == 30
    assert (found.prefix, found.spans, found.demonstrations) == (own.prefix, own.spans, own.demonstrations)
    assert (found.queries, found.gold) == (own.queries[:QUERIES], own.gold[:QUERIES])


def test_zero_shot_has_no_demonstrations(controls: Sources) -> None:
    """A start token stands before the same queries, and nothing else."""
    found = prompts_of(controls.experiment.run(RecordingRun, "toy", Setting.ZSL), controls.store)
    assert (found.spans, found.demonstrations) == ((), ())
    assert found.queries == _own(controls).queries


@pytest.mark.parametrize("labels", ["random", "flipped"])
def test_labels_change_the_answer_words_alone(controls: Sources, labels: str) -> None:
    """All other tokens of the prefix, and the queries with their gold labels, stay."""
    own, other = _prompts(controls), _prompts(controls, labels=labels)
    last = [end - 1 for _, end in own.spans]
    differing = np.flatnonzero(np.array(own.prefix) != np.array(other.prefix)).tolist()
    assert set(differing) <= set(last)
    assert differing == last if labels == "flipped" else 0 < len(differing) < len(last)
    assert set(_answers(other)) <= set(own.answer_tokens)
    assert (other.queries, other.gold, other.spans) == (own.queries, own.gold, own.spans)


def _drawn(sources: Sources, task: str, candidate: int, draw: int = 0) -> tuple[int, ...]:
    prompts = _prompts(sources, task, candidate, labels="random", draw=draw)
    return tuple(prompts.answer_tokens.index(answer) for answer in _answers(prompts))


def test_random_labels_are_the_seeds(both: Project, controls: Sources, tmp_path: Path) -> None:
    """Drawn again in another store they are the same; each demonstration set and task has labels of its own."""
    assert _drawn(sources_of(both, tmp_path), "toy", 0) == _drawn(controls, "toy", 0)
    assert len({_drawn(controls, task, candidate) for task in ("toy", "doll") for candidate in range(2)}) == 4


def test_each_draw_has_random_labels_of_its_own(controls: Sources) -> None:
    """Six labels, drawn four times: they differ, and the first draw is the one without a number."""
    assert len({_drawn(controls, "toy", 0, draw) for draw in range(4)}) > 2
    assert _drawn(controls, "toy", 0, 0) == _drawn(controls, "toy", 0)


def test_each_draw_has_orders_of_its_own(controls: Sources) -> None:
    """Order 1 of three draws: the same texts, three times in another order; order 0 is the drawn one in each."""
    found = [_prompts(controls, order=1, draw=draw).demonstrations for draw in range(3)]
    assert len(set(found)) == 3
    assert len({tuple(sorted(texts)) for texts in found}) == 1
    assert _prompts(controls, order=0, draw=2).demonstrations == _own(controls).demonstrations


def test_draw_changes_nothing_that_is_not_drawn(controls: Sources) -> None:
    """Flipped labels and another task's demonstrations are the same in every draw."""
    for changes in ({"labels": "flipped"}, {"another_task": True}):
        assert _prompts(controls, **changes, draw=1) == _prompts(controls, **changes)


def test_orders_are_permutations_of_the_same_demonstrations(controls: Sources) -> None:
    """Order 0 is the one drawn; 1 and 2 hold the same texts in two other orders."""
    own, one, other = (_prompts(controls, order=order).demonstrations for order in (0, 1, 2))
    assert sorted(own) == sorted(one) == sorted(other)
    assert len({own, one, other}) == 3
    assert own == _own(controls).demonstrations


def test_another_tasks_demonstrations_stand_before_this_tasks_queries(controls: Sources) -> None:
    """The prefix is doll's own, with its template and answer words; what finetuning reads is toy's."""
    own, other, doll = _prompts(controls), _prompts(controls, another_task=True), _own(controls, "doll")
    assert (other.prefix, other.spans) == (doll.prefix, doll.spans)
    assert (other.queries, other.demonstrations, other.answer_tokens) == (
        own.queries,
        own.demonstrations,
        own.answer_tokens,
    )
    back = _prompts(controls, "doll", 0, another_task=True)  # the last task's next is the first
    assert back.prefix == own.prefix


def test_demonstrations_are_as_many_as_the_claims_own_context_holds(both: Project, tmp_path: Path) -> None:
    """Of 30 asked for, ten or so fit beside the longest of all 30 queries: every variant has just these.

    The two control queries are shorter, and other orders would fit other texts.
    """
    sources = sources_of(both, tmp_path, demonstrations=30, control_queries=2)
    own = _own(sources, candidate=0)
    assert 5 < len(own.spans) < 15
    for changes in ({}, {"labels": "flipped"}, *({"order": i} for i in range(1, 6))):
        found = _prompts(sources, candidate=0, **changes)  # type: ignore[arg-type]
        assert sorted(text[:-1] for text in found.demonstrations) == sorted(text[:-1] for text in own.demonstrations)
        assert len(found.queries) == len(found.gold) == 2


def _words(sources: Sources, prompts: Prompts) -> list[str]:
    """Return the training texts in words, without the start token."""
    builder = load_builder(sources.experiment.model, sources.store.root)
    assert all(text[0] == prompts.start_token for text in prompts.demonstrations)
    return [builder.tokenizer.decode(text[1:]) for text in prompts.demonstrations]


def test_unrelated_texts_of_a_folder_are_its_pools_without_answers(controls: Sources) -> None:
    """As many as there are demonstrations, bare, of the pool and outside the set; the context and queries stay."""
    own, found = _prompts(controls, candidate=1), _prompts(controls, candidate=1, texts="unrelated")
    assert replace(found, demonstrations=own.demonstrations) == own
    texts = _words(controls, found)
    toy = controls.experiment.tasks["toy"]
    drawn = draw_demonstrations(toy, 6, 0, 1)
    assert len(set(texts)) == len(own.demonstrations) == 6
    assert set(texts) <= {e.texts["text"] for e in toy.demonstration_pool} - {e.texts["text"] for e in drawn}


def test_unrelated_texts_are_other_sources_where_there_are_any(controls: Sources) -> None:
    """Sentences that come with the task, none of the task's own; what the context does not hold is passed over."""
    texts = (*(f"w{i} w{i + 1} w{i}" for i in range(7)), "w9 " * 300, "w1" * 40_000)
    prompts = prompts_of(_with_unrelated(controls, texts), controls.store)
    found = _words(controls, prompts)
    assert len(set(found)) == 6
    assert set(found) <= set(texts[:7])


def _with_unrelated(sources: Sources, texts: tuple[str, ...], **changes: Any) -> FinetuningRun:
    variant = Variant(texts="unrelated", **changes)
    run = sources.experiment.beside(FinetuningRun, "toy", sources.chosen, 0, variant)
    return replace(run, task=replace(run.task, unrelated=texts))


def test_unrelated_texts_decide_the_key(controls: Sources) -> None:
    """Where they are read, and nowhere else: the claims' own runs have the keys that they had without them."""
    (one, other), texts = ("w1", "w2"), Variant(texts="unrelated")
    assert _with_unrelated(controls, (one,)).key != _with_unrelated(controls, (other,)).key
    runs = [replace(_with_unrelated(controls, (text,)), variant=Variant()) for text in (one, other)]
    assert runs[0].key == runs[1].key
    assert controls.experiment.beside(FinetuningRun, "toy", controls.chosen, 0, texts).key["unrelated"]


def test_each_draw_and_set_has_unrelated_texts_of_its_own(both: Project, controls: Sources, tmp_path: Path) -> None:
    """Drawn again in another store they are the same."""

    def drawn(sources: Sources, candidate: int, draw: int) -> tuple[tuple[int, ...], ...]:
        return _prompts(sources, candidate=candidate, texts="unrelated", draw=draw).demonstrations

    assert len({drawn(controls, candidate, draw) for candidate in (0, 1) for draw in range(3)}) == 6
    assert drawn(sources_of(both, tmp_path), 1, 2) == drawn(controls, 1, 2)


def test_too_few_unrelated_texts_are_one_error(controls: Sources) -> None:
    """It names the task, how many are asked and how many are there, and the option."""
    run = _with_unrelated(controls, ("w1", "w2", "w3 " * 300))
    with pytest.raises(HarnessError, match=r"'toy': 6 texts .* 2 are there .*--demonstrations"):
        prompts_of(run, controls.store)


def test_queries_that_do_not_fit_behind_another_task_are_one_error(both: Project, tmp_path: Path) -> None:
    """Toy's queries are longer than doll's, whose demonstrations leave no more room than its own need."""
    sources = sources_of(both, tmp_path, demonstrations=30)
    words = r"'toy'.*behind the demonstrations of 'doll'.* 256 tokens.*--demonstrations"
    select(sources, "doll", candidates=(FULL,))
    with pytest.raises(HarnessError, match=words):
        _prompts(sources, candidate=0, another_task=True)
