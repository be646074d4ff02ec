"""From a request to a published month: rendered aside, checked, signed, put into its place."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from dxreport.cache import Cache, pack, unpack
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.notebooks import make_notebooks, with_notebooks
from dxreport.periods import Month
from dxreport.rendering.documents import OnStep, timed
from dxreport.rendering.month import (
    Extra,
    FormatName,
    Rendered,
    check_engine,
    check_formats,
    render_month,
)
from dxreport.rendering.workspace import data_folder
from dxreport.site.archive import NOTEBOOKS, PAGE
from dxreport.site.look import look_of
from dxreport.site.manifest import (
    describe,
    read_manifest,
    write_manifest,
    write_new,
    write_run,
)
from dxreport.site.placing import copy_of, locked, place_months
from dxreport.site.published import Published
from dxreport.staging import staged

if TYPE_CHECKING:
    from dxreport.headlines import Headline
    from dxreport.reading import Tables


def publish_month(
    project: Project,
    month: Month,
    data_dir: Path,
    out: Path,
    formats: Sequence[str] = get_args(FormatName),
    engine: str = "auto",
    letter: Mapping[str, str] | None = None,
    extras: Sequence[Extra] = (),
    tables: Tables | None = None,
    headlines: Sequence[Headline] = (),
    on_step: OnStep | None = None,
    keep: Keep | None = None,
) -> Published:
    """Render `month` from `data_dir` and publish it as `out/YYYY-MM`, whole or not at all.

    The arguments up to `extras` are those of `render_month`. tables: what the figures were
    computed from, for the manifest. headlines: the figures that the archive shows.
    keep: where what is made may come from, and is kept, with what tells its inputs apart.
    """
    chosen = check_formats(formats)
    check_engine(engine)
    out = out.resolve()
    began, clock = datetime.now(UTC), time.perf_counter()
    with staged(out, str(month)) as folder:
        key = keep.key() if keep else None
        known = keep.restore(folder, key) if keep and key else None
        done = known or render_month(
            project, month, data_dir, folder, chosen, engine, letter, extras, on_step
        )
        # What changed while it was read belongs to no fingerprint.
        if keep and key and keep.key() != key:
            key = None
        if keep and key and not known:
            keep.save(folder, key, done.engine)
        steps = [*done.steps]

        def step(name: str, seconds: float) -> None:
            steps.append((name, seconds))
            if on_step:
                on_step(name, seconds)

        with timed("publish", step):
            parameters = {
                "formats": list(chosen),
                "engine": engine,
                "letter": dict(letter or {}),
                "data": data_folder(project.root, data_dir)[1],
            }
            described = describe(
                project,
                month,
                engine=done.engine,
                parameters=parameters,
                tables=tables,
                headlines=headlines,
            )
            write_manifest(folder, described)
            write_run(folder, steps, began, key)
            had = (out / str(month) / NOTEBOOKS).is_dir()
            lost = had and not (folder / NOTEBOOKS).is_dir()
            with locked(out):
                place_months(out, {month: folder}, look_of(project))
    target = out / str(month)
    names = sorted(path for path in target.iterdir() if path.is_file())
    seconds = time.perf_counter() - clock
    return Published(target, tuple(names), tuple(steps), done.engine, lost, seconds)


@dataclass(frozen=True)
class Keep:
    """A store of rendered months; `key` tells the fingerprint of what this one is made of.

    `more` is what else it is made of, that the fingerprint does not cover.
    """

    store: Cache
    key: Callable[[], str | None]
    more: str = ""

    def restore(self, folder: Path, key: str) -> Rendered | None:
        """Put what is kept under the key into the empty folder; None where there is nothing."""
        began = time.perf_counter()
        content = self.store.get(self._entry(key))
        if content is None:
            return None
        files = unpack(content)
        engine = files.pop(_ENGINE).decode()
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return Rendered(engine, (("kept", time.perf_counter() - began),))

    def _entry(self, key: str) -> str:
        return hashlib.sha256(f"{key} {self.more}".encode()).hexdigest() if self.more else key

    def save(self, folder: Path, key: str, engine: str) -> None:
        """Keep all files of a folder that was rendered."""
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        self.store.put(self._entry(key), pack(files | {_ENGINE: engine.encode()}))


_ENGINE = ".engine"


def notebooks_extra(project: Project, month: Month, data_dir: Path) -> Extra:
    """The notebooks of the month, run and published with it in one go."""

    def write(folder: Path) -> None:
        _write_notebooks(folder, make_notebooks(project, month, data_dir))

    return Extra(NOTEBOOKS, write, of_documents=True)


def publish_notebooks(
    project: Project, month: Month, data_dir: Path, out: Path
) -> tuple[Path, ...]:
    """Run all notebooks for `month` and publish them with its report; the files there.

    The month's folder is replaced as a whole by one that has them. `DxError` in one line, naming
    the notebook and the cell, where one fails; what was published before is then untouched.
    """
    out = out.resolve()
    home = out / str(month)
    before = read_manifest(home)
    files = make_notebooks(project, month, data_dir)
    with staged(out, str(month)) as stage, locked(out):
        if _made_of(read_manifest(home)) != _made_of(before):
            raise DxError(f"{month}: was rendered anew in the meantime; run the notebooks again")
        folder = stage / str(month)
        folder.mkdir()
        if home.is_dir():
            copy_of(home, folder, without=(NOTEBOOKS,))
        _write_notebooks(folder, files)
        place_months(out, {month: folder}, look_of(project))
    return tuple(sorted(home / NOTEBOOKS / name for name in files))


def _made_of(manifest: Mapping[str, object] | None) -> object:
    """What a re-rendering changes, and a new neighbour does not."""
    return manifest and {key: manifest.get(key) for key in ("inputs", "parameters", "versions")}


def _write_notebooks(folder: Path, files: Mapping[str, str]) -> None:
    (folder / NOTEBOOKS).mkdir()
    for name, text in files.items():
        (folder / NOTEBOOKS / name).write_bytes(text.encode())
    page = folder / PAGE
    if page.is_file():
        first = next(name for name in sorted(files) if name.endswith(".html"))
        linked = with_notebooks(page.read_text(encoding="utf-8"), f"{NOTEBOOKS}/{first}")
        write_new(page, linked.encode())
