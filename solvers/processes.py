"""Processes of our own beside this one: each runs a module, and both sides talk in whole pickled objects."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from typing import IO, Any

from ..routing.errors import SolverError
from .searching.interrupt import ASKING

_LENGTH = struct.Struct("<Q")


class ModuleProcess:
    """A process that runs the ``main`` of a module, and hears no Ctrl-C.

    It ends when its input does, or when told to, and imports from where this process does.

    Raises
    ------
    SolverError
        When there are no pipes to it.
    """

    def __init__(self, module: str) -> None:
        # python -m would look for modules in the current directory first, whatever lies there.
        code = f"import sys; sys.path[:] = {list(map(str, sys.path))}; from {module} import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise SolverError("the solver's process has no pipes")
        self.inward, self.outward = self._process.stdin, self._process.stdout

    def send(self, content: Any) -> None:
        """Hand over an object; it waits while the process is busy and its pipe full."""
        write_frame(self.inward, content)

    def receive(self) -> Any:
        """Wait for the next object; raises EOFError when the process has ended."""
        return read_frame(self.outward)

    def kill(self) -> None:
        """End the process now, whatever it is at."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the process now, and close the pipe to it."""
        self.kill()
        with suppress(BrokenPipeError):
            self.inward.close()


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return where a process like this hears and tells; what others print goes to its standard error.

    Who began it ends it: a signal to all processes of a service is for that one to heed.
    """
    for each in ASKING:
        signal.signal(each, signal.SIG_IGN)
    outward = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, outward


def write_frame(stream: IO[bytes], content: Any) -> None:
    """Write one pickled object with its length before it."""
    data = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Read one object; raises EOFError when the stream has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (size,) = _LENGTH.unpack(head)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)
