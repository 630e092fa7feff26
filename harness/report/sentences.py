"""Sentences of the page: what came out, what a comparison leaves open, and how far the rule can be trusted."""

import math
from collections import Counter
from collections.abc import Sequence

from harness.judging.claims import MODELS, Claim
from harness.judging.verdicts import OnBestSets, Verdict
from harness.report import numbers
from harness.report.document import Document
from harness.report.side_by_side import labels, models_of
from harness.statistics.judgement import FARTHEST
from harness.statistics.results import Calibration, Outcome, PartResult, TaskResult

PP = "\N{NO-BREAK SPACE}pp"
COUNT_WORDS = {
    Outcome.SUPPORTED: "supported",
    Outcome.REFUTED: "refuted",
    Outcome.NEGLIGIBLE: "negligible",
    Outcome.MIXED: "mixed",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_TESTABLE: "not testable here",
    Outcome.ERROR: "not judged because of an error",
}


def reading(document: Document) -> str:
    """Say what was run and what came out; identities, which no data can change, are counted apart.

    Example: "Of 3 claims, tested on GPT-2 with 2 tasks (movie, tweet) under profile 'quick', 2 are supported and 1 is
    refuted. 4 more are identities, true or false whatever the data: all hold."
    """
    models = models_of(document.verdicts) or tuple(document.facts.models)
    if len(models) > 1:
        return _of_several(document, models)
    facts = next(iter(document.facts.models.values()), None)
    model, tasks = (facts.model.get("name"), _with_tasks(document)) if facts else (None, "")
    if not document.verdicts:
        return f"No claim was judged in this run{f', made on {model}{tasks}' if model else ''}."
    found = [verdict.outcome for verdict in document.verdicts if not verdict.exact]
    tested = f", tested on {model}{tasks}," if model else ""
    said = f"Of {_count(len(found), 'claim')}{tested} {_counted(found)}." if found else ""
    return f"{said} {_identities(document.verdicts, more=bool(found))}".strip()


def _of_several(document: Document, models: Sequence[str]) -> str:
    """Say what came out on each model, and of what is about none."""
    named = labels(models)
    said = [f"Tested on {len(models)} models ({', '.join(named.values())}){_with_tasks(document)}."]
    counted = [verdict for verdict in document.verdicts if not verdict.exact]
    together = [verdict.outcome for verdict in counted if verdict.claim.subject == MODELS]
    apart = [verdict for verdict in counted if verdict.claim.subject != MODELS]
    for model in models:
        found = [verdict.outcome for verdict in apart if verdict.subject == model]
        said.append(f"On {named[model]}, of {_count(len(found), 'claim')} {_counted(found)}." if found else "")
    others = [verdict.outcome for verdict in apart if verdict.subject not in models]
    said.append(f"Of {_count(len(together), 'claim')} about models together {_counted(together)}." if together else "")
    said.append(f"Of {_count(len(others), 'claim')} about none of them {_counted(others)}." if others else "")
    said.append(_identities(document.verdicts, more=bool(counted)))
    return " ".join(filter(None, said))


def _with_tasks(document: Document) -> str:
    """Name the tasks and the profile; empty where nothing was recorded of tasks."""
    tasks = [task for facts in document.facts.models.values() for task in facts.tasks]
    names = list(dict.fromkeys(str(task.get("name", "unnamed")) for task in tasks))
    profile = document.facts.environment.get("profile")
    under = f" under profile '{profile}'" if isinstance(profile, str) else ""
    return f" with {_count(len(names), 'task')} ({', '.join(names)}){under}" if names else ""


def _identities(verdicts: Sequence[Verdict], *, more: bool) -> str:
    """Say how many claims are identities, and whether they hold; `more`: beside others that are none."""
    exact = [verdict.outcome for verdict in verdicts if verdict.exact]
    if not exact:
        return ""
    many = f"{len(exact)} more" if more else _count(len(exact), "claim")
    kind = "is an identity" if len(exact) == 1 else "are identities"
    hold = {Outcome.SUPPORTED} == {*exact}
    what = ("it holds" if len(exact) == 1 else "all hold") if hold else _counted(exact)
    return f"{many} {kind}, true or false whatever the data: {what}."


def _counted(outcomes: Sequence[Outcome]) -> str:
    """Say how many there are of each: '2 are supported and 1 is refuted'."""
    counts = Counter(outcomes)
    words = ((counts[outcome], word) for outcome, word in COUNT_WORDS.items() if counts[outcome])
    return _listed([f"{count} {'is' if count == 1 else 'are'} {word}" for count, word in words])


def explanation(part: PartResult, told: str) -> str:
    """Say what a part's figures leave open: its reason, where `told` does not hold it, and its power."""
    said = [] if part.reason in told else [numbers.with_minus(part.reason)]
    if part.estimate.degenerate and part.estimate.degenerate not in part.reason:
        said.append(f"No usable estimate: {part.estimate.degenerate}.")
    if part.outcome is Outcome.INCONCLUSIVE and math.isfinite(part.smallest_detectable):
        size = numbers.magnitude(part.smallest_detectable, part.unit)
        said.append(f"This design would show an effect of {size} in 4 of 5 runs; a smaller one can go unseen.")
    return " ".join(said)


def calibration(found: Calibration) -> str:
    """Say how often the claim's rule errs under the null that is worst for it, and how often it finds an effect."""
    examples = f"{min(found.examples, default=0)} examples a task"
    design = f"{_count(found.sets, 'set')}, {_count(found.draws, 'draw')}, {examples}"
    wrong = {Outcome.SUPPORTED: found.false_support, Outcome.REFUTED: found.false_refutation}
    if found.power is not None:
        wrong[Outcome.NEGLIGIBLE] = found.false_negligible
    errors = _listed([f"{outcome} in {_percent(share, 1)}" for outcome, share in wrong.items()])
    said = f"Simulated {found.runs:,} times from these data ({design}). Of runs in which the null that is worst for it "
    said += f"is true, {errors} by mistake."
    power = []
    if found.power is not None:
        power.append(f"an effect of just the size that matters in {_percent(found.power)}")
    if found.power_printed is not None:
        sizes = ", ".join(f"{size:.3g}" for size in dict.fromkeys(found.printed))
        power.append(f"the paper's ({sizes}) in {_percent(found.power_printed)}")
    return f"{said} Found where it is there: {_listed(power)}." if power else said


def _percent(share: float, decimals: int = 0) -> str:
    return f"{numbers.number(100 * share, decimals)}\N{NO-BREAK SPACE}%"


def deciding_p(verdict: Verdict) -> str:
    """Write the p value that the verdict rests on: of the equivalence test where it is NEGLIGIBLE."""
    return numbers.p_value(verdict.p_negligible if verdict.outcome is Outcome.NEGLIGIBLE else verdict.p_holm)


def family_p(verdict: Verdict) -> str:
    """Write what Holm's correction leaves of the claim's p values; empty where it has none."""
    known = (
        (verdict.p_holm, "for or against it"),
        (verdict.p_negligible, "that it is negligible"),
    )
    return ", ".join(f"{numbers.p_value(p)} {what}" for p, what in known if math.isfinite(p))


def edge(verdict: Verdict) -> str:
    """Say how far a verdict is from any other, and from being testable or not; empty where nothing is known of it."""
    known = (
        (verdict.margin, "from any other verdict"),
        (verdict.presupposed, "from what decides whether it can be tested"),
    )
    return "; ".join(f"{_errors(far)} {what}" for far, what in known if far is not None)


def _errors(far: float) -> str:
    size = f"{FARTHEST:g} or more" if far >= FARTHEST else f"{far:.2g}"
    return f"{size} standard error{'s' if size != '1' else ''}"


def matters(claim: Claim) -> str:
    """Say the smallest effects that would matter, by unit, and why a smaller one would not; empty where none is fixed.

    Example: "3.0 pp (accuracy), 0.020 (cosine): less than another demonstration set makes".
    """
    sizes = ", ".join(f"{numbers.magnitude(size, unit)} ({unit})" for unit, size in claim.matters.items())
    return ": ".join(filter(None, (sizes, claim.because)))


def by_task(part: PartResult) -> str:
    """Say in one line what each task says alone, and what is left without each; empty where there is one task."""
    if not part.by_task:
        return ""
    said = {
        Outcome.SUPPORTED: " (for it)",
        Outcome.REFUTED: " (against it)",
        Outcome.NEGLIGIBLE: " (too small to matter)",
    }

    def effect(found: TaskResult) -> str:
        percent = part.unit in numbers.PERCENT_UNITS
        size = numbers.number(found.effect * numbers.scale(part.unit), 1 if percent else 3, signed=True)
        return f"{found.task} {size}{PP if percent else ''}{said.get(found.outcome, '')}"

    alone = ", ".join(map(effect, part.by_task))
    without = ", ".join(f"without {effect(found)}" for found in part.without)
    return f"By task: {alone}. Leaving one out: {without}." if without else f"By task: {alone}."


def best_sets_title(found: OnBestSets) -> str:
    """Say what the sets are: "The paper's way, the best of the 5 sets on dev"."""
    return f"The paper's way, the best of the {_count(found.of, 'set')} on {_compared_on(found)}"


def best_sets(found: OnBestSets) -> str:
    """Say which sets they are, of every task, and what the figures speak of."""
    sets = ", ".join(f"{task}: set {number}" for task, number in found.numbers.items())
    said = [
        "The paper reports one set of demonstrations a task, the best of several.",
        f"Here that is the one after which ICL answers most queries right on {_compared_on(found)} ({sets}).",
        "Judged by the same rule, not corrected for other claims.",
        "It speaks of other test examples after these very demonstrations, not of other demonstrations.",
    ]
    if found.selected_on == "test":
        said.append("Chosen on the examples that are reported, it looks better than it is.")
    return " ".join([*said, "It decides nothing: the verdict is that of all sets."])


def _compared_on(found: OnBestSets) -> str:
    return "the reported examples" if found.selected_on == "test" else found.selected_on


def _count(n: int, noun: str) -> str:
    """Return a count with its noun: '1 task', '2 tasks'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(items: list[str]) -> str:
    """Join phrases as a sentence does: 'a', 'a and b', 'a, b and c'."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
