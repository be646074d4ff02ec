"""The process that reads a file: a request on its input, the wanted columns on its output.

`python -m dxreport.ingest.child`. JSON both ways; times go as {"t": kind and ISO text}. It is
limited in memory, and ends with 3 where a file cannot be read, with the reason in its output.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from dxreport.ingest.header import Found, Seen, Wanted, look, read
from dxreport.ingest.sheets import Unreadable, sheets

REFUSED: Final = 3
MEMORY: Final = 6 << 30


def main() -> int:
    """Read what the request on the standard input names."""
    _limit_memory()
    request = json.load(sys.stdin)
    found: Found | Seen
    try:
        there = sheets(
            Path(request["path"]),
            request["format"],
            request["sheet"],
            request["encoding"],
            request["delimiter"],
        )
        if request.get("look"):
            lists = frozenset(request["lists"])
            found = look(there, request["columns"], lists, request["within"])
        else:
            wanted = Wanted(
                columns=request["columns"],
                needed=frozenset(request["needed"]),
                filled=frozenset(request["filled"]),
                within=request["within"],
                totals=request["totals"],
                end=request["end"],
            )
            found = read(there, wanted)
    except Unreadable as error:
        _write({"expected": str(error), "row": error.row})
        return REFUSED
    except MemoryError:
        _write({"expected": "expected a table that fits into memory", "row": None})
        return REFUSED
    _write(vars(found))
    return 0


def _write(answer: dict[str, Any]) -> None:
    json.dump(answer, sys.stdout, ensure_ascii=True, default=_time)
    sys.stdout.flush()


def _time(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"t": f"at {value.isoformat()}"}
    if isinstance(value, date):
        return {"t": f"on {value.isoformat()}"}
    if isinstance(value, time):
        return {"t": f"of {value.isoformat()}"}
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return {"t": f"of {time(int(seconds // 3600) % 24, int(seconds // 60) % 60).isoformat()}"}
    return {"t": f"?? {type(value).__name__}"}


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
