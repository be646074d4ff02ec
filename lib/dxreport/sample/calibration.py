"""The calibration tables: every number that pins the sample to the published report.

They lie in `reference/calibration/`; `data/README.md` says what each column means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.sample.clock import Calendar, Rhythm, seconds_of_day
from dxreport.sample.shares import Curve


@dataclass(frozen=True)
class Calibration:
    """What a sample is made from. Frames are as in the files, in the order of the files."""

    months: tuple[Month, ...]
    weights: pl.DataFrame
    """A row a month: the rhythm of each table."""
    calendar: Calendar
    units: pl.DataFrame
    """unit_id, level, parent_id, of the catalogue, with size, signing_gap, e_copy_zeal."""
    documents: pl.DataFrame
    documents_pinned: pl.DataFrame
    documents_style: Mapping[str, Any]
    e_copies: pl.DataFrame
    pakn: pl.DataFrame
    pakn_style: Mapping[str, Any]
    topics: pl.DataFrame
    topic_factors: pl.DataFrame
    procedures: pl.DataFrame
    procedures_style: Mapping[str, Any]
    dataset: str
    """The text of dataset.yml, which goes with the data as it stands."""

    def month_weights(self, column: str) -> list[float]:
        return [float(value) for value in self.weights[column]]


def load_calibration(reference: Path) -> Calibration:
    """Read the calibration below `reference`; `DxError` where a file is missing or unreadable."""
    folder = reference / "calibration"
    weights = _table(folder / "months.csv")
    months = tuple(Month.parse(text) for text in weights["month"])
    return Calibration(
        months=months,
        weights=weights,
        calendar=_calendar(_style(folder / "calendar.yml"), months[0].first),
        units=_table(reference / "units.csv")
        .select("unit_id", "level", "parent_id", "order")
        .join(_table(folder / "characters.csv"), on="unit_id", maintain_order="right"),
        documents=_table(folder / "documents.csv"),
        documents_pinned=_table(folder / "documents-pinned.csv"),
        documents_style=_style(folder / "documents.yml"),
        e_copies=_table(folder / "e-copies.csv"),
        pakn=_table(folder / "pakn.csv"),
        pakn_style=_style(folder / "pakn.yml"),
        topics=_table(folder / "topics.csv"),
        topic_factors=_table(folder / "topic-factors.csv"),
        procedures=_table(folder / "procedures.csv"),
        procedures_style=_style(folder / "procedures.yml"),
        dataset=_text(folder / "dataset.yml"),
    )


def rhythm(style: Mapping[str, Any]) -> Rhythm:
    """The `arrival` part of a style as a rhythm."""
    arrival = style["arrival"]
    return Rhythm(
        weekdays=tuple(arrival["weekdays"]),
        hours=tuple(arrival["hours"]),
        day_off=float(arrival["day_off"]),
        events={day: float(weight) for day, weight in arrival.get("events", {}).items()},
    )


def curve(style: Mapping[str, Any], name: str) -> Curve:
    return Curve.of(style[name])


def _calendar(style: Mapping[str, Any], first: date) -> Calendar:
    days_off: list[date] = []
    for entry in style["days_off"]:
        start, end = entry if isinstance(entry, list) else (entry, entry)
        days_off += [start + timedelta(days=n) for n in range((end - start).days + 1)]
    return Calendar.of(
        first=first,
        as_of=style["as_of"],
        horizon=style["horizon"],
        days_off=days_off,
        sessions=[(seconds_of_day(a), seconds_of_day(b)) for a, b in style["working_hours"]],
    )


# Codes look like numbers ("09163", "256"); they are read as the text that they are.
_TEXT = {"unit_id": pl.String, "district_id": pl.String, "parent_id": pl.String}


def _table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, schema_overrides=_TEXT)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error


def _style(path: Path) -> Mapping[str, Any]:
    try:
        style = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise _unreadable(path, error) from error
    if not isinstance(style, dict):
        raise DxError(f"{path.name}: the sample's calibration must be a mapping")
    return style


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DxError:
    if isinstance(error, FileNotFoundError):
        return DxError(f"{path}: the sample's calibration needs this file, and it is not there")
    reason = (str(error).splitlines() or ["unreadable"])[0]
    return DxError(f"{path}: the sample's calibration cannot be read: {reason}")
