"""TCP ports on 127.0.0.1."""

import socket

from local_stack import StackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """The preferred port if it is free, otherwise one that the system picks."""
    if preferred is not None and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def demand_port(port: int, used_for: str, setting: str) -> int:
    """The port, if it is free.

    Raises:
        StackError: another program uses it; the message names the port and the setting that changes it.
    """
    if not is_free(port):
        raise StackError(
            f"Port {port} on {LOOPBACK}, meant for {used_for}, is taken by another program. "
            f"Stop that program or choose another port with {setting}."
        )
    return port
