"""How a process that is dxreport's own is set up."""

from __future__ import annotations

import subprocess
import sys


def said(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


PREPARED = "import sys; from dxreport.process import prepare; prepare(); "


def test_what_no_report_uses_is_not_loaded_by_the_libraries_that_import_it() -> None:
    program = PREPARED + (
        "import papermill, great_tables, dxreport.rendering.month; "
        "names = ('requests.api', 'urllib3', 'faicons._core', 'lark'); "
        "print([name for name in names if name in sys.modules])"
    )
    assert said(program) == "[]"


def test_a_module_that_was_put_off_is_there_when_it_is_asked_for_something() -> None:
    program = PREPARED + (
        "import requests, requests.exceptions; from faicons import icon_svg; "
        "print(requests.get.__name__, requests.exceptions.HTTPError.__name__, icon_svg.__name__, "
        "sys.modules['requests'].get is requests.get, hasattr(requests, 'no_such_thing'))"
    )
    assert said(program) == "get HTTPError icon_svg True False"
