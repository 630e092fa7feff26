"""What is fitted to: ICL on queries that are neither demonstrations nor in dev or test; and where there are too few."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.data import Setting, Task
from harness.errors import HarnessError
from harness.evidence.sources import Sources
from harness.models.scoring import score
from harness.prompts import Prompts, draw_demonstrations
from harness.runs.finetuning import FinetuningRun
from harness.runs.imitated import imitated_by, queries_of, reason_against, to_distil_from
from harness.runs.loaded import builder_of, model_of
from harness.runs.prompting import prompts_of
from harness.runs.scoring import RecordingRun
from harness.runs.variants import Variant
from harness.tasks.split import make_example

OUTPUTS, ANSWERS = Variant(update="distilled_outputs"), Variant(update="distilled_answers")


def fitted(sources: Sources, variant: Variant = OUTPUTS, candidate: int = 0, **strength: Any) -> FinetuningRun:
    """Return toy's run whose weights are fitted to ICL, by another strength than the suite's."""
    run = sources.experiment.cell("toy", sources.chosen, candidate, variant).finetuned
    assert run.distillation is not None
    return replace(run, distillation=replace(run.distillation, **strength))


def texts(sources: Sources, queries: tuple[tuple[int, ...], ...]) -> set[str]:
    """Return what the tokens of queries say."""
    tokenizer = builder_of(fitted(sources), sources.store).tokenizer
    return {tokenizer.decode(query) for query in queries}


def asked(task: Task, *examples: Any) -> set[str]:
    """Return the queries of examples."""
    return {task.template.format_map(example.texts) for example in examples}


@pytest.mark.parametrize("candidate", [0, 1])
def test_queries_are_neither_demonstrations_nor_in_dev_or_test(controls: Sources, candidate: int) -> None:
    """Of the pool's 120 or so all others are taken, each once; to stop on, the first of dev."""
    run = fitted(controls, candidate=candidate)
    task = run.task
    train, dev = queries_of(run, controls.store)
    shown = draw_demonstrations(task, 6, 0, candidate)
    pool = asked(task, *task.demonstration_pool)
    assert texts(controls, train.queries) == pool - asked(task, *shown)
    assert len(train.queries) == len(pool) - 6 == len(to_distil_from(run)) > 100
    assert not texts(controls, train.queries) & asked(task, *shown, *task.dev, *task.test)
    assert texts(controls, dev.queries) == asked(task, *task.dev[:12])


def test_example_that_is_elsewhere_too_is_no_query(controls: Sources) -> None:
    """By content: a pool that holds a demonstration again, and an example of dev and of test under another label."""
    run = fitted(controls)
    shown = draw_demonstrations(run.task, 6, 0, 0)
    again = [make_example({"text": e.texts["text"].upper()}, 1 - e.label) for e in (run.task.dev[3], run.task.test[39])]
    task = replace(run.task, demonstration_pool=(*run.task.demonstration_pool, *again))
    assert {e.content_hash for e in again} <= {e.content_hash for e in (*task.dev, *task.test)}
    found = {e.content_hash for e in to_distil_from(replace(run, task=task))}
    here = {e.content_hash for e in draw_demonstrations(task, 6, 0, 0)}
    assert not found & ({e.content_hash for e in again} | here)
    assert len(shown) == len(here) == 6


def test_prompts_are_the_variants_own(controls: Sources) -> None:
    """The demonstrations are those that the variant's ICL reads, under its labels and in its order."""
    for variant in (OUTPUTS, replace(OUTPUTS, labels="flipped"), replace(ANSWERS, order=1)):
        found, _ = queries_of(fitted(controls, variant), controls.store)
        icl = controls.experiment.cell("toy", controls.chosen, 0, variant).icl
        expected = prompts_of(icl, controls.store)
        assert (found.prefix, found.spans) == (expected.prefix, expected.spans)


def test_queries_are_drawn_by_the_seed(controls: Sources) -> None:
    """Forty of them: the same again, others in another draw and under another set; the number is the strength's."""
    runs = [fitted(controls, replace(OUTPUTS, draw=d), c, queries=40) for d, c in ((0, 0), (0, 0), (1, 0), (0, 1))]
    one, again, drawn, other = (queries_of(run, controls.store)[0].queries for run in runs)
    assert one == again
    assert len({one, drawn, other}) == 3
    assert {len(queries) for queries in (one, drawn, other)} == {40}


@pytest.mark.parametrize("part", ["train", "dev"])
def test_what_is_imitated_is_icl(controls: Sources, part: str) -> None:
    """Answers and outputs are those that the untouched model gives behind the demonstrations, query by query."""
    run = imitated_by(fitted(controls, queries=20, least=20))
    found = controls.store.find_or_run(run)
    prompts: Prompts = dict(zip(("train", "dev"), queries_of(run, controls.store), strict=True))[part]
    expected = score(model_of(run, controls.store), prompts, Setting.ICL)
    np.testing.assert_allclose(found.tensors[f"{part}_answers"], expected.label_logits, atol=1e-5)
    np.testing.assert_allclose(found.tensors[f"{part}_outputs"], expected.attn_out, atol=1e-5)
    assert found.facts == {"queries": 20, "dev_queries": 12}


def test_both_forms_imitate_one_run(controls: Sources) -> None:
    """Scored once: form is not in its key; demonstrations, draw and strength are, and no learning rate."""
    one, other = (imitated_by(fitted(controls, variant)) for variant in (OUTPUTS, ANSWERS))
    assert one == other
    assert one.kind == "control_imitated"
    assert "learning_rate" not in one.key
    more = [
        fitted(controls, candidate=1),
        fitted(controls, replace(OUTPUTS, draw=1)),
        fitted(controls, replace(OUTPUTS, labels="flipped")),
        fitted(controls, queries=40),
    ]
    places = {controls.store.place(imitated_by(run)) for run in (*more, fitted(controls))}
    assert len(places) == 5


def test_work_is_that_of_scoring_the_queries_under_icl(controls: Sources) -> None:
    """128 and 12 of them, as a recording of as many."""
    run = imitated_by(fitted(controls))
    assert run.cost == run.becoming(RecordingRun, setting=Setting.ICL, number=140).cost


def test_task_with_too_few_queries_is_refused(controls: Sources) -> None:
    """Where fewer are left than it takes, and beforehand: the reason names task, numbers and options."""
    enough = fitted(controls)
    left = len(to_distil_from(enough))
    assert reason_against(fitted(controls, least=left)) is None
    run = fitted(controls, least=left + 1)
    reason = reason_against(run)
    assert reason is not None
    assert f"task 'toy': {left} examples of its pool are neither demonstrations nor in dev or test" in reason
    assert f"takes at least {left + 1}; ask for fewer --demonstrations or bring more data" in reason
    with pytest.raises(HarnessError) as error:
        controls.store.find_or_run(run)
    assert str(error.value) == reason
    assert controls.store.find(run) is controls.store.find(imitated_by(run)) is None


@pytest.mark.parametrize("dev", [0, 11])
def test_task_without_dev_is_refused(controls: Sources, dev: int) -> None:
    """With fewer than are to be stopped on; one error, and beforehand."""
    run = fitted(controls)
    run = replace(run, task=replace(run.task, dev=run.task.dev[:dev], fingerprint="0" * 64))
    words = rf"'toy' has {dev} dev examples, and distillation stops on 12; .* --dev-queries"
    with pytest.raises(HarnessError, match=words):
        queries_of(run, controls.store)
    assert reason_against(run) is not None


def test_queries_that_do_not_fit_are_passed_over(controls: Sources) -> None:
    """Too long ones for the room behind the demonstrations; where too few are left it is said, of dev if none is."""
    run = fitted(controls, least=32)
    room = builder_of(run, controls.store).context_length - len(prompts_of(run, controls.store).prefix)
    pool = list(run.task.demonstration_pool)
    taken = {e.content_hash for e in draw_demonstrations(run.task, 6, 0, 0)}
    long = [
        e
        if e.content_hash in taken or i % 2
        else make_example({"text": f"{e.texts['text']} {'w1 ' * (room if i % 4 else 10**5)}"}, e.label)
        for i, e in enumerate(pool)
    ]
    train, _ = queries_of(replace(run, task=replace(run.task, demonstration_pool=tuple(long))), controls.store)
    assert 32 <= len(train.queries) < 70
    assert max(map(len, train.queries)) <= room
    few = replace(run, task=replace(run.task, demonstration_pool=(*pool[:0], *(e for e in long))))
    with pytest.raises(HarnessError, match=r"examples of its pool fit behind the demonstrations, .* at least 100"):
        queries_of(_at_least(few, 100), controls.store)
    none = tuple(make_example({"text": "w1 " * room + e.texts["text"]}, e.label) for e in run.task.dev)
    with pytest.raises(HarnessError, match=r"none of 12 dev queries fits behind the demonstrations"):
        queries_of(replace(run, task=replace(run.task, dev=none)), controls.store)


def _at_least(run: FinetuningRun, least: int) -> FinetuningRun:
    assert run.distillation is not None
    return replace(run, distillation=replace(run.distillation, least=least))
