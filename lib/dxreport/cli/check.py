"""`dxreport check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dxreport.cli.options import DataOption, project_of, tables_of
from dxreport.cli.terminal import write
from dxreport.errors import ContractError, Language

if TYPE_CHECKING:
    from dxreport.quality import Quality
    from dxreport.reading import Warning_


def check(
    context: typer.Context,
    month: Annotated[
        str | None,
        typer.Argument(
            metavar="[MONTH]", help="Also see what the report of that month would miss."
        ),
    ] = None,
    data: DataOption = None,
    language: Annotated[
        Language, typer.Option("--lang", help="Say it in English or in Vietnamese.")
    ] = "en",
) -> None:
    """Say whether the data keep the contract, and what is odd about them.

    [italic]Kiểm tra số liệu có đúng quy ước không, và những điểm cần lưu ý.[/]

    A breach (a wrong type, a duplicate key, an unknown unit) names its file, row and column and
    ends with 1. A warning (a unit without a row, a month missing) does not. Then come counts of
    what was left out, is late, odd, incomplete or was corrected: never a record.

    [bold]Examples[/]

      dxreport check

      dxreport check 2024-09 --data /srv/dx

      dxreport check 2024-09 --lang vi
    """
    from dxreport import reading
    from dxreport.computed import catalogue_of
    from dxreport.periods import Month
    from dxreport.quality import assess

    wanted = None if month is None else Month.parse(month)
    home = project_of(context)
    try:
        tables = tables_of(home, data)
    except ContractError as error:
        raise error.in_language(language) from None
    if wanted is not None:
        from dxreport.report import require_month

        require_month(tables, wanted)
    lines = [f"{s.table:<12}{s.rows:>12,}  {s.path.name}  ({s.origin})" for s in tables.sources]
    found = reading.check(tables, wanted)
    lines += [_warning(warning, language) for warning in found]
    lines += _quality(assess(tables, catalogue_of(tables, home.reference), wanted), language)
    write("\n".join([*lines, _verdict(len(found), language)]) + "\n")


def _warning(warning: Warning_, language: Language) -> str:
    return f"lưu ý: {warning.vi}" if language == "vi" else f"warning: {warning.en}"


def _quality(quality: Quality, language: Language) -> list[str]:
    from dxreport.quality_words import statements

    code = "mã bộ số liệu" if language == "vi" else "fingerprint"
    lines = [f"{said.about}: {said.found}" for said in statements(quality, language)]
    return [*lines, f"{code}: {quality.fingerprint}"]


def _verdict(warnings: int, language: Language) -> str:
    if language == "vi":
        counted = f"{warnings} lưu ý" if warnings else "không có lưu ý"
        return f"Số liệu đúng quy ước; {counted}."
    counted = {0: "no warnings", 1: "1 warning"}.get(warnings, f"{warnings} warnings")
    return f"The data keep the contract; {counted}."
