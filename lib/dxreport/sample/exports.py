"""The last month of a sample as the exports that platforms would give: Excel files, and a CSV.

They have what real ones have: titles merged over the sheet, headings in two rows, numbers of
columns, blank rows, totals, signatures, numbers as text, percentages, names in many spellings,
and columns about citizens, who are made up. The mappings in `data/mappings` read them.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from dxreport.periods import Month
from dxreport.vi import decimal, integer

_EVERY: Final = 60
"""After so many rows there is a blank one, as where a page ended."""
_MOMENT: Final = datetime(2000, 1, 1)
_PROVINCE: Final = "province"
_KINDS: Final = {
    "field": "Phản ánh hiện trường",
    "procedure": "Thủ tục hành chính",
    "enterprise": "Doanh nghiệp",
}
_STARS: Final = ("", "1 sao", "2 sao", "3 sao", "4 sao", "5 sao")
_SURNAMES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng")

_AS_TEXT: Final = {"unit_id": pl.String}

Row = Sequence[Any]


@dataclass(frozen=True)
class _Export:
    """One sheet. `headings` has a row a level; an empty text continues what is left of it."""

    name: str
    title: str
    headings: Sequence[Row]
    rows: Sequence[Row]
    totals: Row = ()


def write_exports(tables: Mapping[str, pl.DataFrame], units: pl.DataFrame, out: Path) -> Month:
    """Write the exports of the last month of the tables into `out`; which month that is.

    `tables` are the fact tables in contract form, `units` the catalogue and `topics` (where it
    is among the tables) the topics' names.
    """
    month = Month.parse(str(tables["documents"]["month"].max()))
    out.mkdir(parents=True, exist_ok=True)
    name = _Names(units)
    topics = dict(tables["topics"].iter_rows()) if "topics" in tables else {}
    text = str(month)
    here = {
        table: frame.filter(month_column(table) == text)
        for table, frame in tables.items()
        if table != "topics"
    }
    _write(out / f"van-ban-{month}.xlsx", _documents(here["documents"], name, month))
    _write(out / f"chung-thuc-{month}.xlsx", _e_copies(here["e_copies"], name, month))
    _write(out / f"pakn-{month}.xlsx", _pakn(here["pakn"], name, topics, month))
    dossiers = here["procedures"].with_columns(pl.col("source_system").eq(_PROVINCE).alias("own"))
    own = dossiers.filter(pl.col("own")).drop("own")
    _write(out / f"tthc-{month}.xlsx", _procedures(own, name, month))
    others = dossiers.filter(~pl.col("own")).drop("own")
    _write_csv(out / f"tthc-bo-tai-chinh-{month}.csv", _procedures(others, name, month))
    return month


def hold_back(folder: Path, reference: Path, out: Path) -> Month:
    """Take the last month out of a sample's tables, and write its exports into `out`.

    `folder` is one that `make_sample` wrote.
    """
    tables = {
        "documents": pl.read_csv(folder / "documents.csv", schema_overrides=_AS_TEXT),
        "e_copies": pl.read_csv(folder / "e_copies.csv", schema_overrides=_AS_TEXT),
        "pakn": pl.read_parquet(folder / "pakn.parquet"),
        "procedures": pl.read_parquet(folder / "procedures.parquet"),
    }
    units, topics = (
        pl.read_csv(reference / f"{name}.csv", infer_schema=False) for name in ("units", "topics")
    )
    month = write_exports({**tables, "topics": topics}, units, out)
    for table, frame in tables.items():
        before = frame.filter(month_column(table) < str(month))
        if table in ("documents", "e_copies"):
            before.write_csv(folder / f"{table}.csv")
        else:
            before.write_parquet(folder / f"{table}.parquet", compression="zstd")
    return month


def month_column(table: str) -> pl.Expr:
    """The month of a row of a fact table, YYYY-MM."""
    if table in ("documents", "e_copies"):
        return pl.col("month")
    return pl.col("received_at").dt.strftime("%Y-%m")


class _Names:
    """Units' names as the platforms write them: each time in another of their ways."""

    def __init__(self, units: pl.DataFrame) -> None:
        columns = ("unit_id", "name", "short_name", "parent_id", "kind")
        rows = units.select(columns).iter_rows()
        self._units = {id_: (name, short, parent, kind) for id_, name, short, parent, kind in rows}
        self._ways: tuple[Callable[[str, str], str], ...] = (
            lambda name, _: name,
            lambda name, _: f"UBND {name[:1].lower()}{name[1:]}",
            lambda _, short: short,
            lambda _, short: f"UBND {short}".replace(". ", "."),
            lambda name, _: unicodedata.normalize("NFD", name),
            lambda name, _: name.upper(),
            lambda name, _: f" {name.replace(' ', chr(0xA0))}  ",
            lambda name, _: name.replace("Đ", "\N{LATIN CAPITAL LETTER ETH}"),
        )
        self._next = 0

    def __call__(self, unit_id: str) -> str:
        name, short, _, kind = self._units[unit_id]
        self._next += 1
        way = self._ways[self._next % len(self._ways)]
        return name if kind != "people_committee" else way(name, short)

    def parent(self, unit_id: str) -> str:
        """The district of a commune."""
        parent = self._units[unit_id][2]
        return self._units[parent][0] if parent else ""


def _documents(frame: pl.DataFrame, name: _Names, month: Month) -> _Export:
    rows: list[Row] = []
    for at, (unit, whole, part) in enumerate(
        frame.select("unit_id", "outgoing", "signed_from_work_file").iter_rows(), 1
    ):
        rows.append(
            (at, name(unit), name.parent(unit), integer(whole), integer(part), _rate(part, whole))
        )
    whole, part = sum(frame["outgoing"]), sum(frame["signed_from_work_file"])
    return _Export(
        "Văn bản đi",
        f"TÌNH HÌNH PHÁT HÀNH VĂN BẢN ĐI TỪ HỒ SƠ CÔNG VIỆC|Tháng {month.month} năm {month.year}",
        (
            (
                "STT",
                "Tên đơn vị",
                "Thuộc huyện",
                "Tổng số văn bản đi",
                "Văn bản ký số từ hồ sơ công việc",
                "Tỷ lệ",
            ),
        ),
        rows,
        ("Tổng cộng", "", "", integer(whole), integer(part), _rate(part, whole)),
    )


def _e_copies(frame: pl.DataFrame, name: _Names, month: Month) -> _Export:
    rows: list[Row] = []
    for at, (unit, whole, part) in enumerate(
        frame.select("unit_id", "certified", "electronic").iter_rows(), 1
    ):
        rows.append((at, name(unit), name.parent(unit), whole, part, _rate(part, whole)))
    return _Export(
        "Chứng thực",
        "KẾT QUẢ CHỨNG THỰC BẢN SAO ĐIỆN TỬ TỪ BẢN CHÍNH"
        f"|Kỳ báo cáo: tháng {month.month:02d}/{month.year}",
        (
            ("STT", "Đơn vị", "Huyện", "Chứng thực bản sao từ bản chính", "", ""),
            ("", "", "", "Tổng số", "Bản sao điện tử", "Tỷ lệ"),
        ),
        rows,
        ("", "Tổng cộng", "", frame["certified"].sum(), frame["electronic"].sum(), ""),
    )


def _pakn(frame: pl.DataFrame, name: _Names, topics: Mapping[str, str], month: Month) -> _Export:
    rows: list[Row] = []
    columns = (
        "pakn_id",
        "unit_id",
        "kind",
        "topic",
        "received_at",
        "due_at",
        "resolved_at",
        "rating",
    )
    for at, (id_, unit, kind, topic, received, due, done, rating) in enumerate(
        frame.select(columns).iter_rows(), 1
    ):
        rows.append(
            (
                at,
                id_,
                _citizen(at),
                f"09{at * 7_919 % 100_000_000:08d}",
                f"Đề nghị xem xét nội dung số {at} (mô phỏng)",
                _KINDS[kind],
                topics.get(topic, topic),
                name(unit),
                _at(received),
                _at(due),
                # Some cells are dates to the spreadsheet, as in real exports.
                done if done and at % 5 == 0 else _at(done),
                _STARS[rating or 0],
                "Đã xử lý" if done else "Đang xử lý",
            )
        )
    return _Export(
        "Danh sách",
        "DANH SÁCH PHẢN ÁNH, KIẾN NGHỊ"
        f"|Từ ngày {month.first:%d/%m/%Y} đến ngày {month.last:%d/%m/%Y}",
        (
            (
                "STT",
                "Mã PAKN",
                "Họ và tên người gửi",
                "Số điện thoại",
                "Nội dung",
                "Loại PAKN",
                "Lĩnh vực",
                "Đơn vị xử lý",
                "Ngày tiếp nhận",
                "Hạn xử lý",
                "Ngày xử lý xong",
                "Mức độ hài lòng",
                "Tình trạng",
            ),
        ),
        rows,
    )


def _procedures(frame: pl.DataFrame, name: _Names, month: Month) -> _Export:
    rows: list[Row] = []
    columns = (
        "dossier_id",
        "unit_id",
        "received_at",
        "due_at",
        "returned_at",
        "filed_online",
        "fee_due",
        "paid_online",
        "digitised",
    )
    for at, (id_, unit, received, due, done, online, fee, paid, digitised) in enumerate(
        frame.select(columns).iter_rows(), 1
    ):
        rows.append(
            (
                id_,
                f"1.{at % 9000 + 1000:06d}.000.00.00.H05",
                _citizen(at),
                f"02719{at * 104_729 % 10_000_000:07d}",
                "2" if online else ("1" if at % 3 else "3"),
                name(unit),
                name.parent(unit),
                *(f"{time:%Y%m%d%H%M%S}" if time else "" for time in (received, due, done)),
                int(fee),
                int(bool(paid)),
                int(digitised),
            )
        )
    return _Export(
        "HoSo",
        f"DỮ LIỆU HỒ SƠ THỦ TỤC HÀNH CHÍNH|Tháng {month.month} năm {month.year}",
        (
            (
                "MaHoSo",
                "MaTTHC",
                "ChuHoSo",
                "MaDinhDanh",
                "KenhThucHien",
                "DonViXuLy",
                "QuanHuyen",
                "NgayTiepNhan",
                "NgayHenTra",
                "NgayKetThucXuLy",
                "PhatSinhPhi",
                "DuocThanhToanTrucTuyen",
                "HoSoCoThanhPhanSoHoa",
            ),
        ),
        rows,
    )


def _rate(part: int, whole: int) -> str:
    return f"{decimal(Fraction(100 * part, whole), 2)}%" if whole else ""


def _at(time: datetime | None) -> str:
    return f"{time:%d/%m/%Y %H:%M:%S}" if time else ""


def _citizen(at: int) -> str:
    """Nobody: a surname and a number."""
    return f"{_SURNAMES[at % len(_SURNAMES)]} Mô Phỏng {at}"


# Files -------------------------------------------------------------------------------------


def _write(path: Path, export: _Export) -> None:
    """The sheet as a workbook: the same bytes for the same rows."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": _MOMENT, "author": "dxreport", "comments": "mô phỏng"})
        title = book.add_format({"bold": True, "align": "center", "valign": "vcenter"})
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"})
        time = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        sheet = book.add_worksheet(export.name)
        width = len(export.headings[0])
        sheet.set_column(0, width - 1, 18)
        row = 0
        for line in ("UBND TỈNH BẮC NINH", *export.title.split("|")):
            sheet.merge_range(row, 0, row, width - 1, line, title)
            row += 1
        row += 1
        _write_headings(sheet, row, export.headings, head)
        row += len(export.headings)
        for cells in _lines(export, width):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    sheet.write_datetime(row, column, cell, time)
                elif cell != "":
                    write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                    write(row, column, cell)
            row += 1


def _write_headings(sheet: Any, row: int, headings: Sequence[Row], style: Any) -> None:
    """The headings, merged to the right and down where the cells beside them are empty."""
    last = len(headings) - 1
    for level, names in enumerate(headings):
        for column, name in enumerate(names):
            if not name:
                continue
            right = column
            while level < last and right + 1 < len(names) and not names[right + 1]:
                right += 1
            down = last if all(not h[column] for h in headings[level + 1 :]) else level
            if right > column or down > level:
                sheet.merge_range(row + level, column, row + down, right, name, style)
            else:
                sheet.write_string(row + level, column, name, style)


def _lines(export: _Export, width: int) -> Iterator[Row]:
    yield tuple(f"({at})" for at in range(1, width + 1))
    for at, row in enumerate(export.rows, 1):
        yield row
        if at % _EVERY == 0:
            yield ()
    if export.totals:
        yield export.totals
    yield ()
    yield (*[""] * (width - 2), "Bắc Ninh, ngày ... tháng ... năm ...")
    yield (*[""] * (width - 2), "Người lập biểu")


def _write_csv(path: Path, export: _Export) -> None:
    """The rows as a CSV for a spreadsheet: UTF-8 with a mark, semicolons, no title."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(export.headings[-1])
        writer.writerows(export.rows)
