"""A stand-in of a BI server, answering while a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread
from typing import TypeVar

Stub = TypeVar("Stub", bound=HTTPServer)


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """The stub, answering in a thread of its own."""
    with stub as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
