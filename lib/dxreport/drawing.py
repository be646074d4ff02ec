"""Vega-Lite drawn and compiled by vl-convert.

It keeps the interpreter to itself, and takes some tenths of a second to be ready: a report has it
done by the process of `aside`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from dxreport.errors import DxError

FONT: Final = "Be Vietnam Pro"
"""The face of every chart."""
FONT_DIRECTORY: Final = Path(__file__).parent / "charts" / "fonts"
"""The folder of its TTF files, for a renderer that needs them.

Subsets, as the page has one: no chart has a letter outside of Latin scripts.
"""

Spec = Mapping[str, Any]
NOTHING: Final[Spec] = {"mark": "point", "data": {"values": []}}
"""A chart of nothing: what every chart needs, and no more."""


def get_ready() -> None:
    """What the first drawing would wait for."""
    svg(NOTHING, {})


def svg(spec: Spec, config: Mapping[str, Any]) -> str:
    """The drawing of a specification; `DxError` where it cannot be compiled."""
    return str(_made("vegalite_to_svg", spec, config))


def vega(spec: Spec, config: Mapping[str, Any]) -> dict[str, Any]:
    """The specification as Vega; `DxError` where it cannot be compiled."""
    return dict(_made("vegalite_to_vega", spec, config))


def _made(name: str, spec: Spec, config: Mapping[str, Any]) -> Any:
    try:
        return getattr(_library(), name)(dict(spec), config=dict(config))
    except (ValueError, PermissionError) as error:
        # First what was asked for, then what is wrong, then where in a library's script.
        reason = str(error).strip().splitlines()[:2][-1]
        raise DxError(f"a chart's specification cannot be compiled: {reason}") from None


@cache
def _library() -> Any:
    import vl_convert

    # The rows of a chart are in its specification: it has nothing to fetch.
    vl_convert.configure(allowed_base_urls=[])
    vl_convert.register_font_directory(str(FONT_DIRECTORY))
    # What it warns of is for tests: a reader of the terminal can do nothing about it.
    logging.getLogger(vl_convert.__name__).addHandler(logging.NullHandler())
    return vl_convert
