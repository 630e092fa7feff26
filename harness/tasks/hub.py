"""The paper's tasks from the Hugging Face hub: called only where the user asks for it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.data import Example
from harness.errors import HarnessError
from harness.tasks.catalogue import HubSource, Wording
from harness.tasks.rows import Row, labelled_examples
from harness.tasks.split import Parts, split_given


def read_hub(source: HubSource, wording: Wording) -> Parts:
    """Return the data set's examples in three parts (see split_given), downloaded whole by `datasets`.

    Raises:
        HarnessError: `datasets` is not installed, the data set can't be had, or a row can't be used.

    """
    try:
        import datasets  # noqa: PLC0415  optional: only where hub data are asked for
    except ImportError as error:
        raise HarnessError(
            "data from the hub need the 'datasets' package: pip install 'icl-claims[hub]' (or datasets)",
        ) from error

    def part(split: str) -> list[Example]:
        try:
            rows: Iterable[Mapping[str, Any]] = datasets.load_dataset(source.id, source.config, split=split)
        except Exception as error:  # datasets lets through whatever its transport raises
            raise HarnessError(
                f"could not load split '{split}' of '{source.id}' from the hub: {error}; "
                "connect to the network, or bring the files with --data-dir",
            ) from error
        whole = f"{source.id}, split {split}"
        return labelled_examples(renamed(rows, source.fields, whole), wording, whole)

    return split_given(part(source.train), part(source.dev) if source.dev else None, part(source.test))


def renamed(rows: Iterable[Mapping[str, Any]], fields: Mapping[str, str], whole: str) -> Iterator[Row]:
    """Yield each row under our names: `fields` maps ours to theirs, other columns stay as they are."""
    for number, row in enumerate(rows):
        ours = {field: row[column] for field, column in fields.items() if column in row}
        yield f"{whole}, row {number}", {**row, **ours}
