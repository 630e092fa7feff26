"""What a claim asks of the runs: measurements by name, and the comparisons, tables and charts made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np

from harness.evidence.controls import Controls
from harness.evidence.measurements import MEASUREMENTS, VERSION, ByTask
from harness.judging.kept import family_identity
from harness.metrics import rec2ftp
from harness.metrics.base_rate import excess_over_base_rate
from harness.runs.runner import Runner
from harness.runs.theory import trained_regression
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.results import Calibration
from harness.store import Entry
from harness.trainings.grid import Found
from harness.trainings.text_tasks import text_task_answers
from harness.trainings.training import ProblemName


class Evidence:
    """Measurements of every task, each computed once."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.tasks = runner.settings.tasks
        self.controls = Controls(runner)
        self._all = lru_cache(maxsize=None)(self._measure)

    def of(self, measurement: str, name: str) -> ByTask:
        """Return array `name` of a measurement (see `harness.evidence.evidence.measurements`) for every task."""
        return {task: np.stack([found[name] for found in self._all(measurement, task)]) for task in self.tasks}

    def causality(self) -> Mapping[str, Mapping[str, float]]:
        """Return what ICL and finetuning share on every task (see `harness.runs.theory.causality`)."""
        return {task: self.runner.causality(task) for task in self.tasks}

    def regression(self) -> Mapping[str, np.ndarray]:
        """Return what training on in-context regression found (see `harness.runs.runs.theory.trained_regression`)."""
        return trained_regression(self.runner.runs)

    def base_rate(self) -> Mapping[str, ByTask]:
        """Return Rec2FTP and its base rate: how often ICL is right where ZSL is wrong, and FT right or wrong.

        `corrected` and `uncorrected` [seed, example] by task; `excess` [seed, example] of all tasks joined, whose
        mean is the difference within tasks (see `harness.metrics.base_rate`), and `control`, the same with FT's
        right answers permuted among the examples that ZSL gets wrong.
        """
        zsl, icl, ft = ({t: v > 0 for t, v in self.of("accuracy", s).items()} for s in ("zsl", "icl", "ft"))
        rng = stream(self.runner.settings.seed, "base rate")
        shuffled = {task: ft[task].copy() for task in ft}
        for task, rows in shuffled.items():
            for row, wrong in zip(rows, ~zsl[task], strict=True):
                row[wrong] = rng.permutation(row[wrong])
        sets = range(len(next(iter(zsl.values()))))

        def excess(of_ft: ByTask) -> ByTask:
            by_set = [excess_over_base_rate(*([v[i] for v in of.values()] for of in (zsl, icl, of_ft))) for i in sets]
            return {"all tasks": np.stack(by_set)}

        return {
            "corrected": {task: rec2ftp(zsl[task], icl[task], ft[task]) for task in zsl},
            "uncorrected": {task: rec2ftp(zsl[task], icl[task], ~ft[task]) for task in zsl},
            "excess": excess(ft),
            "control": excess(shuffled),
        }

    def trained(self, problem: ProblemName) -> Found:
        """Return what the trainings on a problem left, by attention (see `harness.trainings.grid.Trainings.of`)."""
        return self.runner.trainings.of(problem)

    def text_tasks(self) -> Mapping[str, ByTask]:
        """Return right answers [training run, example] of the language models we trained, by attention and task.

        Empty at sizes whose models are too small to answer (`Size.text_tasks`).
        """
        if not self.runner.trainings.size.text_tasks:
            return {}
        return {
            attention: {task: text_task_answers(self.runner.runs, self.runner.trainings, attention, task)}
            for attention in ("vanilla", "momentum")
            for task in self.tasks
        }

    def calibrated(
        self,
        family: Mapping[str, Sequence[Comparison]],
        effects: Mapping[str, Sequence[float]],
        alpha: float,
        runs: int,
    ) -> Mapping[str, Calibration]:
        """Return the calibration of each claim of a family that has comparisons (see `harness.statistics.calibration`).

        Kept in the store under the hash of all that it is drawn from.
        """

        def compute() -> Entry:
            from harness.statistics.calibration import calibrate  # noqa: PLC0415  # only where it is not kept

            found = calibrate(
                family, alpha, stream(self.runner.settings.seed, "calibration"), effects=effects, runs=runs
            )
            return Entry({}, {one.claim: asdict(one) for one in found})

        key = {
            "family": family_identity(family),
            "effects": effects,
            "alpha": alpha,
            "runs": runs,
            "version": CALIBRATION_VERSION,
        }
        key["seed"] = self.runner.settings.seed
        facts = self.runner.runs.store.find_or_compute("calibration", key, compute).facts
        return {claim: _calibration(kept) for claim, kept in facts.items()}  # type: ignore[arg-type]

    def _measure(self, measurement: str, task: str) -> Sequence[Mapping[str, np.ndarray]]:
        seed = self.runner.settings.seed

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            rng = stream(seed, "measurement", measurement, task, candidate)
            source, measure = MEASUREMENTS[measurement]
            return measure(getattr(self.runner, source)(task, candidate), rng)

        identity = {"name": measurement, "version": VERSION, "seed": seed}
        return self.runner.measured(identity, task, compute)


CALIBRATION_VERSION = 1
"""Raised when the simulation changes, so that none is read from an older store."""


def _calibration(kept: Mapping[str, Any]) -> Calibration:
    effect = None if kept["effect"] is None else tuple(kept["effect"])
    return Calibration(**{**kept, "examples": tuple(kept["examples"]), "effect": effect})
