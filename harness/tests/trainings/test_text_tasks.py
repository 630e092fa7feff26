"""Text tasks put to models of our own: from the corpus to right answers, in prompts written out by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import fixtures
from harness.data import Example
from harness.evidence.evidence import Evidence
from harness.models.gpt import sizes
from harness.models.gpt.sizes import BYTES
from harness.models.gpt.tokens import tokenize
from harness.prompts import draw_demonstrations
from harness.runs.runner import Runner
from harness.seeds import stream
from harness.settings import Settings
from harness.tests.tiny import ANSWERS, WORDS, Project
from harness.tests.trainings.test_grid import MINUSCULE, Heard

LENGTH = 256
SIZE = replace(
    MINUSCULE,
    language=replace(MINUSCULE.language, vocabulary=BYTES + 60, length=LENGTH, validation_lengths=(LENGTH,)),
    seeds=2,
    etas=(0.5,),
)
"""The answer words are merged into tokens of their own."""


def evidence_of(settings: Settings) -> Evidence:
    """Return evidence whose language models have the size that stands for 'tiny'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sizes.SIZES, "tiny", SIZE)
        return Evidence(Runner(settings, fixtures.MODELS, fixtures.TASKS, Heard()))


@pytest.fixture(scope="module")
def asked(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return the evidence of the tiny task with language models trained on texts of its kind."""
    folder = tmp_path_factory.mktemp("text_tasks")
    rng = stream(0, "corpus")
    lines = [f"Input: {' '.join(rng.choice(WORDS, 17))} Type: {ANSWERS[i % 2]}" for i in range(200)]
    (folder / "corpus.txt").write_text("\n\n".join(lines))
    settings = {"corpus": str(folder / "corpus.txt"), "processes": 1, "device": "cpu"}
    return evidence_of(project.settings(folder / "store", **settings))


def prompt_by_hand(evidence: Evidence, query: Example) -> list[int]:
    """Return start token, demonstrations in order while the longest query still fits, and the query."""
    runner = evidence.runner
    written, task, settings = runner.trainings.tokenizer(), runner.runs.tasks["toy"], runner.settings

    def tokens(text: str) -> list[int]:
        return list(map(int, tokenize(written, [text]).tokens[1:]))

    start = int(tokenize(written, ["x"]).tokens[0])
    longest = max(len(tokens(f"Input: {e.texts['text']} Type:")) for e in task.test[: settings.queries])
    prefix = [start]
    for shown in draw_demonstrations(task, settings.demonstrations, settings.seed, 0):
        more = tokens(f"Input: {shown.texts['text']} Type: {ANSWERS[shown.label]}\n")
        if len(prefix) + len(more) + longest > LENGTH:
            break
        prefix += more
    assert len(prefix) > 1, "no demonstration fits: this test would not see one"
    return prefix + tokens(f"Input: {query.texts['text']} Type:")


@pytest.mark.slow
def test_answers_are_those_of_whole_prompts(asked: Evidence) -> None:
    """Each model's answer is the likelier answer word behind a whole prompt, read at once."""
    found = asked.text_tasks()
    runner = asked.runner
    examples = runner.runs.tasks["toy"].test[: runner.settings.queries]
    written = runner.trainings.tokenizer()
    words = [int(tokenize(written, [f" {answer}"]).tokens[1]) for answer in ANSWERS]
    assert set(found) == {"vanilla", "momentum"}
    for attention, by_task in found.items():
        networks = list(runner.trainings.networks(attention))
        assert by_task["toy"].shape == (len(networks), len(examples)) == (2, 30)
        for network, right in zip(networks, by_task["toy"], strict=True):
            for example, counted in zip(examples[:6], right[:6], strict=True):
                with torch.inference_mode():
                    logits = network(torch.tensor([prompt_by_hand(asked, example)]))[0, -1, words]
                assert counted == float(int(logits.argmax()) == example.label)


@pytest.mark.slow
def test_asking_again_computes_nothing(asked: Evidence) -> None:
    """Another run on the same store finds the same answers and begins nothing."""
    before = asked.text_tasks()
    again = evidence_of(asked.runner.settings)
    found = again.text_tasks()
    assert all(np.array_equal(found[a]["toy"], before[a]["toy"]) for a in before)
    heard = again.runner.runs.progress
    assert isinstance(heard, Heard)
    assert heard.lines == []


def test_small_sizes_are_not_asked(evidence: Evidence) -> None:
    """Size 'tiny' is too small to answer: there is nothing to show, and nothing is trained for it."""
    assert evidence.text_tasks() == {}
