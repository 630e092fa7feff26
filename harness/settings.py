"""What a run may be told, checked before anything is loaded."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from harness.errors import HarnessError, cut, nearest, shown

NAME = 100
"""Characters of a task's name at most."""


class Protocol(StrEnum):
    """On which examples demonstration set and learning rate are selected."""

    HELD_OUT = "held-out"
    """Selected on dev, reported on test."""
    PAPER = "paper"
    """Selected and reported on the same test examples, as the paper did: biased upwards, kept to compare."""


def is_plain_name(name: str) -> bool:
    """Whether a task may be called so: a folder's own name, not a path, in Unicode; controls are shown as escapes."""
    plain = name == name.strip() and not re.search(r"[/\\\0\ud800-\udfff]", name)
    return plain and name not in {"", ".", ".."} and len(name) <= NAME


class Settings(BaseModel):
    """Everything that changes a run's numbers or where they go. Unknown keys are refused.

    A description is the option's help up to its first semicolon, and whole the option's row in README.md.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field(
        default="default",
        description="settings that go together: quick, default, thorough or paper (fixtures/profiles.toml); options "
        "that are given count before them",
    )
    model: str = Field(
        default="smollm2-135m-instruct",
        description="name from fixtures/models.toml, local folder, or Hugging Face id; several, separated by commas, "
        "are judged one after the other",
    )
    tasks: tuple[str, ...] = Field(
        default=("movie", "origin"),
        description="tasks, separated by commas; those of fixtures/tasks.toml, and your own",
    )
    data_dir: Path | None = Field(default=None, description="folder with <task>/train.jsonl and test.jsonl")
    wordnet: Path | None = Field(
        default=None,
        description="folder with WordNet 3.0's data.noun, for the task gloss (default: where systems and NLTK put it)",
    )
    hub_data: bool = Field(default=False, description="load the task's data from the hub")
    skip_bad_rows: bool = Field(
        default=False,
        description="leave out rows of a task that can't be used; the report counts them by reason, and without it "
        "they are listed and nothing runs",
    )
    protocol: Protocol = Field(
        default=Protocol.HELD_OUT,
        description="held-out (select on dev, report on test) or paper (select and report on the same examples)",
    )
    demonstrations: int = Field(
        default=32,
        ge=1,
        description="demonstrations in the context, and training steps of finetuning; fewer are used where the context "
        "is full, and the report says so",
    )
    queries: int = Field(default=40, ge=2, description="test examples a task")
    dev_queries: int = Field(default=50, ge=2, description="examples a task to select on")
    candidate_sets: int = Field(
        default=4,
        ge=1,
        description="demonstration sets to select among with --selection best; the best on dev are kept",
    )
    demonstration_sets: int = Field(
        default=5,
        ge=1,
        description="demonstration sets to report; statistics treat set and example as crossed levels, and with one "
        "set speak of that set alone",
    )
    selection: Literal["random", "best"] = Field(
        default="random",
        description="which demonstration sets are reported: the first drawn, none of them selected (random), or the "
        "best on dev of --candidate-sets (best); the learning rate is tuned on the first that is reported, for all",
    )
    least_gain: float = Field(
        default=0.02,
        ge=-1,
        le=1,
        description="accuracy on dev that ICL and FT must gain over ZSL to have learned a task; claims that presuppose "
        "it leave other tasks out",
    )
    # Of the finetuning's SGD. The paper tunes it per task and gives no grid; a replication's choices span 1.6e-4 to 0.2
    # (PAPER section 3).
    learning_rates: tuple[Annotated[float, Field(gt=0, lt=3e38)], ...] = Field(
        default=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        description="learning rates to select among, separated by commas; a diverging one is dropped early, a chaotic "
        "one passed over",
    )
    seed: int = Field(default=0, description="seed of every random stream")
    alpha: float = Field(default=0.05, gt=0, lt=1, description="family-wise error rate of the verdicts")
    device: str = Field(default="auto", description="cpu, cuda, or auto")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="float32, bfloat16 or float16"
    )
    batch_size: int = Field(default=8, ge=1, description="queries scored at once; out of memory halves it")
    store: Path = Field(
        default=Path(".store"),
        description="folder where runs are kept and found again "
        "(default: $ICL_CLAIMS_STORE, else .store in the suite's folder)",
    )
    momentum_size: Literal["tiny", "small", "paper"] = Field(
        default="tiny", description="size of the models trained with momentum attention: tiny, small or paper"
    )
    momentum_tasks: tuple[str, ...] | None = Field(
        default=None,
        description="text tasks that these are asked at size paper, multiple choice among them, separated by commas "
        "(default: those of --tasks)",
    )
    corpus: str = Field(
        default="package",
        description="what they learn: 'package', a text file or folder, or hub:OWNER/NAME; the package is the tasks'",
    )
    control_tasks: int = Field(
        default=2, ge=1, description="how many of the tasks, the first ones, rival explanations run the model on"
    )
    control_queries: int = Field(
        default=20,
        ge=2,
        description="test examples a task for rival explanations that run the model; the first of --queries",
    )
    orders: int = Field(default=2, ge=2, description="orders of the same demonstrations to compare")
    distilled: tuple[Literal["outputs", "answers"], ...] = Field(
        default=("outputs",),
        description="what of ICL keys and values are fitted to, to see how near an update can come: outputs, answers",
    )
    distilled_sets: int = Field(
        default=1, ge=0, description="demonstration sets a task that they are fitted on, the first reported (0: none)"
    )
    encoder: str | None = Field(
        default=None,
        description="small encoder (minilm) on whose sentence embeddings supervised models are trained too, beside "
        "n-grams; from fixtures/models.toml, fetched where it is not there",
    )
    simulations: int = Field(default=1000, ge=0, description="runs simulated to calibrate the decision rules (0: none)")
    processes: int = Field(
        default=0,
        ge=0,
        description="runs and trainings at once on the CPU (default: one a processor, fewer where memory is short)",
    )
    engine: Literal["local", "ray", "slurm"] = Field(
        default="local",
        description="where runs and trainings are computed: local, ray (a cluster that was started) or slurm",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="threads that each run of the model computes on; where it is the same, so is every bit, whichever "
        "the engine (default: a process's share of the processors, one with --engine ray and slurm)",
    )

    @field_validator("model", "data_dir", "wordnet", "store", "device", "corpus", "encoder", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip():  # as a path it would be the working folder
            msg = "is empty, as of a variable that is not set; give a name, or leave the option out"
            raise ValueError(msg)
        return value

    @field_validator("tasks", "learning_rates", "momentum_tasks")
    @classmethod
    def _not_empty(cls, values: tuple[object, ...] | None) -> tuple[object, ...] | None:
        if values is None:
            return None
        if not values:
            msg = "at least one is needed"
            raise ValueError(msg)
        if len(set(values)) != len(values):
            msg = f"given twice: {', '.join(map(str, sorted(set(values), key=str)))}"
            raise ValueError(msg)
        return values

    @field_validator("tasks", "momentum_tasks")
    @classmethod
    def _plain_names(cls, tasks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        wrong = [cut(shown(repr(name)), 60) for name in tasks or () if not is_plain_name(name)]
        if wrong:
            msg = (
                f"{', '.join(wrong[:5])} can't be a task's name, which is a folder's own, not a path, and has at most "
            )
            raise ValueError(f"{msg}{NAME} characters that can be shown")
        return tasks

    @field_validator("*")
    @classmethod
    def _no_nul(cls, value: object) -> object:
        values = value if isinstance(value, tuple) else (value,)
        if any("\0" in str(each) for each in values if isinstance(each, str | Path)):
            msg = "holds a NUL character, which no name or path may"
            raise ValueError(msg)
        return value

    @property
    def fetched(self) -> Path:
        """Folder of the archives that were fetched, kept apart so that a run's store can be emptied alone."""
        return self.store / "fetched"

    @property
    def numbers(self) -> dict[str, object]:
        """The settings that decide a verdict: what an expectation file is compared by.

        Not whether bad rows are skipped: where there are any, a run that may not skip them has no verdict. Nor where
        WordNet lies: it is the same everywhere, by its hash.
        """
        elsewhere = {"profile", "store", "device", "batch_size", "processes", "engine", "threads", "simulations"}
        elsewhere |= {"skip_bad_rows", "wordnet"}
        return {key: value for key, value in self.model_dump(mode="json").items() if key not in elsewhere}


def parse_settings(**given: object) -> Settings:
    """Return the settings, or raise a HarnessError that names each one that is wrong and why."""
    protocol = given.get("protocol")
    if isinstance(protocol, str) and protocol not in list(Protocol):
        raise HarnessError(f"unknown protocol '{protocol}': {nearest(protocol, list(Protocol))}")
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']} (given: {_given(e['input'])})"
            for e in error.errors()
        )
        raise HarnessError(f"settings can't be used: {wrong}") from error
    if settings.selection == "best" and settings.demonstration_sets > settings.candidate_sets:
        raise HarnessError(
            f"{settings.demonstration_sets} demonstration sets are to be reported, but only "
            f"{settings.candidate_sets} are drawn; raise --candidate-sets to at least that, or report those that are "
            "drawn with --selection random",
        )
    return settings


def _given(value: object) -> str:
    """Return what was given, cut where it would fill a message."""
    return cut(shown(repr(value)), 300)
