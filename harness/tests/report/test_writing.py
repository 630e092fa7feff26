"""The report on the disk: two files, or an error and none."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.report.document import Document
from harness.report.json_form import from_json
from harness.report.writing import require_writable, write


def test_page_and_data_lie_side_by_side(document: Document, tmp_path: Path) -> None:
    """The folder holds the page and its data, and no drafts; the data read back as the document."""
    write(document, tmp_path / "new" / "claims.html")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["claims.html", "claims.json"]
    assert from_json((tmp_path / "new" / "claims.json").read_text(encoding="utf-8")).verdicts == document.verdicts


def test_text_that_utf8_cannot_write_does_not_stop_the_report(empty: Document, tmp_path: Path) -> None:
    """Half a surrogate pair, as broken data sets hold, stands as its escape on the page and in the data."""
    write(replace(empty, facts=replace(empty.facts, notes=("half \ud83d",))), tmp_path / "claims.html")
    assert "half \\ud83d" in (tmp_path / "claims.html").read_text(encoding="utf-8")
    text = (tmp_path / "claims.json").read_text(encoding="utf-8")
    assert '"half \\ud83d"' in text
    assert from_json(text).facts.notes == ("half \ud83d",)


def test_a_folder_that_cannot_be_is_an_error_that_names_it(empty: Document, tmp_path: Path) -> None:
    """Where a file stands in the folder's place nothing can be written, and nothing is left behind."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(HarnessError, match=r"taken.*claims\.html"):
        write(empty, tmp_path / "taken" / "claims.html")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_page_that_cannot_be_replaced_leaves_no_draft(empty: Document, tmp_path: Path) -> None:
    """Where a folder has the page's name the error is said, and the temporary files are gone."""
    (tmp_path / "claims.html").mkdir()
    with pytest.raises(HarnessError, match="cannot be written"):
        write(empty, tmp_path / "claims.html")
    assert not list(tmp_path.glob(".*"))


def test_the_page_may_not_take_the_name_of_its_data(empty: Document, tmp_path: Path) -> None:
    """claims.json is where the data go."""
    with pytest.raises(HarnessError, match=r"end the name in \.html"):
        write(empty, tmp_path / "claims.json")


@pytest.mark.parametrize(
    "name", ["", " ", ".", "claims.json", "claims.JSON", "folder", "new/", "x" * 300, "file/page.html"]
)
def test_names_that_no_page_can_have_are_refused_beforehand(tmp_path: Path, name: str) -> None:
    """None, a folder's (there or not), that of the data, one too long, one below a file; and nothing stays of it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    given = f"{tmp_path}/{name}" if name.strip(" .") else name
    with pytest.raises(HarnessError, match=r"can't be named|cannot be named|cannot be written"):
        require_writable(given)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_name_of_the_data_must_be_free_too(tmp_path: Path) -> None:
    """Where a folder has the name of the data, or a link leads from them to the page, the page is refused."""
    (tmp_path / "a.json").mkdir()
    (tmp_path / "b.json").symlink_to("b.html")
    for name in ("a.html", "b.html"):
        with pytest.raises(HarnessError, match="cannot be written"):
            require_writable(tmp_path / name)
