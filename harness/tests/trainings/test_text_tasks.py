"""Text tasks put to models of our own: from the corpus to right answers, in prompts written out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.data import Example
from harness.engines.plan import run_plan
from harness.evidence.evidence import Evidence
from harness.evidence.sources import Sources
from harness.evidence.training_questions import TextTasks
from harness.models.gpt.network import GPT
from harness.models.gpt.sizes import BYTES
from harness.models.gpt.tokens import tokenize
from harness.progress import Silent
from harness.prompts import draw_demonstrations
from harness.seeds import stream
from harness.tests.tiny import ANSWERS, WORDS, Project
from harness.tests.trainings.test_grid import MINUSCULE, Heard, keep, keep_tried, small
from harness.tests.two_tasks import entries
from harness.trainings.grid import networks
from harness.trainings.text_tasks import TextTask
from harness.trainings.training import problem_of

LENGTH = 256
SIZE = replace(
    MINUSCULE,
    language=replace(MINUSCULE.language, vocabulary=BYTES + 60, length=LENGTH, validation_lengths=(LENGTH,)),
    seeds=2,
    etas=(0.5,),
)
"""The answer words are merged into tokens of their own."""


def write_text(file: Path) -> str:
    """Write texts of the tiny task's kind; return the name of the corpus."""
    rng = stream(0, "corpus")
    lines = [f"Input: {' '.join(rng.choice(WORDS, 17))} Type: {ANSWERS[i % 2]}" for i in range(200)]
    file.write_text("\n\n".join(lines))
    return str(file)


@pytest.fixture(scope="module")
def asked(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return the tiny task with language models that were trained on texts of its kind, and asked."""
    folder = tmp_path_factory.mktemp("text_tasks")
    settings = {"corpus": write_text(folder / "corpus.txt"), "processes": 1, "device": "cpu"}
    sources = small(project.settings(folder / "store", **settings), SIZE)
    run_plan([TextTasks()], sources, Silent())
    return sources


def words_of(sources: Sources, texts: Sequence[str]) -> list[list[int]]:
    """Return each text's tokens behind the start token, which comes first."""
    written = str(sources.store.find_or_run(sources.grid.tokens).facts["tokenizer"])
    return [list(map(int, tokenize(written, [text]).tokens)) for text in texts]


def prompt_by_hand(sources: Sources, query: Example) -> list[int]:
    """Return start token, demonstrations in order while the longest query still fits, and the query."""
    task, settings = sources.experiment.tasks["toy"], sources.experiment.settings
    ((start, *asked),) = words_of(sources, [f"Input: {query.texts['text']} Type:"])
    queries = words_of(sources, [f"Input: {e.texts['text']} Type:" for e in task.test[: settings.queries]])
    longest = max(len(tokens) - 1 for tokens in queries)
    drawn = draw_demonstrations(task, settings.demonstrations, settings.seed, 0)
    prefix = [start]
    for _, *more in words_of(sources, [f"Input: {e.texts['text']} Type: {ANSWERS[e.label]}\n" for e in drawn]):
        if len(prefix) + len(more) + longest > LENGTH:
            break
        prefix += more
    assert len(prefix) > 1, "no demonstration fits: this test would not see one"
    return prefix + asked


def answers_by_hand(sources: Sources, network: GPT, examples: Sequence[Example]) -> list[float]:
    """Return 1 for each example whose likelier answer word behind its whole prompt, read at once, is gold."""
    words = [word for _, word in words_of(sources, [f" {answer}" for answer in ANSWERS])]
    with torch.inference_mode():
        logits = [network(torch.tensor([prompt_by_hand(sources, example)]))[0, -1, words] for example in examples]
    return [float(int(of.argmax()) == example.label) for of, example in zip(logits, examples, strict=True)]


@pytest.mark.slow
def test_answers_are_those_of_whole_prompts(asked: Sources) -> None:
    """Each model's answer is the likelier answer word behind a whole prompt, read at once."""
    found, grid = Evidence(asked).text_tasks(), asked.grid
    examples = asked.experiment.tasks["toy"].test[: asked.experiment.settings.queries]
    assert set(found) == {"vanilla", "momentum"}
    for attention, by_task in found.items():
        trained = list(networks(grid.reported("language", attention, grid.eta), asked.store))
        assert by_task["toy"].shape == (len(trained), len(examples)) == (2, 30)
        for network, right in zip(trained, by_task["toy"], strict=True):
            assert right[:6].tolist() == answers_by_hand(asked, network, examples[:6])


def test_answers_are_the_networks_own(project: Project, tmp_path: Path) -> None:
    """Untrained networks out of the store: right is where the likelier answer word behind the whole prompt is gold."""
    options = {"corpus": write_text(tmp_path / "corpus.txt"), "processes": 1, "device": "cpu", "queries": 8}
    sources = small(project.settings(tmp_path / "store", **options), SIZE)
    made, store, examples = sources.grid, sources.store, sources.experiment.tasks["toy"].test[:8]
    keep_tried(made, made._seeds("choice of eta", 1)[0], dict.fromkeys(SIZE.etas, 1.0))
    store.find_or_run(made.tokens)
    for given in made.every(made.eta):
        network = problem_of(given, store).network(SIZE.language.shape, given.choice)
        keep(store, given, {f"weights.{name}": 3 * weight.numpy() for name, weight in network.state_dict().items()})
    run_plan([TextTasks()], sources, Silent())
    for attention, by_task in Evidence(sources).text_tasks().items():
        kept = networks(made.reported("language", attention, made.eta), store)
        right = [answers_by_hand(sources, network, examples) for network in kept]
        assert by_task["toy"].tolist() == right


@pytest.mark.slow
def test_asking_again_computes_nothing(asked: Sources) -> None:
    """Another run on the same store finds the same answers and begins nothing."""
    before, heard = Evidence(asked).text_tasks(), Heard()
    again = small(asked.experiment.settings, SIZE)
    run_plan([TextTasks()], again, heard)
    found = Evidence(again).text_tasks()
    assert all(np.array_equal(found[a]["toy"], before[a]["toy"]) for a in before)
    assert heard == Heard()


@pytest.mark.slow
def test_asking_trains_the_models_that_are_asked_alone(asked: Sources) -> None:
    """One try of eta, then two language models of each of the two attentions: no control, no other problem."""
    found = entries(asked.store.root, "training")
    assert sorted(entry["key"]["attention"][0] for entry in found) == ["momentum"] * 3 + ["vanilla"] * 2
    assert {entry["key"]["problem"] for entry in found} == {"language"}


def test_answers_rest_on_their_trainings(project: Project, tmp_path: Path) -> None:
    """What is asked has the trainings for inputs, and each of what it is asked in its key."""
    options = {"corpus": write_text(tmp_path / "corpus.txt"), "device": "cpu"}
    sources = small(project.settings(tmp_path / "store", **options), SIZE)
    trained = tuple(sources.grid.reported("language", "momentum", 0.5))
    base = TextTask(trained, sources.experiment.tasks["toy"], 6, 0, 8)
    others = [{"trainings": trained[:1]}, {"demonstrations": 5}, {"seed": 1}, {"number": 7}]
    assert base.inputs == trained
    assert all(replace(base, **changed).key != base.key for changed in others)  # type: ignore[arg-type]


def test_small_sizes_are_not_asked(evidence: Evidence) -> None:
    """Size 'tiny' is too small to answer: there is nothing to show, and nothing is trained for it."""
    assert evidence.text_tasks() == {}
    assert list(TextTasks().stages(evidence.sources)) == []
