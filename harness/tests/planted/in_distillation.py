"""Errors planted in what keys and values are fitted to, in the fit, and in how far it goes."""

from harness.tests.planted.planted import Planted

FIT = "harness/models/distillation.py"
IMITATED, DISTILLED, CELLS, EXPERIMENT = (
    f"harness/runs/{name}.py" for name in ("imitated", "distilled", "cells", "experiment")
)
RUN, STRENGTH, MEASUREMENTS = "harness/runs/run.py", "harness/runs/distillation.py", "harness/evidence/measurements.py"
OF_FIT = "harness/tests/models/test_distillation.py::test_"
OF_IMITATED, OF_DISTILLED = (f"harness/tests/runs/test_{name}.py::test_" for name in ("imitated", "distilled"))
OF_MEASUREMENTS = "harness/tests/evidence/test_control_measurements.py::test_"
KEPT = f"{OF_FIT}weights_of_least_dev_loss_are_kept"
CONCERNS = "distillation"

ERRORS = [
    Planted(
        "ZSL imitated for ICL",
        CONCERNS,
        IMITATED,
        "score(model, prompts, Setting.ICL, batch_size=self.batch_size)",
        "score(model, prompts, Setting.ZSL, batch_size=self.batch_size)",
        f"{OF_IMITATED}what_is_imitated_is_icl",
    ),
    Planted(
        "test examples among the queries",
        CONCERNS,
        IMITATED,
        "pool = [example for example in task.demonstration_pool if",
        "pool = [example for example in (*task.demonstration_pool, *task.test) if example in task.test or",
        f"{OF_IMITATED}queries_are_neither_demonstrations_nor_in_dev_or_test",
    ),
    Planted(
        "what is in dev or test too among the queries",
        CONCERNS,
        IMITATED,
        "for part in (shown, task.dev, task.test)",
        "for part in (shown,)",
        f"{OF_IMITATED}example_that_is_elsewhere_too_is_no_query",
    ),
    Planted(
        "demonstrations among the queries",
        CONCERNS,
        IMITATED,
        "for part in (shown, task.dev, task.test)",
        "for part in (task.dev, task.test)",
        f"{OF_IMITATED}queries_are_neither_demonstrations_nor_in_dev_or_test",
    ),
    Planted(
        "stopped on test",
        CONCERNS,
        IMITATED,
        "run.task.dev[: how.dev]",
        "run.task.test[: how.dev]",
        f"{OF_IMITATED}queries_are_neither_demonstrations_nor_in_dev_or_test",
    ),
    Planted(
        "queries cut where they are to fit",
        CONCERNS,
        IMITATED,
        "if 0 < len(tokens) <= room:",
        "if 0 < len(tokens):",
        f"{OF_IMITATED}queries_that_do_not_fit_are_passed_over",
    ),
    Planted(
        "the claims' own demonstrations imitated for the variant's",
        CONCERNS,
        IMITATED,
        'variant=replace(run.variant, update="finetuned"))',
        "variant=type(run.variant)())",
        f"{OF_IMITATED}both_forms_imitate_one_run",
    ),
    Planted(
        "too few queries distilled from",
        CONCERNS,
        IMITATED,
        "if number >= least:",
        "if number:",
        f"{OF_IMITATED}task_with_too_few_queries_is_refused",
    ),
    Planted(
        "the last weights for those of least dev loss",
        CONCERNS,
        FIT,
        "if found < self.least:",
        "if found < math.inf:",
        KEPT,
    ),
    Planted(
        "stopped on what is trained on",
        CONCERNS,
        FIT,
        "self.losses_of(self.model, self.dev.prompts, p, self.dev.wanted)",
        "self.losses_of(self.model, self.train.prompts, p, self.train.wanted)",
        KEPT,
    ),
    Planted(
        "divergence the wrong way round",
        CONCERNS,
        FIT,
        "functional.kl_div(found, expected, log_target",
        "functional.kl_div(expected, found, log_target",
        f"{OF_FIT}divergence_is_of_icl_from_the_fitted_model",
    ),
    Planted(
        "the last layer's output alone imitated",
        CONCERNS,
        FIT,
        "dim=-1).mean(-1)",
        "dim=-1)[:, -1]",
        f"{OF_FIT}outputs_alike_in_every_layer_have_no_distance",
    ),
    Planted(
        "outputs at the padding's end for the last token's",
        CONCERNS,
        FIT,
        "outputs.append(output[rows, last])",
        "outputs.append(output[:, -1])",
        f"{OF_FIT}gradients_are_those_of_whole_prompts",
    ),
    Planted(
        "no start token",
        CONCERNS,
        FIT,
        "(prompts.start_token, *prompts.queries[i])",
        "(*prompts.queries[i],)",
        f"{OF_FIT}gradients_are_those_of_whole_prompts",
    ),
    Planted(
        "a batch's gradient of its last part alone",
        CONCERNS,
        FIT,
        "so_far.add_(",
        "so_far.copy_(",
        f"{OF_FIT}steps_are_torchs_adam",
    ),
    Planted(
        "a part's mean for its share of the batch's",
        CONCERNS,
        FIT,
        ".sum() / len(batch)",
        ".mean()",
        f"{OF_FIT}steps_are_torchs_adam",
    ),
    Planted(
        "the rate of largest dev loss",
        CONCERNS,
        FIT,
        "best = min(tried, key=lambda rate: (tried[rate], rate))",
        "best = max(tried, key=lambda rate: (tried[rate], rate))",
        f"{OF_FIT}rate_of_least_dev_loss_goes_on",
    ),
    Planted(
        "a rate goes on from another's weights",
        CONCERNS,
        FIT,
        '''looking at dev on the way."""
        self._put_in()''',
        '''looking at dev on the way."""''',
        f"{OF_FIT}rate_of_least_dev_loss_goes_on",
    ),
    Planted(
        "fitted to answers where outputs are asked for",
        CONCERNS,
        DISTILLED,
        "run.variant.imitates, time.perf_counter()",
        '"answers", time.perf_counter()',
        f"{OF_DISTILLED}fit_lowers_its_own_distance_from_icl",
    ),
    Planted(
        "the strength left out of the key",
        CONCERNS,
        RUN,
        'key["distillation"] = self.distillation.key',
        "pass",
        f"{OF_DISTILLED}every_number_of_the_strength_is_in_the_key",
    ),
    Planted(
        "the rate selected for finetuning in the key of a fit",
        CONCERNS,
        EXPERIMENT,
        "rate = None if fitted else chosen[task].learning_rate",
        "rate = chosen[task].learning_rate",
        f"{OF_DISTILLED}every_number_of_the_strength_is_in_the_key",
    ),
    Planted(
        "a fit that read the context's demonstrations",
        f"{CONCERNS} kendall",
        CELLS,
        " or read.variant.imitates is not None",
        "",
        f"{OF_DISTILLED}tau_is_refused",
    ),
    Planted(
        "divergence of ZSL in FT's place",
        "divergences",
        MEASUREMENTS,
        '(("ft", cell.ft), ("zsl", cell.zsl))}',
        '(("ft", cell.zsl), ("zsl", cell.zsl))}',
        f"{OF_MEASUREMENTS}divergences_are_of_icl_from_the_others",
    ),
    Planted(
        "divergence of the settings from ICL",
        "divergences",
        MEASUREMENTS,
        "kl_divergence(icl, of.label_logits)",
        "kl_divergence(of.label_logits, icl)",
        f"{OF_MEASUREMENTS}divergences_are_of_icl_from_the_others",
    ),
    Planted(
        "KL the wrong way round",
        "kl_divergence divergences",
        "harness/metrics/distributions.py",
        "(np.exp(log_p) * (log_p - log_q))",
        "(np.exp(log_q) * (log_q - log_p))",
        "harness/tests/metrics/test_distributions.py::test_divergence_by_hand",
    ),
]
