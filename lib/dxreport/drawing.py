"""Vega-Lite drawn and compiled by vl-convert.

It keeps the interpreter to itself, and takes some tenths of a second to be ready: a report has it
done by the process of `aside`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from dxreport.errors import DxError

FONT: Final = "Be Vietnam Pro"
"""The face of every chart."""
FONT_DIRECTORY: Final = Path(__file__).parent / "charts" / "fonts"
"""The folder of its TTF files, for a renderer that needs them.

Subsets: vl-convert opens the file anew for every letter that it measures, and a fifth of a
drawing's time hangs on the file's size.
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
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise DxError(f"a chart's specification cannot be compiled: {reason}") from None


@cache
def _library() -> Any:
    import vl_convert

    vl_convert.register_font_directory(str(FONT_DIRECTORY))
    return vl_convert
