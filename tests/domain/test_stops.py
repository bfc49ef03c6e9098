"""What stops what: every reason says what it does to every clock, and on which text."""

import pytest

from domain.clocks import Stop, due_after_stops
from domain.stops import TABLE, ClockColumn, Effect, Policy, StopReason, effect_of
from schema.commands import StopReason as Suspension
from tests.domain.state_office import STATE_OFFICE, moment, term

R, C, E = StopReason, ClockColumn, Effect


def test_every_cell_has_an_effect_and_a_basis():
    """The table is whole: a reason, or a clock, that is added must be answered for."""
    assert set(TABLE) == set(StopReason)
    for reason, row in TABLE.items():
        assert set(row) == set(ClockColumn), reason
        assert all(cell.basis.strip() for cell in row.values()), reason


def test_the_reasons_of_a_suspension_stop_the_processing_clocks():
    """Whatever an office may suspend for is a reason of the table, and stands the processing clocks still."""
    for name in (*Suspension.__args__, "financial_duty"):
        effects = {effect_of(StopReason(name), clock) for clock in (C.PROMISED, C.STATUTORY, C.STEP)}
        assert effects == {Effect.STOPS}


@pytest.mark.parametrize(
    "reason, clock, effect",
    [
        (R.PAPERS, C.ACCEPTANCE, E.ENDS),
        (R.PAPERS, C.STATUTORY, E.IDLE),
        (R.SUPPLEMENT, C.STATUTORY, E.RESTARTS),
        (R.SUPPLEMENT, C.INDEX_766, E.STOPS),
        (R.FEE_AT_RECEIPT, C.PROMISED, E.IDLE),
        (R.FEE, C.PROMISED, E.RUNS),
        (R.FINANCIAL_DUTY, C.PROMISED, E.STOPS),
        (R.CONSULTATION, C.STATUTORY, E.RUNS),
        (R.WITHDRAWAL, C.STATUTORY, E.ENDS),
    ],
)
def test_the_cells_that_the_law_writes(reason, clock, effect):
    """The rulings that everything else rests on, one by one."""
    assert effect_of(reason, clock) is effect


def test_only_a_supplement_asks_for_the_policy():
    """A procedure that resumes changes what a supplement does, and nothing else."""
    changed = {
        (reason, clock)
        for reason in StopReason
        for clock in ClockColumn
        if effect_of(reason, clock, Policy.RESUME) is not effect_of(reason, clock)
    }
    assert changed == {(R.SUPPLEMENT, clock) for clock in (C.PROMISED, C.STATUTORY, C.STEP)}


def due_of(*stops, policy=Policy.RESTART, length="10 wd"):
    found = due_after_stops(term(length), moment("Mon 04/03/2024 09:00"), stops, STATE_OFFICE, policy)
    return None if found is None else found.instant


def stop(started, ended, reason, effect=None):
    return Stop(moment(started), moment(ended) if ended else None, reason, effect)


def test_a_restart_forgets_what_was_waited_before():
    """A duty left out before the supplement is no concern of the term that starts at its completion; one after is."""
    duty = stop("05/03/2024 09:00", "07/03/2024 09:00", R.FINANCIAL_DUTY)
    papers = stop("11/03/2024 09:00", "13/03/2024 09:00", R.SUPPLEMENT)
    later = stop("18/03/2024 09:00", "20/03/2024 09:00", R.FINANCIAL_DUTY)
    assert due_of(duty) == moment("Wed 20/03/2024 17:00")
    assert due_of(duty, papers) == moment("Wed 27/03/2024 17:00")
    assert due_of(duty, papers, later) == moment("Fri 29/03/2024 17:00")


def test_what_does_not_stop_the_clock_may_overlap_what_does():
    """A consultation runs on while the applicant pays a duty: it is not in the reckoning at all."""
    asked = stop("05/03/2024 08:00", None, R.CONSULTATION)
    duty = stop("05/03/2024 09:00", "07/03/2024 09:00", R.FINANCIAL_DUTY)
    assert due_of(asked, duty) == due_of(duty)
    assert due_of(stop("05/03/2024 08:00", None, R.FEE)) == due_of()


def test_a_withdrawal_ends_the_clock():
    """After a withdrawal in time there is no due instant; one after the end does not undo the breach."""
    assert due_of(stop("05/03/2024 08:00", None, R.WITHDRAWAL)) is None
    assert due_of(stop("25/03/2024 08:00", None, R.WITHDRAWAL)) == due_of()


def test_a_procedure_may_name_an_effect_of_its_own():
    """An ordinary fee stops nothing, unless the stop itself carries the effect that the procedure's basis gives it."""
    fee = ("05/03/2024 09:00", "07/03/2024 09:00", R.FEE)
    assert due_of(stop(*fee, Effect.STOPS)) == moment("Wed 20/03/2024 17:00")
    assert due_of(stop(*fee)) == moment("Mon 18/03/2024 17:00")
