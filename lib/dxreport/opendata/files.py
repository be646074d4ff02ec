"""The files of a month's open data, as bytes that are the same on every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxreport.aside import aside
from dxreport.exports import frame_csv, frame_json
from dxreport.narrative import month_name
from dxreport.opendata.appendices import appendix_resource
from dxreport.opendata.facts import facts_resource
from dxreport.opendata.indicators import definitions, indicators_resource
from dxreport.opendata.model import Resource
from dxreport.opendata.package import DESCRIPTOR, About, descriptor
from dxreport.opendata.revisions import revisions_resource
from dxreport.opendata.settings import Settings, open_data_settings
from dxreport.vi import plain
from dxreport.workbook import to_xlsx

if TYPE_CHECKING:
    from dxreport.report import Report

WORKBOOK = "tables.xlsx"
"""All tables in one workbook, a sheet each."""

_ABOUT = (
    "Số liệu của báo cáo {month}, chốt đến hết ngày cuối tháng: bảng số liệu đầy đủ (facts), các "
    "phụ lục và danh mục chỉ tiêu. Mỗi tỷ lệ là một tử số trên một mẫu số, đều là số nguyên."
)
_ALL = "Toàn bộ các bảng trong một tệp Excel"


@dataclass(frozen=True)
class OpenData:
    """The tables, and every file by its name in the folder; `about` is what they say of all."""

    about: About
    resources: tuple[Resource, ...]
    files: Mapping[str, bytes]

    def write(self, folder: Path) -> None:
        """Write the files into `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def open_data(report: Report) -> OpenData:
    """The open data of the report's month, its revisions included where there are any.

    `DxError` where `_quarto.yml` says something else of them than it may.
    """
    settings = open_data_settings(report.project)
    facts, catalogue = report.facts, report.catalogue
    names = {one.id: plain(one.name) for one in definitions(facts, catalogue)}
    revised = revisions_resource(report.history)
    resources = (
        facts_resource(facts, names),
        *(
            appendix_resource(n, report.appendix_names[n], table, facts)
            for n, table in report.appendices.items()
        ),
        indicators_resource(facts, catalogue, report.cited),
        *([] if revised is None else [revised]),
    )
    about = _about(report, settings)
    # The appendices first: a reader looks for what the letter calls by a number.
    for_people = sorted(resources, key=lambda each: not each.name.startswith("appendix"))
    # Half of what workbooks take is this one: it is written beside the others.
    workbook = aside().ask(to_xlsx, **_workbook(for_people, about.title, about))
    files: dict[str, bytes] = {}
    for resource in resources:
        frame = resource.frame()
        files[f"{resource.name}.csv"] = frame_csv(frame).encode()
        files[f"{resource.name}.xlsx"] = to_xlsx(**_workbook([resource], resource.title, about))
        parquet = BytesIO()
        frame.write_parquet(parquet, compression="zstd")
        files[f"{resource.name}.parquet"] = parquet.getvalue()
        files[f"{resource.name}.json"] = frame_json(frame).encode()
    files[WORKBOOK] = workbook.result()
    files[DESCRIPTOR] = descriptor(about, resources, files, {WORKBOOK: _ALL}).encode()
    return OpenData(about, resources, files)


def _workbook(resources: Sequence[Resource], title: str, about: About) -> dict[str, Any]:
    """What `to_xlsx` asks for."""
    sheets = [resource.sheet for resource in resources]
    return {
        "sheets": sheets,
        "title": title,
        "author": about.publisher,
        "created": about.month.end,
    }


def _about(report: Report, settings: Settings) -> About:
    month = month_name(report.month)
    title = settings.title or "Số liệu báo cáo kết quả thực hiện một số chỉ tiêu chuyển đổi số"
    dataset = report.tables.dataset
    notes = (_ABOUT.format(month=month), dataset.note if dataset.synthetic else "")
    return About(
        month=report.month,
        year_start=report.catalogue.year_start(report.month),
        title=f"{title} {month}",
        description=" ".join(plain(note) for note in notes if note),
        publisher=plain(str(report.office.get("issuer-name") or "")),
        source=plain(dataset.title),
        synthetic=dataset.synthetic,
        settings=settings,
    )
