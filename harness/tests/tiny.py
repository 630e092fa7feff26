"""A project that runs end to end in seconds with no network: a random Llama of two layers, and a task of made-up words.

Words and labels are drawn at random, so nothing can be learned of the labels and accuracies are near one half.
Finetuning at rate 2 moves attention far enough for every kind of verdict to come up: C11 is supported, C12
refuted, the others inconclusive.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import fixtures
from harness.engines.plan import run_plan
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.questions import Question
from harness.evidence.sources import Sources, open_sources
from harness.progress import Progress, Silent
from harness.seeds import stream
from harness.settings import Settings, parse_settings

ANSWERS = ("bad", "good")
WORDS = tuple(f"w{i}" for i in range(32))
VOCABULARY = ("<unk>", "<s>", "</s>", "\n", "Input:", "Type:", *ANSWERS, *WORDS)
TRAIN, TEST, WORDS_A_TEXT = 180, 40, 17

ON_TASKS = tuple(
    name for name, (source, _) in MEASUREMENTS.items() if source in {"cell", "cell from start", "parts", "updates"}
)
"""Measurements on all tasks."""

OPTIONS = {
    "tasks": "toy",
    "queries": "30",
    "dev-queries": "12",
    "demonstrations": "6",
    "demonstration-sets": "1",
    "selection": "best",
    "candidate-sets": "2",
    "control-queries": "20",
    "least-gain": "-1",
    "learning-rates": "2,1e38",
    "simulations": "0",
}
"""Options of a run that takes about a second once torch is loaded. At the larger learning rate finetuning diverges."""
_LISTS = ("tasks", "learning-rates")


@dataclass(frozen=True)
class Project:
    """Folders of the tiny model and the tiny task's data."""

    model: Path
    data: Path

    def arguments(self, store: Path, **options: object) -> list[str]:
        """Return a run's options for the command line."""
        given = OPTIONS | {name.replace("_", "-"): str(value) for name, value in options.items()}
        places = {"model": str(self.model), "data-dir": str(self.data), "store": str(store)}
        return [f"--{name}={value}" for name, value in (places | given).items()]

    def settings(self, store: Path, **options: object) -> Settings:
        """Return the same run's settings, on the CPU: what is compared with is worked out there."""
        numbers = {name.replace("-", "_"): value for name, value in OPTIONS.items() if name not in _LISTS}
        given = {"model": str(self.model), "data_dir": self.data, "device": "cpu"}
        given |= {"tasks": ("toy",), "learning_rates": (2.0, 1e38)}
        return parse_settings(**(given | numbers | {"store": store} | options))


def ready(settings: Settings, *questions: Question, progress: Progress | None = None) -> Sources:
    """Return the sources of a run whose store answers the questions."""
    sources = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    run_plan(questions, sources, progress or Silent())
    return sources


def make_project(folder: Path) -> Project:
    """Write the model and the task."""
    project = Project(folder / "model", folder / "data")
    make_model(project.model)
    (project.data / "toy").mkdir(parents=True)
    texts = _texts()
    labels = stream(0, "labels").integers(2, size=len(texts)).tolist()
    rows = [json.dumps({"text": text, "label": label}) + "\n" for text, label in zip(texts, labels, strict=True)]
    task = f'template = "Input: {{text}} Type:"\nanswers = {list(ANSWERS)}\n'.replace("'", '"')
    (project.data / "toy" / "task.toml").write_text(task)
    (project.data / "toy" / "train.jsonl").write_text("".join(rows[:TRAIN]))
    (project.data / "toy" / "test.jsonl").write_text("".join(rows[TRAIN:]))
    return project


def make_model(folder: Path, seed: int = 0, intermediate: int = 32) -> Path:
    """Write a model of weights of this seed, with its tokenizer; return its folder.

    `intermediate`: the width of its MLPs, which makes it a smaller or a larger one.
    """
    _network(seed, intermediate).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def _network(seed: int, intermediate: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        intermediate_size=intermediate,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=1,
        eos_token_id=2,
    )
    network = LlamaForCausalLM(config)
    weights = {
        name: torch.from_numpy(stream(seed, "weights", name).normal(0, 0.5, value.shape).astype(np.float32))
        for name, value in network.state_dict().items()
        if "norm" not in name
    }
    network.load_state_dict(weights, strict=False)
    return network.eval()


def _tokenizer() -> PreTrainedTokenizerFast:
    """One token a word, and one for a newline, so that a separator is one token."""
    unknown, start, end, *_ = VOCABULARY
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token=unknown))
    tokenizer.pre_tokenizer = Split(Regex(r"\n|\S+"), behavior="removed", invert=True)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unknown, bos_token=start, eos_token=end)


def _texts() -> list[str]:
    """Texts of differing lengths, no two alike."""
    rng = stream(0, "texts")
    lengths = rng.integers(WORDS_A_TEXT - 3, WORDS_A_TEXT + 4, size=TRAIN + TEST)
    return [" ".join(rng.choice(WORDS, size=length)) for length in lengths]
