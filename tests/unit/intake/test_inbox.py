"""An officer who puts links, pipes or huge files into her folder reads nothing out and overwrites nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.intake.inbox import Delivered, FolderInbox, local_folder
from social_metrics.intake.screenshots import AttachmentRefused, folder_reader, load_attachment
from social_metrics.intake.spreadsheet.validation_errors import FileRefused

SECRET = b"\x89PNG\r\n\x1a\n the password"
MOST = 1_000_000


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a center, in which its officer writes."""
    path = tmp_path / "inbox" / "kartini"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def inbox(folder: Path) -> FolderInbox:
    return FolderInbox(folder.parent)


def put_link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def put_relative_link(path: Path, secret: Path) -> None:
    path.symlink_to(Path("..") / ".." / secret.name)


def put_hard_link(path: Path, secret: Path) -> None:
    path.hardlink_to(secret)


def put_pipe(path: Path, _secret: Path) -> None:
    os.mkfifo(path)


def put_folder(path: Path, _secret: Path) -> None:
    path.mkdir()


def put_huge_file(path: Path, _secret: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte that takes no space


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ATTACKS = [put_link, put_relative_link, put_hard_link, put_pipe, put_folder, put_huge_file]


@pytest.mark.parametrize("attack", ATTACKS)
def test_only_an_ordinary_file_of_her_own_is_opened(
    inbox: FolderInbox, folder: Path, secret: Path, attack: Callable[[Path, Path], None]
) -> None:
    attack(folder / "entri.xlsx", secret)
    attack(folder / "layar.png", secret)
    assert [found.name for found in inbox.workbooks(["kartini", "satria"])] == ["entri.xlsx"]
    for name in ("entri.xlsx", "layar.png"):
        with pytest.raises(FileRefused):
            inbox.read("kartini", name, MOST)
    with pytest.raises(AttachmentRefused, match="tidak dibuka"):
        load_attachment("layar.png", folder_reader(folder))
    inbox.remove("kartini", "entri.xlsx")
    assert secret.read_bytes() == SECRET


def test_an_ordinary_file_is_read_and_a_missing_one_is_none(inbox: FolderInbox, folder: Path) -> None:
    (folder / "Entri.XLSX").write_bytes(b"x" * MOST)
    (folder / "readme.txt").write_bytes(b"")
    assert list(inbox.workbooks(["kartini"])) == [Delivered("kartini", "Entri.XLSX")]
    assert inbox.read("kartini", "Entri.XLSX", MOST) == (b"x" * MOST, None)
    assert inbox.read("kartini", "none.png", MOST) is None
    inbox.remove("kartini", "Entri.XLSX")
    assert list(inbox.workbooks(["kartini"])) == []
    assert list(FolderInbox(folder / "missing").workbooks(["kartini"])) == []


def test_owner_is_that_of_the_file_that_was_read(
    inbox: FolderInbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def owned(opened: int) -> SimpleNamespace:
        status = os.stat(opened)
        fields = {name: getattr(status, name) for name in ("st_mode", "st_nlink", "st_size")}
        return SimpleNamespace(**fields, st_uid=4700 + status.st_size)

    for content in (b"x", b"hers", b"of nobody"):
        (folder / f"{len(content)}.xlsx").write_bytes(content)
    listed = next(iter(inbox.workbooks(["kartini"]))).name
    assert inbox.read("kartini", listed, MOST) == (b"x", None), "our own says nothing about an officer"
    monkeypatch.setattr("os.fstat", owned)
    logins = {4701: SimpleNamespace(pw_name="tini"), 4704: SimpleNamespace(pw_name="sari")}
    monkeypatch.setattr("pwd.getpwuid", logins.__getitem__)
    assert inbox.read("kartini", listed, MOST) == (b"x", "tini")
    (folder / "4.xlsx").replace(folder / listed)
    assert inbox.read("kartini", listed, MOST) == (b"hers", "sari"), "exchanged after it was listed"
    assert inbox.read("kartini", "9.xlsx", MOST) == (b"of nobody", None), "an owner without a name"


def test_attachments_of_a_missing_folder_are_missing(tmp_path: Path) -> None:
    assert folder_reader(tmp_path / "absent")("layar.png") is None


def test_a_center_s_folder_that_is_a_link_is_not_followed(inbox: FolderInbox, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "entri.xlsx").write_bytes(SECRET)
    (folder.parent / "satria").symlink_to(elsewhere)
    assert list(inbox.workbooks(["kartini", "satria"])) == []
    with pytest.raises(OSError):
        inbox.read("satria", "entri.xlsx", MOST)


def test_results_are_written_where_the_officer_cannot_link(inbox: FolderInbox, folder: Path, secret: Path) -> None:
    for name in ("returned", "taken"):  # where they were written before
        (folder / name).symlink_to(secret.parent)
    inbox.put("returned", "kartini", "secret", b"overwritten")
    inbox.put("returned", "kartini", "secret", b"once more")
    assert secret.read_bytes() == SECRET
    assert (folder.parent / "returned" / "kartini" / "secret").read_bytes() == b"once more"
    assert names_in(folder.parent / "returned" / "kartini") == ["secret"]


def test_a_folder_of_results_that_others_can_write_is_refused(inbox: FolderInbox, folder: Path, secret: Path) -> None:
    (folder.parent / "taken").symlink_to(secret.parent)
    with pytest.raises(UsageProblem, match="is a link"):
        inbox.put("taken", "kartini", "secret", b"overwritten")
    (folder.parent / "returned").mkdir()
    (folder.parent / "returned").chmod(0o777)
    with pytest.raises(UsageProblem, match="can be written by others"):
        inbox.put("returned", "kartini", "secret", b"overwritten")
    assert secret.read_bytes() == SECRET


def test_a_link_in_the_folder_of_results_is_replaced_and_not_followed(
    inbox: FolderInbox, folder: Path, secret: Path
) -> None:
    inbox.put("returned", "kartini", "other", b"")
    (folder.parent / "returned" / "kartini" / "entri.xlsx").symlink_to(secret)
    inbox.put("returned", "kartini", "entri.xlsx", b"new")
    assert secret.read_bytes() == SECRET
    assert (folder.parent / "returned" / "kartini" / "entri.xlsx").read_bytes() == b"new"


def test_a_full_disk_leaves_no_part_behind(inbox: FolderInbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        inbox.put("returned", "kartini", "entri.xlsx", b"x")
    assert names_in(folder.parent / "returned" / "kartini") == []


@pytest.mark.parametrize("name", ["x" * 250 + ".xlsx", "\u202eslx.exe.xlsx", "a\x1b[2Jb.xlsx", "\udcff.xlsx"])
def test_names_that_nobody_can_read_become_readable(inbox: FolderInbox, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    (found,) = inbox.workbooks(["kartini"])
    inbox.put("returned", "kartini", found.name + ".txt", b"x")
    (put,) = names_in(folder.parent / "returned" / "kartini")
    assert put.isprintable()
    assert put.endswith(".txt")


def test_address_of_an_inbox() -> None:
    assert local_folder("/srv/inbox") == Path("/srv/inbox")
    assert local_folder("file:///srv/in%20box") == Path("/srv/in box")
    assert local_folder("s3://bucket/inbox") is None
