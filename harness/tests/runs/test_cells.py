"""What is measured on: the recordings of one cell, of which a variant changes what it says and nothing else."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Cell, Recording, Setting
from harness.evidence.evidence import Evidence
from harness.evidence.measuring import Measurement
from harness.evidence.questions import OnTasks
from harness.evidence.sources import Sources
from harness.runs.cells import OrdersOfSets, SeveralCells, first_of
from harness.runs.finetuning import FinetuningRun
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.variants import Variant
from harness.tests.models.families import snapshot
from harness.tests.tiny import Project, ready
from harness.tests.two_tasks import QUERIES, entries, sources_of

SETTINGS = ("zsl", "icl", "ft")
CHANGES: dict[str, tuple[Variant, set[str]]] = {
    "fresh": (Variant(weights="fresh"), {"zsl", "icl", "ft"}),
    "shuffled": (Variant(weights="shuffled"), {"zsl", "icl", "ft"}),
    "random labels": (Variant(labels="random"), {"icl", "ft"}),
    "flipped labels": (Variant(labels="flipped"), {"icl", "ft"}),
    "order": (Variant(order=1), {"icl", "ft"}),
    "another task": (Variant(another_task=True), {"icl"}),
    "layer-causal": (Variant(gradient="layer_causal"), {"ft"}),
    "trained embeddings": (Variant(weights="embeddings"), {"zsl", "icl", "ft"}),
    "trained norms": (Variant(weights="norms"), {"zsl", "icl", "ft"}),
    "random update": (Variant(update="random"), {"ft"}),
    "unrelated texts": (Variant(texts="unrelated"), {"ft"}),
    "distilled": (Variant(update="distilled_outputs"), {"ft"}),
}
DRAWN = (
    "fresh",
    "shuffled",
    "random labels",
    "order",
    "trained embeddings",
    "trained norms",
    "random update",
    "unrelated texts",
    "distilled",
)
AGAIN = {f"{name}, draw 1": (replace(CHANGES[name][0], draw=1), CHANGES[name][1]) for name in DRAWN}


def _best(sources: Sources) -> int:
    return sources.selection("toy").candidates[0]


def _cell(sources: Sources, variant: Variant) -> Cell:
    return sources.experiment.cell("toy", sources.chosen, _best(sources), variant).read(sources.store)


def _own(sources: Sources, candidate: int | None = None) -> Cell:
    taken = _best(sources) if candidate is None else candidate
    return sources.experiment.own_cell("toy", sources.selection("toy"), taken).read(sources.store)


def _same(one: Recording, other: Recording) -> bool:
    names = [field.name for field in fields(Recording)][1:]
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names)


def test_cell_holds_every_training_token(sources: Sources) -> None:
    """Each demonstration's tokens and a start token were trained on; ICL's prefix has a separator for it."""
    cell = _own(sources, 0)
    tokens = sum(last - first + 1 for first, last in cell.spans)
    assert (len(cell.spans), cell.training_queries.shape[1]) == (6, tokens)
    assert cell.icl.scores_context.shape[2] == tokens + 1


def test_cell_holds_the_three_settings(sources: Sources) -> None:
    """Each recording is of its own setting: ZSL and FT read a start token alone, and FT has weights of its own."""
    cell = _own(sources, 0)
    assert [cell.zsl.setting, cell.icl.setting, cell.ft.setting] == [Setting.ZSL, Setting.ICL, Setting.FT]
    assert cell.zsl.scores_context.shape[2] == cell.ft.scores_context.shape[2] == 1 < cell.icl.scores_context.shape[2]
    assert not np.isclose(cell.ft.label_logits, cell.zsl.label_logits, atol=1e-6).all(axis=1).any()


def test_two_demonstration_sets_are_two_rows(project: Project, tmp_path: Path) -> None:
    """Arrays are [set, example] and [set, example, layer]; ZSL is the same under both, ICL is not."""
    asked = OnTasks("accuracy"), OnTasks("sim_aou")
    two = Evidence(ready(project.settings(tmp_path, demonstration_sets=2), *asked))
    zsl, icl = two.of(asked[0], "zsl")["toy"], two.of(asked[0], "icl")["toy"]
    assert (zsl.shape, two.of(asked[1], "ft")["toy"].shape) == ((2, 30), (2, 30, 2))
    assert np.array_equal(zsl[0], zsl[1])
    assert not np.array_equal(icl[0], icl[1])


def test_variant_that_changes_nothing_is_the_claims_own_runs(controls: Sources) -> None:
    """The first queries of every array, without padding that only longer queries needed; the rest as it was."""
    own, cut = _own(controls), _cell(controls, Variant())
    run = controls.experiment.beside(FinetuningRun, "toy", controls.chosen, _best(controls), Variant())
    longest = max(map(len, prompts_of(run, controls.store).queries))
    assert longest < own.zsl.scores_query.shape[3]
    for setting in SETTINGS:
        whole, first = getattr(own, setting), getattr(cut, setting)
        bounded = replace(whole, scores_query=whole.scores_query[..., :longest])
        kept = {f.name: getattr(bounded, f.name)[:QUERIES] for f in fields(Recording) if f.name != "setting"}
        assert _same(first, Recording(setting=whole.setting, **kept))
    assert cut.spans == own.spans
    assert np.array_equal(cut.training_queries, own.training_queries)


def test_first_of_all_is_the_recording_itself(controls: Sources) -> None:
    """As many as there are: nothing is cut, and nothing copied."""
    whole = _own(controls).icl
    assert first_of(whole, 30) is whole


@pytest.mark.parametrize("name", [*CHANGES, *AGAIN])
def test_variant_changes_what_it_says_and_nothing_else(controls: Sources, name: str) -> None:
    """Settings that a variant does not touch are the claims' own to the last bit; those that it does differ."""
    variant, expected = (CHANGES | AGAIN)[name]
    assert (variant.changes_icl, variant.changes_ft) == ("icl" in expected, "ft" in expected)
    own, found = _cell(controls, Variant()), _cell(controls, variant)
    changed = {s for s in SETTINGS if not np.array_equal(getattr(own, s).attn_out, getattr(found, s).attn_out)}
    assert changed == expected
    assert all(_same(getattr(own, s), getattr(found, s)) for s in set(SETTINGS) - expected)
    stepped = "ft" in expected and variant.update != "random"
    assert np.array_equal(own.training_queries, found.training_queries) != stepped
    assert all(getattr(found, s).scores_query.shape == own.zsl.scores_query.shape for s in SETTINGS)
    assert found.zsl.gold.tolist() == own.zsl.gold.tolist()


@pytest.mark.parametrize("name", DRAWN)
def test_each_draw_is_another_cell(controls: Sources, name: str) -> None:
    """In two draws of what is drawn every setting that the variant reaches has other outputs."""
    variant, expected = CHANGES[name]
    one, other = (_cell(controls, replace(variant, draw=draw)) for draw in (0, 1))
    changed = {s for s in SETTINGS if not np.array_equal(getattr(one, s).attn_out, getattr(other, s).attn_out)}
    assert changed == expected


def test_spans_are_those_of_the_context(controls: Sources) -> None:
    """Behind another task they are of its demonstrations, which are shorter."""
    own, behind = _cell(controls, Variant()), _cell(controls, Variant(another_task=True))
    lengths = [sum(last - first for first, last in cell.spans) for cell in (own, behind)]
    assert lengths[1] < lengths[0]
    assert behind.icl.scores_context.shape[2] < own.icl.scores_context.shape[2]


def test_across_sets_nothing_is_run_anew(project: Project, tmp_path: Path) -> None:
    """ICL is one set's, FT and what it saw in training the other's, to the last bit, and no entry is written."""
    sources = ready(project.settings(tmp_path, demonstration_sets=2), OnTasks("accuracy"))
    chosen, made = sources.selection("toy"), sources.experiment
    one, other = (made.own_cell("toy", chosen, c).read(sources.store) for c in (0, 1))
    before = sorted(tmp_path.glob("runs/*/*"))
    found = made.across("toy", chosen, 0, 1).read(sources.store)
    assert sorted(tmp_path.glob("runs/*/*")) == before
    assert _same(found.zsl, one.zsl)
    assert _same(found.icl, one.icl)
    assert found.spans == one.spans
    assert _same(found.ft, other.ft)
    assert not np.array_equal(found.ft.attn_out, one.ft.attn_out)
    assert np.array_equal(found.training_queries, other.training_queries)
    assert not found.trained_on_context


def test_across_one_set_is_refused(sources: Sources) -> None:
    """It would be the claims' own cell under another name."""
    with pytest.raises(ValueError, match="set 0 stands in the context and is finetuned on"):
        sources.experiment.across("toy", sources.selection("toy"), 0, 0)


def test_training_and_context_are_matched_where_they_hold_the_same_texts(controls: Sources) -> None:
    """Not where unrelated texts are read, or none, nor where another task's demonstrations stand in the context."""
    without = {"another task", "unrelated texts", "distilled"}
    for name, (variant, _) in CHANGES.items():
        cell = controls.experiment.cell("toy", controls.chosen, _best(controls), variant)
        assert cell.trained_on_context == (name not in without), name


def test_zero_shot_is_run_once_for_the_same_weights(both: Project, tmp_path: Path) -> None:
    """Fresh weights under gold and flipped labels, two orders and two sets: one zero-shot run, an ICL and FT each."""
    sources, fresh = sources_of(both, tmp_path), Variant(weights="fresh")
    flipped, turned = replace(fresh, labels="flipped"), replace(fresh, order=1)
    for candidate, variant in ((0, fresh), (0, flipped), (0, turned), (1, fresh)):
        sources.experiment.cell("toy", sources.chosen, candidate, variant).read(sources.store)
    settings = [entry["key"]["setting"] for entry in entries(tmp_path, "control_recording")]
    assert {setting: settings.count(setting) for setting in set(settings)} == {"zsl": 1, "icl": 4, "ft": 4}


def test_start_is_the_same_at_any_rate_and_by_any_descent(controls: Sources) -> None:
    """What precedes the first step does not depend on the steps, but on the set, the weights and the texts."""
    made, chosen = controls.experiment, controls.chosen

    def start(variant: Variant, candidate: int = 0, rate: float | None = None) -> Any:
        given = chosen if rate is None else {task: replace(c, learning_rate=rate) for task, c in chosen.items()}
        return made.from_start(made.cell("toy", given, candidate, variant)).start

    own = start(Variant())
    assert own.fitting is None
    assert own.learning_rate is None
    same = [start(Variant(gradient="layer_causal")), start(Variant(another_task=True)), start(Variant(), rate=0.5)]
    same.append(made.from_start(made.own_cell("toy", chosen["toy"], 0)).start)
    assert all(controls.store.place(each) == controls.store.place(own) for each in same)
    fresh = Variant(weights="fresh")
    one, other = start(fresh), start(replace(fresh, gradient="layer_causal"), rate=0.5)
    assert controls.store.place(one) == controls.store.place(other)
    variants = (Variant(), fresh, Variant(labels="flipped"), Variant(order=1), replace(fresh, draw=1))
    places = [controls.store.place(start(variant)) for variant in variants]
    assert len({*places, controls.store.place(start(Variant(), 1))}) == len(places) + 1


@pytest.mark.parametrize("variant", [Variant(), Variant(weights="shuffled"), Variant(labels="flipped")])
def test_start_is_what_finetuning_records_before_its_first_step(controls: Sources, variant: Variant) -> None:
    """Over the first training text the two agree, of the variant's own weights and texts; over later ones no more."""
    made = controls.experiment
    found = made.from_start(made.cell("toy", controls.chosen, _best(controls), variant)).read(controls.store)
    cell = _cell(controls, variant)
    assert all(_same(getattr(found, s), getattr(cell, s)) for s in SETTINGS)
    assert found.starting_queries.shape == found.training_queries.shape == cell.training_queries.shape
    first = cell.spans[0][1] - cell.spans[0][0] + 1
    np.testing.assert_allclose(found.starting_queries[:, :first], cell.training_queries[:, :first], atol=1e-5)
    later = np.abs(found.starting_queries - cell.training_queries)[1, first:]  # below the first attention none moves
    assert later.max() > 1e-3


def test_start_is_found_again(both: Project, tmp_path: Path) -> None:
    """Kendall measured twice records it once a task, whatever else is measured."""
    sources_of(both, tmp_path, OnTasks("kendall"))
    sources_of(both, tmp_path, OnTasks("kendall"), OnTasks("sim_am"))
    found = entries(tmp_path, "starting_queries")
    assert len(found) == 2
    assert all("learning_rate" not in entry["key"] for entry in found)


def test_orders_of_sets_are_read_set_by_set(controls: Sources) -> None:
    """Of two sets in two orders, four cells as each is by itself; they rest on what each rests on."""
    made = controls.experiment
    sets = tuple(made.orders("toy", controls.chosen, candidate) for candidate in range(2))
    several = OrdersOfSets(sets)
    assert list(several.inputs) == [*sets[0].inputs, *sets[1].inputs]
    found = several.read(controls.store)
    assert [len(row) for row in found] == [2, 2]
    for candidate, order in np.ndindex(2, 2):
        expected = made.cell("toy", controls.chosen, candidate, Variant(order=order)).read(controls.store)
        assert _same(found[candidate][order].icl, expected.icl)
        assert _same(found[candidate][order].ft, expected.ft)


def test_several_cells_are_read_in_their_order(controls: Sources) -> None:
    """What is read of two orders is the cells of the two, and what it rests on is what each rests on."""
    made = controls.experiment
    one, other = (made.cell("toy", controls.chosen, _best(controls), Variant(order=i)) for i in range(2))
    several = SeveralCells((one, other))
    assert list(several.inputs) == [*one.inputs, *other.inputs]
    for found, expected in zip(several.read(controls.store), (one, other), strict=True):
        assert _same(found.icl, expected.read(controls.store).icl)


def test_measurement_is_kept_by_name_and_variant(controls: Sources) -> None:
    """Asked for twice it is found; under another name or variant it is another one, of other numbers."""
    made, chosen = controls.experiment, controls.chosen

    def stated(name: str, variant: Variant) -> Measurement:
        of = made.beside(FinetuningRun, "toy", chosen, 0, variant)
        return Measurement(name, of, made.cell("toy", chosen, 0, variant))

    given = [("sim_aou", Variant()), ("sim_am", Variant()), ("sim_aou", Variant(order=1)), ("sim_aou", Variant())]
    found = [controls.store.find_or_run(stated(*each)).tensors["ft"] for each in given]
    places = [controls.store.place(stated(*each)) for each in given]
    assert len(set(places[:3])) == 3
    assert places[3] == places[0]
    assert len({array.tobytes() for array in found[:3]}) == 3
    assert np.array_equal(found[0], found[3])


def test_next_tokens_are_those_of_the_three_settings(controls: Sources) -> None:
    """At the answer words they are the recorded logits, FT's under FT's weights; the model is as before."""
    asked: Any = controls.experiment.next_tokens("toy", controls.chosen, _best(controls))
    model = model_of(asked.of, controls.store)
    before = snapshot(model)
    cell, found = asked.read(controls.store)
    own = _cell(controls, Variant())
    assert all(_same(getattr(cell, s), getattr(own, s)) for s in SETTINGS)
    words = list(prompts_of(asked.of, controls.store).answer_tokens)
    for setting, recording in ((Setting.ZSL, own.zsl), (Setting.ICL, own.icl), (Setting.FT, own.ft)):
        assert found[setting].shape == (QUERIES, model.network.config.vocab_size)
        np.testing.assert_allclose(found[setting][:, words], recording.label_logits, rtol=0, atol=1e-4)
    after = snapshot(model)
    assert all(bool((after[name] == before[name]).all()) for name in before)
