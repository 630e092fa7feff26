"""Training, held to a plain loop, and to going on after a kill as if there had been none."""

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.errors import HarnessError
from harness.models.gpt.network import GPT, AttentionChoice
from harness.models.gpt.problems import Recall
from harness.models.gpt.sizes import Schedule, Shape
from harness.models.gpt.training import Batch, learning_rate, train

PROBLEM = Recall(keys=4, values=4, pairs=6, seed=0)
SCHEDULE = Schedule(steps=15, batch=6, learning_rate=0.01, micro_batch=4, checkpoint_every=5)
CHECKPOINT, DRAFT = "checkpoint.safetensors", ".draft.safetensors"


class InFloat64(Recall):
    """The same with losses in float64: in float32 AdamW blows up a key's bias, whose gradient is rounding alone."""

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy at every position."""
        return cross_entropy(outputs.mT, batch.targets, reduction="none")


class Stop(Exception):  # noqa: N818  no error: the end of a run from outside
    """Ends a training."""


def fresh(attention: str = "momentum") -> GPT:
    """Return the problem's untrained network, its eta learned."""
    return PROBLEM.network(Shape(1, 2, 8), AttentionChoice(attention, 0.5, learned=True))


def trained(schedule: Schedule = SCHEDULE, checkpoint: Path | None = None) -> tuple[GPT, np.ndarray]:
    """Return a trained network and its losses."""
    network = fresh()
    return network, train(network, PROBLEM, schedule, checkpoint=checkpoint)


def stopping_after(steps: int) -> Callable[[int], None]:
    """Return a progress that ends the training so many steps on."""
    left = steps

    def progress(done: int) -> None:
        nonlocal left
        left -= done
        if left == 0:
            raise Stop

    return progress


def same(one: tuple[GPT, np.ndarray], other: tuple[GPT, np.ndarray]) -> bool:
    """Tell whether weights and losses are equal to the last bit."""
    weights = zip(one[0].state_dict().values(), other[0].state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in weights) and np.array_equal(one[1], other[1])


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Add up in one order, as trainings of the suite do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def unbroken() -> tuple[GPT, np.ndarray]:
    """Return what a training without a stop leaves."""
    return trained()


@pytest.mark.parametrize(
    ("step", "share"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (55, 0.55), (32, 0.1 + 0.9 * (1 + math.cos(math.pi * 22 / 90)) / 2)],
)
def test_learning_rate_by_hand(step: int, share: float) -> None:
    """Of 100 steps 10 warm up in tenths; the cosine starts at 1, is (1 + 0.1) / 2 in the middle of the other 90."""
    schedule = Schedule(steps=100, batch=1, learning_rate=3.0, warm_up=0.1)
    assert learning_rate(schedule, step) == pytest.approx(3.0 * share)


def test_learning_rate_ends_near_its_floor() -> None:
    """The last of 1,000 steps is at a tenth of the largest rate, and no step is beyond either."""
    rates = [learning_rate(Schedule(steps=1000, batch=1, learning_rate=1.0), step) for step in range(1000)]
    assert rates[-1] == pytest.approx(0.1, abs=1e-4)
    assert (max(rates), min(rates) > 0) == (1.0, True)


def test_steps_are_those_of_a_plain_loop() -> None:
    """Three steps of AdamW written out: clipped gradients, corrected averages, decay of matrices alone."""
    schedule = replace(SCHEDULE, steps=3, clip=0.5, weight_decay=0.3, micro_batch=None, warm_up=1.0)
    network, losses = fresh().double(), []
    weights = list(network.parameters())
    first, second = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    for step in range(3):
        batch = PROBLEM.batch(step, 6)
        log_p = network(batch.inputs).log_softmax(-1).gather(-1, batch.targets[..., None])[..., 0]
        loss = -log_p[batch.counts].mean()
        gradients = torch.autograd.grad(loss, weights)
        norm = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
        assert norm > 0.5, "nothing to clip: this test would not see it"
        rate = 0.01 * (step + 1) / 3
        for weight, gradient, mean, square in zip(weights, gradients, first, second, strict=True):
            mean.mul_(0.9).add_(0.1 * gradient * 0.5 / norm)
            square.mul_(0.95).add_(0.05 * (gradient * 0.5 / norm) ** 2)
            corrected = mean / (1 - 0.9 ** (step + 1)), square / (1 - 0.95 ** (step + 1))
            decay = 0.3 if weight.ndim > 1 else 0.0
            weight.data = weight * (1 - rate * decay) - rate * corrected[0] / (corrected[1].sqrt() + 1e-8)
        losses.append(float(loss.detach()))
    ours = fresh().double()
    np.testing.assert_allclose(train(ours, InFloat64(4, 4, 6, seed=0), schedule), losses, rtol=1e-6)
    for weight, expected in zip(ours.parameters(), weights, strict=True):
        torch.testing.assert_close(weight, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("micro_batch", [1, 4, 6, 100])
def test_micro_batches_add_up_to_the_batch(micro_batch: int) -> None:
    """Cut into parts, which hold unlike numbers of positions that count, a step's loss and gradient are the whole's."""
    whole, parts = (replace(SCHEDULE, steps=1, micro_batch=size) for size in (None, micro_batch))
    counts = PROBLEM.batch(0, 6).counts.sum(dim=1)
    assert len(set(counts.tolist())) > 1
    (one, one_loss), (other, other_loss) = trained(whole), trained(parts)
    np.testing.assert_allclose(one_loss, other_loss, rtol=1e-6)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert a.grad is not None
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-7)


def test_training_twice_gives_the_same_bits(unbroken: tuple[GPT, np.ndarray]) -> None:
    """Weights and losses of two trainings on the CPU are equal to the last bit; training took, and has ended."""
    assert same(trained(), unbroken)
    assert unbroken[1][-5:].mean() < unbroken[1][:5].mean()
    assert not unbroken[0].training


def test_random_numbers_drawn_elsewhere_change_nothing(unbroken: tuple[GPT, np.ndarray]) -> None:
    """What a step draws rests on seed and step, not on torch's or numpy's own generators."""
    torch.manual_seed(12345)
    assert same(trained(), unbroken)


@pytest.mark.parametrize("attention", ["vanilla", "momentum"])
def test_mixed_precision_keeps_weights_in_float32(attention: str) -> None:
    """In bfloat16 losses stay within its three digits of float32's, and no weight changes its type."""
    network, plain = fresh(attention), fresh(attention)
    losses = train(network, PROBLEM, SCHEDULE, mixed_precision=True)
    np.testing.assert_allclose(losses, train(plain, PROBLEM, SCHEDULE), rtol=0.02)
    assert not np.array_equal(losses, train(fresh(attention), PROBLEM, SCHEDULE))
    assert {weight.dtype for weight in network.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("stop", [3, 7, 11])
def test_stopped_training_goes_on(tmp_path: Path, unbroken: tuple[GPT, np.ndarray], stop: int) -> None:
    """Stopped before the first checkpoint or after one, it ends with the bits of an unbroken training.

    From step 7 it goes on behind the checkpoint of step 5: ten steps are left.
    """
    with pytest.raises(Stop):
        train(fresh(), PROBLEM, SCHEDULE, checkpoint=tmp_path, progress=stopping_after(stop))
    steps: list[int] = []
    network = fresh()
    losses = train(network, PROBLEM, SCHEDULE, checkpoint=tmp_path, progress=steps.append)
    assert same((network, losses), unbroken)
    assert sum(steps) == 15 - stop // 5 * 5


def _truncate(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])


def _empty(checkpoint: Path) -> None:
    checkpoint.write_bytes(b"")


def _rename_losses(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b'"losses"', b'"looses"'))


def _rename_weight(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"weights.norm.bias", b"weights.worm.bias"))


def _drop_average(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b'"averages.0.exp_avg"', b'"everages.0.exp_avg"'))


def _change_a_number(checkpoint: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    content[-100] ^= 64
    checkpoint.write_bytes(content)


@pytest.mark.parametrize("damage", [_truncate, _empty, _rename_losses, _rename_weight, _drop_average, _change_a_number])
def test_damaged_checkpoint_starts_anew(
    tmp_path: Path, unbroken: tuple[GPT, np.ndarray], damage: Callable[[Path], None]
) -> None:
    """What can't be read whole, or is not what was written, is not used: the numbers are those of an unbroken run."""
    with pytest.raises(Stop):
        train(fresh(), PROBLEM, SCHEDULE, checkpoint=tmp_path, progress=stopping_after(7))
    damage(tmp_path / CHECKPOINT)
    steps: list[int] = []
    network = fresh()
    losses = train(network, PROBLEM, SCHEDULE, checkpoint=tmp_path, progress=steps.append)
    assert same((network, losses), unbroken)
    assert len(steps) == 15


def test_unwritable_checkpoint_is_an_error(tmp_path: Path) -> None:
    """A file where the folder should be is named, with what to do."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(HarnessError, match=r"no checkpoint can be written in .*taken.*choose another folder"):
        trained(checkpoint=tmp_path / "taken" / "folder")


def test_divergence_is_an_error() -> None:
    """At a learning rate of 1e30 the loss is infinite at the second step, and the message says what to change."""
    with pytest.raises(HarnessError, match=r"the loss of step \d+ of 15 is not finite; take a smaller learning rate"):
        trained(replace(SCHEDULE, learning_rate=1e30, warm_up=0.0))


KILLED = """
import sys, time
from pathlib import Path
import torch
from harness.tests.models.gpt.test_training import (CHECKPOINT, PROBLEM, SCHEDULE, fresh, train)
torch.set_num_threads(1)
folder = Path(sys.argv[1])
train(fresh(), PROBLEM, SCHEDULE, checkpoint=folder,
      progress=lambda _: time.sleep(60) if (folder / CHECKPOINT).exists() else None)
"""


@pytest.mark.slow
def test_killed_training_goes_on(tmp_path: Path, unbroken: tuple[GPT, np.ndarray]) -> None:
    """After kill -9 with a checkpoint written and the next one begun, the rest gives an unbroken training's bits."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path])
    while not (tmp_path / CHECKPOINT).exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (tmp_path / DRAFT).write_bytes((tmp_path / CHECKPOINT).read_bytes()[:1000])
    assert same(trained(checkpoint=tmp_path), unbroken)
    assert not (tmp_path / DRAFT).exists()
