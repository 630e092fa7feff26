"""One training: its key holds all that decides its numbers and nothing else, and a kill changes none of them."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import HarnessError
from harness.models.gpt.sizes import InContextSize, LanguageSize, Schedule, Shape, Size
from harness.store import Entry, Store
from harness.trainings import training as training_runs
from harness.trainings.training import Training, find_or_train, problem_of, run_training, token_streams

SIZE = Size(
    name="minuscule",
    language=LanguageSize(
        Shape(layers=1, heads=2, width=8),
        Schedule(steps=4, batch=2, learning_rate=0.01),
        vocabulary=7,
        length=12,
        validation_lengths=(6, 12),
        windows=5,
    ),
    in_context=InContextSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=6, batch=4, learning_rate=0.01, checkpoint_every=2),
        dimension=2,
        regression_pairs=4,
        keys=3,
        values=3,
        recall_pairs=5,
        sequences=8,
    ),
)
LONG = replace(SIZE, in_context=replace(SIZE.in_context, schedule=Schedule(400, 4, 0.01, checkpoint_every=20)))
"""Takes a second or two."""


def training(store: Path, problem: Any, **changed: Any) -> Training:
    """Return a training of momentum attention."""
    given = Training(problem, SIZE, "momentum", 0.5, seed=1, corpus="text", test_seed=2, device="cpu", store=store)
    return replace(given, **changed)


def keep_text(store: Path, corpus: str, last_half: int = 0) -> None:
    """Keep token streams of a corpus; the second half of its validation part belongs to `last_half`."""
    rng = np.random.default_rng(0)
    stream, validation = rng.integers(7, size=(2, 100)).astype(np.int32)
    validation[50:] = np.random.default_rng(last_half).integers(7, size=50)
    entry = Entry({"training": stream, "validation": validation}, {"tokenizer": ""})
    token_streams(corpus, SIZE.language.vocabulary, Store(store), lambda: entry)


LANGUAGE, CONTEXT = SIZE.language, SIZE.in_context
DECIDE_ALL: dict[str, dict[str, Any]] = {
    "attention": {"attention": "shift"},
    "eta": {"eta": 0.6},
    "seed": {"seed": 3},
    "precision": {"size": replace(SIZE, mixed_precision=True)},
}
DECIDE_LANGUAGE: dict[str, dict[str, Any]] = {
    "corpus": {"corpus": "other"},
    "weights kept": {"size": replace(SIZE, text_tasks=True)},
    "shape": {"size": replace(SIZE, language=replace(LANGUAGE, shape=Shape(1, 2, 16)))},
    "steps": {"size": replace(SIZE, language=replace(LANGUAGE, schedule=replace(LANGUAGE.schedule, steps=5)))},
    "vocabulary": {"size": replace(SIZE, language=replace(LANGUAGE, vocabulary=8))},
    "lengths": {"size": replace(SIZE, language=replace(LANGUAGE, validation_lengths=(6,)))},
}
DECIDE_CONTEXT: dict[str, dict[str, Any]] = {
    "test sequences": {"test_seed": 3},
    "pairs": {"size": replace(SIZE, in_context=replace(CONTEXT, recall_pairs=6))},
    "rate": {"size": replace(SIZE, in_context=replace(CONTEXT, schedule=replace(CONTEXT.schedule, learning_rate=0.1)))},
}
DECIDE_NOTHING: dict[str, dict[str, Any]] = {
    "device": {"device": "cuda"},
    "store": {"store": Path("elsewhere")},
    "runs": {"size": replace(SIZE, name="other", seeds=9, etas=(0.2,))},
}


@pytest.mark.parametrize("problem", ["language", "regression", "recall"])
def test_key_holds_what_decides_the_numbers(problem: str) -> None:
    """Each of a training's own facts gives another key; device, folder, number of runs and others' facts do not."""
    own, others = (DECIDE_LANGUAGE, DECIDE_CONTEXT) if problem == "language" else (DECIDE_CONTEXT, DECIDE_LANGUAGE)
    base = training(Path("here"), problem)

    def changing(choices: dict[str, dict[str, Any]]) -> set[str]:
        return {name for name, changed in choices.items() if replace(base, **changed).key != base.key}

    assert changing(DECIDE_ALL | own) == set(DECIDE_ALL | own)
    assert changing(DECIDE_NOTHING | others) == set()


def test_problems_have_keys_of_their_own() -> None:
    """The three problems of one size and seed are three entries."""
    keys = [training(Path("here"), problem).key for problem in ("language", "regression", "recall")]
    assert all(keys[i] != keys[j] for i in range(3) for j in range(i))


@pytest.mark.parametrize(("problem", "pairs"), [("regression", 4), ("recall", 5)])
def test_training_in_context_leaves_losses_and_scores(tmp_path: Path, problem: str, pairs: int) -> None:
    """Six losses, a score for each pair of the eight test sequences, facts, and no checkpoint."""
    given = training(tmp_path, problem)
    run_training(given)
    entry = find_or_train(given)
    assert {name: array.shape for name, array in entry.tensors.items()} == {"losses": (6,), "score": (8, pairs)}
    assert set(entry.facts) == {"seconds", "parameters"}
    assert not given.checkpoints.exists()


def test_language_model_leaves_losses_and_weights_where_asked(tmp_path: Path) -> None:
    """A loss for each of five windows of the dev half and of each length; weights at sizes that ask text tasks."""
    keep_text(tmp_path, "text")
    shapes = {n: a.shape for n, a in find_or_train(training(tmp_path, "language")).tensors.items()}
    assert shapes == {"losses": (4,), "dev": (5,), "validation_6": (5,), "validation_12": (5,)}
    asked = training(tmp_path, "language", size=replace(SIZE, text_tasks=True))
    kept = {n.removeprefix("weights.") for n in find_or_train(asked).tensors if n.startswith("weights.")}
    assert kept == set(problem_of(asked).network(LANGUAGE.shape, asked.choice).state_dict())


def test_choice_of_eta_reads_none_of_what_is_reported(tmp_path: Path) -> None:
    """Another second half of the validation text changes the reported losses and leaves those eta is chosen by."""
    keep_text(tmp_path, "text")
    keep_text(tmp_path, "other", last_half=1)
    one, other = (find_or_train(training(tmp_path, "language", corpus=name)).tensors for name in ("text", "other"))
    assert np.array_equal(one["dev"], other["dev"])
    assert not np.array_equal(one["validation_6"], other["validation_6"])


def test_arms_differ_by_their_attention_alone(tmp_path: Path) -> None:
    """With eta near 0 every attention trains as vanilla does, step by step; with 0.9 the first loss is another."""
    arms = {"vanilla": None, "momentum": 1e-9, "uniform": 1e-9, "shift": 1e-9}
    losses = [
        find_or_train(training(tmp_path, "recall", attention=name, eta=eta)).tensors["losses"]
        for name, eta in arms.items()
    ]
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=1e-5)
    strong = find_or_train(training(tmp_path, "recall", eta=0.9)).tensors["losses"]
    assert abs(strong[0] / losses[0][0] - 1) > 1e-3


def test_test_sequences_are_alike_for_all_training_seeds(tmp_path: Path) -> None:
    """Runs differ in weights and batches, and are measured on the same sequences."""
    one, other = (training(tmp_path, "recall", seed=seed) for seed in (1, 2))
    assert training_runs.test_problem_of(one) == training_runs.test_problem_of(other)
    assert problem_of(one) != problem_of(other)


def test_training_does_not_depend_on_threads(tmp_path: Path) -> None:
    """Asked for in a process of two threads, a training computes on one, and gives the threads back."""
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(find_or_train(training(tmp_path / str(threads), "recall")).tensors)
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert all(np.array_equal(found[0][name], found[1][name], equal_nan=True) for name in found[0])


def test_missing_text_is_an_error(tmp_path: Path) -> None:
    """A store without the corpus' tokens is named, with what to do."""
    with pytest.raises(HarnessError, match="lacks the tokens of corpus text; run the claims again"):
        run_training(training(tmp_path, "language"))


KILLED = """
import sys
from pathlib import Path
from harness.tests.trainings.test_training import LONG, run_training, training
run_training(training(Path(sys.argv[1]), "recall", size=LONG))
"""


@pytest.mark.slow
def test_killed_training_ends_with_the_same_numbers(tmp_path: Path) -> None:
    """After kill -9 behind a checkpoint, asking again gives the tensors of a training that was never stopped."""
    broken, unbroken = (training(tmp_path / name, "recall", size=LONG) for name in ("broken", "unbroken"))
    process = subprocess.Popen([sys.executable, "-c", KILLED, broken.store])
    checkpoint = broken.checkpoints / "checkpoint.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert checkpoint.exists()
    one, other = (find_or_train(each).tensors for each in (broken, unbroken))
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in {*one, *other})
    assert not broken.checkpoints.exists()
