"""Corpora: where documents begin, which part they are in, and that validation is nowhere in training."""

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fixtures
from harness.errors import HarnessError
from harness.seeds import stream
from harness.tasks.corpus import Corpus, divide, joined, load_corpus, require_corpus
from harness.tasks.corpus_sources import Documents, local_documents, package_documents, text_column

LINES = [f"This is line number {number} of a text." for number in range(400)]
PACKAGE_FINGERPRINT = "50a44030a56cc1dcbbd71be5e9a89b1111e65953cab5f413d2cfe1d4e40a084a"


def _load(name: object, fetched: Path = Path("none")) -> Corpus:
    return load_corpus(str(name), fixtures.TASKS, fetched)


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _shared_lines(corpus: Corpus) -> set[str]:
    """Return the lines of 20 characters or more in both parts, compared by a rule of this test's own."""
    training, validation = (
        {" ".join(line.upper().split()) for document in part for line in document.splitlines() if len(line) >= 20}
        for part in (corpus.training, corpus.validation)
    )
    return training & validation


@pytest.fixture(scope="module")
def package(fetched: Path) -> Corpus:
    """Return the default corpus."""
    return _load("package", fetched)


def test_package_is_two_million_characters(package: Corpus, fetched: Path) -> None:
    """10,605 movie sentences, 4,200 tweets, 300 reviews and 498 editorials; a tenth is validation.

    The numbers of documents were counted from the files' ids by a script apart; of 15,603 a tenth by hash is
    1,560 within four standard errors (150). 62 are copies of others.
    """
    read = package_documents(fixtures.TASKS, fetched).training
    assert sum(map(bool, read)) == 10605 + 4200 + 300 + 498 == 15603
    assert (len(package.training), len(package.validation)) == (13983, 1558)
    assert (len(joined(package.training)), len(joined(package.validation))) == (2176305, 241842)


def test_package_is_the_same_for_all_time(package: Corpus) -> None:
    """Another hash, share, order or normalisation would change what published models were trained on."""
    assert package.fingerprint == PACKAGE_FINGERPRINT
    assert package.licence.startswith("MIT")


def test_no_validation_line_of_the_package_is_trained_on(package: Corpus) -> None:
    """Not one of 2,356 validation lines is in training, unless it is shorter than 20 characters."""
    assert sum(len(document.split("\n")) for document in package.validation) == 2356
    assert not _shared_lines(package)


def test_package_mixes_its_sources(package: Corpus) -> None:
    """Reviews and editorials, the documents of several lines, are as frequent in each third of training (5 %)."""
    long = ["\n" in document for document in package.training]
    third = len(long) // 3
    shares = [sum(long[i * third : (i + 1) * third]) / third for i in range(3)]
    assert shares == pytest.approx([sum(long) / len(long)] * 3, abs=0.013)  # four standard errors


def test_sentences_of_one_id_are_one_document(fetched: Path) -> None:
    """Editorial 1 has eight sentences, one a line; entities are resolved; a movie sentence stands alone."""
    documents = package_documents(fixtures.TASKS, fetched).training
    editorial = next(text for text in documents if text.startswith("On Dec. 19, around noon"))
    assert len(editorial.split("\n")) == 8
    assert "Effective but too tepid biopic" in documents
    assert any("deep last night & the love" in text for text in documents)


def test_paragraphs_of_a_file_are_documents(tmp_path: Path) -> None:
    """Blank lines part documents, and lines without any between are documents themselves."""
    file = _write(tmp_path / "a.txt", "\ufeff\n one \r\ntwo\r\n \t\r\n\r\nthree  four\r\n\r\n")
    assert local_documents(file).training == ["one\ntwo", "three four"]
    assert local_documents(_write(tmp_path / "b.txt", "\none\ntwo\n\n")).training == ["one", "two"]


def test_files_of_a_folder_are_documents(tmp_path: Path) -> None:
    """Every .txt file in the folder or below it is one document, blank lines or not; other files are none."""
    for name, text in (("b.txt", "b\n\nb"), ("a/z.txt", "z"), ("a/c/d.txt", "d"), ("e.md", "e")):
        _write(tmp_path / name, text)
    assert local_documents(tmp_path).training == ["d", "z", "b\nb"]


def test_joined_text_is_read_back(tmp_path: Path) -> None:
    """What `joined` wrote is a text file with the same documents, in the same parts and order."""
    paragraphs = ["\n".join(LINES[i : i + 4]) for i in range(0, 400, 4)]
    corpus = _load(_write(tmp_path / "first.txt", joined(paragraphs)))
    again = _load(_write(tmp_path / "again.txt", joined([*corpus.validation, *corpus.training])))
    assert again.fingerprint == corpus.fingerprint
    assert sorted([*corpus.validation, *corpus.training]) == sorted(paragraphs)


def test_order_of_lines_or_files_decides_nothing(tmp_path: Path) -> None:
    """Shuffled lines, and files under other names, are the same corpus."""
    shuffled = [LINES[i] for i in stream(0, "lines").permutation(len(LINES))]
    texts = [_load(_write(tmp_path / f"{i}.txt", "\n".join(lines))) for i, lines in enumerate((LINES, shuffled))]
    for number, line in enumerate(shuffled):
        _write(tmp_path / "folder" / f"{number}.txt", line)
    assert len({corpus.fingerprint for corpus in (*texts, _load(tmp_path / "folder"))}) == 1


def test_document_added_later_moves_no_other(tmp_path: Path) -> None:
    """What is validation without the last fifty lines is so with them, and what is training stays training."""
    part = _load(_write(tmp_path / "part.txt", "\n".join(LINES[:350])))
    whole = _load(_write(tmp_path / "whole.txt", "\n".join(LINES)))
    assert set(part.validation) <= set(whole.validation)
    assert set(part.training) <= set(whole.training)


def test_fingerprint_changes_with_a_letter(tmp_path: Path) -> None:
    """A letter's case is seen by a model, so it changes the fingerprint; white space is not kept, so it doesn't."""
    file = _write(tmp_path / "a.txt", "\n".join(LINES))
    plain = _load(file).fingerprint
    assert _load(_write(file, "\n".join(LINES).replace("is line", "is  line", 1))).fingerprint == plain
    assert _load(_write(file, "\n".join(LINES).replace("This", "this", 1))).fingerprint != plain


def test_copies_of_a_document_leave_one(tmp_path: Path) -> None:
    """Three spellings of a text that differ in case and space are one document, the least in string order."""
    corpus = _load(_write(tmp_path / "a.txt", "\n".join([*LINES, LINES[0].upper(), LINES[0].replace(" ", "  ")])))
    assert len(corpus.training) + len(corpus.validation) == 400
    assert [d for d in (*corpus.training, *corpus.validation) if " 0 " in d.lower()] == [LINES[0].upper()]


def test_lines_of_validation_leave_training(tmp_path: Path) -> None:
    """Of a document's lines the one that validation has is taken out, in whatever case; a short one stays.

    A document with no other line goes with it.
    """
    known = _load(_write(tmp_path / "known.txt", "\n".join(LINES))).validation[0]
    short = "Nineteen characters"
    lines = [*LINES, f"{known.upper()}\n{short}\nA line of its own, and no other's.", f"{known}\n{known}"]
    corpus = _load(_write(tmp_path / "a.txt", joined(lines)))
    assert known in corpus.validation
    assert f"{short}\nA line of its own, and no other's." in corpus.training
    assert len(corpus.training) + len(corpus.validation) == 401


def test_validation_that_is_given_is_kept_and_cleared_out_of_training() -> None:
    """Validation loses its own copies alone; training loses its documents, however short, and its long lines.

    Of four documents beside LINES one is validation's, one loses a line of 20 characters, one keeps a line of
    19, and one has nothing to lose. Of validation's four one is a copy: of 408 read 3 and 403 are left.
    """
    mine = ["short", f"{'x' * 19}\nfirst", f"{'y' * 20}\nsecond", "third"]
    corpus = divide("given", Documents([*LINES, *mine], ["Short", "x" * 19, "y" * 20, "Y" * 20], "here", "CC0"))
    assert set(corpus.validation) == {"Short", "x" * 19, "Y" * 20}
    assert set(corpus.training) == {*LINES, mine[1], "second", "third"}
    assert (corpus.source, corpus.licence) == ("here", "CC0")


PARAGRAPHS = st.lists(
    st.lists(st.sampled_from(LINES[:60] + [line.upper() for line in LINES[:60]]), min_size=1, max_size=4).map("\n".join)
)


@settings(max_examples=40, deadline=None)
@given(PARAGRAPHS)
def test_no_line_is_in_both_parts(tmp_path_factory: pytest.TempPathFactory, paragraphs: list[str]) -> None:
    """However lines are shared among documents, none of them is in training and validation."""
    file = _write(tmp_path_factory.getbasetemp() / "shared.txt", joined([*LINES[60:], *paragraphs]))
    assert not _shared_lines(_load(file))


def test_rows_of_a_hub_are_documents() -> None:
    """A row's text is a document without its blank lines; a row without one is named with its columns."""
    rows = [{"text": " a \n\nb\r\n"}, {"text": ""}]
    assert text_column(rows, "hub:a/b, split train") == ["a\nb", ""]
    with pytest.raises(HarnessError, match=r"a/b, row 1: expected a text in column 'text', .* columns are label, s:"):
        text_column([{"text": "a"}, {"label": 1, "s": "b"}], "a/b")


@pytest.mark.skipif(importlib.util.find_spec("datasets") is not None, reason="datasets is installed")
def test_missing_library_says_what_to_install() -> None:
    """Without the datasets package the error is the command that brings it."""
    with pytest.raises(HarnessError, match=r"pip install 'icl-claims\[hub\]'"):
        _load("hub:Salesforce/wikitext:wikitext-2-raw-v1")


@pytest.mark.parametrize("name", ["", "pakage", "none.txt"])
def test_unknown_corpus_says_what_there_is(name: str) -> None:
    """A name that is none, and no path, is answered with all that it could be."""
    with pytest.raises(HarnessError, match=rf"unknown corpus '{name}', .*: expected 'package', a text file, a folder"):
        _load(name)


@pytest.mark.parametrize("name", ["hub:", "hub:wikitext", "hub:a/b/c", "hub:a/b:"])
def test_half_a_hub_name_is_refused(name: str) -> None:
    """A data set's name has an owner, and a colon a configuration after it."""
    with pytest.raises(HarnessError, match=rf"'{name}' names no data set: expected hub:OWNER/NAME"):
        _load(name)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"one\ntwo \xe9\n", r"a\.txt:2: not UTF-8 \(.*\); save the file as UTF-8"),
        (b" \n\n\t\n", r"corpus '.*' is empty"),
        (b"one two three", r"corpus '.*' has 13 characters to train on, in 1 documents read; at least 10,000"),
        (b"a b " * 3000, r"corpus '.*' leaves nothing for validation, .*: 1 were read"),
    ],
)
def test_text_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    """Each fault is one message with the file or the corpus, and numbers; the same in a folder."""
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    for path in (file, tmp_path):
        with pytest.raises(HarnessError, match=complaint):
            _load(path)


def test_folder_without_text_is_named(tmp_path: Path) -> None:
    """A folder that holds other files alone is refused, not read as an empty corpus."""
    _write(tmp_path / "a.md", "text")
    with pytest.raises(HarnessError, match=rf"no \.txt file in {tmp_path} or below it"):
        _load(tmp_path)


@pytest.mark.parametrize("kind", ["a FIFO", "a link to nothing", "a device"])
def test_what_is_no_regular_text_is_refused_before_anything_is_read(tmp_path: Path, kind: str) -> None:
    """By itself, and among a folder's text files, where it is not passed over in silence."""
    _write(tmp_path / "a.txt", "\n".join(LINES))
    odd = tmp_path / "below" / "b.txt"
    odd.parent.mkdir()
    if kind == "a FIFO":
        os.mkfifo(odd)
    else:
        odd.symlink_to(os.devnull if kind == "a device" else "nowhere")
    for name in (odd, tmp_path):
        with pytest.raises(HarnessError, match=r"can't read .*b\.txt: .*; a corpus is a text file or a folder"):
            require_corpus(str(name))


def test_folders_of_that_name_and_links_between_folders_are_passed_over(tmp_path: Path) -> None:
    """A folder `c.txt` is no text, and a link to the folder above is not followed for ever."""
    _write(tmp_path / "c.txt" / "a.txt", "a")
    (tmp_path / "loop.txt").symlink_to(tmp_path)
    assert local_documents(tmp_path).training == ["a"]


def test_corpus_larger_than_memory_is_refused(tmp_path: Path) -> None:
    """A hundred gigabytes of nothing are not read."""
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(100 << 30)
    with pytest.raises(HarnessError, match=r"holds more than 2,147,483,648 bytes of text: name less"):
        _load(tmp_path)


def test_name_too_long_for_a_file_is_one_message() -> None:
    """What no file can be called is said so."""
    with pytest.raises(HarnessError, match="File name too long"):
        _load("a" * 5000)


def test_piles_of_combining_marks_are_named(tmp_path: Path) -> None:
    """Normalisation sorts them in time by the square of their number: a megabyte would take minutes."""
    _write(tmp_path / "a.txt", "one\ntwo" + "\u0301\u0316" * 200_000)
    with pytest.raises(HarnessError, match=r"a\.txt:2: more than 256 combining marks in a row"):
        _load(tmp_path)
    with pytest.raises(HarnessError, match=r"hub, row 0: more than 256 combining marks in a row"):
        text_column([{"text": "\u0316" * 300}], "hub")
