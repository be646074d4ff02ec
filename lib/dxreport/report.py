"""A month's report as one value: what `report.qmd` and the notebooks show parts of.

`build_report` reads, counts and computes once; nothing here formats a number.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from dxreport import provenance, vi
from dxreport.catalogue import LEVELS, Catalogue, Target
from dxreport.computed import Computed, computed
from dxreport.config import Project, find_project, office, read_yaml
from dxreport.cubes import PAKN, PROCEDURES, cube, month_at
from dxreport.errors import DxError
from dxreport.explain import EXPLANATIONS, Kinds, explain, packed
from dxreport.facts import Fact, Facts
from dxreport.headlines import Headline, headlines, held_to_target
from dxreport.markup import EMPTY, Markdown, div, join, link, listed, md_escape, safe_json
from dxreport.narrative import BY_RULE, Narrative, month_name
from dxreport.periods import Month, runs
from dxreport.quality import assess
from dxreport.reading import Tables, read_tables
from dxreport.revisions.history import NEVER, History, load_history
from dxreport.revisions.telling import notice, section
from dxreport.suppression.rule import Rule
from dxreport.tables import Table, appendices, appendix_names
from dxreport.tables.blocks import raw_block

if TYPE_CHECKING:
    from dxreport.analysis import Analysis
    from dxreport.charts.show import Figure

LEGAL_FILE = "legal.yml"
ANNEX = "phan-tich-du-lieu"
_HOW_TO_READ = (
    "Bấm vào một số bất kỳ để xem tử số, mẫu số, cách tính, kỳ số liệu và căn cứ của nó; "
    "trong bảng, dùng phím mũi tên để đi từ số này sang số khác và phím Enter để mở."
)


@dataclass(frozen=True)
class Law:
    """A legal document as it is cited: `name` in full, `short` in a sentence."""

    name: str
    short: str
    issuer: str
    title: str

    @property
    def cited(self) -> str:
        """Name, issuer and subject, as a footnote gives them."""
        return " ".join(
            part for part in (self.name, self.issuer and f"của {self.issuer}", self.title) if part
        )


@dataclass(frozen=True)
class Report:
    """Everything that the report of one month shows."""

    project: Project
    computed: Computed
    office: Mapping[str, Any]
    laws: tuple[Law, ...]
    history: History = NEVER

    @cached_property
    def say(self) -> Narrative:
        """Phrases that depend on the figures."""
        return Narrative(self.facts, self.catalogue)

    @property
    def issuer(self) -> Markdown:
        """The office that reports, as a sentence names it."""
        return md_escape(str(self.office.get("issuer-name", "")))

    def word(self, name: str) -> Markdown:
        """What the office calls a thing: a key of `cong-van.words`; nothing where it has none."""
        words = self.office.get("words") or {}
        return md_escape(str(words.get(name) or ""))

    @property
    def month_name(self) -> Markdown:
        """ "tháng 9/2024"."""
        return Markdown(month_name(self.month))

    @property
    def month_id(self) -> Markdown:
        """ "2024-09"."""
        return Markdown(str(self.month))

    # -- the law ----------------------------------------------------------------------------

    def law(self, indicator: str) -> Markdown:
        """The short name of what sets the indicator's target, for a sentence."""
        names = [md_escape(law.short) for law in self._laws_of(indicator)]
        return listed(names) if names else Markdown("văn bản giao chỉ tiêu")

    def basis(self, indicator: str) -> Markdown:
        """The same in full, for a footnote; nothing where no document is known."""
        return listed([md_escape(law.cited) for law in self._laws_of(indicator)])

    def legal_note(self, indicator: str, what: str) -> Markdown:
        """A footnote: the document, and what it demands of the levels that exist this month.

        `what` names what the minimum is of, in the office's own words.
        """
        targets = self._targets(indicator)
        basis = self.basis(indicator)
        if not targets:
            none = "không có chỉ tiêu nào đang có hiệu lực trong kỳ báo cáo"
            return Markdown(f"{basis}: {none}" if basis else vi.upper_first(none))
        demands = []
        for due in dict.fromkeys(target.due for target in targets):
            minimums = [
                f"{vi.exact(target.minimum)}% ở {self.say.level_name(target.level)}"
                for target in targets
                if target.due == due
            ]
            until = f", chậm nhất ngày {vi.legal_day(due)}" if due else ""
            demands.append(f"{listed(minimums)}{until}")
        return Markdown(f"Theo {basis}, {md_escape(what)} đạt tối thiểu {join(demands, '; ')}")

    def basis_note(self, indicator: str, what: str) -> Markdown:
        """A footnote on a document that demands something other than a minimum of each level.

        `what` is what it demands; where that is not known, the minimums are told.
        """
        if not what:
            spec = self.catalogue.indicators.get(indicator)
            return self.legal_note(indicator, "" if spec is None else vi.lower_first(spec.name))
        basis = self.basis(indicator)
        if not basis:
            return Markdown("Chưa có văn bản giao chỉ tiêu về nội dung này")
        return Markdown(f"Theo {basis}: {md_escape(what)}")

    def _targets(self, indicator: str) -> list[Target]:
        """The targets in force, of the levels that have units this month."""
        spec = self.catalogue.indicators.get(indicator)
        levels = {unit.level for unit in self.catalogue.units_in(self.month)}
        levels &= set(() if spec is None else spec.levels)
        found = (
            self.catalogue.target(indicator, level, self.month)
            for level in LEVELS
            if level in levels
        )
        return [target for target in found if target is not None]

    def _laws_of(self, indicator: str) -> list[Law]:
        spec = self.catalogue.indicators.get(indicator)
        names = [target.basis for target in self._targets(indicator)]
        if not names and spec is not None and spec.basis:
            names = [spec.basis]
        known = {law.name: law for law in self.laws}
        return [known.get(name) or Law(name, name, "", "") for name in dict.fromkeys(names)]

    def cited(self, indicator: str) -> list[str]:
        """The names of the documents that set the indicator's target."""
        return [law.name for law in self._laws_of(indicator)]

    # -- appendices and charts --------------------------------------------------------------

    @cached_property
    def appendices(self) -> Mapping[str, Table]:
        """The appendices of this month by number; one whose level does not exist is absent."""
        return appendices(self.facts, self.catalogue, self.month)

    @cached_property
    def appendix_names(self) -> Mapping[str, str]:
        """What each appendix is called: "Phụ lục 1.1", numbered as far as there are several."""
        return appendix_names(self.appendices)

    def appendix(self, number: str) -> Markdown:
        """An appendix's table for every format; nothing where the month has none."""
        table = self.appendices.get(number)
        return EMPTY if table is None else table.to_markdown()

    def appendix_page(self, number: str, title: str) -> Markdown:
        """An appendix on a page of its own, under its title; nothing where the month has none."""
        table = self.appendices.get(number)
        if table is None:
            return EMPTY
        heading = f"## {self.appendix_names[number]}\n"
        name = div(md_escape(title), "ten-phu-luc")
        content = f"{heading}{name}{self.appendix(number)}"
        return div(content, "phu-luc", anchor=_anchor(number), orientation=table.width)

    def see(self, *numbers: str, annex: bool = False) -> Markdown:
        """ "(Chi tiết tại Phụ lục 1.1 và Phụ lục 1.2 kèm theo)", with links to what exists."""
        links = [
            link(self.appendix_names[number], _anchor(number))
            for number in numbers
            if number in self.appendices
        ]
        if annex:
            links.append(link("Phân tích dữ liệu", ANNEX))
        return Markdown(f"*(Chi tiết tại {listed(links)} kèm theo)*") if links else EMPTY

    @property
    def tables(self) -> Tables:
        return self.computed.tables

    @property
    def catalogue(self) -> Catalogue:
        return self.computed.catalogue

    @property
    def facts(self) -> Facts:
        return self.computed.facts

    @property
    def rule(self) -> Rule | None:
        """Under how many cases a figure is not published; None where that is not set."""
        return self.computed.rule

    @property
    def month(self) -> Month:
        return self.computed.facts.month

    @property
    def analysis(self) -> Analysis:
        """The aggregated frames of the annex."""
        return self.computed.analysis

    def figure(self, name: str) -> Figure:
        """One chart of the annex; the names are those of `dxreport.charts.annex.FIGURES`."""
        return self.computed.figure(name)

    def begin_charts(self) -> None:
        """Have all charts made beside what comes next; a document that shows them finds them."""
        self.computed.begin_figures(tuple(self._numbers))

    def draw_ahead(self) -> None:
        """Begin with the pictures of all charts, which are drawn beside what the document does.

        Only where the run takes them later (`charts.pictures`); a page alone has none.
        """
        from dxreport.charts import pictures

        taken = pictures.current()
        if taken is not None:
            for name in self._numbers:
                self.figure(name).draw_into(Path.cwd(), taken)

    def chart(self, name: str, label: str = "") -> Markdown:
        """A chart of the annex for every format, its caption led by `label` ("Hình 1.").

        Its pictures for print are written beside the document, below the current folder.
        """
        from dxreport.charts import pictures

        return self.figure(name).to_markdown(Path.cwd(), label, pictures.current())

    def charts(self, *names: str) -> Markdown:
        """Several charts one after the other, numbered as they stand in the annex.

        One whose table the office does not have is left out, and has no number; so are, which is
        said, the one of targets in a month without any, and those of groups that are no facts
        where small numbers are left out.
        """
        numbers = self._numbers
        parts: list[str] = [self.chart(name, numbers[name]) for name in names if name in numbers]
        if "headline" in names and "targets" not in self.parts:
            parts.append(md_escape(self.figure("headline").caption))
        if left := sum(name in self._withheld for name in names):
            some = f"{vi.count(left)} hình {'khác ' if parts else ''}của phần này"
            parts.append(
                f"*{vi.upper_first(some)} chia số liệu thành các nhóm nhỏ hơn các số liệu của báo "
                f"cáo, nên {vi.WITHHELD} {BY_RULE}.*"
            )
        return Markdown("\n\n".join(parts))

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """The charts that are shown, with "Hình 1." and so on, as they stand in the annex."""
        from dxreport.charts.needs import NEEDS

        there = [name for name, needed in NEEDS.items() if needed <= self.parts]
        shown = [name for name in there if name not in self._withheld]
        return {name: f"Hình {n}." for n, name in enumerate(shown, start=1)}

    @cached_property
    def _withheld(self) -> frozenset[str]:
        """The charts that small numbers keep back."""
        from dxreport.charts.needs import FRAMED, NEEDS

        return frozenset(n for n in FRAMED if NEEDS[n] <= self.parts) if self.rule else frozenset()

    @cached_property
    def parts(self) -> frozenset[str]:
        """What parts may need: the tables that are counted, "ratings", and "targets" in force."""
        ratings = {"ratings"} if self.say.counts("pakn_satisfaction_mean") else set()
        indicators = self.catalogue.indicators.values()
        targets = {"targets"} if any(held_to_target(i, self.facts) for i in indicators) else set()
        return self.catalogue.tables | ratings | targets

    @property
    def parts_text(self) -> Markdown:
        """The same as the letter's field has it: "documents pakn ratings"."""
        return Markdown(" ".join(sorted(self.parts)))

    def unit_picker(self) -> Markdown:
        """The page's control that marks one unit in all PAKN charts."""
        from dxreport.charts.picker import unit_picker

        return unit_picker(self.analysis)

    # -- the head of the page and its end ---------------------------------------------------

    def cards(self) -> Markdown:
        """The headline figures with their verdicts, for the page only."""
        cards = [self._card(headline) for headline in headlines(self.facts, self.catalogue)]
        body = "\n".join(cards)
        label = f"Chỉ tiêu chính, {month_name(self.month)}"
        return Markdown(
            f'\n```{{=html}}\n<section class="chi-tieu-cards" aria-label="{_html(label)}">\n'
            f'{body}\n<p class="cach-doc">{_HOW_TO_READ}</p>\n</section>\n```\n'
        )

    def _card(self, headline: Headline) -> str:
        rows = "\n".join(self._card_row(fact) for fact in headline.facts)
        return (
            f'<article class="card"><p class="card-title">{_html(headline.title)}</p>'
            f'<p class="card-when">{_html(headline.when)}</p>\n<dl>\n{rows}\n</dl></article>'
        )

    def _card_row(self, fact: Fact) -> str:
        verdict = ""
        if fact.met is not None:
            target = self.catalogue.target(fact.indicator, fact.scope.partition(":")[2], self.month)
            words = "Đạt" if fact.met else "Chưa đạt"
            minimum = f" (tối thiểu {vi.exact(target.minimum)}%)" if target else ""
            tone = "met" if fact.met else "missed"
            verdict = f' <span class="verdict {tone}">{words}{minimum}</span>'
        elif fact.indicator == "pakn_resolution_rate" and not fact.suppressed:
            verdict = f' <span class="verdict">{self._resolved_of(fact)}</span>'
        figure = f'<span class="figure" data-fact="{_html(fact.key)}">{_html(fact.printed)}</span>'
        return f"<div><dt>{_html(fact.name)}</dt><dd>{figure}{verdict}</dd></div>"

    def _resolved_of(self, fact: Fact) -> str:
        pair = f"{vi.integer(fact.numerator)}/{vi.integer(fact.denominator)}"
        marks = f'class="figure" data-fact="{_html(fact.key)}" data-part="pair"'
        return f"<span {marks}>{pair}</span> PAKN"

    def sources(self) -> Markdown:
        """A table of the files that the figures come from: name, rows, fingerprint."""
        # The rows are the sum of all systems: small numbers could be had back from them.
        if self.rule:
            return Markdown(f"Số dòng của từng tệp {vi.WITHHELD} {BY_RULE}.")
        return provenance.sources(self.tables)

    @property
    def fingerprint(self) -> Markdown:
        """What the report was made from, as a reader can compare it."""
        return provenance.fingerprint(self.tables)

    def quality(self) -> Markdown:
        """Two tables on the quality of the records: rows by table, and what was looked at."""
        if self.rule:
            return Markdown(f"Số bản ghi được kiểm tra {vi.WITHHELD} {BY_RULE}.")
        return provenance.quality(assess(self.tables, self.catalogue, self.month))

    def small_numbers(self) -> Markdown:
        """What the report leaves out and why; nothing where it leaves nothing out."""
        if self.rule is None:
            return EMPTY
        left_out = sum(fact.suppressed for fact in self.facts)
        return Markdown(
            f"**Số liệu nhỏ.** Số liệu dựa trên ít hơn {self.rule.minimum} trường hợp không được "
            f"công bố, cùng với những số liệu mà từ đó có thể tính ra chúng "
            f"({vi.integer(left_out)} số liệu của báo cáo này, ghi “{vi.WITHHELD}”, trong bảng ghi "
            "“(*)”). Thứ hạng, mức cao nhất, thấp nhất chỉ xét trong số các số liệu được công bố."
        )

    def definitions(self) -> Markdown:
        """A table of the indicators that this report shows: name, formula, legal basis."""
        return provenance.definitions(self.facts, self.catalogue, self.cited)

    def explanations(self) -> Markdown:
        """What the page tells of each figure; for the page only, and unseen in it."""
        told = packed(explain(self.facts, self.catalogue, self.cited))
        data = f'<script type="application/json" id="{EXPLANATIONS}">{safe_json(told)}</script>'
        return Markdown("\n" + raw_block("html", data))

    def revision_notice(self) -> Markdown:
        """For the head of the page: that figures were revised; nothing where none were."""
        return notice(self.history)

    def revisions(self) -> Markdown:
        """A part of the annex: which figures were revised, from what to what."""
        return section(self.history, Kinds(self.catalogue))

    @property
    def is_synthetic(self) -> bool:
        """Whether the data say of themselves that they are made up."""
        return self.tables.dataset.synthetic

    @property
    def dataset_title(self) -> Markdown:
        return md_escape(self.tables.dataset.title)


def build_report(
    month: str | Month,
    data_dir: str | Path,
    project: Path | None = None,
    revisions: str | Path = "",
) -> Report:
    """The report of `month` from the tables in `data_dir`.

    `revisions` is the file with the history of its revisions, where it has one.

    `data_dir` is taken from the current folder, or else from the project's; the project is the
    one at or above the current folder where none is given. `UsageError` for text that is no
    month, `ContractError` for data that break the contract, `DxError` for a month without data.
    """
    wanted = month if isinstance(month, Month) else Month.parse(month)
    home = find_project(project)
    folder = Path(data_dir)
    if not folder.is_absolute() and not folder.exists():
        folder = home.root / folder
    tables = read_tables(folder, home.reference)
    require_month(tables, wanted)
    history = load_history(Path(revisions), str(wanted)) if revisions else NEVER
    return report_of(home, computed(tables, wanted, home), history)


def report_of(project: Project, made: Computed, history: History = NEVER) -> Report:
    """The report of what has been computed of a month."""
    return Report(
        project=project,
        computed=made,
        office=office(project, made.facts.month),
        laws=read_laws(project.reference),
        history=history,
    )


def require_month(tables: Tables, month: Month) -> None:
    """`DxError` where no table of records has one of `month`; it names the months that do."""
    counted = [frame.select("month").unique() for frame in (tables.documents, tables.e_copies)]
    found = pl.collect_all(counted, engine="streaming")
    months = {Month.parse(text) for frame in found for text in frame["month"] if text}
    for shape in (PAKN, PROCEDURES):
        months |= {month_at(place) for place in cube(tables, shape)["received"].unique()}
    if month not in months:
        listed = ", ".join(runs(sorted(months)))
        has = f"the folder has {listed}" if listed else "the folder has no records at all"
        raise DxError(f"{month}: no data; {has}")


def read_laws(reference: Path) -> tuple[Law, ...]:
    """The legal documents of `legal.yml`; none where there is no such file."""
    path = reference / LEGAL_FILE
    if not path.exists():
        return ()
    raw = read_yaml(path)
    documents = raw.get("documents") if isinstance(raw, dict) else None
    if not isinstance(documents, dict):
        raise DxError(f"{LEGAL_FILE}: expected a mapping with `documents`")
    laws = []
    for key, document in documents.items():
        if not isinstance(document, dict) or not isinstance(document.get("name"), str):
            raise DxError(f"{LEGAL_FILE}: document {key}: `name` is missing")
        parts = [str(document.get(part) or "") for part in ("name", "short", "issuer", "title")]
        laws.append(Law(parts[0], parts[1] or parts[0], parts[2], parts[3]))
    return tuple(laws)


def _anchor(number: str) -> str:
    return f"phu-luc-{number.replace('.', '-')}"


def _html(text: str) -> str:
    return html.escape(" ".join(vi.plain(text).split()), quote=True)
