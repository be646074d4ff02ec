"""A site's months put into another place, another file system or a share too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from dxreport.config import Project
from dxreport.errors import DxError, UsageError
from dxreport.periods import Month
from dxreport.site.archive import read_archive
from dxreport.site.look import look_of
from dxreport.site.manifest import verify
from dxreport.site.placing import copy_of, locked, place_months
from dxreport.staging import staged


def publish_to(
    project: Project, source: Path, out: Path, months: Sequence[Month] = ()
) -> tuple[Month, ...]:
    """Put the months of the site in `source`, or those named, into the site in `out`.

    `out` may lie in another file system, and keeps its other months. Every file is compared with
    its manifest after it was copied; nothing is put into place before all are.
    """
    source, out = source.resolve(), out.resolve()
    if source == out:
        raise UsageError(f"--to: {out} is where the site lies already")
    with _reading(source):
        present = [entry.month for entry in read_archive(source).entries]
        if not present:
            raise DxError(f"{source}: has no published month; run dxreport render first")
        wanted = list(months) or present
        for month in wanted:
            if month not in present:
                has = ", ".join(map(str, present))
                raise DxError(f"{month}: is not published in {source}; it has {has}")
        with staged(out, "copy") as stage:
            folders = {month: stage / str(month) for month in wanted}
            for month, folder in folders.items():
                copy_of(source / str(month), folder, links=False)
                verify(folder)
            with locked(out):
                place_months(out, folders, look_of(project))
    return tuple(wanted)


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    """The source unchanged while it is copied, where we may lock it."""
    with contextlib.ExitStack() as stack:
        if source.is_dir():
            with contextlib.suppress(DxError):
                stack.enter_context(locked(source))
        yield
