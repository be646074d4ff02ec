"""Work that a process beside this one does.

What keeps the interpreter to itself, as vl-convert does while it draws, or is slow Python, would
in a thread hold up everything else. The process is begun once, gets what it imports ready while
this one goes on, and ends with it: its input is closed then.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO, Any, ParamSpec, TypeVar

from dxreport.errors import DxError, place_of, with_place
from dxreport.process import prepare

P = ParamSpec("P")
R = TypeVar("R")


class EndedError(DxError):
    """The process is not there any more, or was lost over the task."""


class Aside:
    """The process, and a thread that gives it one task after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._tasks: SimpleQueue[tuple[bytes, Future[Any]] | None] = SimpleQueue()
        Thread(target=self._work, name="aside", daemon=True).start()

    def ask(self, task: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """What the function of a module gives, later; what it raises is the future's.

        Arguments and result are pickled.
        """
        future: Future[R] = Future()
        message = pickle.dumps((task, args, kwargs), pickle.HIGHEST_PROTOCOL)
        self._tasks.put((message, future))
        return future

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Let it end once it has done what it was asked for."""
        self._tasks.put(None)

    def kill(self) -> None:
        """End it now; what it was asked for fails."""
        self._process.kill()
        self._process.wait()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            message, future = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._done(message))
            except Exception as error:
                future.set_exception(error)
        with contextlib.suppress(OSError):
            self._process.communicate()

    def _done(self, message: bytes) -> Any:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        try:
            to.write(message)
            to.flush()
            made, failed = pickle.load(back)
        except Exception:
            # After a reply that cannot be read nothing says where the next one begins.
            self._process.kill()
            raise EndedError("the process that works beside this one has ended") from None
        if failed is not None:
            raise failed
        return made


class Here:
    """Does at once, in this process, what it is asked for: where every processor has its work."""

    lives = True

    def ask(self, task: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


_lock = Lock()
_shared: list[Aside | Here] = []


def stay_here() -> None:
    """This process begins no other from now on."""
    with _lock:
        _shared[:] = [Here()]


def begun() -> Aside | None:
    """The one of this process, where it has been begun."""
    with _lock:
        one = _shared[-1] if _shared else None
        return one if isinstance(one, Aside) and one.lives else None


def is_beside() -> bool:
    """Whether what is asked for is done beside this process, and not at once."""
    return isinstance(aside(), Aside)


def aside() -> Aside | Here:
    """The one of this process, begun where it is not there yet."""
    with _lock:
        if not (_shared and _shared[-1].lives):
            _shared[:] = [Aside()]
        return _shared[-1]


# -- the process


def _serve(tasks: IO[bytes], replies: IO[bytes]) -> None:
    while True:
        try:
            task, args, kwargs = pickle.load(tasks)
        except EOFError:
            return
        try:
            reply = task(*args, **kwargs), None
            message = pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            message = pickle.dumps((None, _told(error)), pickle.HIGHEST_PROTOCOL)
        replies.write(message)
        replies.flush()


def _told(error: Exception) -> Exception:
    """The error as it can be raised in the other process: what it says, and where it arose."""
    if not isinstance(error, DxError):
        error.add_note("".join(traceback.format_exception(error)))
        with_place(error, place_of(error))
    try:
        pickle.loads(pickle.dumps(error, pickle.HIGHEST_PROTOCOL))
    except Exception:
        # Some hold what cannot be sent, or are made in another way than of their arguments.
        other = RuntimeError(type(error).__name__)
        for note in getattr(error, "__notes__", ()):
            other.add_note(note)
        return with_place(other, place_of(error))
    return error


def _main() -> None:
    prepare()
    # An interruption is for the process that began this one; its end closes the input here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(1), "wb") as replies:
        # What a library prints is no reply.
        os.dup2(2, 1)
        with contextlib.suppress(BrokenPipeError):
            _serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    _main()
