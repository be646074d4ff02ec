"""The pictures of a document's charts, drawn beside the run that asks for them.

To draw a chart takes several times as long as to describe it. A run whose pictures are read only
after its last chart was asked for opens `drawn_aside`; before the first is read it has them
written.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from dxreport.charts import raster


@dataclass(frozen=True)
class _Asked:
    drawing: Future[str]
    points: Future[bytes]


class Pictures:
    """What was asked for, by the path that it will have, without a suffix.

    wanted: whether any will be read at all. in_points: whether as PNG too.
    """

    def __init__(self, *, wanted: bool = True, in_points: bool = True) -> None:
        self.wanted = wanted
        self._in_points = in_points
        self._asked: dict[Path, _Asked] = {}
        # typst leaves the interpreter alone while it draws.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    def add(self, path: Path, drawing: Future[str]) -> None:
        """A drawing that will be needed at `path`; one that is known already stays."""
        if path not in self._asked:
            points: Future[bytes] = Future()
            if self._in_points:
                points = self._pool.submit(lambda: raster.picture(drawing.result()))
            self._asked[path] = _Asked(drawing, points)

    def write_drawings(self) -> None:
        """Write each as SVG, once it is drawn; raises what went wrong."""
        for path, asked in self._asked.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".svg").write_text(asked.drawing.result(), encoding="utf-8")

    def write_points(self) -> None:
        """Write each as PNG, once it is drawn; raises what went wrong."""
        for path, asked in self._asked.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".png").write_bytes(asked.points.result())

    def forget(self) -> None:
        """Nobody waits for them any more."""
        for asked in self._asked.values():
            asked.drawing.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)


_current: ContextVar[Pictures | None] = ContextVar("pictures", default=None)


@contextmanager
def drawn_aside(*, wanted: bool = True, in_points: bool = True) -> Iterator[Pictures]:
    """Inside, `current` takes the drawings that charts ask for."""
    pictures = Pictures(wanted=wanted, in_points=in_points)
    token = _current.set(pictures)
    try:
        yield pictures
    finally:
        pictures.forget()
        _current.reset(token)


def current() -> Pictures | None:
    """What takes the drawings, where a run has said so."""
    return _current.get()
