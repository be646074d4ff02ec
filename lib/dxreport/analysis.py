"""What the analysis annex shows, as small frames.

Each frame has one row a group of cases, with `n`, the number of cases it speaks of: never a
row about one citizen, and no figure of the spread of fewer than `SMALLEST` cases. Figures
that are facts (counts, rates, means of the report's periods) are not repeated here; charts
take them from the facts.

A case is a PAKN of the `ytd` cohort: received from 1 January (or from a reorganisation of the
units since) to the end of the report month by a unit that is valid then, as the world stood at
the end of the month. `scope` is "all" or "unit:<unit_id>" as in the facts; units are the peers
that the dispatch compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dxreport import stats
from dxreport.catalogue import Catalogue
from dxreport.cubes import NEVER, PAKN, cube, place
from dxreport.periods import Month
from dxreport.tallies import pakn_as_of

if TYPE_CHECKING:
    from dxreport.reading import Tables

SMALLEST: Final = 5
"""Below so many cases a median, a curve or a monthly mean says nothing (and might say who)."""

DAY: Final = 86_400
HORIZON: Final = 90
"""Days that a waiting curve is drawn for."""

STARS: Final = (1, 2, 3, 4, 5)
AGES: Final = ((0, 7), (8, 15), (16, 30), (31, 60), (61, None))
"""Whole days that an unresolved PAKN has waited; the last band is open."""

WAITS: Final = ((0, 0), (1, 3), (4, 7), (8, 15), (16, 30), (31, None))
"""Whole days until a rated PAKN was resolved."""

Band = tuple[int, int | None]

BATCH: Final = 4_000_000
"""Cases of units whose waiting curves are drawn at once."""

_ALL: Final = 0
_PLACE: Final = pl.UInt16()
"""Scopes are numbers while they are counted: "all" is 0, the peers follow in their order."""

_SECONDS: Final = 40
"""Bits of a case's code that tell its seconds and, in the last one, whether it was resolved."""


@dataclass(frozen=True)
class Analysis:
    """The frames of the annex for one report month.

    units: one row a peer: scope, unit_id, name, short_name, order
    received: scope, month "2024-09", n (received in it), resolved (of these, as of the end)
    processing: scope, n (resolved), received, days_q25, days_median, days_q75, days_p90
    waiting: scope, day, n (cases), open (of these observed and open until then; null below
        `SMALLEST`), resolved (share resolved within `day` days by Kaplan-Meier), low, high
        (its 95% limits), closed (the same share among the resolved ones alone, which flatters)
    medians: scope, n (cases), resolved (of these), days (Kaplan-Meier median; null where half
        of them have not been seen resolved)
    ratings: scope, stars 1-5, n
    rating_months: scope, month, n (rated), stars (their sum; null below `SMALLEST`)
    rating_waits: band (place in `WAITS`), n (rated), stars (their sum; null below `SMALLEST`)
    backlog: scope, band (place in `AGES`), n (unresolved)

    Every combination has its row; where there is nothing, n is 0.
    """

    month: Month
    catalogue: Catalogue = field(repr=False)
    units: pl.DataFrame
    received: pl.DataFrame
    processing: pl.DataFrame
    waiting: pl.DataFrame
    medians: pl.DataFrame
    ratings: pl.DataFrame
    rating_months: pl.DataFrame
    rating_waits: pl.DataFrame
    backlog: pl.DataFrame

    @property
    def since(self) -> Month:
        """The first month of the cohort."""
        return self.catalogue.year_start(self.month)

    @property
    def months(self) -> tuple[str, ...]:
        """The months of the cohort."""
        return tuple(map(str, self.since.until(self.month)))


def of_scope(frame: pl.DataFrame, scope: str) -> dict[str, Any]:
    """The one row of a scope, in a frame with one row a scope."""
    return frame.row(by_predicate=pl.col("scope") == scope, named=True)


def analyse(tables: Tables, catalogue: Catalogue, month: Month) -> Analysis:
    """All frames of the annex, from the records as of the end of `month`."""
    units = peers(catalogue, month)
    names = pl.Series("scope", ["all", *units["scope"]])
    places = pl.Series("scope", range(len(names)), dtype=_PLACE)
    months = pl.Series("month", list(map(str, catalogue.year_start(month).until(month))))
    counted = _counted(tables, catalogue, month, units)
    codes, grouped = _cases(tables, catalogue, month, units)
    rated = grouped.filter(pl.col("rating").is_not_null())
    by_batch = [(_processing(batch), *_waiting(batch)) for batch in _batches(codes)]
    processing, waiting, medians = map(pl.concat, zip(*by_batch, strict=True))

    def named(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(names.gather(frame["scope"]))

    return Analysis(
        month=month,
        catalogue=catalogue,
        units=units,
        received=named(_complete(_received(counted), places, months)),
        processing=named(_complete(processing, places)),
        waiting=named(waiting).sort("scope", "day"),
        medians=named(_complete(medians, places)),
        ratings=named(
            _complete(_ratings(rated), places, pl.Series("stars", STARS, dtype=pl.Int64))
        ),
        rating_months=named(_complete(_rating_months(counted), places, months)),
        rating_waits=_complete(_rating_waits(rated), _places("band", WAITS)),
        backlog=named(_complete(_backlog(grouped), places, _places("band", AGES))),
    )


def without_frames(catalogue: Catalogue, month: Month) -> Analysis:
    """The units alone: what charts of facts need. All other frames are empty."""
    none = pl.DataFrame(schema={"scope": pl.String, "n": pl.Int64})
    return Analysis(
        month=month,
        catalogue=catalogue,
        units=peers(catalogue, month),
        received=none,
        processing=none,
        waiting=none,
        medians=none,
        ratings=none,
        rating_months=none,
        rating_waits=none,
        backlog=none,
    )


def peers(catalogue: Catalogue, month: Month) -> pl.DataFrame:
    """The units that are compared in `month`, in the order of printing."""
    rows = [
        (f"unit:{unit.unit_id}", unit.unit_id, unit.name, unit.short_name, unit.order)
        for unit in catalogue.peers(month)
    ]
    schema = {
        "scope": pl.String,
        "unit_id": pl.String,
        "name": pl.String,
        "short_name": pl.String,
        "order": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _counted(
    tables: Tables, catalogue: Catalogue, month: Month, units: pl.DataFrame
) -> pl.DataFrame:
    """The cases by scope and month of receipt: n, resolved, rated, stars."""
    since = catalogue.year_start(month)
    valid = [unit.unit_id for unit in catalogue.units_in(month)]
    done = pl.col("closed").is_between(NEVER, place(month), closed="right")
    rows = cube(tables, PAKN).filter(
        pl.col("received").is_between(place(since), place(month)),
        pl.col("unit_id").is_in(valid),
    )
    texts = {place(each): str(each) for each in since.until(month)}
    found = rows.select(
        _scope_of(units).alias("scope"),
        pl.col("received").replace_strict(texts, return_dtype=pl.String).alias("month"),
        n="records",
        resolved=pl.when(done).then("records"),
        rated=pl.when(done).then("rated"),
        stars=pl.when(done).then("stars"),
    )
    every = found.with_columns(scope=pl.lit(_ALL, dtype=_PLACE))
    scoped = pl.concat([every, found.filter(pl.col("scope") != _ALL)])
    return scoped.group_by("scope", "month").agg(pl.exclude("scope", "month").sum())


def _cases(
    tables: Tables, catalogue: Catalogue, month: Month, units: pl.DataFrame
) -> tuple[pl.Series, pl.DataFrame]:
    """The cases, each as one integer, and how many there are of each kind.

    An integer tells the scope (of the unit), the seconds until it was resolved or waited so far,
    and whether it was resolved, in this order: to sort 20 million of them takes half a second,
    where to group and sort them by three columns takes ten. The kinds: `scope`, `resolved`,
    `rating`, `day` (of those that begin a band), `n`.
    """
    valid = [unit.unit_id for unit in catalogue.units_in(month)]
    waited = (pl.lit(month.end) - pl.col("received_at")).dt.total_seconds()
    cases = (
        pakn_as_of(tables.pakn, month)
        .filter(
            pl.col("received_at") >= catalogue.year_start(month).start,
            pl.col("unit_id").is_in(valid),
        )
        .select(
            "resolved",
            scope=_scope_of(units),
            rating=pl.col("rating").cast(pl.Int8),
            seconds=pl.when("resolved").then("seconds").otherwise(waited),
        )
    )
    code = pl.col("scope").cast(pl.Int64) * 2**_SECONDS + pl.col("seconds") * 2 + pl.col("resolved")
    begins = sorted({first for first, _ in (*AGES, *WAITS)})
    days, day = pl.col("seconds") // DAY, pl.lit(0)
    for first in begins[1:]:
        day = pl.when(days >= first).then(first).otherwise(day)
    kinds = cases.group_by("scope", "resolved", "rating", day=day.cast(pl.Int64)).agg(_count())
    # One after the other: side by side, polars keeps in memory what both are made of.
    codes = cases.select(code=code).collect(engine="streaming")
    grouped = kinds.collect(engine="streaming")
    every = grouped.with_columns(scope=pl.lit(_ALL, dtype=_PLACE))
    return codes["code"], pl.concat([every, grouped.filter(pl.col("scope") != _ALL)])


def _scope_of(units: pl.DataFrame) -> pl.Expr:
    """The place of a unit's scope: its place among the peers, from 1 on; `_ALL` for any other."""
    place_of = {unit_id: at for at, unit_id in enumerate(units["unit_id"], 1)}

    def replaced(units: pl.Series) -> pl.Series:
        return units.replace_strict(place_of, default=_ALL, return_dtype=_PLACE)

    # Batch by batch: polars replaces a column as a whole only, and takes gigabytes for it.
    return pl.col("unit_id").map_batches(replaced, return_dtype=_PLACE, is_elementwise=True)


def _batches(codes: pl.Series) -> Iterator[pl.Series]:
    """The codes in order: every case once under "all", and once under its unit where that is a
    peer; as many scopes at once as is good for the memory. No scope is in two batches."""
    batch = [(codes % 2**_SECONDS).sort()]
    rows = len(codes)
    for _, own in _by_scope(codes.filter(codes >= 2**_SECONDS).sort()):
        if rows + len(own) > BATCH:
            yield pl.concat(batch)
            batch, rows = [], 0
        batch.append(own)
        rows += len(own)
    yield pl.concat(batch)


def _received(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.select("scope", "month", "n", "resolved")


def _processing(codes: pl.Series) -> pl.DataFrame:
    spread = {
        "days_q25": stats.LOWER_QUARTILE,
        "days_median": stats.MEDIAN,
        "days_q75": stats.UPPER_QUARTILE,
        "days_p90": stats.P90,
    }
    resolved = codes.filter(codes % 2 == 1)
    rows = []
    for scope, own in _by_scope(codes):
        seconds = _within(resolved, scope) % 2**_SECONDS // 2
        enough = len(seconds) >= SMALLEST
        scaled = [share.of_ordered(seconds) if enough else None for share in spread.values()]
        rows.append((scope, len(seconds), len(own), *scaled))
    names = ("scope", "n", "received", *spread)
    found = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")
    return found.with_columns(
        pl.col("scope").cast(_PLACE),
        *(pl.col(name) / (share.denominator * DAY) for name, share in spread.items()),
    )


def _by_scope(codes: pl.Series) -> Iterator[tuple[int, pl.Series]]:
    """The codes of each scope that has any."""
    if codes.is_empty():
        return
    for scope in range(int(codes[0]) // 2**_SECONDS, int(codes[-1]) // 2**_SECONDS + 1):
        if len(own := _within(codes, scope)):
            yield scope, own


def _within(codes: pl.Series, scope: int) -> pl.Series:
    """Those of one scope among codes in order."""
    begin, end = (int(codes.search_sorted(each * 2**_SECONDS)) for each in (scope, scope + 1))
    return codes.slice(begin, end - begin)


def _ratings(rated: pl.DataFrame) -> pl.DataFrame:
    return rated.group_by("scope", stars=pl.col("rating").cast(pl.Int64)).agg(pl.col("n").sum())


def _rating_months(counted: pl.DataFrame) -> pl.DataFrame:
    enough = pl.col("rated") >= SMALLEST
    return counted.select("scope", "month", n="rated", stars=pl.when(enough).then("stars"))


def _rating_waits(rated: pl.DataFrame) -> pl.DataFrame:
    stars = (pl.col("rating").cast(pl.Int64) * pl.col("n")).sum()
    return (
        rated.filter(pl.col("scope") == _ALL)
        .group_by(band=_band(WAITS))
        .agg(pl.col("n").sum(), stars=pl.when(pl.col("n").sum() >= SMALLEST).then(stars))
    )


def _backlog(grouped: pl.DataFrame) -> pl.DataFrame:
    unresolved = grouped.filter(~pl.col("resolved"))
    return unresolved.group_by("scope", band=_band(AGES)).agg(pl.col("n").sum())


def _waiting(codes: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The curves read off day by day, and the medians, of the scopes with enough cases."""
    table = stats.survival_of_counts(_by_second(codes).lazy(), "scope", "seconds").collect()
    medians = pl.DataFrame(
        [_median(table.filter(scope=scope), scope) for scope in table["scope"].unique().sort()],
        schema={
            "scope": _PLACE,
            "n": pl.Int64,
            "resolved": pl.Int64,
            "days": pl.Float64,
        },
        orient="row",
    )
    enough = medians.filter(pl.col("n") >= SMALLEST).select("scope", "n", total="resolved")
    closed = pl.col("events").cum_sum().over("scope")
    curve = stats.survival_at(
        stats.with_limits(table.join(enough, on="scope", how="semi")).with_columns(closed=closed),
        by="scope",
        time="seconds",
        grid=[day * DAY for day in range(HORIZON + 1)],
    )
    few = pl.col("at_risk") < SMALLEST
    waiting = curve.join(enough, on="scope").select(
        "scope",
        day=pl.col("seconds") // DAY,
        n="n",
        open=pl.when(~few).then("at_risk"),
        resolved=1 - pl.col("survival").fill_null(1.0),
        low=1 - pl.col("high").fill_null(pl.col("survival").fill_null(1.0)),
        high=1 - pl.col("low").fill_null(pl.col("survival").fill_null(1.0)),
        closed=pl.when(pl.col("total") > 0).then(pl.col("closed").fill_null(0) / pl.col("total")),
    )
    return waiting, medians


def _by_second(codes: pl.Series) -> pl.DataFrame:
    """The cases of codes in order, by scope and second: `events` (resolved then) and `all`."""
    seconds = codes // 2
    ends = (seconds != seconds.shift(-1)).fill_null(True).arg_true()
    resolved = (codes % 2).cum_sum().gather(ends)
    whole = seconds.gather(ends)
    first = pl.lit(-1, dtype=pl.Int64)
    return pl.DataFrame({"whole": whole, "end": ends.cast(pl.Int64), "resolved": resolved}).select(
        scope=(pl.col("whole") // 2 ** (_SECONDS - 1)).cast(_PLACE),
        seconds=pl.col("whole") % 2 ** (_SECONDS - 1),
        events=pl.col("resolved") - pl.col("resolved").shift(1).fill_null(0),
        all=pl.col("end") - pl.col("end").shift(1).fill_null(first),
    )


def _median(table: pl.DataFrame, scope: int) -> tuple[int, int, int, float | None]:
    cases, events = int(table["at_risk"][0]), int(table["events"].sum())
    seconds = stats.median_time(table, "seconds") if cases >= SMALLEST else None
    return scope, cases, events, None if seconds is None else seconds / DAY


def _count() -> pl.Expr:
    return pl.len().cast(pl.Int64).alias("n")


def _band(bands: tuple[Band, ...]) -> pl.Expr:
    """The place in `bands` of whole days that have passed."""
    return sum((pl.col("day") >= first).cast(pl.Int64) for first, _ in bands[1:]) + pl.lit(0)


def _places(name: str, bands: tuple[Band, ...]) -> pl.Series:
    return pl.Series(name, range(len(bands)), dtype=pl.Int64)


def _complete(frame: pl.DataFrame, *keys: pl.Series) -> pl.DataFrame:
    """A row for every combination of the keys, in their order; counts are 0 where none was."""
    grid = keys[0].to_frame()
    for key in keys[1:]:
        grid = grid.join(key.to_frame(), how="cross")
    names = [key.name for key in keys]
    counts = [name for name in ("n", "received", "resolved") if name in frame.columns]
    return (
        grid.join(frame, on=names, how="left", maintain_order="left")
        .with_columns(pl.col(name).fill_null(0).cast(pl.Int64) for name in counts)
        .select(*names, *(name for name in frame.columns if name not in names))
    )
