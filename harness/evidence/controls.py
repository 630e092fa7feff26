"""Measurements of the controls, by variant: what rival explanations are judged on."""

from collections.abc import Callable, Mapping

import numpy as np

from harness.data import Setting
from harness.evidence.measurements import MEASUREMENTS, ByTask
from harness.evidence.measurements import VERSION as MEASUREMENTS_VERSION
from harness.metrics.distributions import change_agreement, token_overlap, total_variation
from harness.metrics.order import disagreement, spread
from harness.metrics.sim_aou import attention_output_update
from harness.runs.control_runs import ControlRuns, Variant
from harness.runs.runner import Runner
from harness.seeds import stream

TRAINED = Variant()


class Controls:
    """Measurements on the first control queries of the first control tasks."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.runs = ControlRuns(runner)
        self.tasks = runner.settings.tasks[: runner.settings.control_tasks]

    def of(self, measurement: str, name: str, variant: Variant = TRAINED) -> ByTask:
        """Return array `name` of a measurement (see `harness.evidence.evidence.measurements`) under a variant."""

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            rng = stream(self.runner.settings.seed, "control", measurement, task, candidate)
            return MEASUREMENTS[measurement][1](self.runs.cell(task, candidate, variant), rng)

        return self._by_task(f"{measurement} {MEASUREMENTS_VERSION}", name, variant, compute)

    def order_spread(self, name: str) -> ByTask:
        """Return how much an example's outcome differs between orders of the same demonstrations.

        `<setting>_answers`: share of pairs of orders that answer differently [seed, example]; `<setting>_outputs`: mean
        over pairs of 1 - cosine of the changes of attention outputs [seed, example, layer]; settings `icl` and `ft`.
        """
        orders = [Variant(order=i) for i in range(self.runner.settings.orders)]

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            cells = [self.runs.cell(task, candidate, order) for order in orders]
            found = {}
            for setting in ("icl", "ft"):
                recordings = [getattr(cell, setting) for cell in cells]
                changes = [attention_output_update(r.attn_out, cells[0].zsl.attn_out) for r in recordings]
                found[f"{setting}_answers"] = disagreement(np.stack([r.predicted for r in recordings]))
                found[f"{setting}_outputs"] = spread(np.stack(changes))
            return found

        return self._by_task(f"{len(orders)} orders", name, TRAINED, compute)

    def distributions(self, name: str) -> ByTask:
        """Return how like the settings' output distributions are, [seed, example].

        `answers_<a>_<b>` and `next_<a>_<b>`: total variation over the answer words and over the vocabulary;
        `overlap_<a>_<b>`: share of the ten likeliest next tokens in common; `agreement`: cosine of ICL's and FT's
        changes of the next token's centred log-probabilities.
        """

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            cell, following = self.runs.cell(task, candidate, TRAINED), self.runs.next_token(task, candidate)
            zsl, icl, ft = (following[setting] for setting in (Setting.ZSL, Setting.ICL, Setting.FT))
            words = cell.icl.label_logits
            return {
                "answers_icl_ft": total_variation(words, cell.ft.label_logits),
                "answers_icl_zsl": total_variation(words, cell.zsl.label_logits),
                "next_icl_ft": total_variation(icl, ft),
                "next_icl_zsl": total_variation(icl, zsl),
                "overlap_icl_ft": token_overlap(icl, ft),
                "overlap_icl_zsl": token_overlap(icl, zsl),
                "agreement": change_agreement(zsl, icl, ft),
            }

        return self._by_task("distributions", name, TRAINED, compute)

    def learning_rates(self, variants: Mapping[str, Variant]) -> str:
        """Say in words at which learning rates each variant was finetuned: a smaller one where the claims' diverged."""
        said = []
        for name, variant in variants.items():
            for task in self.tasks:
                candidates = self.runner.selection(task).candidates
                rates = sorted({self.runs.learning_rate(task, candidate, variant) for candidate in candidates})
                said.append(f"{name}, {task}: {', '.join(f'{rate:g}' for rate in rates)}")
        return f"Learning rates of finetuning: {'; '.join(said)}."

    def _by_task(
        self,
        measured: str,
        name: str,
        variant: Variant,
        compute: Callable[[str, int], Mapping[str, np.ndarray]],
    ) -> ByTask:
        found = {}
        for task in self.tasks:
            sets = [
                self.runs.measured(measured, task, candidate, variant, compute)
                for candidate in self.runner.selection(task).candidates
            ]
            found[task] = np.stack([of[name] for of in sets])
        return found
