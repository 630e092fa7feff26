"""What claims read: answers out of the store, and the base rate worked by hand from right answers."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fixtures
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import ByTask
from harness.evidence.questions import (
    CausalOrder,
    FinetunedAt,
    Learned,
    Measuring,
    OnControls,
    OnTasks,
    UpdateSizes,
)
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.runs.variants import Variant
from harness.store import Entry, MissingEntryError
from harness.tests.tiny import Project, ready
from harness.tests.two_tasks import entries, select, sources_of

NAN = float("nan")
ACCURACY, REC2FTP, KENDALL = OnTasks("accuracy"), OnTasks("rec2ftp"), OnTasks("kendall")
SHUFFLED = Variant(weights="shuffled")


def test_noise_is_the_same_in_another_store(evidence: Evidence, project: Project, tmp_path: Path) -> None:
    """Computed anew elsewhere, the random baselines are the same to the last digit: their streams have names."""
    elsewhere = Evidence(ready(project.settings(tmp_path), KENDALL)).of(KENDALL, "uniform")["toy"]
    assert np.array_equal(elsewhere, evidence.of(KENDALL, "uniform")["toy"])


def test_tasks_left_out_stay_out_where_more_are(both: Project, tmp_path: Path) -> None:
    """Of two tasks one is left out, then the other; with none left out it is the same evidence."""
    settings = both.settings(tmp_path, tasks=("toy", "doll"))
    every = Evidence(open_sources(settings, fixtures.MODELS, fixtures.TASKS))
    one = every.without(["toy"])
    assert (one.tasks, one.control_tasks) == (("doll",), ("doll",))
    assert one.without(["doll"]).tasks == one.without(["doll"]).control_tasks == ()
    assert one.without([]).tasks == ("doll",)
    assert every.tasks == ("toy", "doll")


READS: dict[str, tuple[Callable[[Evidence], object], str]] = {
    "tasks": (lambda evidence: evidence.of(ACCURACY, "icl"), "toy: measuring accuracy"),
    "base rate": (lambda evidence: evidence.base_rate(), "toy: measuring accuracy"),
    "controls": (lambda evidence: evidence.of(OnControls("sim_am"), "ft"), "toy: measuring sim am"),
    "variant": (lambda e: e.of(OnControls("sim_am", SHUFFLED), "ft"), "toy: measuring sim am, weights shuffled"),
    "learning rates": (lambda evidence: evidence.learning_rates({"": SHUFFLED}), "toy: finetuning, weights shuffled"),
    "update sizes": (lambda e: e.update_sizes({"": SHUFFLED}), "toy: size of the update, weights shuffled"),
    "learned": (lambda evidence: evidence.learned(), "toy: ZSL on dev"),
    "tuned": (
        lambda evidence: evidence.learning_rates({"": SHUFFLED}, tuned=True),
        "toy: FT with learning rate 2 on dev, weights shuffled",
    ),
    "causality": (lambda evidence: evidence.causality(), "toy: causal order"),
    "layers": (lambda evidence: evidence.regression(), "training 10 layers of linear attention"),
}


@pytest.mark.parametrize("read", READS)
def test_what_was_not_asked_for_is_said_and_not_computed(project: Project, tmp_path: Path, read: str) -> None:
    """Demonstrations and rates are selected, nothing else is there: the error names what is missing, none is made."""
    sources = ready(project.settings(tmp_path), FinetunedAt(Variant()))
    before = sorted(tmp_path.glob("runs/*/*"))
    reads, missing = READS[read]
    with pytest.raises(MissingEntryError, match=f"lacks '{missing}', which was not planned"):
        reads(Evidence(sources))
    assert before
    assert sorted(tmp_path.glob("runs/*/*")) == before


def test_an_empty_store_is_said_to_lack_what_is_selected_by(project: Project, tmp_path: Path) -> None:
    """Whatever is read, the demonstration sets come first."""
    empty = Evidence(open_sources(project.settings(tmp_path), fixtures.MODELS, fixtures.TASKS))
    with pytest.raises(MissingEntryError, match="lacks 'toy: ICL with set 0 on dev'"):
        empty.of(ACCURACY, "icl")
    assert not list(tmp_path.glob("runs/*/*"))


def test_array_is_the_one_that_was_asked_for(evidence: Evidence, sources: Sources) -> None:
    """Each name's own array of the measurement, in one row a demonstration set."""
    (record,) = KENDALL.records(sources)["toy"]
    kept = sources.store.read(record).tensors
    assert len(kept) == 7
    assert all(np.array_equal(evidence.of(KENDALL, name)["toy"], array[None]) for name, array in kept.items())


def test_evidence_knows_its_run(evidence: Evidence, sources: Sources) -> None:
    """Seed, tasks and trainings are those of the settings."""
    assert (evidence.seed, evidence.tasks, evidence.grid) == (0, ("toy",), sources.grid)


def test_learning_rates_are_said_where_the_claims_own_diverged(both: Project, tmp_path: Path) -> None:
    """A variant goes down the grid from 1e38, at which nothing can be finetuned, to 2; the claims' own is as chosen."""
    sources = sources_of(both, tmp_path)
    for task in sources.tasks:
        select(sources, task, learning_rate=1e38)
    for runs in FinetunedAt(SHUFFLED).records(sources).values():
        for run in runs:
            sources.store.find_or_run(run)
    said = Evidence(sources).learning_rates({"trained": Variant(), "shuffled": SHUFFLED})
    expected = "trained, toy: 1e+38; trained, doll: 1e+38; shuffled, toy: 2; shuffled, doll: 2"
    assert said == f"Learning rates of finetuning: {expected}."


def test_set_that_rounding_decides_counts_for_nothing(both: Project, tmp_path: Path) -> None:
    """Weights that were shuffled and finetuned at a rate of 2 are chaotic: all is NaN, and why is said once a task.

    The same, tuned to a rate at which they are steady, stand; and so does the claims' own beside them.
    """
    asked = [OnControls(name, SHUFFLED) for name in ("sim_aou", "accuracy")] + [OnControls("sim_aou")]
    evidence = Evidence(sources_of(both, tmp_path / "chaotic", *asked, control_tasks=1))
    assert np.isnan(evidence.of(asked[0], "ft")["toy"]).all()
    assert np.isnan(evidence.of(asked[1], "icl")["toy"]).all()
    assert np.isfinite(evidence.of(asked[2], "ft")["toy"]).all()
    (said,) = evidence.chaos_notes([*asked, FinetunedAt(SHUFFLED)])
    assert said.startswith("toy: finetuning on demonstration set 0, weights shuffled, is chaotic (weights off by")
    steady = sources_of(both, tmp_path / "steady", *asked, control_tasks=1, learning_rates=(1e-6,))
    assert np.isfinite(Evidence(steady).of(asked[0], "ft")["toy"]).all()
    assert Evidence(steady).chaos_notes(asked) == ()


def test_only_sets_in_doubt_are_tried_beyond_the_first(both: Project, tmp_path: Path) -> None:
    """Of three sets the first is, and the one whose loss is made to rise; before anything was run only the first."""
    question = OnControls("sim_aou", Variant(labels="flipped"))
    options = {"demonstration_sets": 3, "candidate_sets": 3, "control_tasks": 1}
    planned = sources_of(both, tmp_path, **options)
    provisional = Provisional(planned.experiment, planned.grid, planned.store)
    assert list(question.tried_again(provisional)["toy"]) == [0]
    sources = sources_of(both, tmp_path, question, **options, learning_rates=(1e-6,))
    assert list(question.tried_again(sources)["toy"]) == [0]
    last = question.finetunings(sources)["toy"][2]
    found = sources.store.read(last)
    shutil.rmtree(sources.store.place(last))
    losses: list[float] = found.facts["losses"]  # type: ignore[assignment]
    risen = Entry(dict(found.tensors), {**found.facts, "losses": [*losses, losses[0] + 2]})
    sources.store.find_or_compute(last.kind, last.key, lambda: risen)
    (first, third) = question.tried_again(sources)["toy"].values()
    assert (first.demonstrations, third.demonstrations) == (
        question.finetunings(sources)["toy"][0].demonstrations,
        last.demonstrations,
    )


def test_tuned_rates_and_sizes_of_updates_are_said(both: Project, tmp_path: Path) -> None:
    """Of each variant and task, the rate that its own accuracy selected and the mean over matrices of |dW| / |W|."""
    causal, drawn = Variant(gradient="layer_causal"), Variant(update="random")
    variants = {"FT": Variant(), "causal": causal, "random": drawn}
    asked = [kind(variant, tuned=True) for variant in variants.values() for kind in (FinetunedAt, UpdateSizes)]
    sources = sources_of(both, tmp_path, *asked, learning_rates=(1e-3, 2.0), control_tasks=1)
    evidence = Evidence(sources)
    rates, sizes = evidence.learning_rates(variants, tuned=True), evidence.update_sizes(variants, tuned=True)
    own, rival = (f"{sources.rate('toy', variant):g}" for variant in (Variant(), causal))
    assert rates.startswith(f"Learning rates of finetuning, each selected on its own accuracy: FT, toy: {own}; ")
    assert f"causal, toy: {rival}" in rates
    assert rates.endswith(f"random, toy: {own}.")
    means = []
    for variant in variants.values():
        (run,) = UpdateSizes(variant, tuned=True).records(sources)["toy"]
        means.append(float(np.mean(sources.store.read(run).tensors["relative"])))
    assert sizes == (
        "Size of the update, |dW| / |W|, mean over key and value matrices: "
        f"FT, toy: {means[0]:.2g}; causal, toy: {means[1]:.2g}; random, toy: {means[2]:.2g}."
    )
    assert means[2] == pytest.approx(means[0], rel=1e-3)
    assert means[1] != pytest.approx(means[0], rel=1e-3)


def test_what_was_learned_is_counted_on_dev(both: Project, tmp_path: Path) -> None:
    """Of both tasks and sets: the answers that each setting's own run on dev has, and not those to test examples."""
    evidence = Evidence(sources_of(both, tmp_path, Learned(), demonstration_sets=2))
    found, sources = evidence.learned(), evidence.sources
    assert set(found) == {"toy", "doll"}
    for task, by_set in found.items():
        chosen = sources.selection(task)
        assert [learned.number for learned in by_set] == [12, 12]
        assert [learned.icl for learned in by_set] == [chosen.icl_accuracy[c] for c in chosen.candidates]
        assert by_set[0].ft == max(a for a in chosen.tuning.ft_accuracy if a is not None)
        assert by_set[0].zsl == by_set[1].zsl
        assert by_set[0].ft_corrected - by_set[0].ft_broke == round(12 * (by_set[0].ft - by_set[0].zsl))


def test_causality_is_of_every_task(both: Project, tmp_path: Path) -> None:
    """What each task's run found, under the task's name."""
    evidence = Evidence(sources_of(both, tmp_path, CausalOrder()))
    kept = {of["key"]["task"][0]: of["facts"] for of in entries(tmp_path, "causality")}
    assert evidence.causality() == kept
    assert kept.keys() == {"toy", "doll"}


class Known(Evidence):
    """Evidence of which the right answers alone are known, by setting and task."""

    def __init__(self, right: Mapping[str, Mapping[str, Any]], seed: int = 0) -> None:
        self.right = right
        self._seed = seed

    @property
    def seed(self) -> int:
        """Return the seed that was given."""
        return self._seed

    def of(self, question: Measuring, name: str) -> ByTask:
        """Return right answers as floats, [seed, example]."""
        assert question == ACCURACY
        return {task: np.array(rows, float) for task, rows in self.right[name].items()}


RIGHT = {
    "zsl": {"a": [[1, 0, 0, 0, 0]], "b": [[0, 0, 1, 0, 0]]},
    "icl": {"a": [[1, 1, 1, 0, 0]], "b": [[1, 0, 0, 0, 1]]},
    "ft": {"a": [[0, 1, 0, 1, 0]], "b": [[1, 1, 1, 0, 0]]},
}


def test_base_rate_is_where_finetuning_left_zero_shot_wrong() -> None:
    """By hand: in task a ICL has 1 of 2 and 1 of 2; in b 1 of 2 and 1 of 2; no excess in either."""
    found = Known(RIGHT).base_rate()
    np.testing.assert_array_equal(found["corrected"]["a"], [[NAN, 1, NAN, 0, NAN]])
    np.testing.assert_array_equal(found["uncorrected"]["a"], [[NAN, NAN, 1, NAN, 0]])
    np.testing.assert_array_equal(found["corrected"]["b"], [[1, 0, NAN, NAN, NAN]])
    np.testing.assert_array_equal(found["uncorrected"]["b"], [[NAN, NAN, NAN, 0, 1]])
    assert np.nanmean(found["excess"]["all tasks"]) == pytest.approx(0)
    assert np.flatnonzero(np.isnan(found["excess"]["all tasks"][0])).tolist() == [0, 7]


def test_every_demonstration_set_has_its_own_excess() -> None:
    """Two sets: ICL has just what FT corrects under the first, and just the rest under the second."""
    wrong, ft = [[0] * 6] * 2, [[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]]
    icl = [ft[0], [1 - right for right in ft[1]]]
    found = Known({"zsl": {"a": wrong}, "icl": {"a": icl}, "ft": {"a": ft}}).base_rate()["excess"]["all tasks"]
    assert found.mean(axis=1) == pytest.approx([1, -1])


def test_control_of_the_base_rate_permutes_corrections_among_errors() -> None:
    """ICL has just what FT corrects: the excess is 1, and under permuted corrections 0 in the mean of 300 seeds.

    Within 4 standard errors; what ZSL has right is left out of both.
    """
    right = np.tile([1, 0, 0, 1], 10)[None]
    zsl = (np.arange(40) % 5 == 0).astype(int)[None]
    known = {"zsl": {"a": zsl}, "icl": {"a": right}, "ft": {"a": right}}
    worlds = [Known(known, seed).base_rate() for seed in range(300)]
    assert np.nanmean(worlds[0]["excess"]["all tasks"]) == pytest.approx(1)
    means = np.array([np.nanmean(found["control"]["all tasks"]) for found in worlds])
    assert abs(means.mean()) < 4 * means.std() / np.sqrt(len(means))
    assert np.array_equal(np.isnan(worlds[0]["control"]["all tasks"]), zsl > 0)


def test_control_of_the_base_rate_keeps_how_many_were_corrected() -> None:
    """FT corrects all of ZSL's errors and breaks all else: permuted among the errors, all stay corrected."""
    ft = np.arange(30)[None] % 3 > 0
    found = Known({"zsl": {"a": ~ft}, "icl": {"a": ft}, "ft": {"a": ft}}).base_rate()
    assert np.isnan(found["control"]["all tasks"]).all()


def test_base_rate_agrees_with_the_claims_own_counts(evidence: Evidence) -> None:
    """On the tiny project: what C10 counts, and one task's excess is its two shares' difference."""
    found = evidence.base_rate()
    np.testing.assert_array_equal(found["corrected"]["toy"], evidence.of(REC2FTP, "rec2ftp")["toy"])
    np.testing.assert_array_equal(found["uncorrected"]["toy"], evidence.of(REC2FTP, "icl_uncorrected")["toy"])
    shares = [np.nanmean(found[name]["toy"]) for name in ("corrected", "uncorrected")]
    assert np.nanmean(found["excess"]["all tasks"]) == pytest.approx(shares[0] - shares[1])
