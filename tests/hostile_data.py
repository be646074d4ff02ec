"""Texts that attack, and a data folder and a project that have them in every text field.

Each payload is the name of a unit of every level and kind, a topic, its name and a system; the
fields with few rows (legal bases, sources, the office, the dataset) take several in one text.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from command import ROOT

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
FORMULA = "=cmd|'/c calc'!A1"
LONG = "W" * 160

HTML = (
    SCRIPT,
    IMAGE,
    "'><svg onload=alert(1)>",
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<a href="javascript:alert(1)">bấm</a>',
    "<style>*{display:none}</style>",
    "<!-- dx:charts --><script>alert(1)</script><!-- /dx:charts -->",
    '<math><mtext></table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1&gt;">',
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "</title></td></table></main><h1>Chiếm trang</h1>",
    '<base href="//evil.example/"><link rel=stylesheet href=//evil.example/x.css>',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<form action=//evil.example><input type=submit>",
    '<span class="figure" data-fact="pakn_received/month/all">9</span>',
    '<script type="application/json" id="dx-facts">{}</script>',
    '<figure class="chart"><div class="vega"></div></figure>',
)
MARKDOWN = (
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "`<b>x</b>`{=html}",
    "```{=html}",
    "::: {.phu-luc}",
    '[9]{.figure data-fact="a"}',
    "# Tiêu đề {#muc-1}",
    "| a | b |",
    "[^1]: chú thích[^pakn]",
    "*x* **y** ~~z~~ ^a^ ~b~ $x^2$ --- ...",
    "1. một",
    "\\newpage \\input{/etc/passwd}",
    "<http://evil.example>",
    "@doe2020 [@doe2020]",
    "{{< include /etc/passwd >}}",
    "{{< meta title >}}",
    "`{python} 1+1`",
    "```{python}",
    "{{ config.items() }} ${title} $title$ {name} %s %n",
)
DOCUMENTS = (
    '#read("/etc/passwd")',
    '#let x = 1; #panic("x")',
    "@phu-luc-1-1 <nhan>",
    '"]) #panic() #(["',
    ']]..os.execute("id")..[[ --[[',
    '</w:t></w:r><w:r><w:instrText>DDEAUTO c:\\x "/c calc"</w:instrText></w:r>',
    ']]><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    '!!python/object/apply:os.system ["id"]',
    "key: {a: [1, 2]} # x",
    "../../../../etc/passwd",
)
SHEETS = (
    FORMULA,
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    '=HYPERLINK("http://evil.example","x")',
    "＝1+1",
    ';=1+1,"=2',
    'DDE("cmd";"/C calc";"x")',
)
CHARTS = (
    "datum.x datum['x']",
    '{"signal": "alert(1)"} {"expr": "alert(1)"}',
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    'toString.constructor("alert(1)")()',
)
LETTERS = (
    "\u202egnp.exe",
    "\u2066x\u2069 \u200fy\u200b",
    "Huye\u0323\u0302n Gia Bi\u0300nh",
    "a" + "\u0301" * 40,
    LONG,
    '\'\'"" \\" \\\' `"\'"',
    "null",
)
PAYLOADS = (*HTML, *MARKDOWN, *DOCUMENTS, *SHEETS, *CHARTS, *LETTERS)
"""No control character is among them: the contract refuses those."""

MONTH, BEFORE = "2024-09", "2024-08"
CITIZEN = {
    "ho_ten": "Nguyễn Thị Giấu",
    "dien_thoai": "0987001234",
    "noi_dung": "Ổ gà trước nhà số 7 ngõ Kín",
}

_KINDS = (
    ("P", "province", "department"),
    ("D", "district", "people_committee"),
    ("C", "commune", "people_committee"),
    ("S", "district", "service_centre"),
    ("E", "province", "enterprise"),
)


def groups(count: int) -> list[str]:
    """All payloads in `count` texts."""
    return [" ".join(PAYLOADS[at::count]) for at in range(count)]


def frames() -> dict[str, pl.DataFrame]:
    """The tables; every one has a citizen's columns besides those of the contract."""
    made = {
        "units": _units(),
        "documents": _monthly(("P", "D", "C"), "outgoing", "signed_from_work_file"),
        "e_copies": _monthly(("D", "C"), "certified", "electronic"),
        "pakn": pl.DataFrame(list(_pakn())),
        "procedures": pl.DataFrame(list(_procedures())),
        "topics": pl.DataFrame({"topic": PAYLOADS, "name": PAYLOADS[::-1]}),
    }
    for name, column in (("targets", "basis"), ("baselines", "source")):
        table = pl.read_csv(ROOT / "data" / "reference" / f"{name}.csv", infer_schema=False)
        made[name] = table.with_columns(pl.Series(column, groups(table.height)))
    people = [pl.lit(value).alias(column) for column, value in CITIZEN.items()]
    return {name: frame.with_columns(people) for name, frame in made.items()}


def _units() -> pl.DataFrame:
    rows = [
        {
            "unit_id": _unit_id(letter, at),
            "name": payload,
            "short_name": payload,
            "level": level,
            "kind": kind,
            "parent_id": _unit_id("D", at) if letter == "C" else None,
            "order": place * 1000 + at,
            "valid_from": None,
            "valid_to": None,
        }
        for place, (letter, level, kind) in enumerate(_KINDS)
        for at, payload in enumerate(PAYLOADS)
    ]
    schema = {"parent_id": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
    return pl.DataFrame(rows, schema_overrides=schema)


def _unit_id(letter: str, at: int) -> str:
    """A unit's code: of enterprises it is the payload itself; no code has an @."""
    return PAYLOADS[at].replace("@", "a") if letter == "E" else f"{letter}{at}"


def _monthly(letters: Sequence[str], whole: str, part: str) -> pl.DataFrame:
    rows = [
        {"unit_id": _unit_id(letter, at), "month": month, whole: 20 + at, part: 3 + (at * 7) % 20}
        for letter in letters
        for at in range(len(PAYLOADS))
        for month in (BEFORE, MONTH)
    ]
    return pl.DataFrame(rows)


def _pakn() -> Iterator[dict[str, Any]]:
    for letter, kind in (("D", "field"), ("S", "procedure"), ("E", "enterprise")):
        for at in range(len(PAYLOADS)):
            for number in range(3):
                received = datetime(2024, 8 + number % 2, 1 + at % 25, 8)
                is_done = number < 2
                yield {
                    "pakn_id": f"{letter}{at}-{number}",
                    "unit_id": _unit_id(letter, at),
                    "kind": kind,
                    "topic": PAYLOADS[(at + number) % len(PAYLOADS)],
                    "received_at": received,
                    "due_at": received + timedelta(days=15),
                    "resolved_at": received + timedelta(days=1 + at % 9) if is_done else None,
                    "rating": 1 + at % 5 if is_done else None,
                }


def _procedures() -> Iterator[dict[str, Any]]:
    for letter in ("P", "D", "C"):
        for at, payload in enumerate(PAYLOADS):
            for number, system in enumerate(("province", "province", payload)):
                received = datetime(2024, 9, 1 + at % 20, 9)
                yield {
                    "dossier_id": f"{letter}{at}-{number}",
                    "source_system": system,
                    "unit_id": _unit_id(letter, at),
                    "received_at": received,
                    "due_at": received + timedelta(days=5),
                    "returned_at": received + timedelta(days=3 + at % 4),
                    "filed_online": (at + number) % 3 > 0,
                    "fee_due": True,
                    "paid_online": at % 2 == 0,
                    "digitised": number > 0,
                }


def write(tables: dict[str, pl.DataFrame], folder: Path) -> Path:
    """The tables as a data folder, whose own title and note are attacks too."""
    folder.mkdir(parents=True)
    for name, frame in tables.items():
        if name in ("pakn", "procedures"):
            frame.write_parquet(folder / f"{name}.parquet")
        else:
            frame.write_csv(folder / f"{name}.csv")
    title, note = groups(2)
    about = {"title": f"{title}\t=1+1\r\n---\n# x", "synthetic": True, "note": note}
    (folder / "dataset.yml").write_text(yaml.safe_dump(about, allow_unicode=True), "utf-8")
    return folder


def project(folder: Path) -> Path:
    """Our project with an office, legal documents and formulas that are attacks."""
    folder.mkdir(parents=True)
    for name in ("report.qmd", "_extensions", "notebooks"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "data").mkdir()
    shutil.copytree(ROOT / "data" / "reference", folder / "data" / "reference")
    _rewrite(folder / "data" / "reference" / "legal.yml", _laws)
    _rewrite(folder / "data" / "reference" / "indicators.yml", _formulas)
    shutil.copyfile(ROOT / "_quarto.yml", folder / "_quarto.yml")
    _rewrite(folder / "_quarto.yml", _office)
    return folder


def _rewrite(path: Path, change: Any) -> None:
    content = yaml.safe_load(path.read_text("utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def _laws(content: dict[str, Any]) -> None:
    documents = list(content["documents"].values())
    for document, text in zip(documents, groups(len(documents)), strict=True):
        document |= {"title": text, "issuer": text}


def _formulas(content: dict[str, Any]) -> None:
    specs = list(content["indicators"].values())
    for spec, text in zip(specs, groups(len(specs)), strict=True):
        spec["formula"] = f"{text} / {text}"


def _office(content: dict[str, Any]) -> None:
    short = [payload for payload in PAYLOADS if payload != LONG]
    content["cong-van"] = {
        "superior": IMAGE,
        "issuer": SCRIPT,
        "issuer-name": "Sở #read(1) $x$ </script> **x**",
        "symbol": "=1+1\t[x](javascript:alert(1))",
        "place": "@SUM(1) `x`{=html}",
        "recipients": short[::2],
        "signer": {"authority": short[5], "title": short[7], "name": short[9]},
        "noi-nhan": [*short[1::2], {short[0]: short[:20]}],
    }
