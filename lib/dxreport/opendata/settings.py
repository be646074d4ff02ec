"""What an office says about its open data: name, licence, sources, contact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dxreport.config import CONFIGURATION, Project, read_yaml
from dxreport.errors import DxError

_WHERE = ("dxreport", "open-data")
_KNOWN = ("name", "title", "homepage", "licence", "sources", "contact")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Named:
    """Something with a title, and an address where it has one."""

    title: str
    path: str = ""
    name: str = ""


@dataclass(frozen=True)
class Settings:
    """The part `dxreport: open-data:` of `_quarto.yml`; all of it may be left out.

    `name` begins the package's name; without a licence none is declared.
    """

    name: str = "dxreport"
    title: str = ""
    homepage: str = ""
    licence: Named | None = None
    sources: tuple[Named, ...] = ()
    contact: str = ""


def open_data_settings(project: Project) -> Settings:
    """Read from `_quarto.yml`; `DxError` naming the key where one is not what it should be."""
    found: Any = read_yaml(project.configuration)
    for key in _WHERE:
        found = found.get(key) if isinstance(found, dict) else None
    if found is None:
        return Settings()
    if not isinstance(found, dict):
        raise _wrong("", "expected a mapping")
    if unknown := sorted(str(key) for key in found if key not in _KNOWN):
        raise _wrong(unknown[0], f"unknown; known are {', '.join(_KNOWN)}")
    name = _text(found, "name") or Settings.name
    if not _NAME.fullmatch(name):
        raise _wrong("name", f"{name!r}: expected small letters, figures and hyphens")
    sources = found.get("sources") or []
    if not isinstance(sources, list):
        raise _wrong("sources", "expected a list of mappings with `title`")
    licence = found.get("licence")
    return Settings(
        name=name,
        title=_text(found, "title"),
        homepage=_address(found, "homepage"),
        licence=None if licence is None else _named(licence, "licence", needs_name=True),
        sources=tuple(_named(source, "sources") for source in sources),
        contact=_text(found, "contact"),
    )


def _named(value: Any, key: str, *, needs_name: bool = False) -> Named:
    if not isinstance(value, dict):
        raise _wrong(key, "expected a mapping with `title`")
    named = Named(
        _text(value, "title", key), _address(value, "path", key), _text(value, "name", key)
    )
    if needs_name and not (named.name or named.path):
        raise _wrong(key, "expected `name` (an Open Definition id, like CC-BY-4.0) or `path`")
    if not needs_name and not named.title:
        raise _wrong(key, "expected `title`")
    return named


def _text(values: Mapping[str, Any], key: str, within: str = "") -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(f"{within}: {key}" if within else key, f"{value!r}: expected text")
    return " ".join(value.split())


def _address(values: Mapping[str, Any], key: str, within: str = "") -> str:
    text = _text(values, key, within)
    if text and not _ADDRESS.fullmatch(text):
        raise _wrong(f"{within}: {key}" if within else key, f"{text!r}: expected a web address")
    return text


def _wrong(key: str, expected: str) -> DxError:
    where = ": ".join((*_WHERE, *((key,) if key else ())))
    return DxError(f"{CONFIGURATION}: {where}: {expected}")
