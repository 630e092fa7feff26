"""C15: momentum attention learns better in context."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.training_questions import TextTasks, TrainedGPTs
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import Curve, loss_curve, run_curve, task_table

CLAIM = Claim(
    id="C15",
    title="Momentum attention learns better in context",
    statement="A GPT with momentum attention gets more out of the demonstrations in its context than one with vanilla "
    "attention.",
    section="Momentum-based attention: in-context learning",
    prediction="error(vanilla) - error(momentum) > 0 and accuracy(momentum) - accuracy(vanilla) > 0",
    decision_rule="Small models learn no text task in context, so it is measured where they learn in context: linear "
    "regression (squared error) and associative recall (share of right values), each averaged over the number of "
    "examples before. Pairs of trainings from the same weights on the same sequences, twelve starts, as some learn "
    "nothing and some all; training run and test sequence are two levels. Supported if both corrected intervals lie "
    "above 0. At size 'paper', accuracy on the text tasks must be higher too.",
    unit="training run, and test sequence",
    family="momentum",
    refuted_if="the corrected interval of any part lies below 0",
    control="vanilla attention against itself: every other training run against the one after it, another start",
    subject="GPTs trained with momentum attention",
    matters={"error": 0.02, "accuracy": 0.03},
    because="two hundredths of the error of guessing 0, three points of accuracy",
)
ASKS = (TrainedGPTs(), TextTasks())


def measure(evidence: Evidence) -> Measured:
    """Compare error and accuracy, attention by attention."""
    learned = {problem: evidence.trained(problem) for problem in ("regression", "recall")}
    first = {"regression": 0, "recall": 1}  # there is nothing to recall before the first pair
    score = {problem: {a: of["score"][..., first[problem] :] for a, of in f.items()} for problem, f in learned.items()}
    mean = {problem: {a: np.nanmean(of, axis=2) for a, of in by.items()} for problem, by in score.items()}
    error, right, texts = mean["regression"], mean["recall"], evidence.text_tasks()
    lower, higher = CLAIM.prediction.split(" and ")
    parts = [
        difference("regression", lower, "error", {"": error["vanilla"]}, {"": error["momentum"]}),
        difference("recall", higher, "accuracy", {"": right["momentum"]}, {"": right["vanilla"]}),
    ]
    if texts:
        parts.append(difference("text tasks", higher, "accuracy", texts["momentum"], texts["vanilla"]))
    optimum = evidence.grid.least_squares()
    guessed = 1 / evidence.grid.size.in_context.values
    bounds = {"optimum": {"regression": optimum, "recall": np.ones(1)}}
    bounds["guessing"] = {"regression": np.ones(1), "recall": np.full(1, guessed)}
    tables = [
        task_table(
            "Regression: squared error, 1 for a guess of 0. Recall: share of right values",
            {**{name: {problem: by[name] for problem, by in mean.items()} for name in error}, **bounds},
            overall=False,
            note="Optimum: least squares of least norm on the examples before; the value that the key had before.",
        )
    ]
    if texts:
        paper = [("mean of its six tasks, 350M", (0.519, 0.547))]
        left_out = ", ".join(f"{number:,} of {task}" for task, number in evidence.too_long().items())
        note = f"Test examples of more than half the length that was trained on are left out: {left_out}."
        tables.append(task_table("Accuracy on text tasks", texts, paper, percent=True, note=note if left_out else ""))
        if any((by_length := evidence.by_length()).values()):
            tables.append(task_table("Multiple choice by the likelihood a character", by_length, percent=True))
    return Measured(
        parts=tuple(parts),
        control=(
            *between_sets("regression: one start over the next", lower, "error", {"": error["vanilla"]}),
            *between_sets("recall: one start over the next", higher, "accuracy", {"": right["vanilla"]}),
        ),
        tables=tuple(tables),
        curves=(
            *_by_examples(score, first, optimum),
            *(loss_curve(f"Training loss, {problem}", "loss", found) for problem, found in learned.items()),
        ),
    )


def _by_examples(
    score: Mapping[str, Mapping[str, np.ndarray]], first: Mapping[str, int], optimum: np.ndarray
) -> tuple[Curve, Curve]:
    """Return how much is got right by the number of examples before."""
    by = {problem: {a: np.nanmean(of, axis=1) for a, of in found.items()} for problem, found in score.items()}
    by["regression"]["least squares"] = optimum.mean(axis=0, keepdims=True)
    places = {problem: [first[problem] + i for i in range(found["vanilla"].shape[1])] for problem, found in by.items()}
    regression, recall = ({problem: by[problem]} for problem in ("regression", "recall"))
    title, best = "In-context regression by number of examples before", frozenset({"least squares"})
    return (
        run_curve(title, "squared error", regression, places["regression"], "examples", best),
        run_curve(
            "Associative recall by number of pairs before", "share of right values", recall, places["recall"], "pairs"
        ),
    )


@pytest.mark.momentum
def test_momentum_attention_learns_better_in_context(judge: Callable[[Claim], None]) -> None:
    """Trained on the same sequences, momentum attention makes fewer errors in context."""
    judge(CLAIM)
