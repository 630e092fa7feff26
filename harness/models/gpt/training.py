"""Train a GPT: AdamW, warm-up and cosine, gradients in micro-batches, checkpoints that survive a kill.

What is drawn at a step depends on seed and step alone, so a run that goes on from a checkpoint ends with the same
weights to the last bit, and every attention sees the same batches.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import AdamW

from harness.drafts import clear_for_file, remedy
from harness.errors import HarnessError
from harness.files import require_regular
from harness.models.gpt.network import GPT, parameters_of
from harness.models.gpt.sizes import Schedule


@dataclass(frozen=True)
class Batch:
    """Sequences and what is to be predicted of them, [sequence, position, ...]."""

    inputs: Tensor
    targets: Tensor
    counts: Tensor
    """Which positions count in the loss."""

    def to(self, device: torch.device) -> "Batch":
        """Return it on the device."""
        return Batch(self.inputs.to(device), self.targets.to(device), self.counts.to(device))

    def cut(self, size: int | None) -> Iterator["Batch"]:
        """Yield it in parts of at most `size` sequences."""
        size = size or len(self.inputs)
        for first in range(0, len(self.inputs), size):
            part = slice(first, first + size)
            yield Batch(self.inputs[part], self.targets[part], self.counts[part])


class Problem(Protocol):
    """Something to learn."""

    def batch(self, step: int, size: int) -> Batch:
        """Return the sequences of a step: the same ones whenever it is asked."""

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the loss at every position, [sequence, position]."""


def learning_rate(schedule: Schedule, step: int) -> float:
    """Return the learning rate of a step: linear from 0 while warming up, then half a cosine down to the floor."""
    warm = max(1, round(schedule.warm_up * schedule.steps))
    if step < warm:
        return schedule.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, schedule.steps - warm)
    share = schedule.floor + (1 - schedule.floor) * (1 + math.cos(math.pi * done)) / 2
    return schedule.learning_rate * share


def train(
    network: GPT,
    problem: Problem,
    schedule: Schedule,
    *,
    checkpoint: Path | None = None,
    mixed_precision: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> np.ndarray:
    """Train in place and return the loss of every step [step], in the problem's unit.

    With `checkpoint`, a folder, the run goes on from what an earlier one left there; the caller removes the folder
    once the result is kept. `mixed_precision` computes in bfloat16 with weights in float32. Raises a HarnessError where
    the loss is not finite, or a batch does not fit in memory.
    """
    device, optimizer = next(network.parameters()).device, _optimizer(network, schedule)
    losses = np.full(schedule.steps, np.nan)
    first = _resume(checkpoint, network, optimizer, losses) if checkpoint else 0
    network.train()
    for step in range(first, schedule.steps):
        batch = problem.batch(step, schedule.batch).to(device)
        optimizer.zero_grad()
        with _precision(device, mixed_precision=mixed_precision):
            losses[step] = _accumulate(network, problem, batch, schedule.micro_batch)
        if not math.isfinite(losses[step]):
            raise HarnessError(
                f"training diverged: the loss of step {step + 1} of {schedule.steps} is not finite; "
                "take a smaller learning rate in harness/models/gpt/sizes.py",
            )
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(schedule, step)
        optimizer.step()
        progress(1)
        if checkpoint and (step + 1) % schedule.checkpoint_every == 0 and step + 1 < schedule.steps:
            _save(checkpoint, network, optimizer, losses[: step + 1])
    network.eval()
    return losses


def _accumulate(network: GPT, problem: Problem, batch: Batch, micro_batch: int | None) -> float:
    """Add the gradients of the mean loss over all positions that count; return that loss."""
    positions = batch.counts.sum()
    total = 0.0
    try:
        for part in batch.cut(micro_batch):
            losses = problem.losses(network(part.inputs), part)
            loss = (losses * part.counts).sum() / positions
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
    except torch.OutOfMemoryError as error:
        raise HarnessError(
            f"{len(batch.inputs)} sequences of {batch.inputs.shape[1]} do not fit in the device's memory for training; "
            "set a smaller micro_batch in harness/models/gpt/sizes.py",
        ) from error
    return total


def _optimizer(network: GPT, schedule: Schedule) -> AdamW:
    matrices, others = (list(parameters_of(network, matrices=choice)) for choice in (True, False))
    groups = [
        {"params": matrices, "weight_decay": schedule.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    # A step of a small network is a tenth shorter with one kernel a group than with ten a parameter.
    return AdamW(groups, lr=schedule.learning_rate, betas=schedule.betas, fused=True)


def _precision(device: torch.device, *, mixed_precision: bool) -> AbstractContextManager[object]:
    if not mixed_precision:
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


WEIGHTS, AVERAGES, LOSSES, CHECKSUM, TRAINING = "weights.", "averages.", "losses", "sha256", "training"


def _save(folder: Path, network: GPT, optimizer: AdamW, losses: np.ndarray) -> None:
    """Write weights, AdamW's averages and the losses so far as one file, which appears whole or not at all."""
    tensors = {WEIGHTS + name: value for name, value in network.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"{AVERAGES}{index}.{name}": value for name, value in state.items()}
    tensors[LOSSES] = torch.from_numpy(losses.copy())
    tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
    draft = folder / ".draft.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (draft, folder / "checkpoint.safetensors"):
            clear_for_file(path)
        draft.unlink(missing_ok=True)  # a link would be written through
        save_file(tensors, draft, {CHECKSUM: _checksum(tensors), TRAINING: folder.name})
        draft.replace(folder / "checkpoint.safetensors")
    except (OSError, SafetensorError) as error:
        raise HarnessError(
            f"no checkpoint can be written in {folder} ({error}); {remedy(error)} with --store"
        ) from error


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
        digest.update(value.flatten().numpy().data)
    return digest.hexdigest()


def _resume(folder: Path, network: GPT, optimizer: AdamW, losses: np.ndarray) -> int:
    """Put a checkpoint's state in; return the step to go on with, 0 where there is none, or a damaged or another's."""
    path = folder / "checkpoint.safetensors"
    try:
        require_regular(path)
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
            said = file.metadata() or {}
    except (OSError, SafetensorError, json.JSONDecodeError):
        return 0
    if said.get(TRAINING) != folder.name or said.get(CHECKSUM) != _checksum(tensors):
        return 0
    done = tensors.pop(LOSSES).numpy()
    weights = {name.removeprefix(WEIGHTS): value for name, value in tensors.items() if name.startswith(WEIGHTS)}
    network.load_state_dict(weights)
    saved = optimizer.state_dict()
    saved["state"] = _averages(tensors)
    optimizer.load_state_dict(saved)
    losses[: len(done)] = done
    return len(done)


def _averages(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(AVERAGES):
            index, _, key = name.removeprefix(AVERAGES).partition(".")
            state.setdefault(int(index), {})[key] = value
    return state
