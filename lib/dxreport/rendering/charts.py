"""The charts of a page, compiled: Vega-Lite while the page is made, only Vega in the page.

Vega-Lite's compiler is a third of the charts' script and most of the time that a chart takes to
appear. It writes the colours of the configuration into what it compiles, so each is compiled
once with names in their places (`theme.named`); the page gives the names their colours, one set
for light, one for dark.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import Future
from functools import cache
from typing import Any, Final

from dxreport.aside import aside, is_beside
from dxreport.drawing import NOTHING, Spec, vega
from dxreport.markup import safe_json

_SPEC = re.compile(
    r'<script type="application/json">(\{"\$schema":"[^"]*/vega-lite/[^"]*".*?)</script>', re.DOTALL
)


def compile_charts(page: str) -> str:
    """The page with its Vega-Lite specifications as Vega; one without any stays as it is.

    `DxError` where a specification cannot be compiled.
    """
    compiled = [_compiling(spec) for spec in _SPEC.findall(page)]
    if not compiled:
        return page
    scripts = map(_script, compiled)
    return _SPEC.sub(lambda _: next(scripts), page)


def begin(text: str) -> None:
    """Have those of a text compiled that will stand in a page, beside whatever else goes on."""
    _begun.clear()
    found = dict.fromkeys(_SPEC.findall(text))
    if found and is_beside():
        _begun.update({spec: _compiling(spec) for spec in (*found, _NOTHING)})


_NOTHING: Final = json.dumps(NOTHING)
_begun: Final[dict[str, Future[dict[str, Any]]]] = {}


def _compiling(spec: str) -> Future[dict[str, Any]]:
    return _begun.pop(spec) if spec in _begun else _vega(json.loads(spec))


def theme_script() -> str:
    """What all charts of a page share, as a script element of data: configuration and colours."""
    from dxreport.charts import theme

    shared: dict[str, Any] = {"config": _config()}
    for mode in theme.MODES:
        shared[mode] = theme.colours(mode)
    return f'<script type="application/json" id="vega-theme">{safe_json(shared)}</script>\n'


def _script(compiling: Future[dict[str, Any]]) -> str:
    compiled = compiling.result()
    # What it has for itself stays with it.
    if compiled.get("config") == _config():
        del compiled["config"]
    return f'<script type="application/json">{safe_json(compiled)}</script>'


@cache
def _config() -> dict[str, Any]:
    """The configuration as Vega takes it, which all charts of a page share."""
    config: dict[str, Any] = _compiling(_NOTHING).result()["config"]
    return config


def _vega(spec: Spec) -> Future[dict[str, Any]]:
    from dxreport.charts import theme

    return aside().ask(vega, spec, theme.named())
