"""A first mapping of an export, written after a look at its headings. Every guess is marked."""

from __future__ import annotations

import contextlib
import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from dxreport.config import read_yaml
from dxreport.contracts import FACT_TABLES, SCHEMAS
from dxreport.errors import DxError, UsageError
from dxreport.ingest.header import Seen, name_of
from dxreport.ingest.mapping import SUFFIXES, Column, load_mapping
from dxreport.ingest.parsing import look_at
from dxreport.reading.files import display_name

HEADINGS: Final = "headings.yml"
GUESS: Final = "# GUESS"
_LISTS: Final = frozenset({"kind", "rating", "filed_online", "fee_due", "paid_online", "digitised"})
_LETTERS: Final = 3
"""How many of them make the name of a file its kind's, whatever the figures."""
_TIMES: Final = ("received_at", "due_at", "resolved_at", "returned_at")


@dataclass(frozen=True)
class _Words:
    """Every column of every table, with the spellings that it is known by."""

    places: tuple[tuple[str, str], ...]
    spellings: tuple[tuple[str, ...], ...]
    known: Mapping[tuple[str, str], Column]


def first_mapping(path: Path, table: str | None, mappings: Path, reference: Path) -> str:
    """The text of a mapping for the file, of `table` or of the one that it looks most like.

    Of what the file holds only headings are written, and the values of columns that are lists
    of few. Raises `UsageError` for a file of no known ending, `DxError` where no row of it has
    headings that are known.
    """
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{display_name(path)}: expected one of {', '.join(SUFFIXES)}")
    words = _words(mappings, reference)
    lists = [at for at, (_, column) in enumerate(words.places) if column in _LISTS]
    seen = look_at(path, form, words.spellings, lists)
    found: dict[str, dict[str, int]] = {name: {} for name in FACT_TABLES}
    for at in seen.places:
        name, column = words.places[at]
        found[name][column] = at
    chosen = table or max(FACT_TABLES, key=lambda name: len(found[name]))
    return "\n".join(_lines(path, form, chosen, found[chosen], seen, words)) + "\n"


def _words(mappings: Path, reference: Path) -> _Words:
    spellings: dict[tuple[str, str], dict[str, None]] = {}
    known: dict[tuple[str, str], Column] = {}
    loaded = []
    for file in sorted(mappings.glob("*.yml")):
        # One that is being written, empty yet, has nothing to teach and is no reason to stop.
        with contextlib.suppress(DxError):
            loaded.append(load_mapping(file))
    # What single records are counted by are no headings of the figures.
    ready = [mapping for mapping in loaded if mapping.spec.record is None]
    for mapping in sorted(ready, key=lambda one: one.spec.part is not None):
        for name, column in mapping.spec.columns.items():
            place = (mapping.table, name)
            known.setdefault(place, column)
            spellings.setdefault(place, {}).update(dict.fromkeys(column.from_))
    more = read_yaml(reference / HEADINGS) if (reference / HEADINGS).exists() else {}
    if not isinstance(more, dict):
        raise DxError(f"{HEADINGS}: expected tables, and for each its columns")
    for name, columns in more.items():
        for column, texts in columns.items():
            place = (str(name), str(column))
            spellings.setdefault(place, {}).update(dict.fromkeys(map(str, texts)))
    filled = {place: tuple(texts) for place, texts in spellings.items() if texts}
    return _Words(tuple(filled), tuple(filled.values()), known)


def _lines(
    path: Path, form: str, table: str, found: Mapping[str, int], seen: Seen, words: _Words
) -> list[str]:
    names = SCHEMAS[table].column_names()
    sheet = f" on sheet {seen.sheet}" if seen.sheet else ""
    lines = [
        f"# A first mapping of {path.name}: the headings are in row {seen.header_row}{sheet}.",
        "# It goes by headings alone. Look at every line marked GUESS, then try it:",
        "#   dxreport mapping check THIS_FILE EXPORT",
        f"table: {table}  {GUESS}: {len(found)} of its {len(names)} columns have known headings",
        f"format: {form}",
        f"files: {_flow([pattern(path.name)])}  {GUESS}: the names of such files",
    ]
    if seen.sheet:
        lines.append(f"sheet: {_scalar(seen.sheet)}")
    orders = {seen.order.get(at, "") for at in found.values()} - {""}
    order, said = "dmy", "look at a date"
    if len(orders) == 1:
        order, said = orders.pop(), "the texts show it"
    lines.append(f"dates: {order}  {GUESS}: {said}")
    lines.append("columns:")
    for name in names:
        lines += _column(table, name, found.get(name), seen, words)
    taken = {seen.places[at] for at in found.values()}
    rest = [text for text in dict.fromkeys(seen.headings) if text and text not in taken]
    if rest:
        lines.append("# Columns that are not read; nothing of what they hold was kept:")
        lines += [f"#   {_comment(text)}" for text in rest]
    return lines


def pattern(name: str) -> str:
    """What the names of a file's kind have in common: its own, with any figures for its figures.

    A name of hardly any letters is one of its own.
    """
    stem, dot, suffix = name.rpartition(".")
    if len(re.findall(r"[^\W\d_]", stem)) < _LETTERS:
        return glob.escape(name)
    return "*".join(map(glob.escape, re.split(r"\d+", stem))) + dot + suffix


def _column(table: str, name: str, at: int | None, seen: Seen, words: _Words) -> list[str]:
    known = words.known.get((table, name))
    nullable = SCHEMAS[table].columns()[name].nullable
    if at is None:
        return [f"  {name}: {_absent(name, known, nullable, seen)}"]
    heading = seen.places[at]
    listed = seen.values.get(at, [])
    if known is not None and known.values and listed:
        return _listed(name, heading, listed, known)
    keys: dict[str, Any] = {"from": heading}
    if name in ("due_at", "resolved_at", "returned_at"):
        keys["day"] = "end"
    if name in ("rating", "paid_online"):
        keys["only_where"] = "resolved_at" if name == "rating" else "fee_due"
    if name in ("paid_online", "digitised"):
        keys["default"] = False
    value = _scalar(heading) if len(keys) == 1 else _flow(keys)
    return [f"  {name}: {value}  {GUESS}"]


def _absent(name: str, known: Column | None, nullable: bool, seen: Seen) -> str:
    if name == "month":
        where = "title" if seen.months else "option"
        return f"{{find: {where}}}  {GUESS}"
    if name == "kind":
        return f"{{value: field}}  {GUESS}: no such heading"
    if known is not None and known.value is not None:
        return f"{_flow({'value': known.value})}  {GUESS}: no such heading"
    if nullable:
        return f"{{optional: true}}  {GUESS}: no such heading"
    return f"TODO  {GUESS}: no heading is known; which one is it?"


def _listed(name: str, heading: str, listed: Sequence[str], known: Column) -> list[str]:
    lines = [f"  {name}:  {GUESS}", f"    from: {_scalar(heading)}", "    values:"]
    rest = list(listed)
    for value, texts in known.values.items():
        words = {name_of(text) for text in texts}
        here = [text for text in rest if name_of(text) in words]
        rest = [text for text in rest if text not in here]
        if here:
            lines.append(f"      {_scalar(value)}: {_flow(here)}")
    if len(lines) == 3:
        lines[-1] = "    values: {}"
    if rest:
        lines.append(f"    {GUESS}: not placed yet: {_comment(', '.join(rest))}")
    return lines


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
    return text.removesuffix("...\n").strip()


def _flow(value: Any) -> str:
    return yaml.safe_dump(
        value, allow_unicode=True, width=10_000, default_flow_style=True, sort_keys=False
    ).strip()


def _comment(text: str) -> str:
    return " ".join(text.split())
