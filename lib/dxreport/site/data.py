"""What is published beside a month's documents: its open data with their page, its revisions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxreport import vi
from dxreport.opendata import WORKBOOK, OpenData, open_data
from dxreport.opendata.package import MEDIA_TYPES
from dxreport.opendata.settings import Named
from dxreport.rendering import page
from dxreport.rendering.month import Extra, Link
from dxreport.rendering.names import DATA
from dxreport.revisions import HISTORY, History
from dxreport.site.look import Look, look_of
from dxreport.site.pages import styled, template

if TYPE_CHECKING:
    from dxreport.report import Report

PAGE = "index.html"
_FORMATS: Mapping[str, str] = {"xlsx": "Excel", "csv": "CSV", "json": "JSON", "parquet": "Parquet"}
_BESIDE = ".revisions.json"
"""What the history is called beside the document: nothing that a project has there."""


def data_extra(report: Report) -> Extra:
    """The open data of the report's month, in a folder of their own with a page."""

    def write(folder: Path) -> None:
        data = open_data(report)
        home = folder / DATA
        data.write(home)
        (home / PAGE).write_bytes(data_page(data, look_of(report.project)).encode())

    return Extra("data", write, (Link(f"{DATA}/{PAGE}", "Số liệu mở", "text/html"),))


def revisions_extra(history: History) -> Extra:
    """The history of a month's revisions, for the report to tell of and for the next run."""
    text = history.to_json().encode()

    def write(folder: Path) -> None:
        (folder / HISTORY).write_bytes(text)

    return Extra("revisions", write, (), {_BESIDE: text}, {"revisions": _BESIDE})


def data_page(data: OpenData, look: Look) -> str:
    """The page that leads to every file of the open data."""
    settings = data.about.settings
    sources = [*settings.sources, *([Named(data.about.source)] if data.about.source else [])]
    written = template("data.html").render(
        look=look,
        style=styled(look, "index.css", "data.css"),
        about=data.about,
        month=data.about.month,
        rows=[
            {
                "title": resource.title,
                "short": resource.sheet.name,
                "links": [_link(data, f"{resource.name}.{suffix}") for suffix in _FORMATS],
            }
            for resource in data.resources
        ],
        workbook=_link(data, WORKBOOK),
        licence=settings.licence,
        sources=sources,
        contact=settings.contact,
    )
    return page.finish(written)


def _link(data: OpenData, name: str) -> dict[str, Any]:
    suffix = name.rpartition(".")[2]
    return {
        "href": name,
        "type": MEDIA_TYPES[suffix],
        "text": _FORMATS[suffix],
        "size": f"{vi.integer(max(1, round(len(data.files[name]) / 1000)))} kB",
    }
