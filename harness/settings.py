"""What a run may be told, checked before anything is loaded."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from harness.errors import HarnessError, nearest


class Protocol(StrEnum):
    """On which examples demonstration set and learning rate are selected."""

    HELD_OUT = "held-out"
    """Selected on dev, reported on test."""
    PAPER = "paper"
    """Selected and reported on the same test examples, as the paper did: biased upwards, kept to compare."""


class Settings(BaseModel):
    """Everything that changes a run's numbers or where they go. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "smollm2-135m-instruct"
    """Name from fixtures/models.toml, a local folder, or a Hugging Face id."""
    tasks: tuple[str, ...] = ("movie", "product", "tweet")
    data_dir: Path | None = None
    hub_data: bool = False
    protocol: Protocol = Protocol.HELD_OUT
    demonstrations: int = Field(default=32, ge=1)
    """Demonstrations asked for; fewer are used where the context is full."""
    queries: int = Field(default=100, ge=2)
    """Test examples a task."""
    dev_queries: int = Field(default=50, ge=2)
    """Examples a task on which demonstration set and learning rate are selected."""
    candidate_sets: int = Field(default=4, ge=1)
    """Demonstration sets drawn; the best on dev are kept."""
    demonstration_sets: int = Field(default=1, ge=1)
    """Demonstration sets reported; with two or more, statistics treat set and example as two levels."""
    learning_rates: tuple[Annotated[float, Field(gt=0, lt=3e38)], ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    """Grid of the finetuning's SGD. The paper tunes it per task and gives no grid; a replication's choices span
    1.6e-4 to 0.2 (PAPER section 3)."""
    seed: int = 0
    alpha: float = Field(default=0.05, gt=0, lt=1)
    """Family-wise error rate of the verdicts."""
    device: str = "auto"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_size: int = Field(default=8, ge=1)
    store: Path = Path(".store")
    momentum_size: Literal["tiny", "small", "paper"] = "tiny"
    """Size of the GPTs that are trained with momentum attention (harness/models/gpt/sizes.py)."""
    corpus: str = "package"
    """What they learn: the sentences of the default tasks' package, a text file or folder, or hub:OWNER/NAME."""
    control_tasks: int = Field(default=2, ge=1)
    """Tasks, the first ones, on which rival explanations run the model."""
    control_queries: int = Field(default=40, ge=2)
    """Test examples a task for the controls that run the model: the first of `queries`."""
    orders: int = Field(default=2, ge=2)
    """Orders of the same demonstrations that are compared."""
    simulations: int = Field(default=1000, ge=0)
    """Runs simulated to calibrate each family's decision rules; 0 for none."""
    processes: int = Field(default=0, ge=0)
    """Trainings at once on the CPU; 0 is one a processor."""

    @field_validator("tasks", "learning_rates")
    @classmethod
    def _not_empty(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if not values:
            msg = "at least one is needed"
            raise ValueError(msg)
        if len(set(values)) != len(values):
            msg = f"given twice: {', '.join(map(str, sorted(set(values), key=str)))}"
            raise ValueError(msg)
        return values

    @property
    def fetched(self) -> Path:
        """Folder of the archives that were fetched, kept apart so that a run's store can be emptied alone."""
        return self.store / "fetched"

    @property
    def numbers(self) -> dict[str, object]:
        """The settings that decide a verdict: what an expectation file is compared by."""
        elsewhere = {"store", "device", "batch_size", "processes", "simulations"}
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
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']} (given: {e['input']!r})" for e in error.errors()
        )
        raise HarnessError(f"settings can't be used: {wrong}") from error
    if settings.demonstration_sets > settings.candidate_sets:
        raise HarnessError(
            f"{settings.demonstration_sets} demonstration sets are to be reported, but only "
            f"{settings.candidate_sets} are drawn; raise --candidate-sets to at least that",
        )
    return settings
