"""The quarter of the news article at a hundredth of its size: carried into the ledger, told, and compared."""

from __future__ import annotations

from datetime import timedelta

from adapters.postgres import Pool
from bench.quarter import KNOWN, carry, compare
from bench.quarter_plan import BEGINS, CENTRE, CENTRE_DONG, CENTRE_PAYMENTS, DONG, PAYMENTS, plan, sums, surplus
from tests.ledger import Book

SOME, SEED = 500, 1


async def test_the_statements_say_what_the_plan_adds_up_to(pool: Pool) -> None:
    """Overall, by unit, fee, channel and day, and the surplus; a payment more in the ledger would be noticed."""
    debits = plan(SOME, SEED)
    await carry(pool, debits, {})
    differences, whole = await compare(pool, debits)

    assert differences == []
    assert (whole["payments"], whole["collected"]) == (SOME, DONG * SOME // PAYMENTS)
    dossier = await pool.fetchval("SELECT id FROM dossier LIMIT 1")
    await Book(pool, dossier).paid(BEGINS + timedelta(days=9), [("LP-CAP", "le_phi", 1, 0)], recorded_at=KNOWN)
    noticed, _ = await compare(pool, debits)
    assert {each.split()[0] for each in noticed} == {"unit", "channel", "day", "fee", "each", "whole"}


def test_the_plan_has_the_numbers_of_the_article() -> None:
    """50,000 payments of more than 17 billion đồng, 7,529 of nearly 11 billion at the Centre; and every trouble."""
    debits = plan(PAYMENTS, SEED)
    (whole,) = sums(debits, lambda *_: "").values()
    centre = sums(debits, lambda debit, _: debit.place[0])[CENTRE[0][0]]

    assert (whole.payments, whole.collected) == (PAYMENTS, DONG)
    assert (centre.payments, centre.collected) == (CENTRE_PAYMENTS, CENTRE_DONG)
    assert 0 < whole.refunded < whole.collected
    assert all(surplus(debits).values())
    assert any(debit.repeated for debit in debits)
    assert len(debits) > PAYMENTS, "some lie just outside the quarter"
    assert plan(SOME, SEED) == plan(SOME, SEED) != plan(SOME, SEED + 1)
