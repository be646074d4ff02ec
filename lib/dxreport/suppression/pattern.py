"""Which counts each month's report hides, so that no report tells what another one hides.

Months are taken in the order in which they were reported, each with what its report could know:
what January hides was settled without February. First the small counts are hidden, then, as
long as one of the hidden counts can be told from what is left, the figures whose loss costs
least. It ends with a proof for each: a world that differs in it and in nothing published.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2
from typing import TYPE_CHECKING, Final

from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.suppression.attack import Attack, Claim, Deviation
from dxreport.suppression.counts import PART_OF, SUM_OVER, Count, Row, plus
from dxreport.suppression.tables import Published, Ratio

if TYPE_CHECKING:
    from dxreport.suppression.rule import Rule

Hidden = frozenset[Count]

_WORTH: Final = {
    "unit": 1.0,
    "topic": 1.0,
    "communes_of": 4.0,
    "kind": 6.0,
    "level": 60.0,
    "all": 400.0,
}
_FINEST: Final = ("unit", "topic")
_BESIDE: Final = 0.3
"""What a figure is worth beside one of the same group that is hidden already."""

_ZERO: Final = 4.0
_QUIET: Final = 3
_ROUNDS: Final = 40


def settle(told: Published, month: Month, rule: Rule, before: Hidden) -> Hidden:
    """What the report of `month` hides of a table; `before` is what the earlier ones hid."""
    return _Settling(told, month, rule, before).run()


def small_counts(told: Published, month: Month, rule: Rule) -> set[Count]:
    """The counts of `month` on too few cases, and the parts of those."""
    whole = PART_OF[told.table]
    counts = told.counts(month)
    small = {c for c in counts if c.measure in told.bases and rule.is_small(told.truth(c))}

    def is_part(count: Count) -> bool:
        part = whole.get(count.measure)
        while part is not None:
            if count._replace(measure=part) in small:
                return True
            part = whole.get(part)
        return False

    return small | {count for count in counts if is_part(count)}


class _Settling:
    def __init__(self, told: Published, month: Month, rule: Rule, before: Hidden) -> None:
        self.told = told
        self.month = month
        self.rule = rule
        self.small = {*before, *small_counts(told, month, rule)}
        self.hidden = {count: None for count in told.forms if count in self.small}
        fixed = {c: form for c, form in told.forms.items() if c not in self.hidden}
        self.attack = Attack(
            told.world,
            fixed,
            {count: self._limits(count) for count in self.hidden},
            {count: self._price(count) for count in fixed if count.month == month},
        )
        self.open: dict[Count | Ratio, Claim] = {}

    def run(self) -> Hidden:
        if self.hidden:
            self._claim(self.hidden)
            self._wander()
        while self.open:
            what, claim = next(iter(self.open.items()))
            world = self.attack.witness(claim, list(self.open.values()), len(self.open))
            if world is None:
                moved = self.attack.cheapest(claim, whole=False)
                moved = moved or self.attack.cheapest(claim, whole=True)
                if moved:
                    for count in moved:
                        self.attack.hide(count, self._limits(count))
                        self.hidden[count] = None
                    self._claim(moved)
                elif not self._say_less(what):
                    raise DxError(
                        f"suppression: {self.month}: {_named(what)} can be told from the other "
                        "figures whatever else is hidden; take another minimum"
                    )
                continue
            self._close(world)
            if what in self.open:
                raise DxError(f"internal: {_named(what)} was not protected")
        return frozenset(count for count in self.hidden if count.month == self.month)

    def _say_less(self, what: Count | Ratio) -> bool:
        """No longer takes it for known that counts are small, where that alone tells a count.

        So in a group of four units with one case each: that its sum is under 5 tells the sum.
        First the count itself is let go, then sums, then every count.
        """
        own = {what} if isinstance(what, Count) else {what.numerator, what.denominator}
        known = [count for count in self.hidden if self.attack.limits(count).high is not None]
        sums = [c for c in known if c.span == "ytd" or c.scope.partition(":")[0] not in _FINEST]
        for let_go in ([count for count in known if count in own], sums, known):
            for count in let_go:
                self.attack.hide(count, self.attack.limits(count)._replace(high=None))
            if let_go:
                return True
        return False

    def _wander(self) -> None:
        quiet = 0
        for seed in range(_ROUNDS):
            if not self.open or quiet == _QUIET:
                return
            left = len(self.open)
            world = self.attack.wander(list(self.open.values()), seed)
            if world is not None:
                self._close(world)
            quiet = 0 if len(self.open) < left else quiet + 1

    def _close(self, world: Deviation) -> None:
        self.open = {what: c for what, c in self.open.items() if not c.deviates_in(world)}

    # -- what must not be told --------------------------------------------------------------

    def _claim(self, counts: Iterable[Count]) -> None:
        """The counts, and the rates and means that they are of."""
        wanted = set(counts)
        for count in self.told.forms:
            if count in wanted:
                self.open[count] = Claim(self.told.forms[count])
        for ratios in self.told.ratios.values():
            for ratio in ratios:
                if wanted & {ratio.numerator, ratio.denominator}:
                    self._claim_ratio(ratio)

    def _claim_ratio(self, ratio: Ratio) -> None:
        if ratio.numerator.measure in SUM_OVER:
            return
        above, below = (self.told.truth(count) for count in (ratio.numerator, ratio.denominator))
        # All or none: who reads that of a whole knows it of each part, hidden or not.
        if 0 < above < below:
            forms = self.told.forms[ratio.numerator], self.told.forms[ratio.denominator]
            self.open[ratio] = Claim(plus(*forms, times=[below, -above]))

    def _limits(self, count: Count) -> Row:
        """What the attacker is told of a hidden count: whether it is a small one."""
        form = self.told.forms[count]
        if count.measure in self.told.bases:
            truth = self.told.truth(count)
            if self.rule.is_small(truth):
                return Row(form, 1, self.rule.minimum - 1)
            if truth:
                return Row(form, self.rule.minimum, None)
        return Row(form, None, None)

    def _price(self, count: Count) -> float:
        """What hiding a figure costs a reader; a large one more, an already lonely one less."""
        price = _WORTH[count.scope.partition(":")[0]]
        truth = self.told.truth(count)
        price *= _ZERO if not truth else 1 + log2(1 + truth) / 8
        beside = any(
            other.scope == count.scope and other.span == count.span
            for other in self.hidden
            if other.month == self.month
        )
        return price * (_BESIDE if beside else 1.0)


def _named(what: Count | Ratio) -> str:
    count = what if isinstance(what, Count) else what.numerator
    return f"{count.measure}/{count.span}/{count.scope} of {count.month}"
