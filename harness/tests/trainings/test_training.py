"""One training: its key holds all that decides its numbers and nothing else, and a kill changes none of them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from harness.errors import HarnessError
from harness.models.gpt.sizes import BYTES, InContextSize, LanguageSize, Schedule, Shape, Size
from harness.settings import Settings
from harness.store import Entry, Store
from harness.tasks.corpus import load_corpus
from harness.trainings import training as training_runs
from harness.trainings.training import Tokens, Training, one_thread, problem_of

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


def tokens(corpus: str = "text", place: Path = Path("here")) -> Tokens:
    """Return a corpus' tokens: of a text that nobody has, unless they are kept."""
    return Tokens(corpus, SIZE.language.vocabulary, str(place / "text.txt"), place, place)


def training(problem: Any, **changed: Any) -> Training:
    """Return a training of momentum attention."""
    given = Training(problem, SIZE, "momentum", 0.5, seed=1, tokens=tokens(), test_seed=2, device="cpu")
    return replace(given, **changed)


def keep_text(store: Store, corpus: str = "text", last_half: int = 0) -> None:
    """Keep token streams of a corpus; the second half of its validation part belongs to `last_half`."""
    rng = np.random.default_rng(0)
    stream, validation = rng.integers(7, size=(2, 100)).astype(np.int32)
    validation[50:] = np.random.default_rng(last_half).integers(7, size=50)
    entry = Entry({"training": stream, "validation": validation}, {"tokenizer": ""})
    store.find_or_compute(tokens(corpus).kind, tokens(corpus).key, lambda: entry)


LANGUAGE, CONTEXT = SIZE.language, SIZE.in_context
DECIDE_ALL: dict[str, dict[str, Any]] = {
    "attention": {"attention": "shift"},
    "eta": {"eta": 0.6},
    "seed": {"seed": 3},
    "precision": {"size": replace(SIZE, mixed_precision=True)},
}
DECIDE_LANGUAGE: dict[str, dict[str, Any]] = {
    "corpus": {"tokens": tokens("other")},
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
    "places": {"tokens": tokens(place=Path("elsewhere"))},
    "runs": {"size": replace(SIZE, name="other", seeds=9, etas=(0.2,))},
}


@pytest.mark.parametrize("problem", ["language", "regression", "recall"])
def test_key_holds_what_decides_the_numbers(problem: str) -> None:
    """Each of a training's own facts gives another key; device, folders, number of runs and others' facts do not."""
    own, others = (DECIDE_LANGUAGE, DECIDE_CONTEXT) if problem == "language" else (DECIDE_CONTEXT, DECIDE_LANGUAGE)
    base = training(problem)

    def changing(choices: dict[str, dict[str, Any]]) -> set[str]:
        return {name for name, changed in choices.items() if replace(base, **changed).key != base.key}

    assert changing(DECIDE_ALL | own) == set(DECIDE_ALL | own)
    assert changing(DECIDE_NOTHING | others) == set()


def test_problems_have_keys_of_their_own() -> None:
    """The three problems of one size and seed are three entries."""
    keys = [training(problem).key for problem in ("language", "regression", "recall")]
    assert all(keys[i] != keys[j] for i in range(3) for j in range(i))


@pytest.mark.parametrize("changed", [tokens("other"), replace(tokens(), vocabulary=8)])
def test_tokens_are_named_by_text_and_vocabulary(changed: Tokens) -> None:
    """Another text or vocabulary is another entry; where the text is from is not in its name."""
    assert tokens(place=Path("elsewhere")).key == tokens().key != changed.key


def test_training_rests_on_the_text_that_it_learns() -> None:
    """Language models on their corpus' tokens; the other problems on nothing."""
    assert [training(problem).inputs for problem in ("language", "regression", "recall")] == [(tokens(),), (), ()]


@pytest.mark.parametrize(("problem", "pairs"), [("regression", 4), ("recall", 5)])
def test_training_in_context_leaves_losses_and_scores(tmp_path: Path, problem: str, pairs: int) -> None:
    """Six losses, a score for each pair of the eight test sequences, facts, and no checkpoint."""
    given, store = training(problem), Store(tmp_path)
    entry = store.find_or_run(given)
    assert {name: array.shape for name, array in entry.tensors.items()} == {"losses": (6,), "score": (8, pairs)}
    assert set(entry.facts) == {"seconds", "parameters"}
    assert not given.checkpoints(store).exists()


def test_checkpoints_stay_until_the_entry_is_kept(tmp_path: Path) -> None:
    """Trained to its end and not yet kept, a training still has its last checkpoint; asking for it removes that."""
    given, store = training("recall"), Store(tmp_path)
    given.compute(store)
    assert (given.checkpoints(store) / "checkpoint.safetensors").exists()
    store.find_or_run(given)
    assert not given.checkpoints(store).exists()


def test_language_model_leaves_losses_and_weights_where_asked(tmp_path: Path) -> None:
    """A loss for each of five windows of the dev half and of each length; weights at sizes that ask text tasks."""
    store = Store(tmp_path)
    keep_text(store)
    shapes = {n: a.shape for n, a in store.find_or_run(training("language")).tensors.items()}
    assert shapes == {"losses": (4,), "dev": (5,), "validation_6": (5,), "validation_12": (5,)}
    asked = training("language", size=replace(SIZE, text_tasks=True))
    kept = {n.removeprefix("weights.") for n in store.find_or_run(asked).tensors if n.startswith("weights.")}
    assert kept == set(problem_of(asked, store).network(LANGUAGE.shape, asked.choice).state_dict())


def test_language_models_learn_the_training_text(tmp_path: Path) -> None:
    """The tokens that windows are drawn from are those of the corpus' training part."""
    keep_text(Store(tmp_path))
    expected = np.random.default_rng(0).integers(7, size=(2, 100))[0]
    assert np.array_equal(problem_of(training("language"), Store(tmp_path)).tokens, expected)


def test_choice_of_eta_reads_none_of_what_is_reported(tmp_path: Path) -> None:
    """Another second half of the validation text changes the reported losses and leaves those eta is chosen by."""
    store = Store(tmp_path)
    keep_text(store)
    keep_text(store, "other", last_half=1)
    trained = [training("language", tokens=tokens(name)) for name in ("text", "other")]
    one, other = (store.find_or_run(each).tensors for each in trained)
    assert np.array_equal(one["dev"], other["dev"])
    assert not np.array_equal(one["validation_6"], other["validation_6"])


def test_arms_differ_by_their_attention_alone(tmp_path: Path) -> None:
    """With eta near 0 every attention trains as vanilla does, step by step; with 0.9 the first loss is another."""
    arms, store = {"vanilla": None, "momentum": 1e-9, "uniform": 1e-9, "shift": 1e-9}, Store(tmp_path)
    losses = [
        store.find_or_run(training("recall", attention=name, eta=eta)).tensors["losses"] for name, eta in arms.items()
    ]
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=1e-5)
    strong = store.find_or_run(training("recall", eta=0.9)).tensors["losses"]
    assert abs(strong[0] / losses[0][0] - 1) > 1e-3


def test_test_sequences_are_alike_for_all_training_seeds(tmp_path: Path) -> None:
    """Runs differ in weights and batches, and are measured on the same sequences."""
    (one, other), store = (training("recall", seed=seed) for seed in (1, 2)), Store(tmp_path)
    assert training_runs.test_problem_of(one, store) == training_runs.test_problem_of(other, store)
    assert problem_of(one, store) != problem_of(other, store)


@pytest.fixture
def threads_seen() -> Iterator[set[int]]:
    """Yield the numbers of threads that networks were called on."""
    seen: set[int] = set()
    hook = register_module_forward_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
    yield seen
    hook.remove()


def test_training_does_not_depend_on_threads(tmp_path: Path, threads_seen: set[int]) -> None:
    """Asked for in a process of two threads, a training computes on one, and gives the threads back."""
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(Store(tmp_path / str(threads)).find_or_run(training("recall")).tensors)
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert threads_seen == {training("recall").threads} == {1}
    assert all(np.array_equal(found[0][name], found[1][name], equal_nan=True) for name in found[0])


def test_threads_are_given_back_after_an_error() -> None:
    """What fails on one thread leaves the process with as many as it had."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.raises(ZeroDivisionError), one_thread(torch.device("cpu")):
        _ = torch.get_num_threads() / 0
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_missing_text_is_an_error(tmp_path: Path) -> None:
    """Where neither the store has the corpus' tokens nor the disk its text, one message says so."""
    store = Store(tmp_path)
    with pytest.raises(HarnessError, match=r"text\.txt"):
        store.find_or_run(training("language"))
    assert list(tmp_path.glob("runs/*/*/facts.json")) == []


def test_text_that_changed_since_is_an_error(tmp_path: Path) -> None:
    """Tokens of the text that the fingerprint names are kept; once the file says something else they are not made."""
    file = tmp_path / "text.txt"
    file.write_text("\n\n".join(f"This is line number {i} of the text." for i in range(400)))
    found = load_corpus(str(file), tmp_path, Settings().fetched)
    named = Tokens(found.fingerprint, BYTES, str(file), tmp_path, tmp_path)
    entry = Store(tmp_path / "one").find_or_run(named)
    assert set(entry.tensors) == {"training", "validation"}
    file.write_text("\n\n".join(f"This is line number {i + 1} of the text." for i in range(400)))
    with pytest.raises(HarnessError, match="changed while the claims ran; run them again"):
        Store(tmp_path / "other").find_or_run(named)


KILLED = """
import sys
from pathlib import Path
from harness.store import Store
from harness.tests.trainings.test_training import LONG, training
Store(Path(sys.argv[1])).find_or_run(training("recall", size=LONG))
"""


@pytest.mark.slow
def test_killed_training_ends_with_the_same_numbers(tmp_path: Path) -> None:
    """After kill -9 behind a checkpoint, asking again gives the tensors of a training that was never stopped."""
    given, broken, unbroken = training("recall", size=LONG), Store(tmp_path / "broken"), Store(tmp_path / "unbroken")
    process = subprocess.Popen([sys.executable, "-c", KILLED, broken.root])
    checkpoint = given.checkpoints(broken) / "checkpoint.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert checkpoint.exists()
    one, other = (store.find_or_run(given).tensors for store in (broken, unbroken))
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in {*one, *other})
    assert not given.checkpoints(broken).exists()
