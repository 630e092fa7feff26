"""The report on the disk: a page, and its data beside it."""

import os
from contextlib import suppress
from pathlib import Path

from harness.errors import HarnessError
from harness.report.document import Document
from harness.report.json_form import to_json
from harness.report.page import render


def write(document: Document, html_path: Path) -> None:
    """Write the page to `html_path` and its data beside it, under the same name with the ending .json.

    Each file appears whole or not at all (written under a temporary name in the same folder, then renamed).
    Raises HarnessError where the folder cannot be written or the page's name itself ends in .json.
    """
    json_path = html_path.with_suffix(".json")
    if json_path == html_path:
        raise HarnessError(f"The page cannot be named '{html_path}': its data go there; end the name in .html.")
    texts = {json_path: to_json(document), html_path: render(document)}
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    try:
        html_path.parent.mkdir(parents=True, exist_ok=True)
        for path, draft in drafts.items():
            # "replace": text from a dataset may hold half a surrogate pair, which UTF-8 cannot write
            draft.write_bytes(texts[path].encode(errors="replace"))
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise HarnessError(
            f"The report cannot be written to '{html_path}' ({error}); name a folder that you may write to."
        ) from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
