"""The Frictionless description of a folder of open data: `datapackage.json`.

Each table is a resource of type `table` as CSV, with its schema; the same table in the other
formats is a resource of type `file`, with its size and fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dxreport.opendata.model import Field, Resource
from dxreport.opendata.settings import Named, Settings
from dxreport.periods import Month

DESCRIPTOR = "datapackage.json"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv",
    "xlsx": XLSX_TYPE,
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}
"""The formats of each table, and what they are on the web."""


@dataclass(frozen=True)
class About:
    """What the package says of itself as a whole."""

    month: Month
    year_start: Month
    title: str
    description: str
    publisher: str
    source: str
    synthetic: bool
    settings: Settings


def descriptor(
    about: About, resources: Sequence[Resource], files: Mapping[str, bytes], more: Mapping[str, str]
) -> str:
    """`datapackage.json` as text.

    `files` are all files of the folder by name, those of a resource called `NAME.csv` and so on;
    `more` are the titles of files that are no resource in another format.
    """
    described = [
        _described(resource, suffix, files[f"{resource.name}.{suffix}"])
        for resource in resources
        for suffix in MEDIA_TYPES
        if f"{resource.name}.{suffix}" in files
    ]
    for name, title in more.items():
        stem, _, suffix = name.rpartition(".")
        facts = _file(f"{stem}-{suffix}", name, suffix, files[name], "file")
        described.append(facts | {"title": title})
    return (
        json.dumps(_package(about) | {"resources": described}, ensure_ascii=False, indent=2) + "\n"
    )


def _package(about: About) -> dict[str, Any]:
    settings = about.settings
    contributors: list[dict[str, Any]] = []
    if about.publisher:
        publisher = {"title": about.publisher, "role": "publisher"}
        if settings.homepage:
            publisher["path"] = settings.homepage
        contributors.append(publisher)
    if settings.contact:
        contributors.append({"title": settings.contact, "role": "contact"})
    sources = [_named(source) for source in settings.sources]
    if about.source:
        sources.append({"title": about.source})
    package: dict[str, Any] = {
        "name": f"{settings.name}-{about.month}",
        "title": about.title,
        "description": about.description,
        "homepage": settings.homepage,
        "language": "vi",
        "period": {
            "month": str(about.month),
            "start": about.month.first.isoformat(),
            "end": about.month.last.isoformat(),
            "yearToDateFrom": about.year_start.first.isoformat(),
            "asOf": about.month.last.isoformat(),
        },
        "synthetic": about.synthetic,
        "licenses": [_named(settings.licence)] if settings.licence else [],
        "sources": sources,
        "contributors": contributors,
    }
    return {key: value for key, value in package.items() if value not in ("", [])}


def _named(named: Named) -> dict[str, str]:
    parts = {"name": named.name, "path": named.path, "title": named.title}
    return {key: value for key, value in parts.items() if value}


def _described(resource: Resource, suffix: str, content: bytes) -> dict[str, Any]:
    is_table = suffix == "csv"
    name = resource.name if is_table else f"{resource.name}-{suffix}"
    path = f"{resource.name}.{suffix}"
    described = _file(name, path, suffix, content, "table" if is_table else "file")
    described["title"] = resource.title
    if is_table:
        if resource.description:
            described["description"] = resource.description
        described["encoding"] = "utf-8"
        described["dialect"] = {"csv": {"delimiter": ",", "lineTerminator": "\n"}}
        described["rows"] = len(resource.rows)
        described["schema"] = _schema(resource)
    return described


def _file(name: str, path: str, suffix: str, content: bytes, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "path": path,
        "format": suffix,
        "mediatype": MEDIA_TYPES[suffix],
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }


def _schema(resource: Resource) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(field, field.name in resource.key) for field in resource.fields],
        "missingValues": [""],
    }
    if resource.key:
        schema["primaryKey"] = list(resource.key)
    if resource.refers:
        own, other, theirs = resource.refers
        reference = {"resource": other, "fields": [theirs]}
        schema["foreignKeys"] = [{"fields": [own], "reference": reference}]
    return schema


def _field(field: Field, in_key: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": field.name, "type": field.kind, "title": field.title}
    if field.description:
        described["description"] = field.description
    if field.unit:
        described["unit"] = field.unit
    if field.kind == "boolean":
        described |= {"trueValues": ["true"], "falseValues": ["false"]}
    constraints: dict[str, Any] = {"required": True} if field.needed or in_key else {}
    if field.choices:
        constraints["enum"] = list(field.choices)
    return described | ({"constraints": constraints} if constraints else {})
