"""The paper's tasks from the Hugging Face hub: called only where the user asks for it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.errors import HarnessError
from harness.tasks.catalogue import HubSource, Wording
from harness.tasks.rows import Labelled, Row, labelled_examples, split_labelled
from harness.tasks.split import Parts


def read_hub(source: HubSource, wording: Wording, *, skip_bad_rows: bool = False) -> Parts:
    """Return the data set's examples in three parts (see split_given), downloaded whole by `datasets`.

    Raises:
        HarnessError: `datasets` is not installed, the data set can't be had, or rows can't be used.

    """
    try:
        import datasets  # noqa: PLC0415  optional: only where hub data are asked for
    except ImportError as error:
        raise HarnessError(
            "data from the hub need the 'datasets' package: pip install 'icl-claims[hub]' (or datasets)",
        ) from error

    def part(split: str) -> Labelled:
        try:
            rows: Iterable[Mapping[str, Any]] = datasets.load_dataset(source.id, source.config, split=split)
        except Exception as error:  # datasets lets through whatever its transport raises
            raise HarnessError(
                f"could not load split '{split}' of '{source.id}' from the hub: {error}; "
                "connect to the network, or bring the files with --data-dir",
            ) from error
        whole = f"{source.id}, split {split}"
        return labelled_examples(renamed(rows, source.fields, split), wording, whole, skip=skip_bad_rows)

    splits = {"train": source.train, "dev": source.dev, "test": source.test}
    read = {name: part(split) for name, split in splits.items() if split}
    return split_labelled(read, wording, source.id, skip=skip_bad_rows)


def renamed(rows: Iterable[Mapping[str, Any]], fields: Mapping[str, str], split: str) -> Iterator[Row]:
    """Yield each row under our names: `fields` maps ours to theirs, other columns stay as they are."""
    for number, row in enumerate(rows):
        ours = {field: row[column] for field, column in fields.items() if column in row}
        yield f"split {split}, row {number}", {**row, **ours}
