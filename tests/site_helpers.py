"""Sites that are made in milliseconds: months whose documents are stand-ins, placed for real."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dxreport.config import find_project
from dxreport.facts import COLUMNS
from dxreport.periods import Month
from dxreport.site.look import Look, look_of
from dxreport.site.manifest import read_manifest, write_manifest
from dxreport.site.placing import locked, place_months
from dxreport.site.server import open_server
from dxreport.staging import staged

LOOK = Look(style="", title="Báo cáo <thử>", superior="UBND tỉnh", issuer="Sở & ban")
PAGE = (
    "<!DOCTYPE html>\n<html lang='vi'><head><title>{month}</title></head><body>"
    "<!-- dx:months -->\n<p>{word}</p>\n{filling}</body>\n</html>\n"
)
HEADLINES = [
    {
        "title": "Ký số",
        "when": "Trong tháng",
        "facts": [{"indicator": "signed", "period": "month", "scope": "level:province"}],
    }
]


def months(*texts: str) -> list[Month]:
    return [Month.parse(text) for text in texts]


def fill(folder: Path, month: Month, word: str = "x", printed: str = "96,95%", **row: str) -> Path:
    """A month's folder as a renderer leaves it: page, PDF, facts, signed."""
    filling = "".join(f"<p>{word} {n}</p>\n" for n in range(2_000))
    page = PAGE.format(month=month, word=word, filling=filling)
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "report.pdf").write_bytes(b"%PDF-" + word.encode() * 50_000)
    fact = dict.fromkeys(COLUMNS, "") | {
        "month": str(month),
        "indicator": "signed",
        "period": "month",
        "scope": "level:province",
        "name": "Cấp tỉnh",
        "numerator": "9",
        "denominator": "10",
        "value": "90.5",
        "unit": "%",
        "printed": printed,
        "target": "90.0",
        "met": "true",
        **row,
    }
    line = ",".join('"' + value.replace('"', '""') + '"' for value in fact.values())
    (folder / "facts.csv").write_text(f"{','.join(fact)}\n{line}\n", encoding="utf-8")
    described = {"format": 1, "month": str(month), "headlines": HEADLINES, "word": word}
    write_manifest(folder, described)
    return folder


def put(out: Path, month: Month, word: str = "x", look: Look = LOOK, **more: str) -> None:
    """Publish a stand-in for the month."""
    with staged(out, str(month)) as folder:
        fill(folder, month, word, **more)
        with locked(out):
            place_months(out, {month: folder}, look)


def put_copies(source: Path, out: Path, root: Path, wanted: list[Month]) -> None:
    """Publish a rendered month's folder as each of the months: real pages, made once."""
    look = look_of(find_project(root))
    for month in wanted:
        with staged(out, str(month)) as folder:
            for path in source.iterdir():
                if path.is_file():
                    (folder / path.name).write_bytes(path.read_bytes())
            described = {**(read_manifest(folder) or {}), "month": str(month)}
            write_manifest(folder, described)
            with locked(out):
                place_months(out, {month: folder}, look)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a site by its path, but for the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".dxreport.lock"
    }


def leftovers(out: Path) -> list[str]:
    """What runs have left aside."""
    names = (path.name for path in out.iterdir())
    return [name for name in names if name.startswith(".") and name != ".dxreport.lock"]


def signed(folder: Path) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


@contextmanager
def served(out: Path) -> Iterator[str]:
    """The site on a free port of the loopback interface: its address."""
    with open_server(out, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


class Reader:
    """Fetches all the while; what it got is one of the whole pages that are known, or is kept."""

    def __init__(self, address: str, known: Mapping[str, set[str]]) -> None:
        self.address, self.known = address, known
        self.fetched = {path: dict.fromkeys(digests, 0) for path, digests in known.items()}
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        while not self._stop.is_set():
            for path in self.known:
                try:
                    with urllib.request.urlopen(self.address + path, timeout=30) as answer:
                        body = answer.read()
                        length = int(answer.headers["Content-Length"])
                except (OSError, urllib.error.HTTPError) as error:
                    self.wrong.append(f"{path}: {error}")
                    continue
                digest = sha(body)
                if digest not in self.known[path] or length != len(body):
                    self.wrong.append(f"{path}: {len(body)} bytes that nobody published")
                else:
                    self.fetched[path][digest] += 1

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def count(self) -> int:
        return sum(sum(found.values()) for found in self.fetched.values())


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
