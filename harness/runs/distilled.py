"""Keys and values fitted to ICL, as a finetuning's entry: what stands there of steps and weights is the fit's."""

import time

import numpy as np

from harness.runs.imitated import imitated_by, queries_of, strength_of
from harness.runs.loaded import model_of
from harness.runs.run import Run
from harness.seeds import stream
from harness.store import Entry, Store


def distilled(run: Run, store: Store) -> Entry:
    """Fit the weights to the answers or the outputs of ICL, by the run's strength; the test queries are not read.

    Facts: `losses`, the mean loss of each step's batch; `dev_losses` by number of steps taken, `steps` all of them and
    `best_step` that of the weights that are kept; `learning_rate`, Adam's, and `tried`, the least dev loss of each in
    its trial; `queries` and `dev_queries`, how many there were.

    Raises:
        HarnessError: as `queries_of`, or the fit does not fit in memory.

    """
    import torch  # noqa: PLC0415  # slow import

    from harness.models.distillation import Course, Imitated, answer_losses, distil, output_losses  # noqa: PLC0415

    how, what, started = strength_of(run), run.variant.imitates, time.perf_counter()
    losses_of = {"answers": answer_losses, "outputs": output_losses}[str(what)]
    model, wanted = model_of(run, store), store.find_or_run(imitated_by(run))
    asked = dict(zip(("train", "dev"), queries_of(run, store), strict=True))
    train, dev = (
        Imitated(prompts, torch.from_numpy(wanted.tensors[f"{part}_{what}"]).to(model.device))
        for part, prompts in asked.items()
    )
    course = Course(_batches(run, len(train.prompts.queries)), how.rates, how.trial, how.every)
    found = distil(model, losses_of, train, dev, course, run.batch_size)
    weights = {name: weight.cpu().numpy() for name, weight in found.weights.items()}
    none_read = np.empty((len(model.attention_modules), 0, 0), np.float32)
    facts = {
        "losses": list(found.losses),
        "dev_losses": {str(step): loss for step, loss in found.dev_losses.items()},
        "steps": len(found.losses),
        "best_step": found.best_step,
        "learning_rate": found.learning_rate,
        "tried": {f"{rate:g}": loss for rate, loss in found.tried.items()},
        "seconds": round(time.perf_counter() - started, 3),
    }
    return Entry({"query_vectors": none_read, **weights}, {**wanted.facts, **facts})


def _batches(run: Run, number: int) -> list[list[int]]:
    """Return the queries of each step by index: all in random order, then all in another, cut into batches."""
    how, drawn = strength_of(run), run.demonstrations
    assert drawn is not None, "ICL has demonstrations"
    rng = stream(drawn.seed, "batches to distil from", run.task.name, drawn.candidate, *run.variant.names)
    needed = how.steps * how.batch
    order = np.concatenate([rng.permutation(number) for _ in range(-(-needed // number))])[:needed]
    found: list[list[int]] = order.reshape(how.steps, how.batch).tolist()
    return found
