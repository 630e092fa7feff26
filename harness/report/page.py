"""The document as one HTML file: no network, no scripts, everything inlined."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.data import JSON
from harness.errors import shown
from harness.judging.claims import Claim
from harness.judging.verdicts import Verdict
from harness.report import figures, numbers
from harness.report.document import Document
from harness.statistics.judgement import FARTHEST
from harness.statistics.results import Calibration, Outcome, PartResult, TaskResult

HERE = Path(__file__).parent
SYMBOLS = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.NEGLIGIBLE: "≈",
    Outcome.MIXED: "±",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_TESTABLE: "∅",
    Outcome.ERROR: "!",
}
COUNT_WORDS = {
    Outcome.SUPPORTED: "supported",
    Outcome.REFUTED: "refuted",
    Outcome.NEGLIGIBLE: "negligible",
    Outcome.MIXED: "mixed",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_TESTABLE: "not testable here",
    Outcome.ERROR: "not judged because of an error",
}
HASH = re.compile(r"(?:sha256:)?[0-9a-f]{32,}", re.IGNORECASE)
HASH_SHOWN = 10
MOST_CELLS = 20_000


def render(document: Document) -> str:
    """Return the page: a pure function of the document, the same bytes each time.

    All text of the document is escaped; only the drawings made here and the style sheet go in as they are.
    """
    environment = _environment()
    return environment.get_template("template.html.j2").render(
        document=document,
        css=Markup((HERE / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        reading=reading(document),
        rivals=_rivals(document.verdicts),
        verdict_of=partial(_verdict_of, document.verdicts),
        symbols=SYMBOLS,
        sections=_sections(document),
        forest=_inline(figures.forest_panels(document.verdicts, "effects")),
        charts=[_charts(verdict, f"claim-{i}") for i, verdict in enumerate(document.verdicts)],
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_printed,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = (anchor, by_task, calibration, edge, tag, matters, moment, explanation, scalar, short_hash, columns, words)
    written = ("cell", "effect", "interval", "level", "duration", "magnitude", "p_value", "number", "tiny")
    environment.filters |= {function.__name__: function for function in own}
    environment.filters |= {"minus": numbers.with_minus, **{name: getattr(numbers, name) for name in written}}
    environment.tests |= {"hash": is_hash, "records": is_records, "changed": is_changed, "paper_row": is_paper_row}
    return environment


def _printed(value: object) -> object:
    """Return what the template prints in a value's place, before it is escaped: text as `shown` has it."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def reading(document: Document) -> str:
    """Say what was run and what came out; identities, which no data can change, are counted apart.

    Example: "Of 3 claims, tested on GPT-2 with 2 tasks (movie, tweet), 2 are supported and 1 is refuted. 4 more are
    identities, true or false whatever the data: all hold."
    """
    names = [str(task.get("name", "unnamed")) for task in document.facts.tasks]
    model = document.facts.model.get("name")
    tasks = f" with {_count(len(names), 'task')} ({', '.join(names)})" if names else ""
    if not document.verdicts:
        return f"No claim was judged in this run{f', made on {model}{tasks}' if model else ''}."
    found = [verdict.outcome for verdict in document.verdicts if not verdict.exact]
    exact = [verdict.outcome for verdict in document.verdicts if verdict.exact]
    tested = f", tested on {model}{tasks}," if model else ""
    said = f"Of {_count(len(found), 'claim')}{tested} {_counted(found)}." if found else ""
    if not exact:
        return said
    more = f"{len(exact)} more" if found else _count(len(exact), "claim")
    kind = "is an identity" if len(exact) == 1 else "are identities"
    hold = {Outcome.SUPPORTED} == {*exact}
    what = ("it holds" if len(exact) == 1 else "all hold") if hold else _counted(exact)
    return f"{said} {more} {kind}, true or false whatever the data: {what}.".strip()


def _counted(outcomes: Sequence[Outcome]) -> str:
    """Say how many there are of each: '2 are supported and 1 is refuted'."""
    counts = Counter(outcomes)
    words = ((counts[outcome], word) for outcome, word in COUNT_WORDS.items() if counts[outcome])
    return _listed([f"{count} {'is' if count == 1 else 'are'} {word}" for count, word in words])


def _verdict_of(verdicts: Iterable[Verdict], claim: str, subject: str) -> Verdict | None:
    """Return the claim's verdict about the subject, else its first about another, else None."""
    found = [verdict for verdict in verdicts if verdict.claim.id == claim]
    return next((verdict for verdict in found if verdict.subject == subject), found[0] if found else None)


def _rivals(verdicts: Sequence[Verdict]) -> Mapping[tuple[str, str], list[Verdict]]:
    """Return by claim and subject the judged rival explanations that speak of it."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        for claim in verdict.claim.qualifies:
            if (qualified := _verdict_of(verdicts, claim, verdict.subject)) is not None:
                found.setdefault(qualified.key, []).append(verdict)
    return found


def _sections(document: Document) -> list[tuple[str, JSON]]:
    """Return the parts of 'How it was run' under their headings, a task each under its own."""
    facts = document.facts
    tasks = [
        (f"Task: {task.get('name', 'unnamed')}", {key: value for key, value in task.items() if key != "name"})
        for task in facts.tasks
    ]
    return [("Model", facts.model), *tasks, ("Settings", facts.settings), ("Environment", facts.environment)]


def anchor(verdict: Verdict) -> str:
    """Return the name under which a verdict's section is linked: letters, digits, - and _ only."""
    return "claim-" + re.sub(r"[^A-Za-z0-9_-]", "-", "-".join(part for part in verdict.key if part))


def moment(iso: str) -> str:
    """Write an ISO time to the minute: '2025-03-01 09:30 UTC'; what is none stays as it is."""
    try:
        return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return iso


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
    said = f"Simulated {found.runs:,} times from these data ({design}). By mistake, where the null that is worst for it "
    said += f"is true: {errors} of runs."
    power = []
    if found.power is not None:
        power.append(f"an effect of just the size that matters in {_percent(found.power)}")
    if found.power_printed is not None:
        sizes = ", ".join(f"{size:.3g}" for size in dict.fromkeys(found.printed))
        power.append(f"the paper's ({sizes}) in {_percent(found.power_printed)}")
    return f"{said} Found where it is there: {_listed(power)}." if power else said


def _percent(share: float, decimals: int = 0) -> str:
    return f"{numbers.number(100 * share, decimals)} %"


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
    said = {Outcome.SUPPORTED: " (for it)", Outcome.REFUTED: " (against it)"}

    def effect(found: TaskResult) -> str:
        percent = part.unit in numbers.PERCENT_UNITS
        size = numbers.number(found.effect * numbers.scale(part.unit), 1 if percent else 3, signed=True)
        return f"{found.task} {size}{' pp' if percent else ''}{said.get(found.outcome, '')}"

    alone = ", ".join(map(effect, part.by_task))
    without = ", ".join(f"without {effect(found)}" for found in part.without)
    return f"By task: {alone}. Leaving one out: {without}." if without else f"By task: {alone}."


def tag(outcome: Outcome) -> str:
    """Return an outcome's name in the style sheet."""
    return outcome.lower().replace(" ", "-")


def scalar(value: object) -> str:
    """Write a single fact: yes and no for booleans, a dash for nothing, numbers with a real minus sign."""
    if value is None or value == "":
        return numbers.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", numbers.MINUS)
    return str(value).replace("-", numbers.MINUS) if isinstance(value, int) else str(value)


def words(key: str) -> str:
    """Return a fact's key as words: 'learning_rate' reads 'learning rate'."""
    return key.replace("_", " ")


def is_hash(value: object) -> bool:
    """Whether a fact is a hexadecimal digest, which is shown by its beginning."""
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def short_hash(value: str) -> str:
    """Return the beginning of a digest."""
    return f"{value.removeprefix('sha256:')[:HASH_SHOWN]}…"


def is_records(value: object) -> bool:
    """Whether a fact is a list of mappings, which is shown as a table, but for one of too many cells."""
    if not (isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value)):
        return False
    return len(value) * len(columns(list(value))) <= MOST_CELLS


def columns(records: list[JSON]) -> list[str]:
    """Return the keys of a list of mappings, each once, in order of appearance."""
    return list(dict.fromkeys(key for record in records for key in record))


def is_changed(verdict: Verdict) -> bool:
    """Whether another verdict was expected than came out."""
    return verdict.expected is not None and verdict.expected is not verdict.outcome


def is_paper_row(name: str) -> bool:
    """Whether a table's row holds the paper's figures, told by its name."""
    return name.lower().startswith("paper")


def _charts(verdict: Verdict, salt: str) -> list[dict[str, object]]:
    """Return the curves of a claim, ready for the page."""
    return [
        {
            "curve": curve,
            "legend": figures.legend(curve),
            "panels": _inline(
                zip(
                    (name for name, _ in curve.panels),
                    figures.layer_panels(curve, f"{salt}-{i}"),
                    strict=True,
                )
            ),
        }
        for i, curve in enumerate(verdict.curves)
    ]


def _inline(panels: Iterable[tuple[str, str]]) -> list[tuple[str, Markup]]:
    """Return (name, drawing) pairs with the drawings marked as markup of our own making."""
    return [(name, Markup(svg)) for name, svg in panels]  # noqa: S704 - drawn here


def _count(n: int, noun: str) -> str:
    """Return a count with its noun: '1 task', '2 tasks'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(items: list[str]) -> str:
    """Join phrases as a sentence does: 'a', 'a and b', 'a, b and c'."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
