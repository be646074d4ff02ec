"""Measure a letter against the decree: each element's rule, and what stands in the file.

    python tests/letter_measures.py report.pdf report.docx

prints both tables. Lengths are in mm, sizes in pt. The rules are those of Nghị định
30/2020/NĐ-CP as `official-letter.md` restates them.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pdfplumber
from lxml import etree

MM = 25.4 / 72
NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
ASCENT, DESCENT = 0.891, 0.216
"""Of the letter's face, in em: from the baseline to the top and the foot of its line."""


@dataclass(frozen=True)
class Measured:
    """One element: its rule in words, what was measured, and whether it keeps the rule."""

    element: str
    rule: str
    found: str
    kept: bool


@dataclass(frozen=True)
class Line:
    """A run of text on one line of a page, in mm from the page's left and top edge."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    face: str

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    @property
    def bold(self) -> bool:
        return "Bold" in self.face

    @property
    def italic(self) -> bool:
        return "Italic" in self.face


def lines_of(page: Any) -> list[Line]:
    """The page's lines; text that stands apart on one height makes several."""
    rows: dict[int, list[Any]] = {}
    for char in page.chars:
        rows.setdefault(round(_baseline(char) * 4), []).append(char)
    out = []
    for chars in rows.values():
        chars.sort(key=lambda char: char["x0"])
        run = [chars[0]]
        for before, char in pairwise(chars):
            if char["x0"] - before["x1"] > 9:
                out.append(_line(run, page))
                run = []
            run.append(char)
        out.append(_line(run, page))
    return sorted((line for line in out if line.text), key=lambda line: (line.baseline, line.left))


def _baseline(char: Any) -> float:
    return float(char["matrix"][5])


def _line(chars: list[Any], page: Any) -> Line:
    shown = [char for char in chars if char["text"].strip()] or chars
    # The size that most of the line has: a superscript does not decide.
    sizes = [round(char["size"], 2) for char in shown]
    faces = [char["fontname"].split("+")[-1] for char in shown]
    main = max(set(sizes), key=sizes.count)
    return Line(
        "".join(char["text"] for char in chars).replace("\xa0", " ").strip(),
        shown[0]["x0"] * MM,
        shown[-1]["x1"] * MM,
        (float(page.height) - _baseline(shown[0])) * MM,
        main,
        max(set(faces), key=faces.count),
    )


def measure_pdf(path: Path) -> list[Measured]:
    """Every element of the letter in the PDF."""
    with pdfplumber.open(path) as pdf:
        return list(_pdf(pdf.pages))


def _pdf(pages: Sequence[Any]) -> Iterable[Measured]:
    first, lines = pages[0], lines_of(pages[0])
    rules = sorted(first.lines, key=lambda rule: rule["top"])[:2]

    def find(pattern: str, among: list[Line] = lines) -> Line:
        return next(line for line in among if re.search(pattern, line.text))

    def text(
        element: str,
        line: Line,
        low: float,
        high: float,
        look: str,
        more: str = "",
        ok: bool = True,
    ) -> Measured:
        looks = {"regular": (False, False), "bold": (True, False), "italic": (False, True),
                 "bold italic": (True, True)}  # fmt: skip
        kept = low <= line.size <= high and (line.bold, line.italic) == looks[look] and ok
        return Measured(
            element,
            f"{low:g}-{high:g} pt {look}{more and f'; {more}'}",
            f"{line.size:g} pt {line.face}, x {line.left:.1f}-{line.right:.1f}, "
            f"baseline {line.baseline:.1f} mm",
            kept,
        )

    width, height = float(first.width) * MM, float(first.height) * MM
    yield Measured("paper", "A4 210 x 297", f"{width:.1f} x {height:.1f} mm",
                   abs(width - 210) < 0.1 and abs(height - 297) < 0.1)  # fmt: skip
    portrait = [page for page in pages if page.height > page.width]
    inside = [line for page in portrait for line in lines_of(page) if not _is_number(line)]
    left, right = min(line.left for line in inside), max(line.right for line in inside)
    top = min(line.baseline - ASCENT * line.size * MM for line in inside)
    foot = max(line.baseline + DESCENT * line.size * MM for line in inside)
    yield Measured("left margin", "30-35", f"{left:.1f} mm", 29.9 <= left <= 35)
    yield Measured("right margin", "15-20", f"{210 - right:.1f} mm", 210 - right >= 14.9)
    yield Measured("top margin", "20-25", f"{top:.1f} mm", 19.9 <= top <= 25)
    yield Measured("bottom margin", "20-25", f"{297 - foot:.1f} mm", 297 - foot >= 19.9)

    nation, motto = find(f"^{NATION}$"), find(f"^{MOTTO}$")
    yield text("Quốc hiệu", nation, 12, 13, "bold", "top right", nation.left > 105)
    together = abs(nation.centre - motto.centre) < 0.3
    yield text("Tiêu ngữ", motto, 13, 14, "bold", "centred under it", together)
    long = (rules[1]["x1"] - rules[1]["x0"]) * MM
    own = motto.right - motto.left
    yield Measured("rule under the tiêu ngữ", "as long as the line",
                   f"{long:.1f} of {own:.1f} mm", abs(long - own) < 0.5)  # fmt: skip
    head = [line for line in lines if line.baseline <= motto.baseline and line.right < 110]
    superior, issuer = head[0], head[-1]
    capitals = superior.text == superior.text.upper() and issuer.text == issuer.text.upper()
    yield text("superior body", superior, 12, 13, "regular", "capitals", capitals)
    under = abs(superior.centre - issuer.centre) < 0.3
    yield text("issuing body", issuer, 12, 13, "bold", "centred under it", under)
    share = (rules[0]["x1"] - rules[0]["x0"]) * MM / (issuer.right - issuer.left)
    yield Measured("rule under the issuing body", "1/3-1/2 of the line", f"{share:.2f}",
                   1 / 3 <= share <= 1 / 2)  # fmt: skip
    number, place = find("^Số:"), find("ngày .*tháng .*năm")
    yield text("number", number, 13, 13, "regular", "centred under the issuing body",
               abs(number.centre - issuer.centre) < 0.5)  # fmt: skip
    level = abs(place.baseline - number.baseline) < 0.1 and abs(place.centre - motto.centre) < 0.5
    yield text("place and date", place, 13, 14, "italic",
               "centred under the tiêu ngữ, on the number's line", level)  # fmt: skip
    subject = find("^V/v")
    gap = (
        (subject.baseline - ASCENT * subject.size * MM)
        - (number.baseline + DESCENT * number.size * MM)
    ) / MM
    below = abs(subject.centre - number.centre) < 1 and gap >= 5.9
    yield text("subject", subject, 12, 13, "regular", "centred under the number, 6 pt above", below)

    to = find("^Kính gửi:")
    dashes = [line for line in lines if line.text.startswith("- ") and line.baseline > to.baseline]
    colon = next(char for char in first.chars if char["text"] == ":"
                 and abs((float(first.height) - _baseline(char)) * MM - to.baseline) < 0.1
                 and char["x0"] * MM > to.left)  # fmt: skip
    listed = [line for line in dashes if abs(line.left - colon["x0"] * MM) < 0.3]
    ends = all(line.text.endswith(";") for line in listed[:-1]) and listed[-1].text.endswith(".")
    yield text("Kính gửi", to, 13, 14, "regular", 'dashes under the colon, ";" and "."',
               len(listed) > 1 and ends)  # fmt: skip

    below = [x for x in lines if x.baseline > listed[-1].baseline and x.size >= 13]
    at = next(
        at
        for at, (one, two) in enumerate(pairwise(below))
        if two.left < one.left and one.right > 180
    )
    body = below[at:]
    opening = body[0]
    yield text("body", opening, 13, 14, "regular")
    # The last line of a paragraph is as long as it is.
    pitch = (body[1].baseline - body[0].baseline) / MM
    full = [
        one
        for one, two in pairwise(body)
        if abs(two.left - left) < 0.1 and abs((two.baseline - one.baseline) / MM - pitch) < 0.5
    ]
    yield Measured("justified", "right edges in line",
                   f"{min(x.right for x in full):.1f}-{max(x.right for x in full):.1f} mm",
                   max(x.right for x in full) - min(x.right for x in full) < 0.5)  # fmt: skip
    shift = opening.left - body[1].left
    yield Measured("first line", "indented 10 or 12.7", f"{shift:.1f} mm",
                   min(abs(shift - 10), abs(shift - 12.7)) < 0.1)  # fmt: skip
    single = opening.size * 1.149
    yield Measured("line spacing", "single to 1.5", f"{pitch:.1f} pt, {pitch / single:.2f} lines",
                   1 <= pitch / single <= 1.5)  # fmt: skip
    starts = [line for line in body if abs(line.left - opening.left) < 0.1]
    nexts = [(a, b) for a, b in pairwise(body) if b in starts and b.size == a.size]
    room = min((b.baseline - a.baseline) / MM - pitch for a, b in nexts)
    yield Measured("between paragraphs", "at least 6 pt", f"{room:.1f} pt", room >= 5.9)

    parts = _parts(pages)
    numbered = [_page_number(page) for page in pages]
    expected = [None if at == 1 else at for part in parts for at in range(1, len(part) + 1)]
    values = [line and int(line.text) for line in numbered]
    yield Measured("page numbers", "none on page 1 of a part, each part counted from 1",
                   str(values), values == expected)  # fmt: skip
    for page, line in zip(pages, numbered, strict=True):
        if line:
            middle = (30 + 195) / 2 if page.height > page.width else 297 / 2
            centred = abs(line.centre - middle) < 0.5 and line.baseline < 20
            yield text("page number", line, 13, 14, "regular", "centred in the top margin", centred)
            break

    signed = next(page for page in parts[0] if any(
        line.text.startswith("Nơi nhận:") for line in lines_of(page)))  # fmt: skip
    foot_lines = lines_of(signed)
    label = find("^Nơi nhận:", foot_lines)
    right_side = [x for x in foot_lines if x.left > 112 and x.baseline > label.baseline - 3]
    capacity, name = right_side[0], right_side[-1]
    yield text("Nơi nhận, label", label, 12, 12, "bold italic")
    copies = [x for x in foot_lines if x.baseline > label.baseline and x.right < 130]
    ends = copies[-1].text.startswith("- Lưu:") and copies[-1].text.endswith(".")
    yield text("Nơi nhận, list", copies[0], 11, 11, "regular", 'the last "- Lưu: …."', ends)
    capitals = capacity.text == capacity.text.upper()
    yield text("signer's capacity", capacity, 13, 14, "bold", "capitals", capitals)
    space = name.baseline - right_side[-2].baseline
    yield text("signer's name", name, 13, 14, "bold", "room to sign and seal, centred below",
               space >= 25 and abs(name.centre - capacity.centre) < 0.5)  # fmt: skip

    for part in parts[1:]:
        yield from _pdf_appendix(part, text)


def _pdf_appendix(part: list[Any], text: Any) -> Iterable[Measured]:
    page = part[0]
    lines = lines_of(page)
    middle = (30 + 195) / 2 if page.height > page.width else float(page.width) * MM / 2
    close = next(at for at, line in enumerate(lines) if line.text.startswith("(Kèm theo Công văn"))
    name = lines[0].text
    for element, line, size, look in (
        (f"{name}: heading", lines[0], (14, 14), "bold"),
        (f"{name}: title", lines[1], (13, 14), "bold"),
        (f"{name}: enclosed with", lines[close], (13, 14), "italic"),
    ):
        centred = abs(line.centre - middle) < 0.5
        if element.endswith("title"):
            centred = centred and line.text == line.text.upper()
        yield text(element, line, *size, look, "centred", centred)
    edges = [line for page in part for line in lines_of(page)]
    width = float(page.width) * MM
    inside = min(x.left for x in edges) >= 19.9 and max(x.right for x in edges) <= width - 14.9
    yield Measured(f"{name}: nothing clipped", "text inside the margins",
                   f"{min(x.left for x in edges):.1f}-{max(x.right for x in edges):.1f} of "
                   f"{width:.0f} mm", inside)  # fmt: skip


def _is_number(line: Line) -> bool:
    return line.baseline < 19 and line.text.isdigit()


def _page_number(page: Any) -> Line | None:
    return next((line for line in lines_of(page) if _is_number(line)), None)


def _parts(pages: Sequence[Any]) -> list[list[Any]]:
    """The pages of the letter and of each appendix; one begins with its "(Kèm theo" line."""
    parts: list[list[Any]] = []
    for page in pages:
        begins = any(line.text.startswith("(Kèm theo Công văn") for line in lines_of(page))
        if begins or not parts:
            parts.append([])
        parts[-1].append(page)
    return parts


# -- DOCX

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Docx:
    """A Word document's XML, with what a paragraph looks like after all its styles."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.body = etree.fromstring(self.parts["word/document.xml"])[0]
        styles = etree.fromstring(self.parts["word/styles.xml"])
        self.styles = {style.get(f"{W}styleId"): style for style in styles.findall(f"{W}style")}
        self.defaults = styles.find(f"{W}docDefaults")

    def paragraphs(self, style: str) -> list[Any]:
        return [
            p for p in self.body.iter(f"{W}p")
            if (s := p.find(f"{W}pPr/{W}pStyle")) is not None and s.get(f"{W}val") == style
        ]  # fmt: skip

    def of_style(self, style: str, path: str, attribute: str = "val") -> str | None:
        """A property of a style, its own or that of the styles it is based on."""
        element = self.styles.get(style)
        while element is not None:
            found = element.find("/".join(f"{W}{tag}" for tag in path.split("/")))
            if found is not None and found.get(
                f"{W}{attribute}", "1" if attribute == "val" else None
            ):
                return str(found.get(f"{W}{attribute}", "1"))
            base = element.find(f"{W}basedOn")
            element = None if base is None else self.styles.get(base.get(f"{W}val"))
        return None

    @property
    def face(self) -> str:
        return str(self.defaults.find(f".//{W}rFonts").get(f"{W}ascii"))

    def size(self, style: str) -> float:
        found = self.of_style(style, "rPr/sz")
        return int(found or self.defaults.find(f".//{W}sz").get(f"{W}val")) / 2

    def sections(self) -> list[Any]:
        return list(self.body.iter(f"{W}sectPr"))


def text_of(element: Any) -> str:
    return "".join(t.text or "" for t in element.iter(f"{W}t"))


_STYLES = (
    ("Quốc hiệu", "QuocHieu", 12, 13, "bold", "center"),
    ("Tiêu ngữ", "TieuNgu", 13, 14, "bold", "center"),
    ("superior body", "CoQuanChuQuan", 12, 13, "regular", "center"),
    ("issuing body", "CoQuanBanHanh", 12, 13, "bold", "center"),
    ("number", "SoKyHieu", 13, 13, "regular", "center"),
    ("place and date", "DiaDanhNgayThang", 13, 14, "italic", "center"),
    ("subject", "TrichYeu", 12, 13, "regular", "center"),
    ("Kính gửi", "KinhGui", 13, 14, "regular", "left"),
    ("body", "NoiDung", 13, 14, "regular", "both"),
    ("signer's capacity", "QuyenHan", 13, 14, "bold", "center"),
    ("signer's name", "HoTen", 13, 14, "bold", "center"),
    ("Nơi nhận, label", "NoiNhanNhan", 12, 12, "bold italic", "left"),
    ("Nơi nhận, list", "NoiNhan", 11, 11, "regular", "left"),
    ("appendix: heading", "TieuDePhuLuc", 14, 14, "bold", "center"),
    ("appendix: title", "TenPhuLuc", 13, 14, "bold", "center"),
    ("appendix: enclosed with", "KemTheo", 13, 14, "italic", "center"),
)


def measure_docx(path: Path) -> list[Measured]:
    """Every element of the letter in the DOCX, from its XML."""
    return list(_docx(Docx(path)))


def _docx(docx: Docx) -> Iterable[Measured]:
    yield Measured("face", "Times New Roman", docx.face, docx.face == "Times New Roman")
    for section in docx.sections():
        size, margin = section.find(f"{W}pgSz"), section.find(f"{W}pgMar")
        width, height = (int(size.get(f"{W}{side}")) / 1440 * 25.4 for side in "wh")
        sides = {side: int(margin.get(f"{W}{side}")) / 1440 * 25.4
                 for side in ("left", "right", "top", "bottom", "header")}  # fmt: skip
        upright = height > width
        paper = (210, 297) if upright else (297, 210)
        kept = abs(width - paper[0]) < 0.2 and abs(height - paper[1]) < 0.2
        kept = kept and 19.9 <= sides["top"] <= 25 and 19.9 <= sides["bottom"] <= 25
        kept = kept and (29.9 <= sides["left"] <= 35 or not upright)
        kept = kept and 14.9 <= sides["right"] <= 20.1 and 0 < sides["header"] < sides["top"]
        kept = kept and section.find(f"{W}titlePg") is not None
        kept = kept and section.find(f"{W}pgNumType").get(f"{W}start") == "1"
        kept = kept and section.find(f"{W}headerReference") is not None
        yield Measured(
            "section", "A4, its margins, counted from 1, no number on its first page",
            f"{width:.0f} x {height:.0f}, " + ", ".join(f"{k} {v:.1f}" for k, v in sides.items()),
            kept,
        )  # fmt: skip
    header = docx.parts["word/header1.xml"].decode()
    yield Measured("page number", "a PAGE field, centred, 13-14 pt", f"{docx.size('Header'):g} pt",
                   " PAGE " in header and 'w:val="center"' in header
                   and 13 <= docx.size("Header") <= 14)  # fmt: skip
    for element, style, low, high, look, align in _STYLES:
        used = docx.paragraphs(style)
        size = docx.size(style)
        bold = docx.of_style(style, "rPr/b") is not None
        italic = docx.of_style(style, "rPr/i") is not None
        found = " ".join(
            word for word, on in (("bold", bold), ("italic", italic)) if on
        ) or "regular"  # fmt: skip
        side = docx.of_style(style, "pPr/jc")
        kept = bool(used) and low <= size <= high and found == look and side == align
        shown = text_of(used[0])[:30] if used else "missing"
        yield Measured(element, f"{low:g}-{high:g} pt {look}, {align}",
                       f"{size:g} pt {found}, {side}: {shown!r}", kept)  # fmt: skip
    first = int(docx.of_style("NoiDung", "pPr/ind", "firstLine") or 0) / 1440 * 25.4
    after = int(docx.of_style("NoiDung", "pPr/spacing", "after") or 0) / 20
    line = int(docx.of_style("NoiDung", "pPr/spacing", "line") or 0) / 20
    yield Measured("first line", "indented 10 or 12.7", f"{first:.1f} mm", abs(first - 12.7) < 0.1)
    yield Measured("between paragraphs", "at least 6 pt", f"{after:g} pt", after >= 6)
    yield Measured("line spacing", "single to 1.5", f"{line / (14 * 1.149):.2f} lines",
                   1 <= line / (14 * 1.149) <= 1.5)  # fmt: skip
    gap = int(docx.of_style("TrichYeu", "pPr/spacing", "before") or 0) / 20
    yield Measured("subject", "6 pt below the number", f"{gap:g} pt", gap == 6)
    boxes = sum(1 for _ in docx.body.iter(f"{W}txbxContent", f"{W}pict"))
    yield Measured("text boxes", "none", str(boxes), boxes == 0)
    layout = [t for t in docx.body.iter(f"{W}tbl")
              if t.find(f"{W}tblPr/{W}tblStyle").get(f"{W}val") == "BoTri"]  # fmt: skip
    yield Measured("tables for layout", "the head and the signature block only", str(len(layout)),
                   len(layout) == 2)  # fmt: skip


def main(paths: list[str]) -> int:
    broken = 0
    for path in map(Path, paths):
        measured = measure_pdf(path) if path.suffix == ".pdf" else measure_docx(path)
        print(f"\n{path.name}\n| | element | rule | measured |\n|---|---|---|---|")
        for one in measured:
            broken += not one.kept
            mark = "kept" if one.kept else "BROKEN"
            print(f"| {mark} | {one.element} | {one.rule} | {one.found} |")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
