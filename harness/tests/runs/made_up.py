"""Runs of made-up model and tasks, whose keys rest on nothing that a machine has: none of them can be computed."""

from harness.data import Task
from harness.models.catalogue import HubModel
from harness.models.source import ModelSource
from harness.runs.experiment import Chosen, Experiment
from harness.runs.variants import Variant
from harness.settings import parse_settings

ROW = HubModel(kind="hub", id="a/b", start_token="<s>", separator="\n", licence="l", source="s")  # noqa: S106  a token of text
CHOSEN = {"toy": Chosen((1,), 2.0), "doll": Chosen((0,), 0.5)}
VARIANTS = {
    "own": Variant(),
    "weights fresh": Variant(weights="fresh"),
    "weights shuffled": Variant(weights="shuffled"),
    "weights embeddings": Variant(weights="embeddings"),
    "weights norms": Variant(weights="norms"),
    "labels random": Variant(labels="random"),
    "labels flipped": Variant(labels="flipped"),
    "order 1": Variant(order=1),
    "another_task True": Variant(another_task=True),
    "gradient layer_causal": Variant(gradient="layer_causal"),
    "update random": Variant(update="random"),
    "update distilled_answers": Variant(update="distilled_answers"),
    "update distilled_outputs": Variant(update="distilled_outputs"),
    "texts unrelated": Variant(texts="unrelated"),
}
"""Every value of every field that a first draw has."""


def made_up(row: HubModel | None = ROW) -> Experiment:
    """Return an experiment on tasks toy and doll, with a catalogue's row or with the tokenizer's own layout."""
    settings = parse_settings(
        model="made",
        tasks=("toy", "doll"),
        seed=3,
        demonstrations=6,
        queries=30,
        dev_queries=12,
        control_queries=8,
        candidate_sets=2,
        demonstration_sets=1,
        selection="best",
        learning_rates=(0.5, 2.0),
    )
    tasks = {
        name: Task(
            name=name,
            template="Input: {text} Type:",
            answers=("bad", "good"),
            demonstration_pool=(),
            dev=(),
            test=(),
            fingerprint=digit * 64,
            source="made",
            licence="none",
        )
        for name, digit in (("toy", "1"), ("doll", "2"))
    }
    return Experiment(settings, ModelSource("made", "ab" * 32, None, row), tasks)
