"""Archives: fetched once, held to their hash; members taken out singly, whatever the archive tries. And catalogues."""

import hashlib
import io
import os
import struct
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import TypeAdapter

from harness.errors import HarnessError
from harness.packages import Package, extract_member, fetch_package, read_toml, unknown

ARCHIVE = "rated_snippets-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: rated-snippets\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is all that pip can see: no network, no machine-wide settings."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def _wheel(file: Path) -> Package:
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr("rated_snippets-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("rated_snippets-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("rated_snippets-1.0.dist-info/RECORD", "")
    return Package(
        name="rated-snippets",
        version="1.0",
        archive=ARCHIVE,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        licence="MIT",
        source="made by this test",
    )


def test_fetched_archive_is_the_pinned_one(index: Path, tmp_path: Path) -> None:
    """Pip brings the file that the catalogue names, and nothing else is left in the folder but its lock."""
    package = _wheel(index / ARCHIVE)
    archive = fetch_package(package, tmp_path / "fetched")
    assert archive.read_bytes() == (index / ARCHIVE).read_bytes()
    assert {file.name for file in archive.parent.iterdir()} <= {ARCHIVE, f"{ARCHIVE}.lock"}


def test_present_archive_needs_no_index(index: Path, tmp_path: Path) -> None:
    """A file with the right hash is taken where pip could find nothing, without even a lock."""
    assert not list(index.iterdir())
    package = _wheel(tmp_path / ARCHIVE)
    assert fetch_package(package, tmp_path) == tmp_path / ARCHIVE
    assert not (tmp_path / f"{ARCHIVE}.lock").exists()


def test_wrong_archive_is_said_and_replaced(index: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file of the right name with other bytes is fetched anew, and the log says so."""
    package = _wheel(index / ARCHIVE)
    (tmp_path / ARCHIVE).write_bytes(b"half a download")
    assert fetch_package(package, tmp_path).read_bytes() == (index / ARCHIVE).read_bytes()
    assert "is not the file that the catalogue names" in caplog.text


@pytest.mark.usefixtures("index")
def test_no_network_is_one_message(tmp_path: Path) -> None:
    """Where pip finds nothing, the error names the package, pip's last line and where to put the file."""
    package = _wheel(tmp_path / "elsewhere.whl")
    with pytest.raises(HarnessError) as caught:
        fetch_package(package, tmp_path / "fetched")
    message = str(caught.value)
    assert f"could not fetch rated-snippets 1.0 ({ARCHIVE}, sha256 {package.sha256})" in message
    assert "No matching distribution found for rated-snippets==1.0" in message
    assert f"put the file at {tmp_path / 'fetched' / ARCHIVE}" in message
    assert "\n" not in message


def test_index_with_other_bytes_is_refused(index: Path, tmp_path: Path) -> None:
    """A file of the pinned name and version whose hash differs never reaches the folder."""
    package = _wheel(index / ARCHIVE).model_copy(update={"sha256": "0" * 64})
    with pytest.raises(HarnessError, match="could not fetch"):
        fetch_package(package, tmp_path / "fetched")
    assert not (tmp_path / "fetched" / ARCHIVE).exists()


@pytest.mark.usefixtures("index")
def test_second_process_waits_for_the_first(tmp_path: Path) -> None:
    """Who comes while another fetches waits, then takes that file: pip here could not have found it."""
    package = _wheel(tmp_path / "elsewhere.whl")
    into = tmp_path / "fetched"
    into.mkdir()
    with ThreadPoolExecutor() as pool:
        with FileLock(into / f"{ARCHIVE}.lock"):
            waiting = pool.submit(fetch_package, package, into)
            with pytest.raises(StillWaiting):
                waiting.result(timeout=0.3)
            (tmp_path / "elsewhere.whl").rename(into / ARCHIVE)
        assert waiting.result(timeout=10) == into / ARCHIVE


def _tar(file: Path, **kinds: bytes) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, kind in kinds.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            entry.size = 5 if kind == tarfile.REGTYPE else 0
            archive.addfile(entry, io.BytesIO(b"hello"))
    return file


def _zip(file: Path, name: str, content: bytes, mode: int = 0o100644) -> Path:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = mode << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, content)
    return file


HELLO = hashlib.sha256(b"hello").hexdigest()


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_one_member_comes_out(tmp_path: Path, form: str) -> None:
    """A regular file comes out under its last name alone, with its bytes."""
    archive = _zip(tmp_path / "a", "in/side.txt", b"hello")
    if form == "tar":
        archive = _tar(tmp_path / "b", **{"in/side.txt": tarfile.REGTYPE, "other": tarfile.REGTYPE})
    taken = extract_member(archive, "in/side.txt", tmp_path / "out", HELLO, 5)
    assert taken.read_bytes() == b"hello"
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "side.txt"]


def test_right_file_needs_no_archive(tmp_path: Path) -> None:
    """What is there with the right hash is not unpacked again, even where the archive is gone."""
    (tmp_path / "side.txt").write_bytes(b"hello")
    assert extract_member(tmp_path / "gone", "in/side.txt", tmp_path, HELLO, 5) == tmp_path / "side.txt"


def test_wrong_file_is_replaced(tmp_path: Path) -> None:
    """What is there with another hash gives way to the member."""
    (tmp_path / "side.txt").write_bytes(b"jello")
    archive = _zip(tmp_path / "a", "in/side.txt", b"hello")
    assert extract_member(archive, "in/side.txt", tmp_path, HELLO, 5).read_bytes() == b"hello"


def test_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """A link under the target's name is replaced; the file that it points to outside stays as it was."""
    outside, into = tmp_path / "outside", tmp_path / "out"
    outside.write_bytes(b"mine")
    into.mkdir()
    (into / "side.txt").symlink_to(outside)
    extract_member(_zip(tmp_path / "a", "in/side.txt", b"hello"), "in/side.txt", into, HELLO, 5)
    assert outside.read_bytes() == b"mine"


def _refusal(archive: Path, member: str, into: Path, sha256: str | None = None, limit: int = 100) -> str:
    """Return the message of the refusal, having seen that nothing was left behind."""
    with pytest.raises(HarnessError) as caught:
        extract_member(archive, member, into, sha256, limit)
    assert not into.exists() or not list(into.iterdir())
    return str(caught.value)


@pytest.mark.parametrize("member", ["../x", "a/../../x", "/x", "..\\x", "C:\\x", "", ".."])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, member: str) -> None:
    """An absolute name or one with '..' is refused although the archive holds it."""
    archive = _tar(tmp_path / "a", **{member: tarfile.REGTYPE})
    assert "must name a path inside" in _refusal(archive, member, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_tar_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    """Only a regular file comes out of a tar: no symlink, hard link, device, pipe or folder."""
    assert "a link, folder or device" in _refusal(_tar(tmp_path / "a", x=kind), "x", tmp_path / "out")


@pytest.mark.parametrize(("name", "mode"), [("x", 0o120777), ("x/", 0o040755), ("x", 0o020644)])
def test_zip_links_and_folders_are_refused(tmp_path: Path, name: str, mode: int) -> None:
    """Only a regular file comes out of a zip: no symlink, folder or device."""
    archive = _zip(tmp_path / "a", name, b"/etc/passwd", mode)
    assert "a link, folder or device" in _refusal(archive, name, tmp_path / "out")


def test_bomb_is_stopped(tmp_path: Path) -> None:
    """Ten megabytes packed into ten kilobytes are refused at the limit."""
    archive = _zip(tmp_path / "a", "x", bytes(10_000_000))
    assert archive.stat().st_size < 11_000
    assert "larger than the 100 bytes" in _refusal(archive, "x", tmp_path / "out")


def test_lying_size_is_refused(tmp_path: Path) -> None:
    """A zip whose headers say 5 bytes where 50 are packed is damaged, not believed."""
    archive = _zip(tmp_path / "a", "x", bytes(50))
    archive.write_bytes(archive.read_bytes().replace(struct.pack("<I", 50), struct.pack("<I", 5)))
    assert "can't unpack" in _refusal(archive, "x", tmp_path / "out")


def test_wrong_hash_is_refused(tmp_path: Path) -> None:
    """A member with another hash is named with both, and does not come out."""
    message = _refusal(_zip(tmp_path / "a", "x", b"hello"), "x", tmp_path / "out", "0" * 64)
    assert HELLO in message
    assert "0" * 64 in message


def test_absent_and_doubled_members_are_refused(tmp_path: Path) -> None:
    """A member must be there exactly once, or nobody knows which is meant."""
    assert "holds 'y' 0 times" in _refusal(_tar(tmp_path / "a", x=tarfile.REGTYPE), "y", tmp_path / "out")
    archive = _zip(tmp_path / "b", "x", b"1")
    with zipfile.ZipFile(archive, "a") as more, pytest.warns(UserWarning, match="Duplicate name"):
        more.writestr("x", b"2")
    assert "holds 'x' 2 times" in _refusal(archive, "x", tmp_path / "out")


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    """A missing archive, one that is none, and one cut short are each one message."""
    assert "no archive at" in _refusal(tmp_path / "none", "x", tmp_path / "out")
    (tmp_path / "text").write_text("not an archive")
    assert "can't unpack" in _refusal(tmp_path / "text", "x", tmp_path / "out")
    whole = _tar(tmp_path / "a", x=tarfile.REGTYPE).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    assert "can't unpack" in _refusal(tmp_path / "cut", "x", tmp_path / "out")


SIZES = TypeAdapter(dict[str, tuple[int, ...]])


def test_catalogue_is_read_as_the_record_that_is_expected(tmp_path: Path) -> None:
    """Arrays become the tuples that the type says, in the file's order; an empty file is an empty record."""
    file = tmp_path / "sizes.toml"
    file.write_text("b = [1]\na = []\n")
    assert list(read_toml(file, SIZES).items()) == [("b", (1,)), ("a", ())]
    file.write_text("")
    assert read_toml(file, SIZES) == {}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (None, r"^can't read .*sizes\.toml: .*No such file"),
        (b"[a", r"^can't read .*sizes\.toml: Expected .]. at the end"),
        (b"a = '\xff'", r"^can't read .*sizes\.toml: .*can't decode byte"),
        (
            b"a = ['one', 2, []]",
            r"sizes\.toml can't be used: a\.0: .*valid integer.*; a\.2: .*valid integer",
        ),
        (b"a = 1", r"sizes\.toml can't be used: a: Input should be a valid tuple"),
        (
            b"a = " + b"[" * 100_000,
            r"^can't read .*sizes\.toml: lists and mappings .* more than 64 deep",
        ),
        (b"a." * 100_000 + b"a = 1", r"^can't read .*sizes\.toml: lists and mappings .* more than 64 deep"),
        (b"#" * (1 << 20) + b"#", r"^can't read .*sizes\.toml: more than 1,048,576 bytes"),
        (b"a = [" + b"'b'," * 30 + b"]", r"a\.9: Input should be a valid integer.* \(the first 10 of 30\)"),
    ],
)
def test_wrong_catalogue_is_one_error(tmp_path: Path, written: bytes | None, complaint: str) -> None:
    """A file that is missing, no TOML, no text, or holds what the type does not know: it is named, and each fault."""
    file = tmp_path / "sizes.toml"
    if written is not None:
        file.write_bytes(written)
    with pytest.raises(HarnessError, match=complaint):
        read_toml(file, SIZES)


def test_fifo_for_a_catalogue_is_not_waited_for(tmp_path: Path) -> None:
    """Nothing is read of what is no regular file."""
    os.mkfifo(tmp_path / "sizes.toml")
    with pytest.raises(HarnessError, match=r"sizes\.toml: a FIFO, expected a regular file"):
        read_toml(tmp_path / "sizes.toml", SIZES)


def test_byte_order_mark_of_a_catalogue_is_no_text(tmp_path: Path) -> None:
    """As some editors save it."""
    (tmp_path / "sizes.toml").write_text("b = [1]", encoding="utf-8-sig")
    assert read_toml(tmp_path / "sizes.toml", SIZES) == {"b": (1,)}


def test_unknown_name_is_answered_with_the_nearest() -> None:
    """A misspelt name gets the one that was meant, and all others."""
    assert unknown("task", "movei", ["tweet", "movie"]) == (
        "unknown task 'movei': did you mean 'movie'? Known: movie, tweet"
    )
