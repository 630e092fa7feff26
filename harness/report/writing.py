"""The report on the disk: a page, and its data beside it."""

import os
from pathlib import Path

from harness import targets
from harness.errors import HarnessError
from harness.report.document import Document
from harness.report.json_form import to_json
from harness.report.page import render


def require_writable(page: str | Path) -> None:
    """Raise HarnessError where a page of this name, or the data beside it, could not be written: before it is made."""
    try:
        targets.require_writable(Path(page), data_beside(page))
    except OSError as error:
        raise _refusal(page, error) from error


def data_beside(page: str | Path) -> Path:
    """Return the name of a page's data: the page's own with the ending .json.

    Raises HarnessError where the page has no name, that of a folder, or this one.
    """
    path = Path(page)
    if not str(page).strip() or not path.name or str(page).endswith(("/", os.sep)):
        raise HarnessError(f"The report's page can't be named '{page}': give a file's name, such as claims.html.")
    if path.suffix.lower() == ".json":
        raise HarnessError(f"The page cannot be named '{page}': its data go there; end the name in .html.")
    return path.with_suffix(".json")


def write(document: Document, page: Path) -> None:
    """Write the page, and its data beside it, each whole or not at all.

    Raises HarnessError where they can't be written.
    """
    data = data_beside(page)
    contents = {data: to_json(document).encode(), page: render(document).encode()}
    try:
        targets.write(contents)
    except OSError as error:
        raise _refusal(page, error) from error


def _refusal(page: str | Path, error: OSError) -> HarnessError:
    return HarnessError(
        f"The report cannot be written to '{page}' ({error}); name a file in a folder that you may write to."
    )
