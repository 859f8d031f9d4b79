"""Secrets of the local stack: generated once per state folder, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from local_stack import StackError


def new_password() -> str:
    """A random password of 32 URL-safe characters, which a connection URI does not quote."""
    return secrets.token_urlsafe(24)


def keep_secret(path: Path, make: Callable[[], str] = new_password) -> str:
    """The secret in the file, created on the first call.

    Args:
        path: its file, with mode 0600; missing folders get 0700.
        make: returns the text of a new secret.

    Raises:
        StackError: the file exists but cannot be read, or is empty.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(make())
    return _read(path)


def _read(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(f"The secret in {path} cannot be read ({error.strerror}). Run `make clean`.") from error
    if not secret:
        raise StackError(f"The secret in {path} is empty. Run `make clean` and start again.")
    return secret


def replace_secret(path: Path, text: str) -> None:
    """Replace a secret atomically; the file has mode 0600."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
