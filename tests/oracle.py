"""The indicators once more, in DuckDB SQL, written from the specification and not from the code.

`Oracle(folder, reference).answers("2024-09")` reads the data folder's files itself and gives
every figure of that month's report: the pair of integers, the target and the verdict, the ranks,
and the figure as an integer count of its last printed place. Shares no line with `dxreport`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb

Key = tuple[str, str, str]
"""indicator, period, scope."""

COLUMNS = {
    "units": "unit_id VARCHAR, name VARCHAR, level VARCHAR, kind VARCHAR, parent_id VARCHAR, "
    "valid_from DATE, valid_to DATE",
    "documents": "unit_id VARCHAR, month VARCHAR, outgoing BIGINT, signed_from_work_file BIGINT",
    "e_copies": "unit_id VARCHAR, month VARCHAR, certified BIGINT, electronic BIGINT",
    "pakn": "unit_id VARCHAR, topic VARCHAR, received_at TIMESTAMP, due_at TIMESTAMP, "
    "resolved_at TIMESTAMP, rating BIGINT",
    "procedures": "source_system VARCHAR, unit_id VARCHAR, received_at TIMESTAMP, "
    "due_at TIMESTAMP, returned_at TIMESTAMP, filed_online BOOLEAN, fee_due BOOLEAN, "
    "paid_online BOOLEAN, digitised BOOLEAN",
    "targets": "indicator VARCHAR, level VARCHAR, minimum DECIMAL(18,6), valid_from DATE",
    "baselines": "indicator VARCHAR, scope VARCHAR, value DECIMAL(18,6)",
}

# The table of indicators.md. `scale` and `per` turn numerator / denominator into the unit;
# the decimals are those of a scope in general, and of `all` and of a unit where they differ.
CATALOGUE = """
CREATE TABLE catalogue AS SELECT * FROM (VALUES
  ('documents_signed_rate',     1, 'rate', ['month', 'ytd'], ['level', 'unit'],
   ['province', 'district', 'commune'], 100, 1, 2, 2, 2),
  ('pakn_received',             2, 'count', ['month', 'ytd'], ['all', 'unit', 'kind', 'topic'],
   ['province', 'district', 'commune'], 1, 1, 0, 0, 0),
  ('pakn_resolved',             2, 'count', ['month', 'ytd'], ['all', 'unit', 'kind', 'topic'],
   ['province', 'district', 'commune'], 1, 1, 0, 0, 0),
  ('pakn_resolution_rate',      2, 'rate', ['month', 'ytd'], ['all', 'unit', 'kind', 'topic'],
   ['province', 'district', 'commune'], 100, 1, 1, 1, 1),
  ('pakn_backlog',              2, 'count', ['month', 'ytd'], ['all', 'unit', 'kind'],
   ['province', 'district', 'commune'], 1, 1, 0, 0, 0),
  ('pakn_satisfaction_mean',    2, 'rate', ['month', 'ytd'], ['all', 'unit', 'kind'],
   ['province', 'district', 'commune'], 1, 1, 1, 2, 1),
  ('pakn_processing_days_mean', 2, 'rate', ['month', 'ytd'], ['all', 'unit', 'kind'],
   ['province', 'district', 'commune'], 1, 86400, 1, 2, 1),
  ('pakn_on_time_rate',         2, 'rate', ['month', 'ytd'], ['all', 'unit', 'kind'],
   ['province', 'district', 'commune'], 100, 1, 1, 1, 1),
  ('e_copy_rate',               3, 'rate', ['month', 'ytd'], ['level', 'unit'],
   ['district', 'commune'], 100, 1, 1, 1, 1),
  ('e_copy_commune_mean',       3, 'rate', ['month', 'ytd'], ['communes_of'],
   ['commune'], 100, 1, 1, 1, 1),
  ('online_filing_rate',        4, 'rate', ['end'], ['all', 'level', 'unit', 'system'],
   ['province', 'district', 'commune'], 100, 1, 0, 0, 2),
  ('procedures_overdue',        4, 'count', ['end'], ['all', 'level', 'unit', 'system'],
   ['province', 'district', 'commune'], 1, 1, 0, 0, 0),
  ('procedures_overdue_rate',   4, 'rate', ['end'], ['all', 'level', 'unit', 'system'],
   ['province', 'district', 'commune'], 100, 1, 2, 2, 0),
  ('digitisation_rate',         5, 'rate', ['end'], ['all', 'level', 'unit', 'system'],
   ['province', 'district', 'commune'], 100, 1, 0, 0, 0),
  ('online_payment_rate',       6, 'rate', ['end'], ['all', 'level', 'unit', 'system'],
   ['province', 'district', 'commune'], 100, 1, 0, 0, 0)
) AS t(indicator, section, shape, periods, scopes, levels, scale, per,
       decimals, decimals_all, decimals_unit)
"""

CHANGES = (
    "documents_signed_rate",
    "pakn_resolution_rate",
    "e_copy_rate",
    "e_copy_commune_mean",
)
TARGETS_MET = {
    "documents_signed_rate": "documents_signed_target_met",
    "e_copy_rate": "e_copy_target_met",
    "e_copy_commune_mean": "e_copy_commune_target_met",
    "online_filing_rate": "online_filing_target_met",
    "digitisation_rate": "digitisation_target_met",
    "online_payment_rate": "online_payment_target_met",
}

FULL = {"documents_signed_rate": "documents_signed_full"}

FIGURES = """
WITH
world AS (
  SELECT first, (first + INTERVAL 1 MONTH)::TIMESTAMP AS after, date_trunc('year', first) AS january
  FROM (SELECT $first::DATE AS first)
),
-- A unit that is not valid in the report month takes no part in it.
here AS (
  SELECT u.unit_id, u.level, u.kind, u.parent_id FROM units u, world
  WHERE (u.valid_from IS NULL OR u.valid_from < after)
    AND (u.valid_to IS NULL OR u.valid_to >= first)
),
-- What happened at or after the end of the month does not exist.
seen AS (
  SELECT unit_id, topic, received_at, due_at,
         coalesce(resolved_at < after, false) AS resolved,
         CASE WHEN resolved_at < after THEN resolved_at END AS done,
         CASE WHEN resolved_at < after THEN rating END AS stars,
         coalesce(due_at < after, false) AS due_passed
  FROM pakn, world WHERE received_at < after
),
dossiers AS (
  SELECT *, CASE WHEN returned_at < after THEN returned_at > due_at ELSE due_at < after END AS late
  FROM procedures, world WHERE received_at < after
),
items AS (
  SELECT unit_id, NULL AS topic, 'province' AS system, (month || '-01')::TIMESTAMP AS at,
         'documents_signed_rate' AS indicator, signed_from_work_file AS n, outgoing AS d
  FROM documents
  UNION ALL
  SELECT unit_id, NULL, 'province', (month || '-01')::TIMESTAMP,
         unnest(['e_copy_rate', 'e_copy_commune_mean']), electronic, certified
  FROM e_copies
  UNION ALL
  SELECT unit_id, topic, 'province', received_at, unnest([
    {'indicator': 'pakn_received', 'n': 1, 'd': 1},
    {'indicator': 'pakn_resolved', 'n': resolved::BIGINT, 'd': 1},
    {'indicator': 'pakn_resolution_rate', 'n': resolved::BIGINT, 'd': 1},
    {'indicator': 'pakn_backlog', 'n': (NOT resolved)::BIGINT, 'd': 1},
    {'indicator': 'pakn_satisfaction_mean',
     'n': coalesce(stars, 0), 'd': (stars IS NOT NULL)::BIGINT},
    {'indicator': 'pakn_processing_days_mean',
     'n': coalesce((epoch_us(done) - epoch_us(received_at)) // 1000000, 0),
     'd': resolved::BIGINT},
    {'indicator': 'pakn_on_time_rate',
     'n': coalesce(done <= due_at, false)::BIGINT, 'd': (resolved OR due_passed)::BIGINT}
  ], recursive := true)
  FROM seen
  UNION ALL
  SELECT unit_id, NULL, source_system, received_at, unnest([
    {'indicator': 'online_filing_rate', 'n': filed_online::BIGINT, 'd': 1},
    {'indicator': 'procedures_overdue', 'n': late::BIGINT, 'd': 1},
    {'indicator': 'procedures_overdue_rate', 'n': late::BIGINT, 'd': 1},
    {'indicator': 'digitisation_rate', 'n': digitised::BIGINT, 'd': 1},
    {'indicator': 'online_payment_rate',
     'n': (fee_due AND coalesce(paid_online, false))::BIGINT, 'd': fee_due::BIGINT}
  ], recursive := true)
  FROM dossiers
  UNION ALL
  -- Every unit has a row of nothing, so that one without records counts 0.
  SELECT unit_id, NULL, 'province', first, indicator, 0, 0 FROM here, world, catalogue
),
periods AS (
  SELECT 'month' AS period, first::TIMESTAMP AS since FROM world
  UNION ALL SELECT unnest(['ytd', 'end']), january FROM world
),
scoped AS (
  SELECT i.indicator, p.period, i.n, i.d,
         unnest(list_filter([
           CASE WHEN own AND 'all' IN c.scopes THEN 'all' END,
           CASE WHEN own AND 'level' IN c.scopes THEN 'level:' || h.level END,
           CASE WHEN own AND 'unit' IN c.scopes THEN 'unit:' || h.unit_id END,
           CASE WHEN own AND 'kind' IN c.scopes AND h.kind IN ('service_centre', 'enterprise')
                THEN 'kind:' || h.kind END,
           CASE WHEN own AND 'topic' IN c.scopes THEN 'topic:' || i.topic END,
           CASE WHEN own AND 'communes_of' IN c.scopes AND parent.level = 'district'
                THEN 'communes_of:' || h.parent_id END,
           CASE WHEN NOT own AND 'system' IN c.scopes
                THEN 'unit:' || h.unit_id || '@' || i.system END
         ], lambda s: s IS NOT NULL)) AS scope
  FROM (SELECT *, system = 'province' AS own FROM items) i
  JOIN here h USING (unit_id)
  LEFT JOIN here parent ON parent.unit_id = h.parent_id
  JOIN catalogue c ON c.indicator = i.indicator AND h.level IN c.levels
  JOIN periods p ON p.period IN c.periods AND i.at >= p.since
  JOIN world ON i.at < after
),
sums AS (
  SELECT s.indicator, s.period, s.scope, sum(s.n)::HUGEINT AS n,
         CASE c.shape WHEN 'count' THEN 1 ELSE sum(s.d) END::HUGEINT AS d
  FROM scoped s JOIN catalogue c USING (indicator)
  GROUP BY s.indicator, s.period, s.scope, c.shape
),
placed AS (
  SELECT s.*,
         -- Whose target it is held to: other systems' rows and pools of a kind to none.
         CASE WHEN s.scope LIKE 'level:%' THEN s.scope[7:]
              WHEN s.scope LIKE 'communes_of:%' THEN 'communes_of'
              ELSE h.level END AS held,
         -- Among whom it is ranked: units of one level and kind, districts' communes, topics.
         CASE WHEN s.scope LIKE 'topic:%' THEN 'topic'
              WHEN s.scope LIKE 'communes_of:%' THEN 'communes_of'
              WHEN h.kind IN ('department', 'people_committee') THEN h.level || h.kind
         END AS peerage
  FROM sums s LEFT JOIN here h ON s.scope = 'unit:' || h.unit_id
),
ranks AS (
  SELECT a.indicator, a.period, a.scope, count(*) AS peers,
         1 + count_if(b.n * a.d > a.n * b.d) AS rank_high,
         1 + count_if(b.n * a.d < a.n * b.d) AS rank_low
  FROM placed a JOIN placed b USING (indicator, period, peerage)
  WHERE a.d > 0 AND b.d > 0
  GROUP BY ALL
),
in_force AS (
  SELECT indicator, level, arg_max(minimum, coalesce(valid_from, DATE '0001-01-01')) AS minimum
  FROM targets, world WHERE valid_from IS NULL OR valid_from < after
  GROUP BY ALL
),
held_to AS (
  SELECT indicator, level, minimum FROM in_force WHERE indicator <> 'e_copy_commune_mean'
  UNION ALL
  -- The communes of a district together: their own target, else that of a commune.
  SELECT 'e_copy_commune_mean', 'communes_of', minimum FROM in_force
  WHERE indicator = 'e_copy_commune_mean' OR (
    indicator = 'e_copy_rate' AND level = 'commune'
    AND NOT EXISTS (FROM in_force WHERE indicator = 'e_copy_commune_mean'))
)
SELECT p.indicator, p.period, p.scope, p.n, p.d, t.minimum,
       CASE WHEN p.d > 0
            THEN p.n * 100 * 1000000 >= (t.minimum * 1000000)::HUGEINT * p.d END AS met,
       r.rank_high, r.rank_low, r.peers, c.section, p.held,
       CASE WHEN p.scope = 'all' THEN c.decimals_all WHEN p.scope LIKE 'unit:%'
            THEN c.decimals_unit ELSE c.decimals END AS places,
       CASE WHEN p.d > 0 THEN
         (2 * p.n * c.scale * (10 ** places)::HUGEINT + p.d * c.per) // (2 * p.d * c.per)
       END AS shown,
       c.scale, c.per, c.shape = 'count'
FROM placed p
JOIN catalogue c USING (indicator)
LEFT JOIN ranks r USING (indicator, period, scope)
LEFT JOIN held_to t ON t.indicator = p.indicator AND t.level = p.held
ORDER BY ALL
"""


@dataclass(frozen=True)
class Answer:
    """A figure. `shown` counts units of 10**-`places`; `exact` is unrounded, in its unit."""

    numerator: int
    denominator: int
    section: int
    target: Decimal | None = None
    met: bool | None = None
    rank_high: int | None = None
    rank_low: int | None = None
    peers: int | None = None
    places: int = 0
    shown: int | None = None
    exact: Fraction | None = None
    held: str | None = None

    counted: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether a report may as well leave it out: a rate without cases, a count of none."""
        return self.denominator == 0 or (self.counted and self.numerator == 0)


class Oracle:
    """The reference answers for one data folder. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, reference: Path) -> None:
        self.known: dict[str, dict[Key, Answer]] = {}
        self.database = duckdb.connect(":memory:", config={"threads": 1})
        self.database.execute(CATALOGUE)
        for table, columns in COLUMNS.items():
            self._load(table, columns, folder, reference)

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def _load(self, table: str, columns: str, folder: Path, reference: Path) -> None:
        wanted = ", ".join(
            f"{name}::{kind} AS {name}"
            for name, kind in (column.split(" ", 1) for column in columns.split(", "))
        )
        places = [folder / f"{table}.parquet", folder / table, folder / f"{table}.csv"]
        places.append(reference / f"{table}.csv")
        source = next(place for place in places if place.exists())
        if source.suffix == ".csv":
            scan = f"read_csv('{source}', header = true, delim = ',', all_varchar = true)"
        else:
            scan = f"read_parquet('{source / '*.parquet' if source.is_dir() else source}')"
        self.database.execute(f"CREATE TABLE {table} AS SELECT {wanted} FROM {scan}")

    def answers(self, month: str) -> dict[Key, Answer]:
        """Every figure of the report for `month` (YYYY-MM), those of `previous` included."""
        now = self._figures(month)
        before = self._figures(_month_before(month))
        found = dict(now)
        for (indicator, period, scope), answer in before.items():
            if indicator in CHANGES and period == "month":
                found[indicator, "previous", scope] = answer
        found.update(_changes(found))
        found.update(self._since_baseline(now))
        found.update(_targets_met(now))
        found.update(_full(now))
        return found

    def top_topics(self, month: str, most: int = 4) -> list[str]:
        """The topics with most PAKN in the year to date; one that ties with the last counts."""
        ranked = sorted(
            (answer.rank_high, key[2].removeprefix("topic:"))
            for key, answer in self._figures(month).items()
            if key[:2] == ("pakn_received", "ytd") and answer.rank_high and "topic:" in key[2]
        )
        return [topic for rank, topic in ranked if rank <= most]

    def _figures(self, month: str) -> dict[Key, Answer]:
        if month not in self.known:
            self.known[month] = self._count(month)
        return self.known[month]

    def _count(self, month: str) -> dict[Key, Answer]:
        rows = self.database.execute(FIGURES, {"first": f"{month}-01"}).fetchall()
        return {
            (indicator, period, scope): Answer(
                n, d, section, minimum, met, high, low, peers, places, shown,
                Fraction(n * scale, d * per) if d else None, held, counted,
            )
            for indicator, period, scope, n, d, minimum, met, high, low, peers, section, held,
            places, shown, scale, per, counted in rows
        }  # fmt: skip

    def _since_baseline(self, now: dict[Key, Answer]) -> Iterator[tuple[Key, Answer]]:
        """The printed figure less the baseline, in percentage points."""
        for indicator, scope, value in self.database.execute("FROM baselines").fetchall():
            for (other, period, place), answer in now.items():
                if (other, place) == (indicator, scope):
                    yield (
                        (f"{indicator}_change_since_baseline", period, scope),
                        _moved_from(Fraction(value), answer),
                    )


def _moved_from(value: Fraction, now: Answer) -> Answer:
    if now.shown is None:
        return Answer(0, 0, now.section)
    moved = Fraction(now.shown, 10**now.places) - value
    return Answer(moved.numerator, moved.denominator, now.section, exact=moved)


def _changes(found: dict[Key, Answer]) -> dict[Key, Answer]:
    """The difference of the two printed figures, as a count of the last printed place."""
    changes = {}
    for (indicator, period, scope), now in found.items():
        before = found.get((indicator, "previous", scope))
        if indicator in CHANGES and period == "month":
            key = (f"{indicator}_change", "month", scope)
            if before is None or before.shown is None or now.shown is None:
                changes[key] = Answer(0, 0, now.section)
            else:
                moved, unit = now.shown - before.shown, 10**now.places
                changes[key] = Answer(
                    moved, unit, now.section,
                    places=now.places, shown=moved, exact=Fraction(moved, unit),
                )  # fmt: skip
    return changes


def _targets_met(now: dict[Key, Answer]) -> dict[Key, Answer]:
    """How many units of a level meet the target, out of those with a denominator."""
    members: dict[Key, list[Answer]] = {}
    for (indicator, period, scope), answer in now.items():
        if indicator in TARGETS_MET and answer.target is not None and answer.held is not None:
            if scope.startswith("unit:"):
                level = answer.held
            elif scope.startswith("communes_of:"):
                level = "district"
            else:
                continue
            members.setdefault((TARGETS_MET[indicator], period, f"level:{level}"), []).append(
                answer
            )
    return {
        key: Answer(
            sum(answer.met is True for answer in group),
            sum(answer.denominator > 0 for answer in group),
            group[0].section,
            exact=_met(group),
        )
        for key, group in members.items()
    }


def _full(now: dict[Key, Answer]) -> dict[Key, Answer]:
    """How many units of a level stand at exactly 100%, out of those with a denominator."""
    members: dict[Key, list[Answer]] = {}
    for (indicator, period, scope), answer in now.items():
        if indicator in FULL and period != "previous" and scope.startswith("unit:"):
            key = (FULL[indicator], period, f"level:{answer.held}")
            members.setdefault(key, []).append(answer)
    found = {}
    for key, group in members.items():
        told = [answer for answer in group if answer.denominator]
        full = sum(answer.numerator == answer.denominator for answer in told)
        exact = Fraction(full) if told else None
        found[key] = Answer(full, len(told), group[0].section, exact=exact)
    return found


def _met(group: list[Answer]) -> Fraction | None:
    """The count as a value: none where no unit has a denominator."""
    if all(answer.denominator == 0 for answer in group):
        return None
    return Fraction(sum(answer.met is True for answer in group))


def _month_before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"
