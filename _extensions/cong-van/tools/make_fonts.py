"""Make this extension's fonts and the charts': subsets with Latin and every Vietnamese letter.

    python make_fonts.py FOLDER_WITH_TINOS

The letter's face is Tinos, as wide as Times New Roman to the unit, so that a letter breaks its
lines and pages alike with either. The page's face, and that of every chart, is Be Vietnam Pro.
Both are under the SIL Open Font License 1.1 (fonts/OFL.txt); what changed is what is left out,
and the hinting.
The output depends on the input fonts alone.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import fontpkg_be_vietnam_pro
from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent.parent
CHARTS = HERE.parents[1] / "lib" / "dxreport" / "charts" / "fonts"
LETTER = ("Regular", "Bold", "Italic", "BoldItalic")
DRAWN = ("Regular", "SemiBold")
PAGE = (("Regular", 400, "normal"), ("Italic", 400, "italic"), ("SemiBold", 600, "normal"))

LATIN = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *(0x2BC, 0x300, 0x301, 0x302, 0x303, 0x306, 0x309, 0x31B, 0x323),
    *range(0x1EA0, 0x1EFA),
    *range(0x2010, 0x2028),
    *(0x2030, 0x2032, 0x2033, 0x2039, 0x203A, 0x2070, 0x20AB),
    *range(0x2074, 0x207A),
    *range(0x2080, 0x208A),
    *(0x2190, 0x2191, 0x2192, 0x2193, 0x2212, 0x2248, 0x2260, 0x2264, 0x2265),
    *(0x25A0, 0x25B2, 0x25BC, 0x25CF, 0x2713, 0x2714, 0x2717),
)


def cut(path: Path, *, flavor: str | None) -> bytes:
    """The font at `path` with the letters above only."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum", "liga"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.recalc_timestamp = False
    font = TTFont(path, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=LATIN)
    cutter.subset(font)
    font.flavor = flavor
    out = io.BytesIO()
    font.save(out, reorderTables=None)
    return out.getvalue()


def main() -> None:
    source = Path(sys.argv[1])
    fonts = HERE / "fonts"
    fonts.mkdir(exist_ok=True)
    for style in LETTER:
        (fonts / f"Tinos-{style}.ttf").write_bytes(cut(source / f"Tinos-{style}.ttf", flavor=None))
    files = Path(str(fontpkg_be_vietnam_pro.ROOT)) / "files"
    CHARTS.mkdir(exist_ok=True)
    for style in DRAWN:
        name = f"BeVietnamPro-{style}.ttf"
        (CHARTS / name).write_bytes(cut(files / name, flavor=None))
    rules = []
    for style, weight, slant in PAGE:
        woff = cut(files / f"BeVietnamPro-{style}.ttf", flavor="woff2")
        data = base64.b64encode(woff).decode()
        rules.append(
            '@font-face{font-family:"Be Vietnam Pro";font-style:'
            f"{slant};font-weight:{weight};font-display:swap;"
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}\n'
        )
    (HERE / "fonts.css").write_text("".join(rules), encoding="ascii")


if __name__ == "__main__":
    main()
