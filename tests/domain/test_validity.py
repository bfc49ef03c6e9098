"""When a dated row holds: both ends count, an open row never ends, and gaps are found to the day."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.check_tools import common, first_uncovered
from domain.validity import do_overlap, in_force, is_in_force

FIRST = date(2025, 6, 20)
DAYS = [FIRST + timedelta(days=n) for n in range(40)]


@dataclass(frozen=True)
class Row:
    valid_from: date
    valid_to: date | None


@st.composite
def rows(draw):
    start = draw(st.integers(0, 19))
    length = draw(st.none() | st.integers(0, 15))
    return Row(DAYS[start], None if length is None else DAYS[start + length])


def test_both_ends_count():
    """A district valid until 30/06/2025 is there on that day and gone on the next."""
    district = Row(date(2018, 6, 21), date(2025, 6, 30))

    assert is_in_force(district, date(2018, 6, 21))
    assert is_in_force(district, date(2025, 6, 30))
    assert not is_in_force(district, date(2018, 6, 20))
    assert not is_in_force(district, date(2025, 7, 1))
    assert in_force([district, Row(date(2025, 7, 1), None)], date(2025, 7, 1)) == (Row(date(2025, 7, 1), None),)


@given(rows(), rows())
def test_overlap_is_a_day_on_which_both_hold(one, other):
    """Two rows overlap exactly when some day has both, and what they have in common is those days."""
    both = [day for day in DAYS if is_in_force(one, day) and is_in_force(other, day)]
    shared = common(one, other)

    assert do_overlap(one, other) is do_overlap(other, one) is bool(both)
    assert [day for day in DAYS if shared is not None and is_in_force(shared, day)] == both


@given(rows(), st.lists(rows(), max_size=5))
def test_first_uncovered_day(span, covering):
    """The first uncovered day of a span is the first on which none of the rows holds."""
    bare = [day for day in DAYS if is_in_force(span, day) and not in_force(covering, day)]

    assert first_uncovered(span, covering) == (bare[0] if bare else None)
