"""Make reference.docx: the styles, margins and page header of an official letter.

    python make_reference.py

It starts from pandoc's own reference document, so that pandoc finds every style it knows, and
adds those of the letter. The output is the same bytes on every run.
"""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pypandoc
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import qn

HERE = Path(__file__).resolve().parent.parent
FACE = "Times New Roman"
NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

# id, name, based on, next, paragraph properties, run properties.
INDENT = '<w:ind w:firstLine="720"/>'
FLUSH = '<w:ind w:left="0" w:right="0" w:firstLine="0"/>'


def _spacing(before: float = 0, after: float = 0, line: float | None = None) -> str:
    """Space in points; `line` is the least distance from line to line, single where None."""
    height = "" if line is None else f' w:line="{round(line * 20)}" w:lineRule="atLeast"'
    if line is None:
        height = ' w:line="240" w:lineRule="auto"'
    return f'<w:spacing w:before="{round(before * 20)}" w:after="{round(after * 20)}"{height}/>'


def _size(points: float, more: str = "") -> str:
    return f'{more}<w:sz w:val="{round(points * 2)}"/><w:szCs w:val="{round(points * 2)}"/>'


BOLD, ITALIC = "<w:b/><w:bCs/>", "<w:i/><w:iCs/>"
CENTRE, BOTH, LEFT = '<w:jc w:val="center"/>', '<w:jc w:val="both"/>', '<w:jc w:val="left"/>'
KEEP = "<w:keepNext/><w:keepLines/>"
BORDER = '<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:pBdr>'

STYLES = (
    ("NoiDung", "Nội dung", "Normal", "NoiDung", _spacing(0, 6, 18) + INDENT + BOTH, _size(14)),
    ("DeMuc", "Đề mục", "NoiDung", "NoiDung", KEEP + _spacing(3, 6, 18), BOLD),
    ("LoiDan", "Lời dẫn", "NoiDung", "NoiDung", "<w:keepNext/>", ""),
    ("LoiKet", "Lời kết", "NoiDung", "NoiDung", KEEP, ""),
    ("QuocHieu", "Quốc hiệu", "Normal", "TieuNgu", _spacing() + FLUSH + CENTRE, _size(12, BOLD)),
    ("TieuNgu", "Tiêu ngữ", "Normal", "NoiDung", _spacing() + FLUSH + CENTRE, _size(13, BOLD)),
    ("CoQuanChuQuan", "Cơ quan chủ quản", "Normal", "CoQuanBanHanh",
     _spacing() + FLUSH + CENTRE, _size(12)),
    ("CoQuanBanHanh", "Cơ quan ban hành", "Normal", "SoKyHieu",
     _spacing() + FLUSH + CENTRE, _size(12, BOLD)),
    ("KeNgang", "Kẻ ngang", "Normal", "NoiDung",
     BORDER + '<w:spacing w:before="0" w:after="120" w:line="40" w:lineRule="exact"/>', _size(1)),
    ("SoKyHieu", "Số, ký hiệu", "Normal", "TrichYeu", _spacing() + FLUSH + CENTRE, _size(13)),
    ("DiaDanhNgayThang", "Địa danh, ngày tháng", "Normal", "NoiDung",
     _spacing() + FLUSH + CENTRE, _size(13, ITALIC)),
    ("TrichYeu", "Trích yếu", "Normal", "KinhGui",
     _spacing(6, 0) + FLUSH + CENTRE, _size(12)),
    ("KinhGui", "Kính gửi", "Normal", "KinhGuiDong",
     KEEP + _spacing(12, 3) + '<w:ind w:left="1701" w:firstLine="0"/>' + LEFT, _size(14)),
    ("KinhGuiDong", "Kính gửi, dòng", "Normal", "KinhGuiDong",
     _spacing(0, 3) + '<w:ind w:left="2910" w:hanging="180"/>' + LEFT, _size(14)),
    ("QuyenHan", "Quyền hạn, chức vụ", "Normal", "ChoKy",
     KEEP + _spacing() + FLUSH + CENTRE, _size(14, BOLD)),
    ("ChoKy", "Chỗ ký", "Normal", "HoTen",
     KEEP + '<w:spacing w:before="0" w:after="0" w:line="1701" w:lineRule="exact"/>' + CENTRE,
     _size(14)),
    ("HoTen", "Họ tên người ký", "Normal", "NoiDung",
     _spacing() + FLUSH + CENTRE, _size(14, BOLD)),
    ("NoiNhanNhan", "Nơi nhận, nhãn", "Normal", "NoiNhan",
     KEEP + _spacing() + FLUSH + LEFT, _size(12, BOLD + ITALIC)),
    ("NoiNhan", "Nơi nhận", "Normal", "NoiNhan",
     _spacing() + '<w:ind w:left="113" w:hanging="113"/>' + LEFT, _size(11)),
    ("NoiNhanCon", "Nơi nhận, con", "NoiNhan", "NoiNhanCon",
     '<w:ind w:left="340" w:hanging="170"/>', ""),
    ("TieuDePhuLuc", "Tiêu đề phụ lục", "Heading1", "TenPhuLuc",
     _spacing(0, 4) + FLUSH + CENTRE + '<w:outlineLvl w:val="0"/>', _size(14, BOLD)),
    ("TenPhuLuc", "Tên phụ lục", "Normal", "KemTheo",
     KEEP + _spacing(0, 4) + FLUSH + CENTRE, _size(14, BOLD)),
    ("KemTheo", "Kèm theo", "Normal", "NoiDung",
     KEEP + _spacing(0, 10) + FLUSH + CENTRE, _size(14, ITALIC)),
    ("CuoiPhan", "Cuối phần", "Normal", "NoiDung",
     '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>', _size(1)),
    ("BangChu", "Bảng, chữ", "Normal", "BangChu", _spacing() + FLUSH + LEFT, _size(11)),
    ("BangDau", "Bảng, đầu cột", "BangChu", "BangChu", KEEP + CENTRE, BOLD),
    ("BangTen", "Bảng, tên", "Normal", "BangChu",
     KEEP + _spacing(10, 4) + FLUSH + CENTRE, _size(13, BOLD)),
    ("BangGhiChu", "Bảng, ghi chú", "Normal", "NoiDung",
     _spacing(4, 6) + FLUSH + LEFT, _size(11, ITALIC)),
    ("ChuThichHinh", "Chú thích hình", "Normal", "Hinh",
     KEEP + _spacing(10, 4) + FLUSH + CENTRE, _size(13, BOLD)),
    ("Hinh", "Hình", "Normal", "GhiChuHinh", KEEP + _spacing() + FLUSH + CENTRE, _size(12)),
    ("GhiChuHinh", "Ghi chú hình", "Normal", "NoiDung",
     _spacing(3, 8) + FLUSH + BOTH, _size(11, ITALIC)),
)  # fmt: skip

CHANGED = {
    # Styles that pandoc uses of its own accord: id -> (aliases, paragraph, run).
    "BodyText": (None, _spacing(0, 6, 18) + INDENT + BOTH, _size(14)),
    "FirstParagraph": (None, "", ""),
    # The cells of tables written in markdown: no line of one goes to another page alone.
    "Compact": (None, "<w:keepLines/>" + _spacing() + FLUSH + LEFT, _size(11)),
    "Heading1": ("Tiêu đề 1", KEEP + _spacing(6, 6, 18) + INDENT + BOTH
                 + '<w:outlineLvl w:val="0"/>', _size(14, BOLD)),
    "Heading2": ("Tiêu đề 2", KEEP + _spacing(6, 6, 18) + INDENT + BOTH
                 + '<w:outlineLvl w:val="1"/>', _size(14, BOLD + ITALIC)),
    "Heading3": ("Tiêu đề 3", KEEP + _spacing(6, 6, 18) + INDENT + BOTH
                 + '<w:outlineLvl w:val="2"/>', _size(14, ITALIC)),
    "Heading4": ("Tiêu đề 4", KEEP + _spacing(6, 6, 18) + INDENT + BOTH
                 + '<w:outlineLvl w:val="3"/>', _size(14, ITALIC)),
    "FootnoteText": (None, _spacing() + FLUSH + BOTH, _size(11)),
    "BlockText": (None, _spacing(0, 6, 18) + '<w:ind w:left="720" w:right="720"/>' + BOTH,
                  _size(14, ITALIC)),
    "Caption": (None, _spacing(4, 8) + FLUSH + CENTRE, _size(12, ITALIC)),
    "Figure": (None, KEEP + _spacing(6, 0) + FLUSH + CENTRE, ""),
    "CaptionedFigure": (None, KEEP + _spacing(6, 0) + FLUSH + CENTRE, ""),
}  # fmt: skip

TABLES = (
    # Grid lines, and the header row bold; everything else stands on the cells.
    ("Bang", "Bảng", '<w:tblBorders>' + "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="5B6673"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    ) + '</w:tblBorders><w:tblCellMar><w:top w:w="40" w:type="dxa"/>'
     '<w:left w:w="60" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/>'
     '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'),
    # The letter's head and signature block: no lines.
    ("BoTri", "Bố trí", '<w:tblCellMar><w:left w:w="0" w:type="dxa"/>'
     '<w:right w:w="0" w:type="dxa"/></w:tblCellMar>'),
)  # fmt: skip

# A row is never torn between two pages.
ROW = "<w:trPr><w:cantSplit/></w:trPr>"

HEADER = (
    f'<w:p {NS}><w:pPr><w:pStyle w:val="Header"/><w:jc w:val="center"/></w:pPr>'
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    '<w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>2</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
)


def _style(kind: str, key: str, name: str, inside: str, *, base: str = "", then: str = "") -> Any:
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    following = f'<w:next w:val="{then}"/>' if then else ""
    return parse_xml(
        f'<w:style {NS} w:type="{kind}" w:customStyle="1" w:styleId="{key}">'
        f'<w:name w:val="{name}"/>{based}{following}<w:qFormat/>{inside}</w:style>'
    )


def _replace(style: Any, tag: str, inside: str) -> None:
    for old in style.findall(qn(tag)):
        style.remove(old)
    if inside:
        style.append(parse_xml(f"<{tag} {NS}>{inside}</{tag}>"))


def _plain_faces(styles: Any) -> None:
    """Every style in the letter's face and in black: no theme fonts, no theme colours."""
    for fonts in list(styles.iter(qn("w:rFonts"))):
        parent = fonts.getparent()
        style = parent.getparent()
        if style.get(qn("w:styleId")) != "VerbatimChar":
            parent.remove(fonts)
    for colour in list(styles.iter(qn("w:color"))):
        colour.getparent().remove(colour)
    for underline in list(styles.iter(qn("w:u"))):
        underline.getparent().remove(underline)


def build() -> bytes:
    """The reference document's bytes."""
    source = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    document = Document(io.BytesIO(source))
    styles = document.styles.element
    _plain_faces(styles)
    defaults = styles.find(qn("w:docDefaults"))
    styles.replace(defaults, parse_xml(
        f'<w:docDefaults {NS}><w:rPrDefault><w:rPr>'
        f'<w:rFonts w:ascii="{FACE}" w:hAnsi="{FACE}" w:eastAsia="{FACE}" w:cs="{FACE}"/>'
        f'{_size(14)}<w:lang w:val="vi-VN" w:eastAsia="vi-VN" w:bidi="ar-SA"/>'
        "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
    ))  # fmt: skip
    for style in styles.findall(qn("w:style")):
        key = style.get(qn("w:styleId"))
        if key in CHANGED:
            aliases, paragraph, run = CHANGED[key]
            _replace(style, "w:pPr", paragraph)
            _replace(style, "w:rPr", run)
            if aliases:
                style.insert(1, parse_xml(f'<w:aliases {NS} w:val="{aliases}"/>'))
    for key, name, base, then, paragraph, run in STYLES:
        inside = f"<w:pPr>{_ordered(paragraph)}</w:pPr>" + (f"<w:rPr>{run}</w:rPr>" if run else "")
        styles.append(_style("paragraph", key, name, inside, base=base, then=then))
    for key, name, inside in TABLES:
        head = (
            '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr>'
            if key == "Bang" else ""
        )  # fmt: skip
        styles.append(_style("table", key, name, f"<w:tblPr>{inside}</w:tblPr>{ROW}{head}"))
        if key == "Bang":
            # Tables written in markdown look the same.
            for own in styles.findall(qn("w:style")):
                if own.get(qn("w:styleId")) == "Table":
                    for old in own.findall(qn("w:tblStylePr")):
                        own.remove(old)
                    _replace(own, "w:tblPr", inside)
                    _replace(own, "w:trPr", "<w:cantSplit/>")
                    own.append(parse_xml(head.replace("<w:tblStylePr", f"<w:tblStylePr {NS}", 1)))
    styles.append(parse_xml(
        f'<w:style {NS} w:type="paragraph" w:styleId="Header"><w:name w:val="header"/>'
        f'<w:basedOn w:val="Normal"/><w:pPr>{_spacing()}{CENTRE}</w:pPr>'
        f"<w:rPr>{_size(13)}</w:rPr></w:style>"
    ))  # fmt: skip

    section = document.sections[0]
    sect = section._sectPr
    for child in list(sect):
        sect.remove(child)
    for child in (
        f'<w:pgSz {NS} w:w="11906" w:h="16838"/>',
        f'<w:pgMar {NS} w:top="1134" w:right="851" w:bottom="1134" w:left="1701" '
        'w:header="567" w:footer="567" w:gutter="0"/>',
        f'<w:pgNumType {NS} w:start="1"/>',
        f"<w:titlePg {NS}/>",
    ):
        sect.append(parse_xml(child))
    header = section.header
    header.is_linked_to_previous = False
    for old in list(header._element):
        header._element.remove(old)
    header._element.append(parse_xml(HEADER))

    body = document.element.body
    for child in list(body):
        if child is not sect:
            body.remove(child)
    body.insert(0, parse_xml(f'<w:p {NS}><w:pPr><w:pStyle w:val="NoiDung"/></w:pPr></w:p>'))
    settings = document.settings.element
    for language in settings.findall(qn("w:themeFontLang")):
        language.set(qn("w:val"), "vi-VN")
    out = io.BytesIO()
    document.save(out)
    return _normalised(out.getvalue())


ORDER = ("keepNext", "keepLines", "pBdr", "spacing", "ind", "jc", "outlineLvl")


def _ordered(paragraph: str) -> str:
    """The properties in the order that the schema asks for."""
    element = parse_xml(f"<w:pPr {NS}>{paragraph}</w:pPr>")
    tags = [qn(f"w:{tag}") for tag in ORDER]
    if any(child.tag not in tags for child in element):
        raise ValueError(f"a paragraph property without a place in the order: {paragraph}")
    from lxml import etree

    children = sorted(element, key=lambda child: tags.index(child.tag))
    text = "".join(etree.tostring(child, encoding="unicode") for child in children)
    return text.replace(f" {NS}", "")


def _normalised(data: bytes) -> bytes:
    """The same archive with fixed times and a fixed order."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = CORE
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, content)
    return out.getvalue()


CORE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    b'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"/>'
)


if __name__ == "__main__":
    (HERE / "reference.docx").write_bytes(build())
