"""Pictures drawn beside the run that asks for them.

To draw a chart takes several times as long as to describe it, and does not hold the interpreter.
A run that reads the pictures only after its last chart was asked for opens `drawn_aside`, and
waits for them before it reads the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_current: ContextVar[Executor | None] = ContextVar("pictures", default=None)


class Pictures(ThreadPoolExecutor):
    """One thread that draws what it is given, in order."""

    def __init__(self) -> None:
        super().__init__(1, thread_name_prefix="pictures")
        self._asked: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self._asked.append(future)
        return future

    def wait(self) -> None:
        """Until all that was asked for is drawn; raises what went wrong."""
        for future in self._asked:
            future.result()


class _Unwanted(Pictures):
    def submit(self, _fn: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        return Future()


@contextmanager
def drawn_aside(*, wanted: bool = True) -> Iterator[Pictures]:
    """Inside, `current` is a thread that draws; where no picture is `wanted` it draws none."""
    with Pictures() if wanted else _Unwanted() as pictures:
        token = _current.set(pictures)
        try:
            yield pictures
        except BaseException:
            pictures.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            _current.reset(token)


def current() -> Executor | None:
    """What draws pictures later, where a run has said so."""
    return _current.get()
