"""A task that finetuning learns, and a model that does not know it: made-up words of two kinds, and two answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from harness.models.architectures import ARCHITECTURES
from harness.seeds import stream
from harness.tests.known.network import KnownConfig, KnownForCausalLM

ANSWERS = ("bad", "good")
KINDS = 2
WORDS = tuple(f"w{i}" for i in range(48))
"""The first half is of one kind, the second of the other."""
VOCABULARY = ("<unk>", "<s>", "</s>", "\n", "Input:", "Type:", *ANSWERS, *WORDS)
START, SEPARATOR = VOCABULARY.index("<s>"), VOCABULARY.index("\n")
TRAIN, DEV, TEST, LENGTH = 120, 50, 60, 10
OWN = 0.85
"""Share of a text's words that are of its kind."""
WIDTH, HEADS, GROUPS, LAYERS = 32, 4, 2, 2
KIND = 0.95
"""Cosine of a word's embedding and its kind's direction."""


@contextmanager
def registered() -> Iterator[None]:
    """Have the suite know the architecture for the block: a row of its table, as for any family.

    It is no row that users have. transformers' own registries keep it: nothing else has its name.
    """
    AutoConfig.register("known", KnownConfig, exist_ok=True)
    AutoModelForCausalLM.register(KnownConfig, KnownForCausalLM, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "known", ARCHITECTURES["llama"])
        yield


def make_task(folder: Path, seed: int) -> None:
    """Write a task of texts drawn under a seed."""
    rng = stream(seed, "known texts")
    (folder / "kinds").mkdir(parents=True)
    (folder / "kinds" / "task.toml").write_text('template = "{text} Type:"\nanswers = ["bad", "good"]\n')
    texts: dict[str, int] = {}
    while len(texts) < TRAIN + DEV + TEST:
        label, length = int(rng.integers(KINDS)), int(rng.integers(LENGTH - 2, LENGTH + 3))
        kinds = np.where(rng.random(length) < OWN, label, 1 - label)
        half = len(WORDS) // KINDS
        texts.setdefault(" ".join(WORDS[i] for i in kinds * half + rng.integers(half, size=length)), label)
    rows = [json.dumps({"text": text, "label": label}) + "\n" for text, label in texts.items()]
    parts = {"train": rows[:TRAIN], "dev": rows[TRAIN : TRAIN + DEV], "test": rows[TRAIN + DEV :]}
    for part, of_part in parts.items():
        (folder / "kinds" / f"{part}.jsonl").write_text("".join(of_part))


def make_model(folder: Path, seed: int, **construction: object) -> None:
    """Write a model whose base is drawn under a seed, and which does in its context what `construction` says."""
    config = KnownConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=GROUPS,
        max_position_embeddings=512,
        bos_token_id=START,
        eos_token_id=VOCABULARY.index("</s>"),
        tie_word_embeddings=True,
        separator=SEPARATOR,
        **construction,
    )
    network = KnownForCausalLM(config)
    network.load_state_dict(_weights(network, BASES[seed % len(BASES)]), strict=False)
    network.save_pretrained(folder)
    _tokenizer().save_pretrained(folder)


BASES = (0, 2, 3)
"""Seeds of weights that finetuning learns the task from, whatever demonstrations are drawn: of the first ten, with
sixteen demonstrations, three do."""
SCALES = {"q_proj": 1.5, "k_proj": 0.05, "v_proj": 1.0, "o_proj": 0.7, "mlp": 0.1}
LEFT = 0.005
"""Of what tells answers apart in values, so that they are no tie."""


def _weights(network: KnownForCausalLM, seed: int) -> dict[str, torch.Tensor]:
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items() if value.ndim > 1}
    embeddings = _embeddings(stream(seed, "known weights", "embeddings"))
    found = {}
    for name, shape in shapes.items():
        scale = next((of for part, of in SCALES.items() if part in name), 0.0)
        drawn = stream(seed, "known weights", name).normal(0, scale / shape[1] ** 0.5, shape)
        found[name] = torch.from_numpy(drawn.astype(np.float32)) if scale else embeddings
    _unlearn(found, embeddings)
    return found


def _unlearn(weights: dict[str, torch.Tensor], embeddings: torch.Tensor) -> None:
    """Take from a model's weights what tells kinds or answers apart, but for a part that leaves no tie."""
    half, first = len(WORDS) // KINDS, len(VOCABULARY) - len(WORDS)
    kind = (embeddings[first : first + half] - embeddings[first + half :]).mean(0)
    answer = embeddings[VOCABULARY.index("good")] - embeddings[VOCABULARY.index("bad")]
    for name, value in weights.items():
        if "down_proj" in name:
            weights[name] = _without(value, answer)
        if "k_proj" in name:
            weights[name] = _without(value.T, kind).T
        if "v_proj" in name:
            written = answer @ weights[name.replace("v_proj", "o_proj")]  # [head * d_head]
            weights[name] = _unwritten(_without(value.T, kind).T, written)


def _unwritten(value: torch.Tensor, written: torch.Tensor) -> torch.Tensor:
    """Return a value projection [group * d_head, d] with little of what any head of a group writes as an answer."""
    groups = value.view(GROUPS, -1, value.shape[1])
    heads = torch.linalg.qr(written.view(GROUPS, HEADS // GROUPS, -1).transpose(1, 2))[0]  # [group, d_head, head]
    found: torch.Tensor = groups - (1 - LEFT) * heads @ (heads.transpose(1, 2) @ groups)
    return found.reshape(value.shape)


def _without(columns: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Return columns [d, ...] without their part along a direction [d]."""
    unit = direction / direction.norm()
    return columns - torch.outer(unit, unit @ columns)


def _embeddings(rng: np.random.Generator) -> torch.Tensor:
    """Return [token, WIDTH] of unit length: words of one kind have a direction in common, and others its opposite.

    All but the answers lie across the difference of the answers.
    """
    table = rng.normal(size=(len(VOCABULARY), WIDTH))
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    direction = rng.normal(size=WIDTH)
    direction /= np.linalg.norm(direction)
    words = slice(len(VOCABULARY) - len(WORDS), None)
    signs = np.repeat([1.0, -1.0], len(WORDS) // KINDS)
    bad, good = (VOCABULARY.index(answer) for answer in ANSWERS)
    table[good] -= (table[good] @ table[bad]) * table[bad]
    answer = table[good] / np.linalg.norm(table[good]) - table[bad]
    answer /= np.linalg.norm(answer)
    direction -= (direction @ answer) * answer
    direction /= np.linalg.norm(direction)
    table -= (table @ direction)[:, None] * direction
    others = [i for i in range(len(VOCABULARY)) if i not in {bad, good}]
    table[others] -= (table[others] @ answer)[:, None] * answer
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    table[words] = (1 - KIND**2) ** 0.5 * table[words] + KIND * signs[:, None] * direction
    return torch.from_numpy(table.astype(np.float32))


def _tokenizer() -> PreTrainedTokenizerFast:
    unknown, start, end, *_ = VOCABULARY
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token=unknown))
    tokenizer.pre_tokenizer = Split(Regex(r"\n|\S+"), behavior="removed", invert=True)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unknown, bos_token=start, eos_token=end)
