"""Control runs on the tiny project: a variant changes what it says and nothing else, and each is computed once."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Cell, Recording, Setting
from harness.errors import HarnessError
from harness.prompts import Prompts
from harness.runs.control_runs import ControlRuns, Variant
from harness.tests.models.families import snapshot
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, controls_of, entries, select, two_tasks

FULL = 1
"""Demonstration set of doll that leaves less room in a context of 256 tokens than toy's longest query needs."""
SETTINGS = ("zsl", "icl", "ft")
CHANGES: dict[str, tuple[Variant, set[str]]] = {
    "fresh": (Variant(weights="fresh"), {"zsl", "icl", "ft"}),
    "shuffled": (Variant(weights="shuffled"), {"zsl", "icl", "ft"}),
    "random labels": (Variant(labels="random"), {"icl", "ft"}),
    "flipped labels": (Variant(labels="flipped"), {"icl", "ft"}),
    "order": (Variant(order=1), {"icl", "ft"}),
    "another task": (Variant(another_task=True), {"icl"}),
    "layer-causal": (Variant(gradient="layer_causal"), {"ft"}),
}


@pytest.fixture(scope="module")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that this module's tests share."""
    return tmp_path_factory.mktemp("controls")


@pytest.fixture(scope="module")
def controls(both: Project, store: Path) -> ControlRuns:
    """Return control runs on eight of 30 queries of two tasks."""
    return controls_of(both, store)


def _best(controls: ControlRuns, task: str = "toy") -> int:
    return controls.runner.selection(task).candidates[0]


def _cell(controls: ControlRuns, variant: Variant) -> Cell:
    return controls.cell("toy", _best(controls), variant)


def _prompts(controls: ControlRuns, **changes: Any) -> Prompts:
    return controls.prompts("toy", _best(controls), Variant(**changes))


def _same(one: Recording, other: Recording) -> bool:
    names = [field.name for field in fields(Recording)][1:]
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names)


def test_variant_that_changes_nothing_is_the_claims_own_runs(controls: ControlRuns) -> None:
    """The first queries of every array, without padding that only longer queries needed; the rest as it was."""
    own, cut = controls.runner.cell("toy", _best(controls)), _cell(controls, Variant())
    longest = max(map(len, _prompts(controls).queries))
    assert longest < own.zsl.scores_query.shape[3]
    for setting in SETTINGS:
        whole, first = getattr(own, setting), getattr(cut, setting)
        bounded = replace(whole, scores_query=whole.scores_query[..., :longest])
        kept = {f.name: getattr(bounded, f.name)[:QUERIES] for f in fields(Recording) if f.name != "setting"}
        assert _same(first, Recording(setting=whole.setting, **kept))
    assert cut.spans == own.spans
    assert np.array_equal(cut.training_queries, own.training_queries)


@pytest.mark.parametrize("name", CHANGES)
def test_variant_changes_what_it_says_and_nothing_else(controls: ControlRuns, name: str) -> None:
    """Settings that a variant does not touch are the claims' own to the last bit; those that it does differ."""
    variant, expected = CHANGES[name]
    assert (variant.changes_icl, variant.changes_ft) == ("icl" in expected, "ft" in expected)
    own, found = _cell(controls, Variant()), _cell(controls, variant)
    changed = {s for s in SETTINGS if not np.array_equal(getattr(own, s).attn_out, getattr(found, s).attn_out)}
    assert changed == expected
    assert all(_same(getattr(own, s), getattr(found, s)) for s in set(SETTINGS) - expected)
    assert np.array_equal(own.training_queries, found.training_queries) == ("ft" not in expected)
    assert all(getattr(found, s).scores_query.shape == own.zsl.scores_query.shape for s in SETTINGS)
    assert found.zsl.gold.tolist() == own.zsl.gold.tolist()


def _answers(prompts: Prompts) -> list[int]:
    """Return the demonstrations' answer tokens in the prefix, and check that finetuning reads the same texts."""
    texts = [prompts.prefix[first:last] for first, last in prompts.spans]
    assert [(prompts.start_token, *text) for text in texts] == list(prompts.demonstrations)
    return [text[-1] for text in texts]


@pytest.mark.parametrize("labels", ["random", "flipped"])
def test_labels_change_the_answer_words_alone(controls: ControlRuns, labels: str) -> None:
    """All other tokens of the prefix, and the queries with their gold labels, stay."""
    own, other = _prompts(controls), _prompts(controls, labels=labels)
    last = [end - 1 for _, end in own.spans]
    differing = np.flatnonzero(np.array(own.prefix) != np.array(other.prefix)).tolist()
    assert set(differing) <= set(last)
    assert differing == last if labels == "flipped" else 0 < len(differing) < len(last)
    assert set(_answers(other)) <= set(own.answer_tokens)
    assert (other.queries, other.gold, other.spans) == (own.queries, own.gold, own.spans)


def test_random_labels_are_the_seeds(both: Project, controls: ControlRuns, tmp_path: Path) -> None:
    """Drawn again in another store they are the same; each demonstration set and task has labels of its own."""

    def drawn(source: ControlRuns, task: str, candidate: int) -> tuple[int, ...]:
        prompts = source.prompts(task, candidate, Variant(labels="random"))
        return tuple(prompts.answer_tokens.index(answer) for answer in _answers(prompts))

    assert drawn(controls_of(both, tmp_path), "toy", 0) == drawn(controls, "toy", 0)
    assert len({drawn(controls, task, candidate) for task in ("toy", "doll") for candidate in range(2)}) == 4


def test_orders_are_permutations_of_the_same_demonstrations(controls: ControlRuns) -> None:
    """Order 0 is the one drawn; 1 and 2 hold the same texts in two other orders."""
    own, one, other = (_prompts(controls, order=order).demonstrations for order in (0, 1, 2))
    assert sorted(own) == sorted(one) == sorted(other)
    assert len({own, one, other}) == 3
    assert own == controls.runs.prompts("toy", "test", _best(controls)).demonstrations


def test_another_tasks_demonstrations_stand_before_this_tasks_queries(controls: ControlRuns) -> None:
    """The prefix is doll's own, with its template and answer words; what finetuning reads is toy's."""
    own, other = _prompts(controls), _prompts(controls, another_task=True)
    doll = controls.runs.prompts("doll", "test", _best(controls, "doll"))
    assert (other.prefix, other.spans) == (doll.prefix, doll.spans)
    assert (other.queries, other.demonstrations, other.answer_tokens) == (
        own.queries,
        own.demonstrations,
        own.answer_tokens,
    )
    back = controls.prompts("doll", 0, Variant(another_task=True))  # the last task's next is the first
    assert back.prefix == own.prefix


def test_demonstrations_are_as_many_as_the_claims_own_context_holds(both: Project, tmp_path: Path) -> None:
    """Of 30 asked for, ten or so fit beside the longest of all 30 queries: every variant has just these.

    The two control queries are shorter, and other orders would fit other texts.
    """
    controls = controls_of(both, tmp_path, demonstrations=30, control_queries=2)
    own = controls.runs.prompts("toy", "test", 0)
    assert 5 < len(own.spans) < 15
    for variant in (Variant(), Variant(labels="flipped"), *(Variant(order=i) for i in range(1, 6))):
        found = controls.prompts("toy", 0, variant)
        questions = sorted(text[:-1] for text in found.demonstrations)
        assert questions == sorted(text[:-1] for text in own.demonstrations)
        assert len(found.queries) == len(found.gold) == 2


def test_queries_that_do_not_fit_behind_another_task_are_one_error(both: Project, tmp_path: Path) -> None:
    """Toy's queries are longer than doll's, whose demonstrations leave no more room than its own need."""
    controls = controls_of(both, tmp_path, demonstrations=30)
    words = r"'toy'.*behind the demonstrations of 'doll'.* 256 tokens.*--demonstrations"
    select(controls, "doll", candidates=(FULL,))
    with pytest.raises(HarnessError, match=words):
        controls.prompts("toy", 0, Variant(another_task=True))


@pytest.mark.parametrize("weights", ["fresh", "shuffled"])
def test_rivals_leave_the_model_as_it_was(both: Project, tmp_path: Path, weights: Any) -> None:
    """Drawing, running and finetuning a rival changes no weight of the trained model."""
    controls = controls_of(both, tmp_path)
    before = snapshot(controls.runs.model)
    _cell(controls, Variant(weights=weights))
    after = snapshot(controls.runs.model)
    assert all(bool((after[name] == before[name]).all()) for name in before)


def test_layer_causal_descent_starts_where_finetuning_does(controls: ControlRuns) -> None:
    """The first demonstration is read before any step: the same query vectors; those after it differ."""
    own, causal = (_cell(controls, Variant(gradient=g)).training_queries for g in ("whole", "layer_causal"))
    first = len(_prompts(controls).demonstrations[0])
    np.testing.assert_allclose(causal[:, :first], own[:, :first], atol=1e-5)
    assert np.abs(causal[:, first:] - own[:, first:]).max() > 1e-3


@pytest.mark.parametrize("variant", [Variant(weights="shuffled"), Variant(labels="random")])
def test_rate_that_diverges_gives_way_to_the_next_smaller(both: Project, tmp_path: Path, variant: Variant) -> None:
    """At 1e38 every update overflows: of the grid 0.5, 2 and 1e38 the control takes 2, and its facts say so."""
    controls = controls_of(both, tmp_path, learning_rates=(0.5, 1e38, 2.0))
    select(controls, learning_rate=1e38)
    assert controls.learning_rate("toy", 0, variant) == 2.0
    (entry,) = entries(tmp_path, "control_finetuned")
    assert entry["facts"]["learning_rate"] == 2.0
    assert len(entry["facts"]["losses"]) == 6


def test_rates_above_the_selected_one_are_not_tried(both: Project, tmp_path: Path) -> None:
    """The selected rate holds for the control too: it is taken, though a larger one is in the grid."""
    controls = controls_of(both, tmp_path, learning_rates=(0.5, 2.0))
    select(controls, learning_rate=0.5)
    assert controls.learning_rate("toy", 0, Variant(labels="random")) == 0.5
    assert controls.learning_rate("toy", 0, Variant(another_task=True)) == 0.5


def test_control_that_always_diverges_is_one_error(both: Project, tmp_path: Path) -> None:
    """It names the task, the control and the option, and leaves nothing in the store."""
    controls = controls_of(both, tmp_path, learning_rates=(1e38, 2e38))
    controls.runner._selected["toy"] = replace(controls_of(both, tmp_path).runner.selection("toy"), learning_rate=2e38)
    words = r"'toy': .*\(weights shuffled, labels random\) diverged at every .* up to 2e\+38.*--learning-rates"
    with pytest.raises(HarnessError, match=words):
        controls.learning_rate("toy", 0, Variant(weights="shuffled", labels="random"))
    assert entries(tmp_path, "control_finetuned") == []


def test_next_tokens_are_those_of_the_three_settings(controls: ControlRuns) -> None:
    """At the answer words they are the recorded logits, FT's under FT's weights; the model is as before."""
    before = snapshot(controls.runs.model)
    found, own = controls.next_token("toy", _best(controls)), _cell(controls, Variant())
    words = list(_prompts(controls).answer_tokens)
    for setting, recording in ((Setting.ZSL, own.zsl), (Setting.ICL, own.icl), (Setting.FT, own.ft)):
        assert found[setting].shape == (QUERIES, controls.runs.model.network.config.vocab_size)
        np.testing.assert_allclose(found[setting][:, words], recording.label_logits, rtol=0, atol=1e-4)
    after = snapshot(controls.runs.model)
    assert all(bool((after[name] == before[name]).all()) for name in before)


def test_more_control_queries_than_queries_are_all_of_them(both: Project, tmp_path: Path) -> None:
    """Forty are the default, and a small run has fewer."""
    assert controls_of(both, tmp_path, control_queries=40).number == 30
