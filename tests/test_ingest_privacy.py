"""A canary: people in every kind of export, looked for in everything that comes out of it.

Names, telephone and identity numbers and words stand in columns that no mapping names, in the
rows above and below the table, and, where headings are swapped, in those that one names. (What
comes from a database is in `test_ingest_sql`.)
"""

from __future__ import annotations

import polars as pl
import pytest

from command import run
from ingest_data import CITIZENS, FILES, MAPPINGS, MONTH, grid, write_csv, write_xlsx
from traces import plain, texts

TRACES = (*map(plain, CITIZENS), "thị giấu", "0987 001", "ngõ kín", "thi giau")


def found(text: str) -> list[str]:
    said = plain(text)
    return [trace for trace in TRACES if trace in said]


@pytest.mark.timeout(900)
def test_nothing_of_a_citizen_comes_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("canary")
    data, out = base / "data", base / "out"
    exports, said = {}, ""

    def dxreport(status: int, *arguments: object) -> str:
        nonlocal said
        done = run(*map(str, arguments), timeout=600)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        said += done.stdout + done.stderr
        return done.stdout + done.stderr

    # Every format, every table.
    for table in FILES:
        page = grid(table, 60)
        page.above.insert(0, list(CITIZENS))
        exports[table] = write_xlsx(base / f"{table}.xlsx", page.all())
        whole = " ".join(str(cell) for row in page.all() for cell in row)
        assert len(found(whole)) >= 3, "the canary is not in the export"
    for table, file in exports.items():
        mapping = MAPPINGS / FILES[table]
        dxreport(0, "ingest", table, file, "--mapping", mapping, "--data", data)
        dxreport(0, "mapping", "check", mapping, file)
        dxreport(0, "mapping", "new", file)
    page = grid("pakn", 60)
    text = write_csv(base / "pakn.csv", page.all(), ";", "utf-16")
    frame = pl.DataFrame(
        {name: [str(row[at]) for row in page.rows] for at, name in enumerate(page.headings)}
    )
    frame.write_parquet(base / "pakn.parquet")
    source = (MAPPINGS / FILES["pakn"]).read_text(encoding="utf-8")
    for form, file in (("csv", text), ("parquet", base / "pakn.parquet")):
        mapping = base / f"{form}.yml"
        mapping.write_text(source.replace("format: xlsx", f"format: {form}"), encoding="utf-8")
        one = dxreport(0, "ingest", "pakn", file, "--mapping", mapping, "--data", data)
        assert "pakn 2024-09: 60 rows, as before" in one
        dxreport(0, "mapping", "new", file)

    # Single documents, counted; then ones that are listed twice.
    listed = [["Số ký hiệu", "Người ký", "Trích yếu", "Cơ quan ban hành", "Ngày ban hành"]]
    listed[0] += ["Độ mật", "Ký số từ HSCV"]
    people = [CITIZENS[0], CITIZENS[3]]
    listed += [[f"{n}/CV", *people, "TX. Quế Võ", "05/09/2024", "", "x"] for n in range(9)]
    single = write_xlsx(base / "single.xlsx", listed)
    twice = write_xlsx(base / "twice.xlsx", [*listed, [people[0], *listed[1][1:]], listed[1]])
    for status, file in ((0, single), (1, twice)):
        mapping = MAPPINGS / "documents-one-by-one.yml"
        counted = base / "counted"
        dxreport(status, "ingest", "documents", file, "--mapping", mapping, "--data", counted)

    # Errors: every record is wrong, or a column of people has the heading of another.
    for table in exports:
        for wrong in ("values", "swapped", "no headings"):
            page = grid(table, 30)
            people = page.column("Liên hệ", "Người phụ trách", "Họ tên", "ChuHoSo")
            unit = page.column("Tên đơn vị", "Đơn vị", "Đơn vị xử lý", "DonViXuLy")
            last = page.column("Tỷ lệ", "Bản sao điện tử", "Ngày tiếp nhận", "NgayTiepNhan")
            if wrong == "swapped":
                for one, two in ((people, unit), (people, last)):
                    page.headings[one], page.headings[two] = page.headings[two], page.headings[one]
            elif wrong == "values":
                for row in page.rows:
                    row[last] = row[people]
                    row[unit] = f"{row[people]} {row[unit]}"
            else:
                page.headings[:] = page.rows[0]
            bad = write_xlsx(base / f"bad-{table}.xlsx", page.all())
            mapping = MAPPINGS / FILES[table]
            dxreport(1, "ingest", table, bad, "--mapping", mapping, "--data", data)

    dxreport(0, "check", MONTH, "--data", data)
    for form in ("csv", "json", "table"):
        dxreport(0, "facts", MONTH, "--data", data, "--format", form)
    dxreport(0, "render", MONTH, "--data", data, "--out", out, "--engine", "embedded")
    dxreport(0, "notebooks", MONTH, "--data", data, "--out", out)

    assert found(said) == [], [line for line in said.splitlines() if found(line)]
    files = [
        path
        for folder in (data, base / "counted", out)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    kinds = {path.suffix for path in files}
    assert kinds >= {".html", ".pdf", ".docx", ".ipynb", ".csv", ".json", ".parquet"}, kinds
    for path in files:
        if path.suffix in (".woff2", ".ttf", ".png", ".lock") or path.stat().st_size == 0:
            continue
        for written in texts(path):
            assert found(written) == [], path
