"""A run's model: the trained one or the rival that its variant names, loaded where it is needed and nowhere else."""

import sys
import weakref
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch

import fixtures
from harness.engines.plan import run_plan
from harness.evidence.evidence import Evidence
from harness.evidence.questions import HowItRan, OnControls, OnTasks, Question
from harness.evidence.sources import Sources, open_sources
from harness.models.loading import load_model
from harness.progress import Silent
from harness.runs import loaded
from harness.runs.facts import task_facts
from harness.runs.finetuning import FinetuningRun
from harness.runs.loaded import model_of
from harness.runs.scoring import RecordingRun
from harness.runs.variants import Variant
from harness.store import Store
from harness.tests.models.families import assert_identical, snapshot
from harness.tests.runs.made_up import VARIANTS
from harness.tests.tiny import ON_TASKS, Project, make_model

ASKED: tuple[Question, ...] = (*map(OnTasks, ON_TASKS), HowItRan())


def entries(store: Path) -> dict[str, int]:
    """Return what the store holds, and when each entry was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in store.glob("runs/*/*/facts.json")}


def reopened(sources: Sources, **options: Any) -> Sources:
    """Return a second session on the same store, with other options, once what it asks for is run."""
    settings = sources.experiment.settings.model_copy(update=options)
    again = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    run_plan(ASKED if settings.tasks == ("toy",) else (), again, Silent())
    return again


def forget() -> None:
    """Drop what this process has loaded."""
    loaded.load_builder.cache_clear()
    loaded.load_trained.cache_clear()
    loaded._rival.cache_clear()


def nothing_loaded() -> bool:
    """Return whether neither tokenizer nor weights were asked for since."""
    return not any(f.cache_info().misses for f in (loaded.load_builder, loaded.load_trained, loaded._rival))


def _facts(sources: Sources) -> Any:
    (made,), (laid_out,) = HowItRan().records(sources).values(), HowItRan().layouts(sources).values()
    kept = (sources.store.read(record).facts for record in (made, laid_out))
    return task_facts(sources.experiment, "toy", sources.selection("toy"), *kept)


def test_full_store_needs_no_model(sources: Sources) -> None:
    """A second session gives the same arrays and facts without weights, tokenizer, or a new entry."""
    before, tau = entries(sources.store.root), Evidence(sources).of(OnTasks("kendall"), "ft")["toy"]
    forget()
    again = reopened(sources)
    assert np.array_equal(Evidence(again).of(OnTasks("kendall"), "ft")["toy"], tau)
    assert _facts(again) == _facts(sources)
    assert nothing_loaded()
    assert entries(sources.store.root) == before


def test_full_store_of_measurements_needs_no_recording(sources: Sources, tmp_path: Path) -> None:
    """Selection, measurements and facts stand alone: without the recordings nothing is computed again."""
    folder = sources.store.root / "runs"
    forget()
    away = {kind: (folder / kind).rename(tmp_path / kind) for kind in ("recording", "finetuned")}
    try:
        again = reopened(sources)
        assert Evidence(again).of(OnTasks("sim_am"), "ft")["toy"].shape == (1, 30, 2)
        assert _facts(again)["selected on"] == "12 dev examples"
        assert nothing_loaded()
        assert not (folder / "recording").exists()
    finally:
        for kind, path in away.items():
            path.rename(folder / kind)


def test_other_batch_size_reuses_what_is_there(sources: Sources) -> None:
    """How many queries go at once is no part of a key: nothing is run."""
    before = entries(sources.store.root)
    forget()
    again = reopened(sources, batch_size=3)
    assert Evidence(again).of(OnTasks("sim_aou"), "ft")["toy"].shape == (1, 30, 2)
    assert nothing_loaded()
    assert entries(sources.store.root) == before


def test_second_session_computes_no_variant_again(controls: Sources) -> None:
    """With the store full, another session gives the same cells, loads no model and writes no entry."""

    def cell(of: Sources, variant: Variant) -> Any:
        return of.experiment.cell("toy", of.chosen, 0, variant).read(of.store)

    first = [cell(controls, variant) for variant in VARIANTS.values()]
    before = entries(controls.store.root)
    forget()
    again = reopened(controls)
    for variant, expected in zip(VARIANTS.values(), first, strict=True):
        found = cell(again, variant)
        for setting in ("zsl", "icl", "ft"):
            assert_identical(getattr(found, setting), getattr(expected, setting))
    assert nothing_loaded()
    assert entries(controls.store.root) == before


def test_asking_for_what_is_not_planned_loads_nothing(controls: Sources) -> None:
    """Claims read: to state records and look for them starts no run."""
    forget()
    records = OnControls("accuracy", Variant(weights="fresh", draw=7)).records(controls)
    assert [controls.store.find(record) for of in records.values() for record in of] == [None, None]
    assert nothing_loaded()


def _weights(sources: Sources, variant: Variant) -> dict[str, torch.Tensor]:
    run = sources.experiment.beside(RecordingRun, "toy", sources.chosen, 0, variant)
    return snapshot(model_of(run, sources.store))


def _differ(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("weights", ["fresh", "shuffled", "embeddings", "norms"])
def test_each_draw_has_weights_of_its_own(controls: Sources, weights: Any) -> None:
    """Three draws are three models, none the trained one; drawn again each is the same."""
    found = [_weights(controls, Variant(weights=weights, draw=draw)) for draw in (0, 1, 2)]
    trained = _weights(controls, Variant())
    assert all(_differ(a, b) for i, a in enumerate([*found, trained]) for b in found[:i])
    forget()
    assert not _differ(_weights(controls, Variant(weights=weights, draw=1)), found[1])
    assert not _differ(_weights(controls, Variant(weights=weights)), found[0])


def test_rivals_weights_are_one_whatever_else_is_other(controls: Sources) -> None:
    """Labels, order and demonstration set draw no other weights."""
    fresh = _weights(controls, Variant(weights="fresh"))
    assert not _differ(_weights(controls, Variant(weights="fresh", labels="random", order=2)), fresh)
    run = controls.experiment.beside(FinetuningRun, "doll", controls.chosen, 1, Variant(weights="fresh"))
    assert not _differ(snapshot(model_of(run, controls.store)), fresh)


@pytest.mark.parametrize("weights", ["embeddings", "norms"])
def test_partly_fresh_rivals_keep_what_their_names_say(controls: Sources, weights: Any) -> None:
    """The trained norms both, the trained embeddings one: the tiny model's norms are all ones, so these tell."""
    found, trained = (_weights(controls, v) for v in (Variant(weights=weights), Variant()))
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert torch.equal(found[name], trained[name]) == (weights == "embeddings")
    assert not torch.equal(
        found["model.layers.0.self_attn.k_proj.weight"], trained["model.layers.0.self_attn.k_proj.weight"]
    )


@pytest.mark.parametrize("weights", ["fresh", "shuffled"])
def test_rivals_leave_the_model_as_it_was(controls: Sources, weights: Any) -> None:
    """Drawing, running and finetuning a rival changes no weight of the trained model."""
    before = _weights(controls, Variant())
    variant = Variant(weights=weights, draw=3)
    controls.experiment.cell("toy", controls.chosen, 0, variant).read(controls.store)
    assert not _differ(_weights(controls, Variant()), before)


def test_process_holds_one_model(project: Project, tmp_path: Path) -> None:
    """Before another is loaded the first is let go of, with what was made of it; and whenever it is asked to."""
    forget()
    store, untrained = Store(tmp_path / "store"), Variant(weights="shuffled")
    kept, held_while_loading = list[Any](), list[int]()

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code is load_model.__code__:
            held_while_loading.append(sum(of() is not None for of in kept))

    for seed in (1, 2):
        folder = make_model(tmp_path / f"model {seed}", seed=seed)
        run = open_sources(
            project.settings(store.root, model=str(folder)), fixtures.MODELS, fixtures.TASKS
        ).experiment.run(FinetuningRun, "toy", None, 0, 2.0)
        sys.setprofile(watch)
        try:
            kept += [weakref.ref(model_of(each, store).network) for each in (run, replace(run, variant=untrained))]
        finally:
            sys.setprofile(None)
        assert [of() is not None for of in kept] == [*[False] * (len(kept) - 2), True, True]
    assert held_while_loading == [0, 0]
    loaded.let_go()
    assert not any(of() for of in kept)
