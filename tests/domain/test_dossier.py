"""The moves of a dossier as tables that a lawyer could check against law.md 2.1 and 2.2: every act in every state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import (
    DECIDED,
    ENGINES_OWN,
    GIVEN_UP,
    MOVES,
    NATIONAL_NAMES,
    Act,
    Business,
    Delivery,
    Finance,
    State,
    Synchronisation,
    after,
    is_closed,
    may,
    national_code,
    possible,
    what_fits,
)
from domain.errors import NotAllowed

# What the administration does. A column is a state, a row an act; the cell is where it leads, "." is a refusal.
BUSINESS = """
                   submitted    incomplete   complete     accepted    processing    supplementing withdrawing
find_complete      complete     .            .            .           .             .             .
accept             accepted     .            accepted     .           .             .             .
request_supplement incomplete   .            .            .           supplementing .             .
supplement         .            submitted    .            .           .             processing    .
refuse             not_accepted not_accepted not_accepted .           refused       refused       .
forward            .            .            .            processing  .             .             .
propose            .            .            .            .           processing    .             .
require_duty       .            .            .            .           awaiting_duty .             .
suspend            .            .            .            .           suspended     .             .
answer_in_time     .            .            .            accepted    processing    .             .
answer_late        .            .            .            accepted    processing    .             .
sign_apology       .            .            .            accepted    processing    .             .
move_appointment   .            .            .            accepted    processing    .             .
approve            .            .            .            .           resolved      .             .
withdraw           withdrawing  withdrawing  withdrawing  withdrawing withdrawing   withdrawing   .
stop               .            .            .            .           stopped       stopped       stopped
"""
# The same, where the clock stands still.
STANDING_STILL = """
         awaiting_duty suspended
resume   processing    processing
withdraw withdrawing   withdrawing
stop     stopped       stopped
"""
FINANCE = """
                 nothing_due  owed     ordered  paid  waived
pay              .            paid     paid     .     .
order            .            ordered  .        .     .
settle           .            paid     paid     .     .
fail             .            .        owed     .     .
waive            .            waived   waived   .     .
choose_provider  .            ordered  ordered  .     .
"""
DELIVERY = """
         not_ready  ready     returned
approve  ready      .         .
refuse   ready      .         .
stop     ready      .         .
return   .          returned  .
"""
SYNCHRONISATION = """
         unpublished  due        published
publish  .            published  .
"""
TABLES = {
    "business": (Business, BUSINESS, STANDING_STILL),
    "finance": (Finance, FINANCE),
    "delivery": (Delivery, DELIVERY),
    "synchronisation": (Synchronisation, SYNCHRONISATION),
}

# Every legal transition of law.md 2.2, as national codes: from, by which act, to.
NATIONAL = [
    ("1 -> 2", State(), Act.ACCEPT, 2),
    ("1 -> 5", State(), Act.REQUEST_SUPPLEMENT, 5),
    ("5 -> 1, the papers came before acceptance", State(Business.INCOMPLETE), Act.SUPPLEMENT, 1),
    ("1 -> 3", State(), Act.REFUSE, 3),
    ("5 -> 3, the time for papers is over", State(Business.INCOMPLETE), Act.REFUSE, 3),
    ("1 -> 6, the fee is due before acceptance", State(finance=Finance.OWED), Act.FIND_COMPLETE, 6),
    ("6 -> 6, ordered online", State(Business.COMPLETE, Finance.OWED), Act.ORDER, 6),
    ("6 -> 1, paid, not yet accepted", State(Business.COMPLETE, Finance.ORDERED), Act.SETTLE, 1),
    ("6 -> 2", State(Business.COMPLETE, Finance.PAID), Act.ACCEPT, 2),
    ("6 -> 1, let go by an officer", State(Business.COMPLETE, Finance.ORDERED), Act.WAIVE, 1),
    ("6 -> 6, another provider", State(Business.COMPLETE, Finance.ORDERED), Act.CHOOSE_PROVIDER, 6),
    ("6 -> 1, in cash after all", State(Business.COMPLETE, Finance.ORDERED), Act.PAY, 1),
    ("2 -> 4", State(Business.ACCEPTED), Act.FORWARD, 4),
    ("4 -> 4", State(Business.PROCESSING), Act.PROPOSE, 4),
    ("4 -> 5", State(Business.PROCESSING), Act.REQUEST_SUPPLEMENT, 5),
    ("5 -> 4", State(Business.SUPPLEMENTING), Act.SUPPLEMENT, 4),
    ("5 -> 8, the time for papers is over", State(Business.SUPPLEMENTING), Act.STOP, 8),
    ("1 -> 7", State(), Act.WITHDRAW, 7),
    ("2 -> 7", State(Business.ACCEPTED), Act.WITHDRAW, 7),
    ("4 -> 7", State(Business.PROCESSING), Act.WITHDRAW, 7),
    ("5 -> 7", State(Business.SUPPLEMENTING), Act.WITHDRAW, 7),
    ("6 -> 7", State(Business.COMPLETE, Finance.OWED), Act.WITHDRAW, 7),
    ("7 -> 8", State(Business.WITHDRAWING), Act.STOP, 8),
    ("4 -> 8, refused", State(Business.PROCESSING), Act.REFUSE, 8),
    ("4 -> 8, stopped", State(Business.PROCESSING), Act.STOP, 8),
    ("4 -> 6, a financial duty", State(Business.PROCESSING), Act.REQUIRE_DUTY, 6),
    ("6 -> 4, the duty is paid", State(Business.AWAITING_DUTY), Act.RESUME, 4),
    ("4 -> 4, the clock stands still", State(Business.PROCESSING), Act.SUSPEND, 4),
    ("4 -> 9", State(Business.PROCESSING), Act.APPROVE, 9),
    ("9 -> 10", State(Business.RESOLVED, delivery=Delivery.READY), Act.RETURN, 10),
    ("8 -> 8, the papers are given back", State(Business.REFUSED, delivery=Delivery.READY), Act.RETURN, 8),
]


def read(column: str) -> dict[tuple[str, Act], str]:
    """The moves of a table as it is drawn."""
    moves = {}
    for drawn in TABLES[column][1:]:
        head, *rows = (line.split() for line in drawn.strip().splitlines())
        for row in rows:
            moves |= {(state, Act(row[0])): cell for state, cell in zip(head, row[1:], strict=True) if cell != "."}
    return moves


@pytest.mark.parametrize("column", TABLES)
def test_the_moves_are_those_of_the_table(column: str) -> None:
    """No move more and no move less than the table that is drawn here."""
    assert {(str(state), act): str(to) for (state, act), to in MOVES[column].items()} == read(column)


@pytest.mark.parametrize("column", TABLES)
def test_every_state_is_reached_or_begun_with(column: str) -> None:
    """No state stands in a column that no story can come to."""
    states = TABLES[column][0]
    begun = {
        "business": {Business.SUBMITTED},
        "finance": {Finance.NOTHING_DUE, Finance.OWED},
        "delivery": {Delivery.NOT_READY},
        "synchronisation": {Synchronisation.DUE, Synchronisation.UNPUBLISHED},
    }[column]

    assert set(states) == begun | set(MOVES[column].values())


def reachable() -> list[State]:
    """Every state that a dossier can come to from its submission, with a fee or without."""
    found = {State(), State(finance=Finance.OWED)}
    new = set(found)
    while new:
        new = {after(state, act) for state in new for act in Act if may(state, act)} - found
        found |= new
    return sorted(found, key=str)


REACHABLE = reachable()
states = st.sampled_from(REACHABLE)


@given(states, st.sampled_from(Act))
def test_every_act_in_every_state_is_a_move_or_a_refusal_with_a_remedy(state: State, act: Act) -> None:
    """There is no third way: either every column that knows the act moves, or nothing does and the remedy is named."""
    knows = [column for column, moves in MOVES.items() if any(each is act for _, each in moves)]
    fits = all((getattr(state, column), act) in MOVES[column] for column in knows)

    assert may(state, act) is fits
    if fits:
        moved = after(state, act)
        assert all(getattr(moved, c) == MOVES[c][getattr(state, c), act] for c in knows if c != "synchronisation")
    else:
        with pytest.raises(NotAllowed) as refusal:
            after(state, act)
        assert refusal.value.field == "name"
        assert refusal.value.remedy == what_fits(state)


@pytest.mark.parametrize("state", REACHABLE, ids=str)
def test_a_remedy_is_one(state: State) -> None:
    """What a refusal proposes does fit, and is no act of the engine alone; only the end proposes nothing."""
    proposed = possible(state)

    assert all(may(state, Act(act)) and Act(act) not in ENGINES_OWN for act in proposed)
    assert proposed or is_closed(state)


@pytest.mark.parametrize("state", REACHABLE, ids=str)
def test_every_open_dossier_can_be_brought_to_an_end(state: State) -> None:
    """From wherever a story is, people's acts alone lead to its end: no dossier is caught."""
    seen, new = {state}, {state}
    while new and not any(is_closed(each) for each in seen):
        new = {after(s, Act(act)) for s in new for act in possible(s)} - seen
        seen |= new

    assert any(is_closed(each) for each in seen)


@pytest.mark.parametrize("state, act, code", [row[1:] for row in NATIONAL], ids=[row[0] for row in NATIONAL])
def test_the_national_code_follows_the_moves(state: State, act: Act, code: int) -> None:
    """The transitions of the national table (law.md 2.2), each by the act that makes it."""
    assert national_code(after(state, act)) == code


def test_the_ten_national_codes_are_all_there() -> None:
    """Every code from 1 to 10 is shown by some state, has its official name, and none is shown besides."""
    assert {national_code(state) for state in REACHABLE} == set(range(1, 11)) == set(NATIONAL_NAMES)


@given(states)
def test_six_is_shown_only_where_money_is_waited_for(state: State) -> None:
    """6 is a fee at receipt that is owed or ordered, or taxes on land; a fee before return leaves 9 standing."""
    fee = state.business is Business.COMPLETE and state.finance in (Finance.OWED, Finance.ORDERED)

    assert (national_code(state) == 6) is (fee or state.business is Business.AWAITING_DUTY)


@given(states, st.sampled_from(Act))
def test_a_change_of_the_code_is_due_to_be_published(state: State, act: Act) -> None:
    """Whenever the outside world would see another code, it has to be told; else what was told stays told."""
    if not may(state, act) or act is Act.PUBLISH:
        return
    moved = after(state, act)

    if national_code(moved) != national_code(state):
        assert moved.synchronisation is Synchronisation.DUE
    else:
        assert moved.synchronisation is state.synchronisation


@given(states)
def test_what_is_over_stays_over(state: State) -> None:
    """Nobody may order anything in a closed dossier that would move what the administration did."""
    if is_closed(state):
        assert all(
            after(state, act).business is state.business and is_closed(after(state, act))
            for act in Act
            if may(state, act)
        )


@given(states)
def test_a_result_is_ready_exactly_when_decided(state: State) -> None:
    """There is something to hand over once the department has decided or stopped, or the door has refused."""
    decided = state.business in DECIDED | {Business.NOT_ACCEPTED}

    assert (state.delivery is not Delivery.NOT_READY) is decided


def test_given_up_is_every_end_without_a_result() -> None:
    """Money is of no more use in a dossier that is on its way out without a result."""
    without = {Business.NOT_ACCEPTED, Business.WITHDRAWING, Business.REFUSED, Business.STOPPED}

    assert without == GIVEN_UP
