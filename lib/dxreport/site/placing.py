"""Months take their places in a site, and everything that depends on them follows.

Whatever will be served is made and written first, aside; then folders and files change places
one by one, each in one step where the system can, the archive's page last. So a reader meets
whole pages at every moment, and a run that ends at any moment leaves a site that serves: the next
run brings the links between months up to date.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.site.archive import (
    LATEST,
    PAGE,
    Archive,
    Entry,
    Neighbours,
    read_archive,
    read_entry,
)
from dxreport.site.look import Look
from dxreport.site.manifest import MANIFEST, read_manifest, write_manifest, write_new
from dxreport.site.pages import archive_page, with_months, without_months
from dxreport.staging import into_place, make_durable, staged

LOCK = ".dxreport.lock"
_PATIENCE = 600  # seconds; what is done under the lock takes a few at most


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """The site in `out` for this run alone; the others wait."""
    lock = FileLock(out / LOCK, timeout=_PATIENCE)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise DxError(f"{out}: another run is publishing there and does not end") from None
    except OSError as error:
        raise DxError(f"{out}: cannot be written to ({error.strerror})") from None
    try:
        yield
    finally:
        lock.release()


def place_months(out: Path, folders: Mapping[Month, Path], look: Look) -> None:
    """Let finished folders, which lie in `out`'s file system, become months of the site.

    The site must be `locked`.
    """
    archive = read_archive(out)
    for month, folder in folders.items():
        archive = archive.with_entry(read_entry(folder, month))
    _settle(out, archive, folders, look)


def withdraw_month(out: Path, month: Month, look: Look) -> None:
    """Take a month out of the site, once nothing leads to it any more."""
    archive = read_archive(out)
    if archive.find(month) is None:
        raise DxError(f"{month}: is not published in {out}")
    _settle(out, archive.without(month), {}, look)
    with staged(out, "withdrawn") as stage:
        (out / str(month)).rename(stage / str(month))


def renew(out: Path, look: Look) -> None:
    """Bring archive, latest and links up to date with the months that are there."""
    _settle(out, read_archive(out), {}, look)


def copy_of(
    folder: Path, target: Path, *, without: tuple[str, ...] = (), links: bool = True
) -> Path:
    """A month's folder again, of the same files where they may be links and the system can.

    A link must be replaced, not written into: `write_new`. The page and the manifest are files of
    the copy's own. `without` names what is left out.
    """
    # Not shutil.copytree: its error does not say that the disk is full.
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if inside.parts[0] in without or not path.is_file():
            continue
        copy = target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not links or path.name in (PAGE, MANIFEST) or not _linked(path, copy):
            shutil.copyfile(path, copy)
    return target


def _linked(path: Path, copy: Path) -> bool:
    try:
        copy.hardlink_to(path)
    except OSError:  # no such thing as a link in this file system, or no room for it
        return False
    return True


def _settle(out: Path, archive: Archive, incoming: Mapping[Month, Path], look: Look) -> None:
    with staged(out, "site") as stage:
        ready = []
        for month, folder in incoming.items():
            _finish(folder, archive.neighbours(month), month)
            ready.append((folder, out / str(month)))
        for entry in archive.entries:
            if entry.month not in incoming and _is_stale(entry, archive):
                folder = copy_of(out / str(entry.month), stage / str(entry.month))
                _finish(folder, archive.neighbours(entry.month), entry.month)
                ready.append((folder, out / str(entry.month)))
        newest = archive.latest
        if newest is not None:
            staged_at = {target: source for source, target in ready}
            home = out / str(newest.month)
            folder = copy_of(staged_at.get(home, home), stage / LATEST)
            _finish(folder, archive.neighbours(newest.month), newest.month, is_latest=True)
            ready.append((folder, out / LATEST))
        index = stage / PAGE
        index.write_bytes(archive_page(archive, look).encode())
        ready.append((index, out / PAGE))
        for source, _ in ready:
            make_durable(source)
        for source, target in ready:
            into_place(source, target)
        if newest is None and (out / LATEST).is_dir():
            (out / LATEST).rename(stage / LATEST)
        make_durable(out, deep=False)


def _is_stale(entry: Entry, archive: Archive) -> bool:
    """Whether a published page links to other months than it should."""
    known = entry.neighbours
    return entry.has_page and known is not None and known != archive.neighbours(entry.month)


def _finish(folder: Path, beside: Neighbours, month: Month, *, is_latest: bool = False) -> None:
    """Give the folder's page its links to other months, and sign what is now in the folder."""
    described = dict(read_manifest(folder) or {})
    page = folder / PAGE
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        made = with_months(text, month, beside, is_latest=is_latest)
        if made != text:
            write_new(page, made.encode())
        bare = hashlib.sha256(without_months(text).encode()).hexdigest()
        described["page_without_months_sha256"] = bare
    if not described.get("format"):
        return  # published before there were manifests
    described["neighbours"] = {
        "previous": str(beside.previous) if beside.previous else None,
        "next": str(beside.next) if beside.next else None,
    }
    write_manifest(folder, described)
