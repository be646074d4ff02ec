"""Small exports of every table, as platforms write them, and ways to write them down.

`grid(table)` is always the same; it has columns about citizens that no mapping names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import xlsxwriter

from command import ROOT
from dxreport.ingest import run
from dxreport.ingest.export import read_file
from dxreport.ingest.mapping import MappingFile, load_mapping

REFERENCE = ROOT / "data" / "reference"
MAPPINGS = ROOT / "data" / "mappings"
NOW = datetime(2024, 10, 1, 8, 0).astimezone()
MONTH = "2024-09"
FILES = {
    "documents": "documents.yml",
    "e_copies": "e-copies.yml",
    "pakn": "pakn.yml",
    "procedures": "procedures.yml",
}
LISTING = "listing"
"""A list of single documents, which a mapping counts into `documents`."""
CITIZENS = ("Nguyễn Thị Giấu", "0987001234", "027199001234", "Ổ gà trước nhà số 7 ngõ Kín")
UNITS = (
    "UBND TX. Quế Võ",
    "Thành phố Bắc Ninh",
    "HUYỆN TIÊN DU",
    "H.Yên Phong",
    "Thành phố Từ Sơn",
    "Lương Tài",
)
TOPICS = ("rác thải, chất thải", "Chiếu sáng", "Chủ đề mới")
Row = list[Any]


@dataclass(frozen=True)
class Grid:
    """A sheet: rows above the headings, the headings, the records, rows below."""

    table: str
    headings: Row
    rows: list[Row]
    above: list[Row] = field(default_factory=list)
    below: list[Row] = field(default_factory=list)

    def all(self) -> list[Row]:
        return [*self.above, self.headings, *self.rows, *self.below]

    def column(self, *names: str) -> int:
        return next(self.headings.index(name) for name in names if name in self.headings)


def grid(table: str, rows: int = 24) -> Grid:
    """The export of a table for September 2024."""
    random = Random(f"grid {table}")
    above: list[Row] = [["UBND TỈNH BẮC NINH"], ["BÁO CÁO"], ["Tháng 9 năm 2024"], []]
    below: list[Row] = [[], ["", "Người lập biểu"], ["", CITIZENS[0]]]
    if table == "documents":
        headings = ["STT", "Tên đơn vị", "Tổng số văn bản đi", "Ký số từ HSCV", "Tỷ lệ", "Liên hệ"]
        records = [
            [at, unit, f"1.{at}98", f"1.{at}50", "97,10%", CITIZENS[1]]
            for at, unit in enumerate(UNITS, 1)
        ]
        below = [["Tổng cộng", "", "7.188", "6.900", "96%", ""], *below]
    elif table == "e_copies":
        headings = ["STT", "Đơn vị", "Tổng số", "Bản sao điện tử", "Người phụ trách"]
        records = [[at, unit, 40 + at, at * 5, CITIZENS[0]] for at, unit in enumerate(UNITS, 1)]
    elif table == "pakn":
        headings = [
            "STT",
            "Mã PAKN",
            "Họ tên",
            "Số điện thoại",
            "Nội dung",
            "Đơn vị xử lý",
            "Loại PAKN",
            "Lĩnh vực",
            "Ngày tiếp nhận",
            "Hạn xử lý",
            "Ngày xử lý xong",
            "Đánh giá",
        ]
        records = [_pakn(at, random) for at in range(1, rows + 1)]
    elif table == LISTING:
        headings = ["STT", "Số ký hiệu", "Cơ quan ban hành", "Ngày ban hành", "Độ mật", "Từ HSCV"]
        headings += ["Trích yếu", "Liên hệ"]
        records = [
            [
                at,
                f"{at}/CV",
                random.choice(UNITS),
                f"{1 + at % 30:02}/09/2024",
                random.choice(("", "Thường")),
                random.choice(("x", "")),
                CITIZENS[3],
                CITIZENS[1],
            ]
            for at in range(1, rows + 1)
        ]
    else:
        headings = [
            "MaHoSo",
            "ChuHoSo",
            "SoDienThoai",
            "DonViXuLy",
            "KenhThucHien",
            "NgayTiepNhan",
            "NgayHenTra",
            "NgayKetThucXuLy",
            "PhatSinhPhi",
            "DuocThanhToanTrucTuyen",
            "HoSoCoThanhPhanSoHoa",
        ]
        records = [_dossier(at, random) for at in range(1, rows + 1)]
        below = []
    return Grid(table, headings, records, above, below)


def _pakn(at: int, random: Random) -> Row:
    received = datetime(2024, 9, 1, 8) + timedelta(hours=random.randrange(28 * 24))
    done = received + timedelta(hours=random.randrange(1, 200)) if random.random() < 0.8 else None
    return [
        at,
        f"PA-{at:04}",
        CITIZENS[0],
        CITIZENS[1],
        CITIZENS[3],
        random.choice(UNITS),
        "Phản ánh hiện trường",
        random.choice(TOPICS),
        f"{received:%d/%m/%Y %H:%M:%S}",
        f"{received + timedelta(days=10):%d/%m/%Y}",
        f"{done:%d/%m/%Y %H:%M}" if done else "",
        f"{random.randint(1, 5)} sao" if done and random.random() < 0.5 else "",
    ]


def _dossier(at: int, random: Random) -> Row:
    received = datetime(2024, 9, 1, 8) + timedelta(hours=random.randrange(28 * 24))
    done = received + timedelta(hours=random.randrange(1, 200)) if random.random() < 0.8 else None
    fee = random.random() < 0.5
    return [
        f"H05.{at:06}",
        CITIZENS[0],
        CITIZENS[2],
        random.choice(UNITS),
        random.choice(("1", "2", "3")),
        f"{received:%Y%m%d%H%M%S}",
        f"{received + timedelta(days=5):%Y%m%d%H%M%S}",
        f"{done:%Y%m%d%H%M%S}" if done else "",
        int(fee),
        int(fee and random.random() < 0.7),
        int(random.random() < 0.9),
    ]


def write_xlsx(path: Path, rows: Sequence[Row], sheet: str = "Dữ liệu") -> Path:
    """Rows as a workbook; a text that begins with "=" is a formula."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy hh:mm:ss"}) as book:
        page = book.add_worksheet(sheet)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell not in (None, ""):
                    page.write(at, column, cell)
    return path


def write_csv(
    path: Path, rows: Sequence[Row], delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    """Rows as a CSV, all as wide as the widest, as spreadsheets write one."""
    width = max(map(len, rows), default=0)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([*r, *[""] * (width - len(r))] for r in rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def mapping(table: str, **changes: object) -> MappingFile:
    """The ready mapping of a table, with some of its keys changed."""
    file = "documents-one-by-one.yml" if table == LISTING else FILES[table]
    loaded = load_mapping(MAPPINGS / file)
    return replace(loaded, spec=loaded.spec.model_copy(update=changes))


def ingest(path: Path, data: Path, wanted: MappingFile, **options: Any) -> run.Outcome:
    """The way of `dxreport ingest`, in this process and at a fixed time."""
    return run.ingest(read_file(path, wanted), wanted, data, REFERENCE, lambda: NOW, **options)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(data: Path, table: str) -> pl.DataFrame:
    """What a data folder holds of a table."""
    return pl.read_parquet(data / table / "*.parquet")
