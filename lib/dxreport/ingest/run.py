"""The whole way of one export: read, build, compare, and put into place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from dxreport.contracts import TIME_OF
from dxreport.errors import DxError, UsageError
from dxreport.ingest.build import Built, build
from dxreport.ingest.change import (
    FactChange,
    RowChange,
    facts_changed,
    missing_tables,
    rows_changed,
)
from dxreport.ingest.convert import Known, topics_of
from dxreport.ingest.export import Export
from dxreport.ingest.mapping import MappingFile
from dxreport.ingest.names import UnitNames, read_aliases
from dxreport.ingest.parsing import Raw
from dxreport.ingest.store import (
    Draft,
    Place,
    alone,
    draft,
    judge_folder,
    named_as,
    split,
    stored,
    write,
    write_manifest,
)
from dxreport.manifest import Entry, Manifest, check_folder, read_manifest
from dxreport.reading import read_reference
from dxreport.reading.files import display_name

if TYPE_CHECKING:
    from dxreport.suppression.rule import Rule

Clock = Callable[[], datetime]

_SMALL = 20
"""A month of fewer rows may shrink to anything."""


@dataclass(frozen=True)
class Outcome:
    """What became of an export: its rows, and what they change in the folder.

    `facts` is empty where no report can be made from the folder yet, and `unready` says why.
    `changed` says whether the folder is (or, in a dry run, would be) another than before.
    """

    mapping: MappingFile
    raw: Raw
    built: Built
    rows: tuple[RowChange, ...]
    facts: tuple[FactChange, ...]
    unready: str
    changed: bool
    moved: bool


def ingest(
    export: Export,
    mapping: MappingFile,
    data: Path,
    reference: Path,
    now: Clock,
    months: frozenset[str] | None = None,
    dry_run: bool = False,
    replace: bool = False,
    rule: Rule | None = None,
) -> Outcome:
    """Bring the months of an export into a data folder, which is made where it is not there.

    Each month that the export has rows of is replaced by them (of `months` only, where given).
    Nothing is written where nothing would change, or in a dry run. `replace` allows a month to
    lose more than half of its rows. `rule` says which figures of the reports are not told.

    Raises `ContractError` with what is wrong with the export or with the folder that would be.
    """
    data = data.resolve()
    with alone(data):
        known, units = _known(data, reference)
        built = build(export.raw, mapping, known, months, export.name)
        return _bring_in(
            export, mapping, built, data, reference, units, now, dry_run, replace, rule
        )


def _known(data: Path, reference: Path) -> tuple[Known, pl.DataFrame]:
    tables = read_reference(data, reference)
    folders = [data] if tables.own_units else [data, reference]
    names = UnitNames(tables.units, read_aliases(folders, tables.units))
    return Known(tables.units, names, topics_of(tables.topics)), tables.units


def _bring_in(
    export: Export,
    mapping: MappingFile,
    built: Built,
    data: Path,
    reference: Path,
    units: pl.DataFrame,
    now: Clock,
    dry_run: bool,
    replace: bool,
    rule: Rule | None,
) -> Outcome:
    table = mapping.table
    places = split(table, built.frame, mapping.spec.part)
    mine = {place.path(table) for place in places}
    manifest = read_manifest(data) or Manifest()
    # What this run replaces may well have been changed: that is one way to mend it.
    check_folder(data, manifest.without(mine))
    before = stored(data, table, units, mine)
    rows = tuple(
        rows_changed(table, place, before.frames.get(place), frame)
        for place, frame in places.items()
    )
    if not replace:
        _must_not_shrink(rows, table)
    changed = {change.place: places[change.place] for change in rows if change.is_any}
    same_source = all(_is_from(manifest, place.path(table), export, mapping) for place in places)
    if not changed and same_source:
        return Outcome(mapping, export.raw, built, rows, (), "", changed=False, moved=False)
    with draft(data) as made:
        written = write(made, before, places)
        gone = [path.relative_to(data).as_posix() for path in before.strays]
        late = _late(manifest, table, rows)
        entries = _entries(places, written, export, mapping, built, now(), late)
        stale = [*gone, *(path for path in written if path not in mine)]
        write_manifest(made, manifest.without(stale).with_entries(entries))
        judge_folder(made.staging, data, table, units)
        facts, unready = _facts(made, data, reference, changed, rule)
        if not dry_run:
            made.publish()
    return Outcome(
        mapping, export.raw, built, rows, facts, unready, changed=True, moved=bool(before.strays)
    )


def _facts(
    made: Draft, data: Path, reference: Path, changed: Iterable[Place], rule: Rule | None
) -> tuple[tuple[FactChange, ...], str]:
    """What moves in the reports, or why there can be none yet."""
    if missing := missing_tables(made.staging, reference):
        return (), f"the folder still lacks {', '.join(missing)}"
    months = sorted({place.month for place in changed})
    if not months:
        return (), ""
    try:
        with named_as(data, made.staging):
            return facts_changed(data, made.staging, reference, months, rule), ""
    except DxError as error:
        return (), str(error).splitlines()[0]


def _must_not_shrink(rows: Iterable[RowChange], table: str) -> None:
    lines = [
        f"{table} {change.place.month}: the export has {change.rows} rows, the data folder "
        f"{change.before}; a file that covers a month in part takes --month for those that it "
        "covers whole, and one that is right takes --replace"
        for change in rows
        if change.before >= _SMALL and change.rows * 2 < change.before
    ]
    if lines:
        raise DxError("\n".join(lines))


def _is_from(manifest: Manifest, path: str, export: Export, mapping: MappingFile) -> bool:
    entry = manifest.entries.get(path)
    return (
        entry is not None
        and entry.source_sha256 == export.sha256
        and entry.mapping_sha256 == mapping.sha256
    )


def _entries(
    places: Mapping[Place, pl.DataFrame],
    written: Mapping[str, str],
    export: Export,
    mapping: MappingFile,
    built: Built,
    at: datetime,
    late: Mapping[Place, int],
) -> Iterable[Entry]:
    """An entry for each file that the export gave."""
    left_out = {
        "filtered": built.filtered,
        "other_months": built.other_months,
        "duplicates": built.duplicates,
        "refused": built.refused,
        **{f"skipped_{why}": count for why, count in export.raw.skipped.items()},
    }
    for place, frame in places.items():
        path = place.path(mapping.table)
        first, last = _period(mapping.table, frame)
        yield Entry(
            path=path,
            table=mapping.table,
            sha256=written[path],
            rows=frame.height,
            first=first,
            last=last,
            source=export.name,
            source_sha256=export.sha256,
            mapping=mapping.name,
            mapping_sha256=mapping.sha256,
            ingested_at=at.isoformat(timespec="seconds"),
            read=built.read,
            kept=built.kept,
            left_out={why: count for why, count in left_out.items() if count},
            refused=built.refusals,
            late=late.get(place, 0),
        )


def _late(manifest: Manifest, table: str, rows: Iterable[RowChange]) -> dict[Place, int]:
    """How many rows of each month were not in the first export that gave it."""
    late = {}
    for change in rows:
        entry = manifest.entries.get(change.place.path(table))
        if entry is not None:
            late[change.place] = min(entry.late + change.added, change.rows)
    return late


def _period(table: str, frame: pl.DataFrame) -> tuple[str, str]:
    time = pl.col(TIME_OF[table])
    day = time if TIME_OF[table] == "month" else time.dt.date().cast(pl.String)
    return frame.select(day.min().alias("first"), day.max().alias("last")).row(0)


def choose_mapping(folder: Path, table: str, file: Path) -> Path:
    """The mapping of a table whose `files` fit a file's name, of those in a folder.

    Raises `UsageError` where there is no such file, and where no mapping or several fit.
    """
    from fnmatch import fnmatch

    from dxreport.ingest.mapping import load_mapping

    if not file.exists():
        raise UsageError(f"{display_name(file)}: there is no such file")
    fitting = []
    for path in sorted(folder.glob("*.yml")):
        mapping = load_mapping(path)
        if mapping.table == table and any(
            fnmatch(file.name.casefold(), pattern.casefold()) for pattern in mapping.spec.files
        ):
            fitting.append(path)
    if len(fitting) != 1:
        found = "none is" if not fitting else f"{', '.join(p.name for p in fitting)} are"
        raise UsageError(
            f"{display_name(file)}: expected one mapping of {table} whose `files` fit this name, "
            f"{found}; name one with --mapping"
        )
    return fitting[0]
