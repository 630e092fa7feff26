"""The document as one HTML file: no network, no scripts, everything inlined."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.data import JSON
from harness.errors import shown
from harness.judging.exhibits import Ladder, Rung
from harness.judging.reading import Reading
from harness.judging.verdicts import Verdict
from harness.report import figures, numbers, sentences
from harness.report.document import Document
from harness.report.ladder_figure import ladder_panel
from harness.report.side_by_side import Row, agreement, labels, models_of, rows
from harness.statistics.results import Outcome

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
SENTENCES = (
    "best_sets",
    "best_sets_title",
    "by_task",
    "calibration",
    "deciding_p",
    "edge",
    "explanation",
    "family_p",
    "matters",
)
HASH = re.compile(r"(?:sha256:)?[0-9a-f]{32,}", re.IGNORECASE)
HASH_SHOWN = 10
MOST_CELLS = 20_000


def render(document: Document) -> str:
    """Return the page: a pure function of the document, the same bytes each time.

    All text of the document is escaped; only the drawings made here and the style sheet go in as they are.
    """
    environment = _environment()
    models, table = models_of(document.verdicts), rows(document.verdicts)
    sheets = ("style.css", "models.css") if table else ("style.css",)
    named = labels([*dict.fromkeys((*models, *document.facts.models))]) if table else {}
    return environment.get_template("template.html.j2").render(
        document=document,
        css=Markup("".join((HERE / sheet).read_text(encoding="utf-8") for sheet in sheets)),  # noqa: S704 - files of ours
        reading=sentences.reading(document),
        rivals=_rivals(document.verdicts),
        beside=_beside(table),
        verdict_of=partial(_verdict_of, document.verdicts),
        symbols=SYMBOLS,
        sections=_sections(document, named),
        models=named,
        judged_on=[named[model] for model in models] if table else [],
        table=table,
        agreement=agreement(table),
        forest=_inline(figures.forest_panels(document.verdicts, "effects", named)),
        ladders=_ladders(document.verdicts),
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
    own = (anchor, ceilings, tag, moment, scalar, short_hash, columns, words, readings_of)
    said = (getattr(sentences, name) for name in SENTENCES)
    written = ("cell", "effect", "interval", "level", "duration", "magnitude", "p_value", "number", "tiny")
    environment.filters |= {function.__name__: function for function in (*own, *said)}
    environment.filters |= {"minus": numbers.with_minus, **{name: getattr(numbers, name) for name in written}}
    environment.tests |= {"hash": is_hash, "records": is_records, "changed": is_changed, "paper_row": is_paper_row}
    return environment


def _printed(value: object) -> object:
    """Return what the template prints in a value's place, before it is escaped: text as `shown` has it."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


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


def _beside(table: Iterable[Row]) -> Mapping[tuple[str, str], list[Verdict]]:
    """Return by claim and subject the verdicts on other models."""
    found = [[verdict for verdict in row.verdicts if verdict is not None] for row in table]
    return {one.key: [each for each in of if each is not one] for of in found for one in of if len(of) > 1}


def readings_of(readings: Sequence[Reading]) -> list[tuple[str, list[Reading]]]:
    """Return the readings subject by subject."""
    subjects = dict.fromkeys(reading.subject for reading in readings)
    return [(subject, [each for each in readings if each.subject == subject]) for subject in subjects]


def _ladders(verdicts: Iterable[Verdict]) -> list[tuple[Ladder, Markup, str]]:
    """Return every ladder with its drawing and the subject that it is of."""
    found = [(ladder, verdict.subject) for verdict in verdicts for ladder in verdict.ladders]
    return [
        (ladder, Markup(ladder_panel(ladder, f"ladder-{i}")), subject)  # noqa: S704 - drawn here
        for i, (ladder, subject) in enumerate(found)
    ]


def ceilings(rungs: Sequence[Rung]) -> list[Rung]:
    """Return the rungs that others are divided by: the ceilings that are above 0."""
    return [rung for rung in rungs if rung.kind == "ceiling" and rung.value is not None and rung.value > 0]


def _sections(document: Document, models: Mapping[str, str]) -> list[tuple[str, JSON]]:
    """Return the parts of 'How it was run' under their headings, a task each under its own, by model if several ran."""
    facts, found = document.facts, list[tuple[str, JSON]]()
    for subject, of in facts.models.items():
        on = f" on {models[subject]}" if subject in models else ""
        found.append((f"Model: {models[subject]}" if on else "Model", of.model))
        for task in of.tasks:
            named = {key: value for key, value in task.items() if key != "name"}
            found.append((f"Task: {task.get('name', 'unnamed')}{on}", named))
        found += [(f"Settings{on} alone", of.settings), (f"Environment{on} alone", of.environment)]
    return [*found, ("Settings", facts.settings), ("Environment", facts.environment)]


def anchor(verdict: Verdict) -> str:
    """Return the name under which a verdict's section is linked: letters, digits, - and _ only."""
    return "claim-" + re.sub(r"[^A-Za-z0-9_-]", "-", "-".join(part for part in verdict.key if part))


def moment(iso: str) -> str:
    """Write an ISO time to the minute: '2025-03-01 09:30 UTC'; what is none stays as it is."""
    try:
        return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return iso


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
