"""What a report says of a task: its data, what was selected from what, and how long the runs took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.data import JSON
from harness.runs.cells import CellRuns
from harness.runs.experiment import Experiment
from harness.runs.layout import layout_facts
from harness.runs.selection import Selection
from harness.runs.steadiness import Steadiness
from harness.store import Entry, Record, Store
from harness.store.maker import differences, maker


@dataclass(frozen=True)
class CellFacts(Record):
    """How the runs of one cell were made, kept apart from them: a full store reads no recording for it."""

    of: CellRuns

    kind = "facts"

    @property
    def key(self) -> JSON:
        """The finetuning's: it names task, demonstrations and learning rate."""
        return self.of.finetuned.key

    @property
    def words(self) -> str:
        """What runs."""
        return f"{self.of.finetuned.task.name}: how it was run"

    @property
    def inputs(self) -> Sequence[Record]:
        """The cell's runs."""
        return self.of.inputs

    def compute(self, store: Store) -> Entry:
        """Gather the facts of the runs."""
        zsl, icl, ft, finetuned = (store.find_or_run(run).facts for run in self.of.inputs)
        named = {"ZSL": zsl, "ICL": icl, "finetuning": finetuned, "FT": ft}
        used: list[object] = icl["spans"]  # type: ignore[assignment]
        kept = {"demonstrations": len(used), "tokens": icl["prefix_tokens"], "device": icl["device"]}
        return Entry({}, kept | {"seconds": {name: facts["seconds"] for name, facts in named.items()}})


def task_facts(experiment: Experiment, task: str, chosen: Selection, made: JSON, laid_out: JSON) -> JSON:
    """Return the facts of a task under its best demonstration set.

    `made` is what `CellFacts` gathered, `laid_out` what a `PromptLayout` found.
    """
    labelled, settings, part = experiment.tasks[task], experiment.settings, experiment.selection_part
    grid = zip(settings.learning_rates, chosen.tuning.ft_accuracy, chosen.tuning.diverged_at, strict=True)
    return {
        "name": task,
        "source": labelled.source,
        "licence": labelled.licence,
        "sha256": labelled.fingerprint,
        "template": f"{labelled.template} {' / '.join(labelled.answers)}",
        "rows left out": [{"of": left.of, "reason": left.reason, "rows": left.rows} for left in labelled.left_out]
        or "none",
        **layout_facts(laid_out),
        "test examples": f"{experiment.number('test', task)} of {len(labelled.test)}",
        "demonstrations": f"{made['demonstrations']} used of {settings.demonstrations} asked, {made['tokens']} tokens",
        "selected on": f"{experiment.number(part, task)} {part} examples{_unselected(experiment)}",
        "demonstration sets tried": [
            {"set": i, "ICL accuracy": _percent(accuracy), "taken": "yes" if i in chosen.candidates else "no"}
            for i, accuracy in enumerate(chosen.icl_accuracy)
        ],
        "learning rates tried": [
            {
                "learning rate": tried,
                "FT accuracy": _percent(accuracy) if step is None else f"diverged at step {step + 1}",
                "last bit moves answers by": chosen.tuning.steadiness[tried].words
                if tried in chosen.tuning.steadiness
                else "not tried",
                "taken": "yes" if tried == chosen.learning_rate else "no",
            }
            for tried, accuracy, step in grid
        ],
        "device": made["device"],
        "seconds": made["seconds"],
    }


def chaos_notes(task: str, chosen: Selection, others: Mapping[int, Steadiness]) -> tuple[str, ...]:
    """Return what a report says of finetunings that are chaotic: learning rates passed over, and reported sets.

    `others` are the reported demonstration sets but the best, at the learning rate that was chosen.
    """
    said, rate = [], f"{chosen.learning_rate:g}"
    passed = ", ".join(f"{tried:g}" for tried, how in chosen.tuning.steadiness.items() if how.chaotic)
    if passed and chosen.tuning.steadiness[chosen.learning_rate].chaotic:
        said.append(
            f"Task {task}: finetuning is chaotic at every learning rate at which it holds ({passed}). {rate} was "
            "taken, which moves answers least; another processor would give other answers."
        )
    elif passed:
        said.append(
            f"Task {task}: finetuning is chaotic at learning rate {passed}, so that another processor would give other "
            f"answers; {rate}, the next best on dev that is not, was taken."
        )
    said += [
        f"Task {task}: finetuning on demonstration set {number} is chaotic at learning rate {rate} (weights off by "
        f"their last bit move answers by {how.words}); another processor would give other answers."
        for number, how in others.items()
        if how.chaotic
    ]
    return tuple(said)


def elsewhere_notes(runs: Sequence[Record], store: Store) -> tuple[str, ...]:
    """Return what a report says of runs that were computed on other versions or another processor than this one."""
    found: dict[str, list[str]] = {}
    for run in runs:
        if differs := differences(store.made(run) or {}, maker()):
            found.setdefault(", ".join(differs), []).append(run.words)
    return tuple(
        f"Computed elsewhere, with {how}: {'; '.join(dict.fromkeys(words))}. Here last digits may be others."
        for how, words in found.items()
    )


def _unselected(experiment: Experiment) -> str:
    """Say of demonstration sets drawn at random that they were not selected, and which the rate was tuned on."""
    if experiment.settings.selection == "best":
        return ""
    return ": the learning rate alone, with demonstration set 0; the sets are the first that were drawn"


def _percent(accuracy: float | None) -> str:
    return "none" if accuracy is None else f"{100 * accuracy:.0f} %"
