"""The one script bundle that draws every chart of a page.

It holds what draws compiled charts and no more: Vega, the interpreter of its expressions (the
page's policy lets nothing be evaluated as code) and its tooltips; neither Vega-Lite nor Vega-Embed.
Making it takes some seconds, so it is kept in the user's cache, under the version of the
package that makes it and what is in it. A copy there that is not whole is made again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path

from dxreport.errors import DxError

_PACKAGE = "vl-convert-python"
_NAME = "dxVega"
# By the names under which vl-convert has copies of its own: nothing is loaded from elsewhere.
# It tells the version of Vega; of the other two it has one, whose number it does not tell.
_SNIPPET = f"""\
import {{ View, parse }} from "/npm/vega@VERSION/+esm";
import {{ expressionInterpreter }} from "/npm/vega-interpreter@2.3.2/+esm";
import {{ Handler }} from "/npm/vega-tooltip@1.1.0/+esm";
window.{_NAME} = {{ View, parse, expressionInterpreter, Handler }};
"""
_MAKE = """\
import sys, vl_convert
snippet = sys.argv[1].replace("VERSION", vl_convert.get_vega_version())
sys.stdout.buffer.write(vl_convert.javascript_bundle(snippet).encode())
"""


def bundle() -> str:
    """The script that defines `dxVega`, the same for one version of vl-convert."""
    return _started().result()


def start() -> None:
    """Begin to make the bundle where it is not in the cache, beside what else is going on."""
    _started()


@cache
def _started() -> Future[str]:
    pool = ThreadPoolExecutor(1, thread_name_prefix="vega")
    future = pool.submit(_load)
    pool.shutdown(wait=False)
    return future


def _load() -> str:
    path = _cache_path()
    if path is not None:
        kept = _kept(path)
        if kept is not None:
            return kept
    # In a process of its own: in this one it would hold up the other threads.
    command = [sys.executable, "-c", _MAKE, _SNIPPET]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode or f"window.{_NAME}=".encode() not in made.stdout:
        raise DxError(
            "the charts' script could not be made: is vl-convert-python installed, in a version "
            f"of pyproject.toml? (here is {version(_PACKAGE)})"
        )
    text = made.stdout.decode()
    if "</script" in text or "<!--" in text:
        raise DxError("the charts' script cannot stand in a page: it holds the end of a script")
    if path is not None:
        _keep(path, text)
    return text


def _cache_path() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        folder = Path(base) if base else Path.home() / ".cache"
    except RuntimeError:
        return None
    return folder / "dxreport" / f"vega-{version(_PACKAGE)}-{_fingerprint(_SNIPPET)[:8]}.js"


def _kept(path: Path) -> str | None:
    """The cached script; its first line is the fingerprint of the rest."""
    try:
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if first == f"// {_fingerprint(text)}" else None


def _keep(path: Path, text: str) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"// {_fingerprint(text)}\n{text}", encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
