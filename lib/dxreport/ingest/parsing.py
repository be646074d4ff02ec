"""What an export holds, read by a child process: the mapped columns and nothing else.

A damaged file can end a process or make it ask for all memory, and a hostile one can be made to;
so the parser runs in `child`, with bounds on its time and memory, and if it dies this one says
so. What the child did not send, no later step can show.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from dxreport.errors import ContractError, DxError, Problem
from dxreport.ingest.child import REFUSED
from dxreport.ingest.header import Seen
from dxreport.ingest.mapping import MappingFile
from dxreport.ingest.sheets import Cell
from dxreport.reading.files import display_name

_SECONDS: Final = 12
_BYTES_A_SECOND: Final = 200_000
_LOOKED_AT: Final = 50


@dataclass(frozen=True)
class Raw:
    """The wanted columns of an export, as stored.

    `columns` has, by its spellings, each column's values, one a record (None for a column that
    is not there); `rows` the numbers of the records in the file, as a person counts.
    """

    file: str
    sheet: str
    rows: Sequence[int]
    columns: dict[tuple[str, ...], Sequence[Cell] | None]
    headings: dict[tuple[str, ...], str]
    skipped: dict[str, int] = field(default_factory=dict)
    months: Sequence[str] = ()

    def heading(self, spellings: tuple[str, ...]) -> str:
        """The name of a column as the file writes it."""
        return self.headings.get(spellings, spellings[0])


def read_export(path: Path, mapping: MappingFile) -> Raw:
    """The wanted columns of a file. `ContractError` where it is not what the mapping says."""
    name = _file(path)
    spec = mapping.spec
    wanted = mapping.wanted()
    needed = mapping.needed()
    request = {
        "path": str(path.resolve()),
        "format": spec.format,
        "sheet": spec.sheet,
        "encoding": spec.encoding,
        "delimiter": spec.delimiter,
        "columns": wanted,
        "needed": [at for at, spellings in enumerate(wanted) if spellings in needed],
        "filled": [at for at, spellings in enumerate(wanted) if spellings in mapping.filled()],
        "within": spec.header.within,
        "totals": spec.rows.totals,
        "end": spec.rows.end,
    }
    answer = _ask(request, name, path.stat().st_size)
    headings = {
        spellings: heading
        for spellings, heading in zip(wanted, answer["headings"], strict=True)
        if heading is not None
    }
    columns = {
        spellings: values if spellings in headings else None
        for spellings, values in zip(wanted, answer["columns"], strict=True)
    }
    return Raw(
        file=name if not answer["sheet"] else f"{name}, sheet {answer['sheet']}",
        sheet=answer["sheet"],
        rows=answer["rows"],
        columns=columns,
        headings=headings,
        skipped=answer["skipped"],
        months=answer["months"],
    )


def look_at(
    path: Path, form: str, vocabulary: Sequence[Sequence[str]], lists: Sequence[int]
) -> Seen:
    """The headings of a file, and which of a vocabulary they are (`header.look`)."""
    name = _file(path)
    request = {
        "look": True,
        "path": str(path.resolve()),
        "format": form,
        "sheet": (),
        "encoding": (),
        "delimiter": None,
        "columns": vocabulary,
        "lists": lists,
        "within": _LOOKED_AT,
    }
    answer = _ask(request, name, path.stat().st_size)
    for key in ("places", "order", "values"):
        answer[key] = {int(at): value for at, value in answer[key].items()}
    return Seen(**answer)


def _file(path: Path) -> str:
    """A file's name for errors; `DxError` where there is none."""
    name = display_name(path)
    if not path.exists():
        raise DxError(f"{name}: there is no such file")
    if not path.is_file():
        raise DxError(f"{name}: expected a file, found a folder")
    return name


def _ask(request: dict[str, Any], name: str, size: int) -> Any:
    seconds = _SECONDS + size / _BYTES_A_SECOND
    child = subprocess.Popen(
        [sys.executable, "-m", "dxreport.ingest.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        written, _ = child.communicate(json.dumps(request).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        problem = f"expected a file that can be read in {seconds:.0f} seconds; it may be damaged"
        raise ContractError([Problem(name, problem)]) from None
    finally:
        child.kill()
        child.wait()
    if child.returncode == REFUSED:
        refusal = json.loads(written)
        raise ContractError([Problem(name, refusal["expected"], row=refusal["row"])])
    if child.returncode:
        problem = "expected a file that can be read; it is damaged, or too large for this machine"
        raise ContractError([Problem(name, problem)])
    return json.loads(written, object_hook=_time)


def _time(value: dict[str, Any]) -> Any:
    if set(value) != {"t"}:
        return value
    kind, _, text = value["t"].partition(" ")
    if kind == "at":
        return datetime.fromisoformat(text)
    if kind == "on":
        return date.fromisoformat(text)
    if kind == "of":
        return time.fromisoformat(text)
    return text
