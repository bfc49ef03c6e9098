"""The calendar beside the `holidays` library: a second source for the dates, every difference explained."""

from datetime import date, timedelta

import holidays

from tests.domain.state_office import STATE_OFFICE

EXPLAINED = {
    date(2026, 1, 2): "swapped with Saturday 10/1/2026 by decision for civil servants; the library lacks it",
    date(2026, 1, 10): "the Saturday worked for 2/1/2026; the library lacks it",
}
DAYS = [date(2023, 1, 1) + timedelta(n) for n in range((date(2029, 1, 1) - date(2023, 1, 1)).days)]


def test_every_difference_from_the_library_is_explained():
    """From 2023 to 2028 our calendar and the library agree on each day's work, save for the listed dates."""
    library = holidays.country_holidays("VN", years=range(2023, 2029))
    differences = {day for day in DAYS if STATE_OFFICE.is_working(day) != library.is_working_day(day)}
    assert differences == set(EXPLAINED)
