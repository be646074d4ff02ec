"""What a data folder's files are and where they came from: `manifest.json` beside them.

`dxreport ingest` writes it; whoever reads the folder holds its files against it, so that a figure
can be followed back to the export that it was counted from, and a file that was changed by hand
is not taken for one that was ingested.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from dxreport.errors import ContractError, DxError, Problem, shown

MANIFEST_FILE: Final = "manifest.json"
VERSION: Final = 1


@dataclass(frozen=True)
class Refused:
    """Records of an export that broke a rule and were left out, by column and rule."""

    column: str
    rule: str
    rows: int


@dataclass(frozen=True)
class Entry:
    """One file of the folder.

    `path` is relative to the folder. `first` and `last` are the days (or months, of a table by
    months) that it covers. `source` is the export that it is from: a file's name, or `sql`;
    `mapping` what turned it into the table. `read` counts the records of that export over all
    its months, `kept` those that are rows now; `left_out` says why the others are not. `late`
    counts the rows that were not in the first export that gave the month. Times of
    `ingested_at` are local, with their offset.
    """

    path: str
    table: str
    sha256: str
    rows: int
    first: str
    last: str
    source: str
    source_sha256: str
    mapping: str
    mapping_sha256: str
    ingested_at: str
    read: int
    kept: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    late: int = 0

    @property
    def month(self) -> str:
        """The month of the file's rows, YYYY-MM, by its name."""
        return Path(self.path).name.split(".")[0]


@dataclass(frozen=True)
class Manifest:
    """The files of a folder that were ingested, by path."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def of_table(self, table: str) -> tuple[Entry, ...]:
        """The files of one table, in the order of their paths."""
        return tuple(e for _, e in sorted(self.entries.items()) if e.table == table)

    def without(self, paths: Iterable[str]) -> Manifest:
        gone = set(paths)
        return Manifest({path: e for path, e in self.entries.items() if path not in gone})

    def with_entries(self, entries: Iterable[Entry]) -> Manifest:
        return Manifest({**self.entries, **{entry.path: entry for entry in entries}})

    def as_json(self) -> str:
        """The file's text: the same for the same entries."""
        files = {
            path: {k: v for k, v in asdict(entry).items() if k != "path"}
            for path, entry in sorted(self.entries.items())
        }
        content = {"version": VERSION, "files": files}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a data folder, None where there is none; `DxError` where it is damaged."""
    path = folder / MANIFEST_FILE
    if not path.exists():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["version"] != VERSION:
            raise DxError(f"{_name(path)}: expected version {VERSION}")
        entries = {name: _entry(name, content) for name, content in raw["files"].items()}
    except OSError as error:
        raise DxError(f"{_name(path)}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DxError(
            f"{_name(path)}: expected the manifest that dxreport ingest writes; it is damaged"
        ) from None
    return Manifest(entries)


def _entry(path: str, content: Mapping[str, Any]) -> Entry:
    refused = tuple(Refused(**one) for one in content.get("refused", ()))
    entry = Entry(**{**content, "path": path, "refused": refused})
    for name, type_ in Entry.__annotations__.items():
        wanted = {"str": str, "int": int}.get(str(type_))
        if wanted is not None and not isinstance(getattr(entry, name), wanted):
            raise TypeError
    return entry


def check_files(folder: Path, manifest: Manifest, found: Mapping[str, str]) -> None:
    """Hold a folder's files (path relative to it -> SHA-256) against its manifest.

    Raises `ContractError` naming every file that was changed or is gone since it was ingested.
    A file that the manifest does not name is none of its business.
    """
    problems = []
    for path, entry in sorted(manifest.entries.items()):
        name = _name(folder / path)
        if path not in found:
            if not (folder / path).exists():
                problems.append(
                    Problem(name, f"expected the file that {MANIFEST_FILE} names; it is not there")
                )
        elif found[path] != entry.sha256:
            problems.append(
                Problem(
                    name,
                    f"expected the file that {MANIFEST_FILE} describes (from {entry.source}); it "
                    "was changed since: ingest the export again",
                )
            )
    if problems:
        raise ContractError(problems)


def check_folder(folder: Path, manifest: Manifest) -> None:
    """The same for the files as they lie there, read whole."""
    found = {}
    for path in manifest.entries:
        with contextlib.suppress(OSError), (folder / path).open("rb") as file:
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    check_files(folder, manifest, found)


def _name(path: Path) -> str:
    return shown(path, Path.cwd())
