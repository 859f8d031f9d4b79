"""The files of a backup, encrypted where there is a key, and the archive of the settings' folders."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet, MultiFernet

from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings

PIECE = 1 << 20
"""Bytes that are read, encrypted and written at a time."""

Places = list[tuple[tarfile.TarInfo, Path]]
"""The files of an archive, and where each belongs on this machine."""


class Part:
    """A new file of the backup, readable by its owner only."""

    def __init__(self, path: Path, cipher: MultiFernet | None) -> None:
        path.touch(mode=0o600, exist_ok=False)
        self._file = path.open("wb")
        self._cipher = cipher
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        """Append one piece; return its size."""
        self._digest.update(piece)
        self._file.write(self._cipher.encrypt(piece) + b"\n" if self._cipher else piece)
        return len(piece)

    def close(self) -> str:
        """Write everything to the disk; return the sha256 of what was written, before encryption."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest()


def read_pieces(path: Path, cipher: MultiFernet | None) -> Iterator[bytes]:
    """Yield the bytes of a file of the backup, decrypted where there is a key."""
    with path.open("rb") as file:
        if cipher is None:
            yield from iter(lambda: file.read(PIECE), b"")
        else:
            for line in file:
                yield cipher.decrypt(line.rstrip())


def sha256_of(pieces: Iterator[bytes]) -> str:
    """The sha256 of all pieces together."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def cipher_of(keys: str | None) -> MultiFernet | None:
    """The cipher of SOCIAL_METRICS_BACKUP_KEY; the first key encrypts, all of them decrypt.

    Raises:
        UsageProblem: it is not a Fernet key.
    """
    if not keys:
        return None
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
    except ValueError as error:
        raise UsageProblem("SOCIAL_METRICS_BACKUP_KEY is not a Fernet key (32 bytes, url-safe base64).") from error


def folders_of(settings: Settings) -> dict[str, Path | str]:
    """The folders of a backup by their name in it; the address of one that is in an object store."""
    addresses = {
        "registry": str(settings.registry_dir),
        "inbox": settings.inbox,
        "reports": settings.reports,
        "checkpoints": str(settings.checkpoints),
    }
    return {name: _folder(address) for name, address in addresses.items()}


def _folder(address: str) -> Path | str:
    if address.startswith("file://"):
        return Path(unquote(urlsplit(address).path))
    return address if "://" in address else Path(address)


def archive_folders(settings: Settings, part: Part) -> str:
    """Write the folders of this machine into the part; return its sha256."""
    with tarfile.open(fileobj=part, mode="w|", bufsize=PIECE) as archive:  # type: ignore[call-overload]  # only writes
        for name, folder in folders_of(settings).items():
            if isinstance(folder, Path) and folder.exists():
                archive.add(folder.resolve(), arcname=name)
    return part.close()


def places_of(archive: tarfile.TarFile, settings: Settings) -> Places:
    """The files to restore, each with its place.

    Raises:
        UsageProblem: there is a file with other content at a place.
    """
    folders = folders_of(settings)
    places = []
    for member in archive.getmembers():
        name, _, rest = member.name.partition("/")
        folder = folders.get(name)
        if not member.isfile() or not isinstance(folder, Path):
            continue
        place = folder / rest
        if not place.resolve().is_relative_to(folder.resolve()):
            raise UsageProblem(f"The backup names {member.name}, which leads out of its folder: nothing was restored.")
        if not place.exists():
            places.append((member, place))
        elif place.read_bytes() != _content(archive, member):
            raise UsageProblem(
                f"{place} exists and is not the file of the backup, and a restore overwrites nothing. Move the folder "
                "away, or name an empty one in the settings (SOCIAL_METRICS_REGISTRY_DIR and others)."
            )
    return places


def put_back(archive: tarfile.TarFile, places: Places) -> None:
    """Write the files to their places, all of them or none."""
    # By hand: `tarfile`'s filters came with Python 3.11.4, and Debian 12 has 3.11.2.
    written: list[Path] = []
    try:
        for member, place in places:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                written.append(place)
                file.write(_content(archive, member))
            place.chmod(member.mode & 0o755)
    except BaseException:
        for place in written:
            place.unlink()
        raise


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""
