"""C15's own tasks: multiple choice and long reviews put to models of our own, against prompts written out by hand."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fixtures
from harness.data import Example
from harness.engines.plan import run_plan
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.sources import Sources
from harness.evidence.training_questions import TextTasks
from harness.models.gpt.network import GPT
from harness.models.gpt.sizes import BYTES
from harness.progress import Silent
from harness.prompts import draw_demonstrations, first_examples
from harness.seeds import stream
from harness.settings import parse_settings
from harness.tasks import load_task
from harness.tests.tiny import WORDS, Project
from harness.tests.trainings.test_grid import MINUSCULE, keep, keep_tried, small
from harness.tests.trainings.test_text_tasks import words_of
from harness.trainings.grid import networks
from harness.trainings.text_tasks import MultipleChoice, TextTask
from harness.trainings.training import problem_of

LENGTH, QUERIES = 256, 8
SIZE = replace(
    MINUSCULE,
    language=replace(MINUSCULE.language, vocabulary=BYTES + 80, length=LENGTH, validation_lengths=(LENGTH,)),
    seeds=2,
    etas=(0.5,),
)
LONG = 100
"""Words of a review that has more than half of the length, and not all of it."""


def _write(folder: Path, task: str, rows: Sequence[object]) -> None:
    (folder / task).mkdir(parents=True)
    for part, own in (("train", rows[QUERIES:]), ("test", rows[:QUERIES])):
        (folder / task / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))


def _sources(project: Project, folder: Path, **options: object) -> Sources:
    """Return sources with untrained networks in the place of trained ones, and data of three tasks."""
    rng = stream(0, "own tasks")

    def words(number: int) -> str:
        return " ".join(rng.choice(WORDS, number))

    data = folder / "own"
    _write(data, "piqa", [{"goal": words(3), "options": [words(2), words(7)], "label": i % 2} for i in range(60)])
    lengths = [LONG if i in {1, 4} else 9 for i in range(90)]
    _write(data, "imdb", [{"text": words(n), "label": i // 2 % 2} for i, n in enumerate(lengths)])
    shutil.copytree(project.data / "toy", data / "toy")
    text = folder / "corpus.txt"
    text.write_text("\n\n".join(f"{words(15)} Negative Positive Question: {words(2)} Answer:" for _ in range(200)))
    given = {"corpus": str(text), "processes": 1, "device": "cpu", "queries": QUERIES, "data_dir": data}
    return small(project.settings(folder / "store", **{**given, **options}), SIZE)


@pytest.fixture(scope="module")
def asked(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return sources whose untrained networks were asked two tasks that are none of the model's."""
    sources = _sources(project, tmp_path_factory.mktemp("own_tasks"), momentum_tasks=("imdb", "piqa"))
    made, store = sources.grid, sources.store
    keep_tried(made, made._seeds("choice of eta", 1)[0], dict.fromkeys(SIZE.etas, 1.0))
    store.find_or_run(made.tokens)
    for given in made.every(made.eta):
        network = problem_of(given, store).network(SIZE.language.shape, given.choice)
        keep(store, given, {f"weights.{name}": 3 * weight.numpy() for name, weight in network.state_dict().items()})
    run_plan([TextTasks()], sources, Silent())
    return sources


def _likelihoods_by_hand(sources: Sources, network: GPT) -> list[list[float]]:
    """Return the log-likelihood of each option of each question, from one pass over its whole text alone."""
    task, settings = (sources.experiment.own_tasks or {})["piqa"], sources.experiment.settings
    drawn = draw_demonstrations(task, settings.demonstrations, settings.seed, 0)

    def asked(example: Example) -> str:
        return f"Question: {example.texts['goal']}\nAnswer:"

    shown = "".join(f"{asked(e)} {e.options[e.label]}\n" for e in drawn)
    found = []
    for example in task.test:
        before, *whole = words_of(
            sources, [shown + asked(example), *(f"{shown}{asked(example)} {option}" for option in example.options)]
        )
        assert all(len(text) <= LENGTH and text[: len(before)] == before for text in whole)
        with torch.inference_mode():
            told = [network(torch.tensor([text]))[0].log_softmax(dim=-1) for text in whole]
        found.append(
            [
                sum(float(of[place - 1, text[place]]) for place in range(len(before), len(text)))
                for of, text in zip(told, whole, strict=True)
            ]
        )
    return found


def test_option_that_is_taken_is_the_likeliest_behind_the_whole_prompt(asked: Sources) -> None:
    """By the sum over its tokens, and, beside it, by the sum over its characters; they are not always the same."""
    evidence, grid = Evidence(asked), asked.grid
    test = (asked.experiment.own_tasks or {})["piqa"].test
    taken, by_length = evidence.text_tasks(), evidence.by_length()
    differ = 0
    for attention in ("vanilla", "momentum"):
        trained = list(networks(grid.reported("language", attention, grid.eta), asked.store))
        assert [*by_length[attention]] == ["piqa"]
        for run, network in enumerate(trained):
            found = _likelihoods_by_hand(asked, network)
            whole = [float(np.argmax(of)) == e.label for of, e in zip(found, test, strict=True)]
            a_character = [
                float(np.argmax([sum_ / len(option) for sum_, option in zip(of, e.options, strict=True)])) == e.label
                for of, e in zip(found, test, strict=True)
            ]
            assert taken[attention]["piqa"][run].tolist() == whole
            assert by_length[attention]["piqa"][run].tolist() == a_character
            differ += whole != a_character
    assert differ, "no network tells the two apart"


def test_long_reviews_are_left_out_and_counted(asked: Sources) -> None:
    """Of eight reviews two have more than half the length: six answers, the same six of both attentions."""
    evidence = Evidence(asked)
    assert evidence.too_long() == {"imdb": 2}
    assert {a: by["imdb"].shape for a, by in evidence.text_tasks().items()} == {
        "vanilla": (2, QUERIES - 2),
        "momentum": (2, QUERIES - 2),
    }


def test_own_tasks_are_asked_in_place_of_the_models(asked: Sources, project: Project, tmp_path: Path) -> None:
    """Each by its kind, by name and order as given; without the setting those of --tasks."""
    by_name = TextTasks().records(asked)["vanilla"]
    assert {name: type(record) for name, record in by_name.items()} == {"imdb": TextTask, "piqa": MultipleChoice}
    assert list(asked.experiment.tasks) == ["toy"]
    others = _sources(project, tmp_path)
    keep_tried(others.grid, others.grid._seeds("choice of eta", 1)[0], dict.fromkeys(SIZE.etas, 1.0))
    assert list(TextTasks().records(others)["vanilla"]) == ["toy"]


def test_own_tasks_are_looked_at_before_anything_runs(project: Project, tmp_path: Path) -> None:
    """One that is unknown, and one with too few examples, are refused when the run is opened."""
    with pytest.raises(HarnessError, match="unknown task 'pika': did you mean 'piqa'"):
        _sources(project, tmp_path / "a", momentum_tasks=("pika",))
    with pytest.raises(HarnessError, match="task 'piqa' has 8 test examples, 9 were asked"):
        _sources(project, tmp_path / "b", momentum_tasks=("piqa",), queries=9)


def test_review_of_any_length_is_no_prompt_of_ours(asked: Sources) -> None:
    """Where all are too long, the message says of how many tokens a prompt may be."""
    task = (asked.experiment.own_tasks or {})["imdb"]
    record = TextTasks().records(asked)["vanilla"]["imdb"]
    long = tuple(e for e in task.test if len(e.texts["text"].split()) == LONG)
    with pytest.raises(HarnessError, match=r"task 'imdb': 0 of 2 test examples and .* of the 256 tokens"):
        replace(record, task=replace(task, test=long), number=2).compute(asked.store)


def test_setting_of_own_tasks_decides_verdicts_and_is_none_unless_given() -> None:
    """An expectation of before has no such setting, and still holds for a run that does not give it."""
    assert parse_settings().numbers["momentum_tasks"] is None
    assert parse_settings(momentum_tasks=("piqa",)).numbers["momentum_tasks"] == ["piqa"]
    with pytest.raises(HarnessError, match=r"momentum_tasks: .*at least one is needed"):
        parse_settings(momentum_tasks=())


@pytest.mark.parametrize("name", ["imdb", "arc-e", "piqa"])
def test_papers_own_data_are_read_where_they_are(paper_data: Path, name: str) -> None:
    """Every part has examples, and of multiple choice each has its options and one of them for a label."""
    if not (paper_data / name).is_dir():
        pytest.skip(f"no {name} in ICL_CLAIMS_DATA")
    task = load_task(name, catalogue=fixtures.TASKS, fetched=paper_data, data_dir=paper_data, own_options=True)
    examples = (*task.demonstration_pool, *first_examples(task, "test", 1), *task.test)
    assert all(task.answer(example) for example in examples)
