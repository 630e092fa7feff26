"""The paper's tasks from the Hugging Face hub: called only where the user asks for it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.errors import HarnessError
from harness.tasks.catalogue import HubSource, Template
from harness.tasks.rows import Labelled, Row, labelled_examples, split_labelled
from harness.tasks.split import Parts


def read_hub(source: HubSource, wording: Template, *, skip_bad_rows: bool = False) -> Parts:
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
        return labelled_examples(renamed(rows, source, split), wording, whole, skip=skip_bad_rows)

    splits = {"train": source.train, "dev": source.dev, "test": source.test}
    read = {name: part(split) for name, split in splits.items() if split}
    return split_labelled(read, wording, source.id, skip=skip_bad_rows)


def renamed(rows: Iterable[Mapping[str, Any]], source: HubSource, split: str) -> Iterator[Row]:
    """Yield each row under our names: `fields` maps ours to theirs, other columns stay as they are.

    Of multiple choice the options are gathered, and a label that is the key of one becomes its index.
    """
    for number, row in enumerate(rows):
        ours = {field: row[column] for field, column in source.fields.items() if column in row}
        found: dict[str, Any] = {**row, **ours}
        if source.options:
            options = [_inside(row, path) for path in source.options]
            found["options"] = options[0] if len(options) == 1 else options
        if source.keys is not None:
            keys, label = _inside(row, source.keys), found.get("label")
            found["label"] = keys.index(label) if isinstance(keys, list) and label in keys else label
        yield f"split {split}, row {number}", found


def _inside(row: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path: 'a.b' is the field b of what column a holds; None where there is no such."""
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
