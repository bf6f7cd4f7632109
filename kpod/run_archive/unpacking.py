"""The members of an archive that nobody trusts, one after the other: each a name that was checked and bytes in pieces.

No header is believed: what a stream gives is counted as it comes, what a directory or a tar header may take is bounded
before it is read, and everything but plain files and folders ends the reading.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NoReturn

from kpod.errors import InputError
from kpod.run_archive.contents import is_by_product, is_run_file, is_run_folder

MAX_MEMBERS = 2_000
MAX_HEADER_BYTES = 1_000_000  # of a zip's directory, or between the files of a tar
CHUNK = 1 << 18

Member = tuple[str | None, Iterator[bytes]]


def refuse(what: str) -> NoReturn:
    raise InputError(
        f"This is no archive of a run that can be loaded: {what}. Export the run again, as zip or tar.gz; nothing of "
        "this file was kept."
    )


def members(file: IO[bytes]) -> Iterator[Member]:
    """Name and content of each file of a zip or tar.gz, names relative to the run's folder; None for what to pass over.

    The content of one is to be read before the next is asked for.

    Raises InputError at the first thing that a run's archive does not have.
    """
    start = file.read(4)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        yield from _checked(_tar_members(file))
    elif start[:2] == b"PK":
        yield from _checked(_zip_members(file))
    else:
        refuse("it begins like neither a zip nor a gzip file")


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OverflowError) as error:
        refuse(f"it is damaged or cut short ({error or type(error).__name__})")
    # What zipfile and tarfile raise for what they do not know: NotImplementedError for a compression, RuntimeError for
    # encryption, the others for names.
    except (NotImplementedError, RuntimeError, UnicodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        refuse(f"it is packed in a way that is not read here ({error})")


def _checked(found: Iterator[tuple[str, bool, Iterator[bytes]]]) -> Iterator[Member]:
    """The files among (name, is a folder, content), under the names that they have in the run's folder."""
    top: str | None = None
    seen: set[str] = set()
    count = 0
    while True:
        with _damage():
            entry = next(found, None)
        if entry is None:
            break
        name, is_folder, content = entry
        if is_folder and name.rstrip("/") == ".":
            continue
        count += 1
        if count > MAX_MEMBERS:
            refuse(f"it has more than {MAX_MEMBERS:,} members")
        parts = _parts(name)
        if top is None:
            top = parts[0] if is_folder or len(parts) > 1 else ""
            top = "" if top and (is_run_folder(top) or is_run_file("/".join(parts))) else top
        inner = "/".join(parts if top == "" else parts[1:])
        if top and parts[0] != top:
            refuse(f"{_shown(name)} lies outside the folder {_shown(top)}, in which the rest is")
        key = unicodedata.normalize("NFC", inner).casefold()
        if not is_folder and key in seen:
            refuse(f"{_shown(name)} is in it twice")
        seen.add(key)
        if not is_folder and is_by_product(inner):
            yield None, content
            continue
        if not (is_run_folder(inner) if is_folder else is_run_file(inner)):
            refuse(f"{_shown(name)} is no file of a run")
        if not is_folder:
            yield inner, content
    if not count:
        refuse("it is empty")


def _parts(name: str) -> list[str]:
    """The parts of a member's path. Raises InputError for what leads anywhere else than down."""
    if not name or len(name) > 400 or any(ord(character) < 32 for character in name):
        refuse(f"{_shown(name)} is no name of a file")
    if name.startswith("/") or "\\" in name or ":" in name:
        refuse(f"{_shown(name)} is an absolute or a foreign path")
    parts = name.rstrip("/").split("/")
    if parts[0] == "." and len(parts) > 1:  # as `tar -C run .` writes it
        parts = parts[1:]
    if any(part in ("", ".", "..") for part in parts):
        refuse(f"{_shown(name)} leads out of its folder")
    return parts


def _shown(name: str) -> str:
    return ascii(name if len(name) <= 80 else name[:77] + "...")


class _Metered:
    """A stream of which no more is read at once than was allowed, whatever a header says."""

    def __init__(self, stream: IO[bytes]):
        self.stream, self.left = stream, 0

    def allow(self, num_bytes: int) -> None:
        self.left = num_bytes

    def read(self, size: int = -1) -> bytes:
        if size > self.left:
            refuse("a header of it asks for more than a run's archive needs")
        data = self.stream.read(self.left + 1 if size < 0 else size)
        if len(data) > self.left:
            refuse("its headers are longer than those of a run's archive")
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def seekable(self) -> bool:
        return True


def _zip_members(file: IO[bytes]) -> Iterator[tuple[str, bool, Iterator[bytes]]]:
    metered = _Metered(file)
    metered.allow(MAX_HEADER_BYTES)
    with zipfile.ZipFile(metered) as archive:  # type: ignore[arg-type]
        for entry in archive.infolist():
            if entry.orig_filename != entry.filename:
                refuse(f"{_shown(entry.orig_filename)} is no name of a file")
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                refuse(f"{_shown(entry.filename)} is a link or a device")
            if entry.flag_bits & 0x1:
                refuse(f"{_shown(entry.filename)} is encrypted")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                refuse(f"{_shown(entry.filename)} is packed by another method than store and deflate")
            yield entry.filename, entry.is_dir(), _zip_content(archive, entry, metered)


def _zip_content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, metered: _Metered) -> Iterator[bytes]:
    with _damage():
        metered.allow(MAX_HEADER_BYTES)
        with archive.open(entry) as member:
            while True:
                metered.allow(2 * CHUNK)
                piece = member.read(CHUNK)
                if not piece:
                    return
                yield piece


def _tar_members(file: IO[bytes]) -> Iterator[tuple[str, bool, Iterator[bytes]]]:
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        metered = _Metered(unpacked)  # type: ignore[arg-type]
        metered.allow(MAX_HEADER_BYTES)
        with tarfile.TarFile(fileobj=metered, mode="r") as archive:  # type: ignore[arg-type]
            while True:
                metered.allow(MAX_HEADER_BYTES)
                entry = archive.next()
                if entry is None:
                    break
                archive.members = []  # a list that would grow with the archive
                if entry.sparse is not None or not (entry.type in tarfile.REGULAR_TYPES or entry.isdir()):
                    refuse(f"{_shown(entry.name)} is a link, a device or a sparse file")
                if entry.size < 0 or (entry.isdir() and entry.size):
                    refuse(f"{_shown(entry.name)} has a size that cannot be")
                yield entry.name, entry.isdir(), _tar_content(metered, entry.size)
            metered.allow(MAX_HEADER_BYTES)
            rest = metered.read()
            if not rest or rest.strip(b"\0"):
                refuse("it is cut short, or goes on behind its end")


def _tar_content(metered: _Metered, size: int) -> Iterator[bytes]:
    with _damage():
        while size:
            metered.allow(CHUNK)
            piece = metered.read(min(CHUNK, size))
            if not piece:
                raise EOFError("a file ends early")
            size -= len(piece)
            yield piece
