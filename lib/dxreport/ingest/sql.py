"""An export that is a query on a database.

The mapping has the query and the name of the environment variable that holds the address. The
address, which has a password in it, is used in one call and is in no file, message or log; what a
driver says is dropped, as it quotes both the address and rows.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from dxreport.errors import ContractError, DxError, Problem
from dxreport.ingest.export import Export
from dxreport.ingest.header import name_of
from dxreport.ingest.mapping import MappingFile
from dxreport.ingest.parsing import Raw
from dxreport.reading.panics import quiet_panics

_SECONDS: Final = "15"
_REASONS: Final = {
    "08": "the server cannot be reached",
    "28": "the server refuses the user or the password",
    "3D": "there is no such database",
    "3F": "there is no such schema",
    "42": "the query is wrong, or names a table or column that is not there or not allowed",
    "53": "the server has no room for another connection",
    "57": "the server ended the query",
}
"""The first two signs of a SQLSTATE, in words."""


def read_query(mapping: MappingFile) -> Export:
    """The result of a mapping's query. `DxError` where the database cannot be asked."""
    spec = mapping.spec
    assert spec.query is not None
    assert spec.address is not None
    address = os.environ.get(spec.address, "")
    if not address:
        raise DxError(f"{mapping.name}: expected the database's address in ${spec.address}")
    frame = _ask(spec.query, address, spec.address, mapping.name)
    source = f"query of {mapping.name}"
    headings = _headings(frame.columns, mapping, source)
    frame = frame.select(list(dict.fromkeys(headings.values())))
    columns: dict[tuple[str, ...], Sequence[Any] | None] = {
        wanted: [_plain(cell) for cell in frame[headings[wanted]].to_list()]
        if wanted in headings
        else None
        for wanted in mapping.wanted()
    }
    raw = Raw(source, "", range(1, frame.height + 1), columns, headings)
    # A query gives its rows in any order: the same rows are the same export.
    content = frame.select(pl.all().cast(pl.String)).sort(frame.columns)
    digest = hashlib.sha256(f"{spec.query}\0{content.write_csv()}".encode()).hexdigest()
    return Export(raw, source, digest)


def _ask(query: str, address: str, variable: str, name: str) -> pl.DataFrame:
    scheme = address.partition(":")[0].partition("+")[0].replace("postgres", "postgresql", 1)
    scheme = scheme.replace("postgresqlql", "postgresql")
    if importlib.util.find_spec(f"adbc_driver_{scheme}"):
        engine: Any = "adbc"
    elif importlib.util.find_spec("connectorx"):
        engine = "connectorx"
    else:
        raise DxError(
            f"{name}: nothing is installed that reads the kind of database that ${variable} "
            "names; for PostgreSQL: pip install 'dxreport[sql]'"
        )
    os.environ.setdefault("PGCONNECT_TIMEOUT", _SECONDS)
    try:
        with quiet_panics():
            return pl.read_database_uri(query, address, engine=engine)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        reason = _reason(error)
    raise DxError(f"{name}: the database at ${variable} gave no answer: {reason}")


def _reason(error: BaseException) -> str:
    """Why, from the code of the error alone: its words quote what must not be shown."""
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str) and len(state) == 5 and state.isalnum() and state != "00000":
        return f"{_REASONS.get(state[:2], 'it reports an error')} (SQLSTATE {state})"
    words = str(error).casefold()
    if "authentication failed" in words or "no password" in words:
        return _REASONS["28"]
    if "connect" in words or "could not translate host" in words:
        return _REASONS["08"]
    return f"see that the address is whole and the query runs ({type(error).__name__})"


def _headings(
    names: Sequence[str], mapping: MappingFile, source: str
) -> dict[tuple[str, ...], str]:
    """Which column of the result each wanted one is."""
    places: dict[str, list[str]] = {}
    for name in names:
        places.setdefault(name_of(name), []).append(name)
    found = {}
    problems = []
    needed = mapping.needed()
    for spellings in mapping.wanted():
        for spelling in spellings:
            there = places.get(name_of(spelling), [])
            if len(there) > 1:
                expected = "expected one column of this name, found several"
                problems.append(Problem(source, expected, column=spelling))
            if there:
                found[spellings] = there[0]
                break
        else:
            if spellings in needed:
                expected = "expected a column of this name in the result, found none"
                problems.append(Problem(source, expected, column=spellings[0]))
    if problems:
        raise ContractError(problems)
    return found


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, bytes | list | dict):
        return None if not cell else str(type(cell).__name__)
    return cell
