"""Figures against their targets: levels, units, communes; and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.catalogue import Indicator, Unit
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.headlines import held_period, held_to_target
from dxreport.narrative import month_name
from dxreport.periods import PeriodId

_NAMED = 4
"""Longer lists of units are counted, not named."""


# --- The headline --------------------------------------------------------------------------


def headline(analysis: Analysis, facts: Facts) -> Figure:
    """Each indicator with a target, by level, against it, and the previous month."""
    groups = [
        (indicator, held)
        for indicator in analysis.catalogue.indicators.values()
        if (held := held_to_target(indicator, facts))
    ]
    every = [fact for _, held in groups for fact in held]
    rows = [row for indicator, held in groups for row in _group(indicator, held, facts)]
    return Figure(
        id="headline",
        spec=parts.specification(
            _draw_headline(_numbered(rows)) if rows else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_headline(analysis, every),
        alt=_alt_headline(groups),
        note=(
            f"{_periods(analysis, [indicator for indicator, _ in groups])}. Đạt hay chưa đạt xét "
            f"trên số liệu chưa làm tròn. {words.as_of(analysis.month)}"
        ),
    )


def _periods(analysis: Analysis, indicators: Sequence[Indicator]) -> str:
    """Which period the figures are of, where they are not all of one."""
    kinds = {held_period(indicator) for indicator in indicators}
    month, year = month_name(analysis.month), words.year(analysis)
    if kinds == {"month"}:
        return f"Số liệu {month}"
    if kinds == {"end"}:
        return f"Số liệu {year}"
    return f"Văn bản và chứng thực: {month}; các chỉ tiêu khác: {year}"


def _group(indicator: Indicator, held: list[Fact], facts: Facts) -> list[dict[str, Any]]:
    head = {"label": "", "head": vi.upper_first(indicator.name.removeprefix("Tỷ lệ "))}
    return [
        head,
        *(_dot(fact, facts.find(fact.indicator, "previous", fact.scope)) for fact in held),
    ]


def _dot(fact: Fact, other: Fact | None) -> dict[str, Any]:
    """A figure against its target; `other` is what it is compared with besides."""
    target = "" if fact.target is None else f"≥ {vi.exact(Fraction(str(fact.target)))}%"
    hidden = fact.suppressed
    return {
        "label": fact.name,
        "name": fact.name,
        "value": fact.value,
        "printed": fact.printed,
        "n": None if hidden else fact.denominator,
        "sample": "" if hidden else words.sample(fact.denominator),
        "pair_text": fact.printed if hidden else words.ratio(fact.numerator, fact.denominator),
        "target": fact.target,
        "target_text": target or "–",
        "met": None if fact.met is None else "yes" if fact.met else "no",
        "met_text": {None: "–", True: "đạt", False: "chưa đạt"}[fact.met],
        "other": other.value if other and other.exists else None,
        "other_text": other.printed if other else "–",
    }


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds `row`: the label behind a number that keeps rows apart and in order."""
    return [{**row, "row": f"{at:03d} {row['label']}"} for at, row in enumerate(rows)]


def _rows_axis(rows: Sequence[dict[str, Any]]) -> alt.Y:
    return alt.Y(
        "row:N",
        sort=None,
        scale=alt.Scale(domain=[row["row"] for row in rows]),
        axis=alt.Axis(title=None, labelExpr="slice(datum.label, 4)", labelLimit=130),
    )


def _low_end(rows: Iterable[dict[str, Any]], targets: Sequence[float] = ()) -> int:
    """Where the axis of percentages begins: some room below the lowest figure or target."""
    figures = [
        *targets,
        *(
            row[name]
            for row in rows
            for name in ("value", "target", "other")
            if row.get(name) is not None
        ),
    ]
    return max(0, int((min(figures, default=0.0) - 4) // 10) * 10)


def _percent_axis(rows: list[dict[str, Any]], field: str, targets: Sequence[float] = ()) -> alt.X:
    return alt.X(
        f"{field}:Q",
        title=None,
        scale=alt.Scale(domain=[_low_end(rows, targets), 100], nice=False),
        axis=alt.Axis(labelExpr="datum.label + '%'", tickCount=5),
    )


def _dots(rows: list[dict[str, Any]], y: alt.Y, other: str, second: str) -> list[alt.Chart]:
    """The marks of rows against targets, and a legend; `other` names the pale dots."""
    x = _percent_axis(rows, "value")
    tooltip = [
        alt.Tooltip("name:N", title="Đơn vị"),
        alt.Tooltip("printed:N", title="Tỷ lệ"),
        alt.Tooltip("pair_text:N", title="Tử số/mẫu số"),
        alt.Tooltip("target_text:N", title="Chỉ tiêu"),
        alt.Tooltip("met_text:N", title="Kết quả"),
        alt.Tooltip("other_text:N", title=other),
    ]
    base = alt.Chart().encode(y=y, tooltip=tooltip)
    figures = base.transform_filter("isValid(datum.value)")
    entries = [
        ("Đạt", "circle"),
        ("Chưa đạt", parts.DIAMOND_SHAPE),
        ("Chỉ tiêu", parts.TICK_SHAPE),
        (other, "circle"),
    ]
    before = base.transform_filter("isValid(datum.other)")
    goal = base.transform_filter("isValid(datum.target)")
    return [
        goal.mark_tick(style="dx-line-quiet", thickness=3, size=16).encode(
            x=_percent_axis(rows, "target")
        ),
        before.mark_point(style="dx-soft", size=60).encode(x=_percent_axis(rows, "other")),
        figures.transform_filter("datum.met !== 'no'")
        .mark_point(style="dx-dot", size=90)
        .encode(x=x),
        figures.transform_filter("datum.met === 'no'")
        .mark_point(style="dx-diamond", shape="diamond", size=110)
        .encode(x=x),
        *_columns(y, second),
        parts.key(*entries),
    ]


def _columns(y: alt.Y, second: str) -> tuple[alt.Chart, alt.Chart]:
    base = alt.Chart().transform_filter("isValid(datum.printed)")
    base = base.encode(y=y, x=parts.right_edge())
    return (
        base.mark_text(style="dx-text", align="left", dx=12, fontWeight=600).encode(
            text=alt.Text("printed:N")
        ),
        base.mark_text(style="dx-text-muted", align="left", dx=60, fontSize=10).encode(
            text=f"{second}:N"
        ),
    )


def _heads(y: alt.Y) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart()
        .mark_text(style="dx-text-muted", align="left", fontWeight=600)
        .encode(y=y, x=parts.fixed_x(_HEAD_AT), text=alt.Text("head:N"))
        .transform_filter("isValid(datum.head)")
    )
    return chart


_HEAD_AT = -64
"""Pixels from the plot at which the name of a group begins: left of the levels' names."""


def _draw_headline(rows: list[dict[str, Any]]) -> parts.AnyChart:
    y = _rows_axis(rows)
    layers = [_heads(y), *_dots(rows, y, "Tháng trước", "target_text")]
    return parts.fluid(alt.layer(*layers, data=parts.values(rows)), 22 * len(rows))


def _caption_headline(analysis: Analysis, every: list[Fact]) -> str:
    if not every:
        return words.sentence("Không có chỉ tiêu nào đang có hiệu lực và có số liệu")
    missed = [fact for fact in every if not fact.met]
    if not missed:
        return words.sentence(f"cả {vi.count(len(every))} chỉ tiêu theo cấp đều đạt mức được giao")
    names = [
        f"{_indicator(analysis, fact)} {vi.lower_first(fact.name)} ({fact.printed})"
        for fact in missed
    ]
    done = f"{len(every) - len(missed)}/{len(every)} chỉ tiêu theo cấp đạt mức được giao"
    if len(names) <= _NAMED:
        return words.sentence(f"{done}; chưa đạt: {vi.joined(names)}")
    gaps = [(fact.target or 0.0) - (fact.value or 0.0) for fact in missed]
    worst = [name for name, gap in zip(names, gaps, strict=True) if gap == max(gaps)]
    return words.sentence(f"{done}; còn xa mức được giao nhất: {vi.joined(worst)}")


def _indicator(analysis: Analysis, fact: Fact) -> str:
    name = analysis.catalogue.indicators[fact.indicator].name
    return vi.lower_first(name.removeprefix("Tỷ lệ "))


def _alt_headline(groups: list[tuple[Indicator, list[Fact]]]) -> str:
    if not groups:
        return words.NO_DATA + "."
    said = "; ".join(
        f"{indicator.name}: {', '.join(_verdict(fact) for fact in held)}"
        for indicator, held in groups
    )
    return words.sentence(f"Biểu đồ các chỉ tiêu so với mức được giao. {said}")


def _verdict(fact: Fact) -> str:
    minimum = "" if fact.target is None else vi.exact(Fraction(str(fact.target)))
    if fact.met is None:
        return f"{fact.name} {fact.printed}"
    return f"{fact.name} {fact.printed} ({'đạt' if fact.met else 'chưa đạt'} mức {minimum}%)"


# --- Units ---------------------------------------------------------------------------------


def documents_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """Documents signed from a work file: departments and districts against their targets."""
    return _units_figure(
        analysis,
        facts,
        id="documents",
        indicator="documents_signed_rate",
        other=("previous", "Tháng trước"),
        what="văn bản đi trong tháng",
    )


def e_copies_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """Electronic copies: districts against their target, the month and the year to date."""
    return _units_figure(
        analysis,
        facts,
        id="e-copies",
        indicator="e_copy_rate",
        other=("ytd", vi.upper_first(words.since(analysis))),
        what="lượt chứng thực bản sao trong tháng",
    )


def _units_figure(
    analysis: Analysis,
    facts: Facts,
    *,
    id: str,
    indicator: str,
    other: tuple[PeriodId, str],
    what: str,
) -> Figure:
    found = (
        (level, _sorted(_of_level(analysis, facts, indicator, "month", level)))
        for level in ("province", analysis.catalogue.peer_level(analysis.month))
    )
    levels = [(analysis.catalogue.level_names[level], units) for level, units in found if units]
    rows: list[dict[str, Any]] = []
    for name, units in levels:
        if len(levels) > 1:
            rows.append({"label": "", "head": name})
        for fact in units:
            dot = _dot(fact, facts.find(indicator, other[0], fact.scope))
            rows.append({**dot, "label": _short_name(analysis, fact)})
    drawn = [fact for _, units in levels for fact in units if fact.exists]
    return Figure(
        id=id,
        spec=parts.specification(
            _draw_units(_numbered(rows), other[1]) if drawn else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_units(analysis, indicator, levels),
        alt=_alt_units(analysis, indicator, levels) if drawn else words.NO_DATA + ".",
        note=(
            f"n: số {what}. Đạt hay chưa đạt xét trên số liệu chưa làm tròn. "
            f"{_not_all(analysis, facts, indicator)}{words.as_of(analysis.month)}"
        ),
    )


def _not_all(analysis: Analysis, facts: Facts, indicator: str) -> str:
    level = analysis.catalogue.peer_level(analysis.month)
    units = _of_level(analysis, facts, indicator, "month", level)
    return parts.drawn(len(units), "có tỷ lệ thấp nhất")


def _of_level(
    analysis: Analysis, facts: Facts, indicator: str, period: PeriodId, level: str
) -> list[Fact]:
    """Figures of the units of a level on the province's own system, in the order of printing."""
    units = analysis.catalogue.by_id
    return [
        fact
        for fact in facts.where(indicator=indicator, period=period, prefix="unit:")
        if "@" not in fact.scope and units[fact.unit_id or ""].level == level
    ]


def _sorted(facts: list[Fact]) -> list[Fact]:
    """From the highest to the lowest; who has no figure, last. At most what a page holds."""
    ranked = sorted(facts, key=lambda fact: (not fact.exists, -(fact.value or 0.0)))
    if len(ranked) <= parts.MOST_UNITS:
        return ranked
    # Of very many units the lowest are what a reader acts on.
    return [fact for fact in ranked if fact.exists][-parts.MOST_UNITS :]


def _short_name(analysis: Analysis, fact: Fact) -> str:
    return " ".join(analysis.catalogue.by_id[fact.unit_id or ""].short_name.split())


def _draw_units(rows: list[dict[str, Any]], other: str) -> parts.AnyChart:
    y = _rows_axis(rows)
    layers = [_heads(y), *_dots(rows, y, other, "sample")]
    return parts.fluid(alt.layer(*layers, data=parts.values(rows)), 19 * len(rows))


def _caption_units(analysis: Analysis, indicator: str, levels: list[tuple[str, list[Fact]]]) -> str:
    said = []
    for name, units in levels:
        held = [fact for fact in units if fact.met is not None]
        if not held:
            continue
        missed = [fact for fact in held if not fact.met]
        level = vi.lower_first(name)
        if not missed:
            said.append(f"{level}: cả {vi.count(len(held))} đơn vị đạt chỉ tiêu")
            continue
        done = f"{level}: {len(held) - len(missed)}/{len(held)} đơn vị đạt chỉ tiêu"
        met = [fact for fact in held if fact.met]
        if len(missed) <= _NAMED:
            done += f", trừ {_with_figures(missed)}"
        elif 0 < len(met) <= _NAMED:
            done += f", gồm {_with_figures(met)}"
        said.append(done)
    what = vi.upper_first(analysis.catalogue.indicators[indicator].name.removeprefix("Tỷ lệ "))
    if not said:
        return words.sentence(f"{what}: {month_name(analysis.month)} không có số liệu để đánh giá")
    return words.sentence(f"{what} – {'; '.join(said)}")


def _with_figures(facts: Sequence[Fact]) -> str:
    return vi.joined([f"{vi.name_in_sentence(fact.name)} ({fact.printed})" for fact in facts])


def _alt_units(analysis: Analysis, indicator: str, levels: list[tuple[str, list[Fact]]]) -> str:
    said = "; ".join(_verdict(fact) for _, units in levels for fact in units)
    return words.sentence(
        f"Biểu đồ {vi.lower_first(analysis.catalogue.indicators[indicator].name)} của từng "
        f"đơn vị: {said}"
    )


# --- Communes ------------------------------------------------------------------------------


def communes_documents(analysis: Analysis, facts: Facts) -> Figure:
    """Documents signed from a work file: the communes of each district as a distribution."""
    return _communes_figure(analysis, facts, "communes-documents", "documents_signed_rate")


def communes_e_copies(analysis: Analysis, facts: Facts) -> Figure:
    """Electronic copies: the communes of each district as a distribution."""
    return _communes_figure(analysis, facts, "communes-e-copies", "e_copy_rate")


def _communes_figure(analysis: Analysis, facts: Facts, id: str, indicator: str) -> Figure:
    communes = [
        fact for fact in _of_level(analysis, facts, indicator, "month", "commune") if fact.exists
    ]
    districts = _districts(analysis, communes)
    rows = [_commune(fact, label) for label, _, own in districts for fact in own]
    return Figure(
        id=id,
        spec=parts.specification(
            _draw_communes(rows, _district_rows(districts), _targets(communes))
            if rows
            else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_communes(analysis, indicator, communes, districts),
        alt=_alt_communes(analysis, indicator, districts),
        note=(
            f"Mỗi chấm là một {_places(analysis)} có phát sinh trong tháng; bên phải: số đơn vị "
            f"đạt chỉ tiêu trên số có phát sinh. {words.as_of(analysis.month)}"
        ),
    )


def _targets(facts: list[Fact]) -> list[float]:
    return sorted({fact.target for fact in facts if fact.target is not None})


_District = tuple[str, str, list[Fact]]


def _districts(analysis: Analysis, communes: list[Fact]) -> list[_District]:
    """The communes by district (label, name); all together in a province without districts."""
    by_id = analysis.catalogue.by_id
    groups: dict[str, list[Fact]] = {}
    for fact in communes:
        parent = by_id[fact.unit_id or ""].parent_id or ""
        groups.setdefault(parent if parent in by_id else "", []).append(fact)
    whole = analysis.catalogue.all_name
    found = []
    for unit_id, own in sorted(groups.items(), key=lambda item: _order(by_id.get(item[0]))):
        unit = by_id.get(unit_id)
        label, name = (unit.short_name, unit.name) if unit else (whole, whole)
        found.append((" ".join(label.split()), name, own))
    return found


def _order(unit: Unit | None) -> int:
    return -1 if unit is None else unit.order


def _commune(fact: Fact, district: str) -> dict[str, Any]:
    shown = _dot(fact, None)
    kept = ("name", "value", "printed", "n", "pair_text", "met")
    return {"unit": district, **{key: shown[key] for key in kept}}


def _district_rows(districts: list[_District]) -> list[dict[str, Any]]:
    rows = []
    for label, _, own in districts:
        held = [fact for fact in own if fact.met is not None]
        met = sum(1 for fact in held if fact.met)
        text = f"{met}/{len(held)} đạt" if held else f"n = {len(own)}"
        rows.append({"unit": label, "n": len(own), "met_text": text})
    return rows


def _draw_communes(
    rows: list[dict[str, Any]], districts: list[dict[str, Any]], targets: list[float]
) -> parts.AnyChart:
    y = parts.unit_axis([row["unit"] for row in districts])
    x = _percent_axis(rows, "value", targets)
    base = alt.Chart(parts.values(rows)).encode(
        y=y,
        x=x,
        tooltip=[
            alt.Tooltip("name:N", title="Đơn vị"),
            alt.Tooltip("printed:N", title="Tỷ lệ"),
            alt.Tooltip("pair_text:N", title="Tử số/mẫu số"),
        ],
    )
    layers = [
        base.transform_filter("datum.met !== 'no'").mark_point(
            style="dx-main", size=55, opacity=0.45
        ),
        base.transform_filter("datum.met === 'no'").mark_point(
            style="dx-second", shape="diamond", size=65, opacity=0.6
        ),
        alt.Chart(parts.values(districts))
        .mark_text(style="dx-text", align="left", dx=8, fontSize=10)
        .encode(y=y, x=parts.right_edge(), text=alt.Text("met_text:N")),
    ]
    for target in targets:
        goal = alt.Chart(parts.values([{"value": target}])).encode(x=x)
        layers.insert(0, goal.mark_rule(style="dx-line-quiet", strokeWidth=2))
        layers.append(
            goal.mark_text(style="dx-text-muted", dy=-7, fontSize=10).encode(
                y=parts.fixed_y(0),
                text=parts.fixed_text(f"chỉ tiêu {vi.exact(Fraction(str(target)))}%"),
            )
        )
    return parts.fluid(alt.layer(*layers), parts.ROW * len(districts))


def _caption_communes(
    analysis: Analysis, indicator: str, communes: list[Fact], districts: list[_District]
) -> str:
    what = vi.upper_first(analysis.catalogue.indicators[indicator].name.removeprefix("Tỷ lệ "))
    held = [fact for fact in communes if fact.met is not None]
    if not held:
        return words.sentence(f"{what}: {month_name(analysis.month)} cấp xã không có số liệu")
    places = _places(analysis)
    met = sum(1 for fact in held if fact.met)
    if met == len(held):
        return words.sentence(f"{what}: cả {met} {places} đạt chỉ tiêu")
    said = f"{what}: {met}/{len(held)} {places} đạt chỉ tiêu"
    full = [name for _, name, own in districts if all(fact.met for fact in own)]
    none = [name for _, name, own in districts if not any(fact.met for fact in own)]
    if full and len(districts) > 1:
        said += f"; đạt tất cả: {words.named(full, 'địa phương')}"
    if none and len(districts) > 1 and met:
        said += f"; chưa đơn vị nào đạt: {words.named(none, 'địa phương')}"
    return words.sentence(said)


def _alt_communes(analysis: Analysis, indicator: str, districts: list[_District]) -> str:
    if not districts:
        return words.NO_DATA + "."
    said = []
    for _, name, own in districts:
        values = sorted(own, key=lambda fact: fact.exact)
        met = sum(1 for fact in own if fact.met)
        said.append(f"{name} từ {values[0].printed} đến {values[-1].printed}, {met}/{len(own)} đạt")
    name = vi.lower_first(analysis.catalogue.indicators[indicator].name)
    by_district = any(
        analysis.catalogue.by_id[fact.unit_id or ""].parent_id
        for _, _, own in districts
        for fact in own
    )
    which = "cấp xã theo từng địa phương" if by_district else _places(analysis)
    return words.sentence(f"Phân bố {name} của các đơn vị {which}: {'; '.join(said)}")


def _places(analysis: Analysis) -> str:
    return analysis.catalogue.places("commune", analysis.month)


# --- Overdue dossiers ----------------------------------------------------------------------


def overdue_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """Overdue dossiers of the peers: share, and how many out of how many."""
    level = analysis.catalogue.peer_level(analysis.month)
    rate = "procedures_overdue_rate"
    units = [f for f in _of_level(analysis, facts, rate, "end", level) if f.exists]
    everyone = len(units)
    units = sorted(units, key=lambda fact: -(fact.value or 0.0))[: parts.MOST_UNITS]
    whole = facts.find(rate, "end", f"level:{level}")
    return Figure(
        id="overdue",
        spec=parts.specification(
            _draw_overdue(analysis, units, whole) if units else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_overdue(analysis, units, whole),
        alt=words.sentence(
            "Biểu đồ tỷ lệ hồ sơ trễ hạn theo đơn vị: "
            + "; ".join(
                f"{fact.name} {fact.printed} ({words.ratio(fact.numerator, fact.denominator)})"
                for fact in units
            )
        )
        if units
        else words.NO_DATA + ".",
        note=(
            "Trễ hạn: trả kết quả sau hạn, hoặc chưa trả mà đã quá hạn; bên phải: số hồ sơ trễ hạn "
            f"trên số hồ sơ tiếp nhận {words.year(analysis)}, chỉ tính trên hệ thống "
            f"của tỉnh. {parts.drawn(everyone, 'có tỷ lệ trễ hạn cao nhất')}"
            f"{words.as_of(analysis.month)}"
        ),
    )


def _draw_overdue(analysis: Analysis, units: list[Fact], whole: Fact | None) -> parts.AnyChart:
    rows = parts.labelled(
        [{**_dot(fact, None), "short_name": _short_name(analysis, fact)} for fact in units]
    )
    y = parts.unit_axis([row["unit"] for row in rows])
    x = alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False))
    base = alt.Chart().encode(
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title="Đơn vị"),
            alt.Tooltip("pair_text:N", title="Trễ hạn/tiếp nhận"),
            alt.Tooltip("printed:N", title="Tỷ lệ trễ hạn"),
        ],
    )
    layers = [
        base.mark_bar(style="dx-second", height=15).encode(x=x),
        base.mark_text(style="dx-text-muted", align="left", dx=44, fontSize=10).encode(
            x=parts.right_edge(), text=alt.Text("pair_text:N")
        ),
    ]
    if whole is not None and whole.exists:
        level = analysis.catalogue.level_sentences[whole.scope.partition(":")[2]]
        rule = alt.Chart(
            parts.values([{"value": whole.value, "text": f"chung {level} {whole.printed}"}])
        ).encode(x=x)
        layers += [
            rule.mark_rule(style="dx-line-ink", strokeDash=[4, 3], opacity=0.6),
            rule.mark_text(style="dx-text-muted", dy=-7, fontSize=10).encode(
                y=parts.fixed_y(0), text=alt.Text("text:N")
            ),
        ]
    layers += parts.over_lines(
        base.encode(x=x), "dx-text", "printed:N", align="left", dx=6, fontWeight=600
    )
    return parts.fluid(alt.layer(*layers, data=parts.values(rows)), parts.ROW * len(rows))


def _caption_overdue(analysis: Analysis, units: list[Fact], whole: Fact | None) -> str:
    if whole is not None and whole.suppressed:
        return words.sentence(f"Số liệu chung về hồ sơ trễ hạn {vi.WITHHELD}")
    if not units or whole is None or not whole.exists:
        return words.sentence("Không có số liệu về hồ sơ trễ hạn")
    level = vi.upper_first(analysis.catalogue.level_sentences[whole.scope.partition(":")[2]])
    if not whole.numerator:
        return words.sentence(f"{level} không có hồ sơ nào trễ hạn")
    first = f"{level} có {vi.integer(whole.numerator)} hồ sơ trễ hạn ({whole.printed})"
    ranked = [fact for fact in units if fact.rank_high == 1]
    if len(units) == 1 or not ranked or len(ranked) == len(units):
        return words.sentence(first)
    names = words.named([fact.name for fact in ranked])
    return words.sentence(f"{first}; tỷ lệ cao nhất là {names} ({ranked[0].printed})")
