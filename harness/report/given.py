"""Reports that a command is given: read from their JSON, and held to being of one run where a command is about one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, nearest
from harness.files import read_text

if TYPE_CHECKING:
    from harness.report.document import Document


def read_report(path: Path) -> "Document":
    """Return the report that a file holds; HarnessError where it can't be read, or is none."""
    from harness.report.json_form import from_json  # noqa: PLC0415  # slow import

    with using(path, "the JSON file that a run of the claims writes beside its page"):
        text = read_text(path)
    return from_json(text)


def settings_of(path: Path, model: str) -> Mapping[str, object]:
    """Return the settings of a report's run of a model: the named one of several, or of the one.

    HarnessError where there are several and none is named, or one that it is not of.
    """
    facts = read_report(path).facts
    if not model and len(facts.models) < 2:  # noqa: PLR2004  # there is no other
        return facts.settings
    if model not in facts.models:
        raise HarnessError(f"'{path}' is of several models; name one with --model: {nearest(model, facts.models)}")
    return facts.settings_of(model)


def require_one_run(path: Path, report: "Document") -> None:
    """Raise HarnessError where a report was put together of runs of other settings: they are no one run's."""
    apart = {name: facts.settings for name, facts in report.facts.models.items() if facts.settings}
    for name, settings in apart.items():
        raise HarnessError(
            f"'{path}' is put together of runs of other settings ({', '.join(settings)}; with model {name}: "
            f"{', '.join(map(repr, settings.values()))}); give the reports that it was made of, one at a time"
        )


@contextmanager
def using(path: Path, expected: str) -> Iterator[None]:
    """Say in one line what a file was expected to be where the block can't read or write it."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"'{path}' can't be used ({error}); expected {expected}") from error
