"""What trainings will take, said before they begin."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.models.gpt.sizes import Cost, training_cost
from harness.trainings.training import Training, one_thread

if TYPE_CHECKING:
    import torch


def forecast(trainings: Sequence[Training], processes: int) -> str:
    """Return in one line how many trainings are ahead and about what they take, in so many processes."""
    from harness.models.devices import choose_device  # noqa: PLC0415  # brings torch

    device, size = choose_device(trainings[0].device), trainings[0].size.name
    costs = [_cost(training) for training in trainings]
    hours = seconds_of(trainings, processes) / 3600
    spent = f"{60 * hours:.1f} minutes" if hours < 2 else f"{hours:.0f} hours"  # noqa: PLR2004  as one says it
    return (
        f"momentum: {len(costs)} trainings of size '{size}' are ahead, about {spent} on {processes} x {device.type}, "
        f"up to {max(cost.gigabytes for cost in costs):.2g} GB each"
    )


def seconds_of(trainings: Sequence[Training], processes: int) -> float:
    """Return about how long they take in so many processes."""
    from harness.models.devices import choose_device  # noqa: PLC0415  # brings torch

    flops = sum(_cost(training).flops for training in trainings)
    return flops / measured_rate(choose_device(trainings[0].device)) / processes


def measured_rate(device: "torch.device") -> float:
    """Return the FLOP a second that training small models reaches on one process of the device, roughly.

    A quarter of what a product of two square matrices reaches: measured for size tiny on two cores.
    """
    import torch  # noqa: PLC0415  # slow import

    side = 256 if device.type == "cpu" else 4096
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    with one_thread(device):
        matrix = torch.ones(side, side, device=device, dtype=dtype)
        times = []
        for _ in range(8):
            started = time.perf_counter()
            float((matrix @ matrix)[0, 0])  # waits for the device
            times.append(time.perf_counter() - started)
    return 2 * side**3 / min(times) / 4


def _cost(training: Training) -> Cost:
    language, context = training.size.language, training.size.in_context
    if training.problem == "language":
        return training_cost(language.shape, language.schedule, language.length, language.vocabulary)
    pairs = context.regression_pairs if training.problem == "regression" else context.recall_pairs
    return training_cost(context.shape, context.schedule, 2 * pairs, context.keys + context.values)
