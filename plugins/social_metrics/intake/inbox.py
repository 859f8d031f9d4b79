"""The inbox: a folder per center in which officers write, and what leaves it in folders that only this program writes.

Officers can put anything below their center's folder, links and pipes included, at any moment. So a file is opened
once, without following a link, and what is opened is judged; results go to `returned/` and `taken/` beside the centers'
folders.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import unquote, urlsplit

from social_metrics.errors import UsageProblem
from social_metrics.intake.spreadsheet.validation_errors import FileRefused, shown

WORKBOOKS = (".xlsx", ".csv")
Result = Literal["returned", "taken"]

_LONGEST_NAME = 180  # bytes; a suffix is added, and file systems take 255
_NOT_A_FILE = (
    "Berkas '{name}' adalah tautan atau bukan berkas biasa, jadi tidak dibuka. "
    "Kirim berkasnya sendiri, bukan tautannya."
)
_TOO_LARGE = "Berkas '{name}' lebih besar dari {most} MB, jadi tidak dibuka. Perkecil isinya, lalu kirim kembali."


@dataclass(frozen=True)
class Delivered:
    """A workbook in a center's folder."""

    center_code: str
    name: str


class Inbox(Protocol):
    """Where workbooks arrive."""

    def workbooks(self, center_codes: Iterable[str]) -> Iterator[Delivered]:
        """The workbooks of the centers' folders, in a fixed order."""

    def read(self, center_code: str, name: str, max_bytes: int) -> tuple[bytes, str | None] | None:
        """The bytes of a file in a center's folder and the login that owns it; None when there is none.

        The owner is that of the file that was read. It is None where the store does not say.

        Raises:
            FileRefused: it is a link, no ordinary file, or larger.
        """

    def put(self, result: Result, center_code: str, name: str, content: bytes) -> None:
        """Write a file for the center into `returned/` or `taken/`."""

    def remove(self, center_code: str, name: str) -> None:
        """Remove the name from the center's folder; what a link points at stays."""


def read_regular_file(folder: int, name: str, max_bytes: int) -> tuple[bytes, os.stat_result] | None:
    """Read a file of a folder, given as its descriptor, without following a link; None when there is none.

    Raises:
        FileRefused: it is a link, no ordinary file, has a second name somewhere, or is larger.
    """
    try:
        # O_NONBLOCK: a pipe would wait for its writer.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileRefused(_NOT_A_FILE.format(name=shown(name))) from error
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise FileRefused(_NOT_A_FILE.format(name=shown(name)))
        with os.fdopen(opened, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1) if status.st_size <= max_bytes else None
    finally:
        os.close(opened)
    if content is None or len(content) > max_bytes:
        raise FileRefused(_TOO_LARGE.format(name=shown(name), most=max_bytes // 1_000_000))
    return content, status


@contextmanager
def opened_folder(path: str | Path, within: int | None = None) -> Iterator[int]:
    """The descriptor of a folder; below another one it is not followed when it is a link.

    Raises:
        OSError: it does not exist, or is a link or no folder.
    """
    link = 0 if within is None else os.O_NOFOLLOW
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | link, dir_fd=within)
    try:
        yield folder
    finally:
        os.close(folder)


class FolderInbox:
    """An inbox in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Takes the folder; that it does not exist means that it is empty."""
        self._root = root

    def workbooks(self, center_codes: Iterable[str]) -> Iterator[Delivered]:
        """See `Inbox`."""
        with suppress(FileNotFoundError), opened_folder(self._root) as root:
            for center in center_codes:
                try:
                    with opened_folder(center, root) as folder, os.scandir(folder) as entries:
                        names = [entry.name for entry in entries if entry.name.lower().endswith(WORKBOOKS)]
                except OSError:
                    continue
                yield from (Delivered(center, name) for name in sorted(names))

    def read(self, center_code: str, name: str, max_bytes: int) -> tuple[bytes, str | None] | None:
        """See `Inbox`."""
        with opened_folder(self._root) as root, opened_folder(center_code, root) as folder:
            found = read_regular_file(folder, name, max_bytes)
        return (found[0], owner_of(found[1])) if found else None

    def put(self, result: Result, center_code: str, name: str, content: bytes) -> None:
        """See `Inbox`.

        Raises:
            UsageProblem: the folder could be written by somebody else.
        """
        partial = f".{os.getpid()}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            opened_folder(self._root) as root,
            _own_folder(self._root / result, result, root) as results,
            _own_folder(self._root / result / center_code, center_code, results) as folder,
        ):
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)  # of a process that was killed
            try:
                with os.fdopen(os.open(partial, flags, 0o644, dir_fd=folder), "wb") as file:
                    file.write(content)
                os.replace(partial, _fitting(name), src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(partial, dir_fd=folder)

    def remove(self, center_code: str, name: str) -> None:
        """See `Inbox`."""
        with (
            suppress(FileNotFoundError, IsADirectoryError, PermissionError),
            opened_folder(self._root) as root,
            opened_folder(center_code, root) as folder,
        ):
            os.unlink(name, dir_fd=folder)


class StoreInbox:
    """An inbox in an object store, which has neither links nor pipes."""

    def __init__(self, root: Any) -> None:
        """Takes the store's path, with the methods of `pathlib.Path`."""
        self._root = root

    def workbooks(self, center_codes: Iterable[str]) -> Iterator[Delivered]:
        """See `Inbox`."""
        for center in center_codes:
            folder = self._root / center
            if folder.is_dir():
                names = [path.name for path in folder.iterdir() if path.is_file()]
                yield from (Delivered(center, name) for name in sorted(names) if name.lower().endswith(WORKBOOKS))

    def read(self, center_code: str, name: str, max_bytes: int) -> tuple[bytes, str | None] | None:
        """See `Inbox`."""
        path = self._root / center_code / name
        if not path.is_file():
            return None
        if path.stat().st_size > max_bytes:
            raise FileRefused(_TOO_LARGE.format(name=shown(name), most=max_bytes // 1_000_000))
        return bytes(path.read_bytes()), None

    def put(self, result: Result, center_code: str, name: str, content: bytes) -> None:
        """See `Inbox`."""
        path = self._root / result / center_code / _fitting(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, center_code: str, name: str) -> None:
        """See `Inbox`."""
        (self._root / center_code / name).unlink()


def local_folder(address: str) -> Path | None:
    """The folder of an inbox's address; None when it is an object store's."""
    parts = urlsplit(address)
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path) if parts.scheme else address)
    return None


@contextmanager
def _own_folder(path: Path, name: str, within: int) -> Iterator[int]:
    """The descriptor of a folder, made where it is missing, in which nobody else can write or link."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=within)
    try:
        with opened_folder(name, within) as folder:
            status = os.fstat(folder)
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise UsageProblem(
                    f"{path} can be written by others than the user of this program, so nothing is put there. "
                    "Remove it, and let only this user write to the inbox's own folder."
                )
            yield folder
    except NotADirectoryError as error:
        raise UsageProblem(f"{path} is a link or a file where a folder should be. Remove it.") from error


def owner_of(opened: os.stat_result) -> str | None:
    """The login that owns a file, where officers have logins of their own on this machine; None: our own, or root's."""
    try:
        return None if opened.st_uid in (0, os.geteuid()) else pwd.getpwuid(opened.st_uid).pw_name
    except KeyError:
        return None


def _fitting(name: str) -> str:
    """The name without characters that nobody sees, and short enough for a file system."""
    printable = "".join(character if character.isprintable() else "_" for character in name)
    stem, dot, suffix = printable.rpartition(".")
    while len((stem + dot + suffix).encode()) > _LONGEST_NAME and stem:
        stem = stem[:-1]
    return (stem + dot + suffix) or "_"
