"""A measurement as a record: kept under a key of its own, drawn from a stream of its own."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS, VERSION, VERSIONS
from harness.evidence.measuring import Measurement
from harness.evidence.questions import OnControls, OnTasks
from harness.evidence.sources import Sources
from harness.runs.variants import Variant
from harness.seeds import stream
from harness.tests.tiny import Project
from harness.tests.two_tasks import entries, sources_of


def of_toy(question: OnTasks | OnControls, sources: Sources) -> Measurement:
    """Return the measurement of the best set of toy."""
    return question.records(sources)["toy"][0]


@pytest.mark.parametrize(
    ("question", "kind", "identity"),
    [
        (OnTasks("sim_aou"), "measurement", {"name": "sim_aou", "version": VERSIONS["sim_aou"], "seed": 0}),
        (OnControls("sim_aou"), "control", f"sim_aou {VERSIONS['sim_aou']}"),
        (OnControls("accuracy"), "control", f"accuracy {VERSION}"),
        (OnControls("sim_aou", Variant(weights="shuffled")), "control", f"sim_aou {VERSIONS['sim_aou']}"),
        (OnControls("distributions"), "control", "distributions"),
    ],
)
def test_key_is_the_finetunings_and_what_is_measured(
    controls: Evidence, question: OnTasks | OnControls, kind: str, identity: object
) -> None:
    """All that decides the run decides what is measured on it; a name and a version say what is measured."""
    record = of_toy(question, controls.sources)
    assert record.kind == kind
    assert record.key == {**record.of.key, "measurement": identity}


@pytest.mark.parametrize(
    ("question", "name", "purpose"),
    [
        (OnTasks("kendall"), "uniform", "measurement"),
        (OnControls("kendall"), "uniform", "control"),
        (OnControls("kendall", Variant(weights="shuffled")), "uniform", "control"),
    ],
)
def test_noise_has_a_stream_of_its_own(
    both: Project, tmp_path: Path, question: OnTasks | OnControls, name: str, purpose: str
) -> None:
    """It is drawn under the seed, the measurement, the task and the set: what else was drawn changes nothing."""
    sources = sources_of(both, tmp_path, question)
    for task, (record,) in question.records(sources).items():
        rng = stream(0, purpose, "kendall", task, sources.selection(task).candidates[0])
        expected = MEASUREMENTS["kendall"][1](record.source.read(sources.store), rng)[name]
        assert np.array_equal(sources.store.read(record).tensors[name], expected)


def test_with_the_measurement_no_run_is_read(both: Project, tmp_path: Path) -> None:
    """Recordings and finetunings may go: what was measured on them is there, and the same."""
    question = OnControls("sim_am", Variant(labels="flipped"))
    before = Evidence(sources_of(both, tmp_path, question)).of(question, "ft")
    for kind in ("recording", "control_recording", "control_finetuned"):
        assert entries(tmp_path, kind)
        shutil.rmtree(tmp_path / "runs" / kind)
    after = Evidence(sources_of(both, tmp_path, question)).of(question, "ft")
    assert all(np.array_equal(before[task], after[task]) for task in before)
    assert not entries(tmp_path, "recording")


def test_words_say_what_is_measured_on_what(controls: Evidence) -> None:
    """Task, measurement, and what is other about the run."""
    questions = (OnTasks("sim_aou"), OnControls("sim_aou", Variant(weights="fresh")))
    words = [of_toy(question, controls.sources).words for question in questions]
    assert words == ["toy: measuring sim aou", "toy: measuring sim aou, weights fresh"]


def test_measurement_rests_on_its_source(controls: Evidence) -> None:
    """A cell's three recordings and its finetuning."""
    assert [run.words for run in of_toy(OnControls("sim_am"), controls.sources).inputs] == [
        "toy: ZSL on test",
        "toy: ICL on test",
        "toy: FT on test",
        "toy: finetuning",
    ]
