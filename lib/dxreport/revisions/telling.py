"""The note on revised figures in the report: a notice at its head, tables of old and new."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from dxreport import vi
from dxreport.explain import Kinds
from dxreport.markup import EMPTY, Markdown, md_escape
from dxreport.revisions.history import History, Revision
from dxreport.revisions.moves import Move, Side
from dxreport.tables.blocks import raw_block, to_markdown
from dxreport.tables.model import MET, MISSED, Cell, Column, Row, Table

ANCHOR = "so-lieu-dieu-chinh"
MOST = 60
"""How many figures of one revision the report shows; all of them are among the open data."""

_PERIODS: Mapping[str, str] = {
    "month": "Trong tháng",
    "ytd": "Từ đầu năm",
    "previous": "Tháng trước",
    "end": "Đến hết tháng",
}
_WIDEST = ("all", "level", "kind", "communes_of", "topic", "unit")
_GONE = "không còn trong báo cáo"


def notice(history: History) -> Markdown:
    """For the head of the page, and only there: what was revised last, and where it is told."""
    told = [revision for revision in history.revisions if revision.moves]
    if not told:
        return EMPTY
    last = told[-1]
    text = html.escape(
        f"Báo cáo đã được lập lại sau khi dữ liệu gốc thay đổi: {_how_many(last)} khác bản công bố "
        f"trước đó ({vi.lower_first(_when(last))})."
    )
    return Markdown(
        "\n"
        + raw_block(
            "html",
            f'<p class="dieu-chinh" role="note"><strong>Có số liệu điều chỉnh.</strong> {text} '
            f'<a href="#{ANCHOR}">Xem số liệu cũ và mới</a></p>',
        )
    )


def section(history: History, kinds: Kinds) -> Markdown:
    """A part of the annex for every format: each revision's figures, the newest revision first."""
    told = [revision for revision in reversed(history.revisions) if revision.moves]
    if not told:
        return EMPTY
    intro = (
        "Báo cáo này đã được lập lại sau khi dữ liệu gốc thay đổi. Dưới đây là các số liệu khác "
        "với bản đã công bố trước đó; những số liệu không nêu ở đây giữ nguyên."
    )
    parts = [f"\n### Số liệu điều chỉnh {{#{ANCHOR}}}\n", intro]
    for revision in told:
        reason = f" Lý do: {md_escape(_sentence(revision.reason))}" if revision.reason else ""
        parts.append(f"**{_when(revision)}:** điều chỉnh {_how_many(revision)}.{reason}")
        parts.append(to_markdown(_table(revision, kinds)))
        if (rest := len(revision.moves) - MOST) > 0:
            parts.append(
                f"*Còn {vi.integer(rest)} số liệu khác: xem bảng `revisions` trong phần số liệu "
                "mở của báo cáo.*"
            )
    return Markdown("\n\n".join(parts) + "\n\n")


def _when(revision: Revision) -> str:
    day = "" if revision.on is None else f", ngày {vi.legal_day(revision.on)}"
    return f"Lần {revision.number}{day}"


def _how_many(revision: Revision) -> str:
    return f"{vi.count(len(revision.moves))} số liệu"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _table(revision: Revision, kinds: Kinds) -> Table:
    rows = tuple(
        Row(
            "unit",
            (
                Cell(kinds.of(move.indicator, move.scope).name),
                Cell(move.name),
                Cell(_PERIODS.get(move.period, move.period)),
                *_sides(move),
            ),
        )
        for move in _shown(revision.moves)
    )
    return Table(
        id=f"dieu-chinh-{revision.number}",
        caption=f"Số liệu điều chỉnh {vi.lower_first(_when(revision))}",
        columns=(
            Column("indicator", "Chỉ tiêu", "left", 54),
            Column("name", "Phạm vi", "left", 38),
            Column("period", "Kỳ", "left", 30),
            Column("old", "Đã công bố", "right", 32),
            Column("new", "Điều chỉnh thành", "right", 32),
        ),
        rows=rows,
        caption_shown=False,
    )


def _shown(moves: Sequence[Move]) -> list[Move]:
    """The moves to be shown, in their order; where there are too many, those of wide scopes."""
    if len(moves) <= MOST:
        return list(moves)

    def width(move: Move) -> int:
        kind = move.scope.partition(":")[0]
        return _WIDEST.index(kind) if kind in _WIDEST else len(_WIDEST)

    kept = sorted(range(len(moves)), key=lambda at: (width(moves[at]), at))[:MOST]
    return [moves[at] for at in sorted(kept)]


def _sides(move: Move) -> tuple[Cell, Cell]:
    """Both prints; with the counts or the verdict too, where it is these that tell them apart."""
    old, new = move.old, move.new
    if new is None:
        return Cell(old.printed), Cell(_GONE)
    counts = old.printed == new.printed and old.met == new.met
    verdicts = old.met != new.met
    return Cell(_told(old, counts, verdicts)), Cell(_told(new, counts, verdicts))


def _told(side: Side, counts: bool, verdict: bool) -> str:
    text = side.printed
    if counts and side.numerator is not None and side.denominator is not None:
        text += f" ({vi.integer(side.numerator)}/{vi.integer(side.denominator)})"
    if verdict and side.met is not None:
        text += f" ({MET if side.met else MISSED})"
    return text
