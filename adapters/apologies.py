"""Form 04 for many dossiers at once: one cause, one new appointment, one signature, and the outcome of each.

The commands of a batch have ids made of the batch, the dossier and the act: a batch that is repeated goes on where it
stopped, and no dossier is moved twice. Source: Decree 61/2018 Art. 19(9): the appointment is moved once at most.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from activities.appointments import signed
from activities.ports import LawBook, Unavailable
from adapters.callers import Caller
from adapters.campaigns import IN_ONE_GO, Ledger, NewCampaign
from adapters.door import Door
from adapters.postgres import Pool, reading
from domain.dossier import Act, Business
from domain.errors import DomainError
from schema.case import Case
from schema.events import EventType
from schema.messages import ENGINE, Event
from schema.sql import QUERIES
from schema.submissions import CommandBody

ACTS = (Act.ANSWER_LATE, Act.SIGN_APOLOGY, Act.MOVE_APPOINTMENT)
_DONE = {"late": 1, "signed": 2}
"""How many of the acts lie behind a dossier already."""


@dataclass(frozen=True)
class Batch:
    """What is signed once for all: the cause of the list, the story of it, and the new appointment."""

    id: UUID
    cause: str
    appointment: datetime
    reason: str
    basis: str
    officer: str | None = None


@dataclass(frozen=True)
class Planned:
    """What a batch would do with one dossier: the acts still to be done, or why none is."""

    case: Case
    acts: tuple[Act, ...]
    why_not: str = ""


class Apologies:
    """Plans and carries out batches of form 04, through the door like everybody else."""

    def __init__(self, pool: Pool, law: LawBook, door: Door, ledger: Ledger) -> None:
        self._pool = pool
        self._law = law
        self._door = door
        self._ledger = ledger

    async def plan(self, batch: Batch, dossiers: Sequence[UUID], unit: str | None) -> list[Planned]:
        """Look at these dossiers, or at all that the unit holds; nothing is written."""
        if dossiers:
            cases = [(await self._door.look_up(str(each))).case for each in dossiers]
        else:
            cases = [case async for case in self._open() if unit in case.holders() and _is_in_review(case)]
        return [await self._planned(case, batch) for case in cases]

    async def carry_out(
        self, batch: Batch, planned: Sequence[Planned], caller: Caller
    ) -> list[tuple[Planned, str, str]]:
        """Do what was planned, one dossier after another; the outcome of each is kept before the next begins."""
        about = f"{batch.cause} {batch.appointment.isoformat()}"
        new = NewCampaign(batch.id, "apology", None, about, batch.reason, batch.basis, caller.system)
        await self._ledger.open(new)
        await self._ledger.note(batch.id, [each.case.dossier for each in planned])
        known = {each["dossier"]: (each["outcome"], each["detail"]) async for each in self._ledger.items(batch.id)}
        done = []
        for each in planned:
            outcome = known[each.case.dossier]
            done.append((each, *(await self._one(batch, each, caller) if outcome[0] == "pending" else outcome)))
        if all(outcome != "pending" for _, outcome, _ in done):
            await self._ledger.conclude(batch.id, len(done))
        return done

    async def _one(self, batch: Batch, planned: Planned, caller: Caller) -> tuple[str, str]:
        outcome, detail = ("moved", "") if planned.acts else ("refused", planned.why_not)
        for act in planned.acts:
            try:
                body, id_ = _body(batch, planned.case, act), uuid5(uuid5(batch.id, str(planned.case.dossier)), act)
                if await self._door.command(caller, planned.case.dossier, id_, body) is None:
                    outcome, detail = "pending", "no answer"
            except DomainError as refusal:
                outcome, detail = "refused", f"{type(refusal).__name__}: {act}"
            except Unavailable:
                outcome, detail = "pending", "no answer"
            if outcome != "moved":
                break
        if outcome != "pending":
            old = planned.case.appointment.isoformat() if planned.case.appointment else None
            changes = [{"clock": "moved", "step": "", "old": old, "new": batch.appointment.isoformat()}]
            await self._ledger.settle(
                batch.id, planned.case.dossier, outcome, detail, changes if outcome == "moved" else []
            )
        return outcome, detail

    async def _planned(self, case: Case, batch: Batch) -> Planned:
        """What is still to be done; nothing is begun that the head's signature could not end."""
        if not _is_in_review(case):
            return Planned(case, (), f"it is {case.state.business}")
        if case.apology == "moved":
            return Planned(case, (), "its appointment was moved once")
        acts = ACTS[_DONE.get(case.apology, 0) :]
        if Act.SIGN_APOLOGY in acts:
            try:
                signed(case, _signature(case, batch, self._door.now()), await self._law.current(case.law))
            except DomainError as refusal:
                return Planned(case, (), refusal.message)
        return Planned(case, acts)

    async def _open(self) -> AsyncIterator[Case]:
        after: UUID | None = None
        while True:
            async with reading(self._pool) as connection:
                rows = await connection.fetch(QUERIES["open_dossiers"], after, IN_ONE_GO)
            for row in rows:
                yield Case.model_validate_json(row["fold"])
            if len(rows) < IN_ONE_GO:
                return
            after = rows[-1]["id"]


def _signature(case: Case, batch: Batch, at: datetime) -> Event:
    """The event that the head's signature would be, to be tried."""
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=EventType.APOLOGY_SIGNED,
        occurred_at=max(at, case.last_instant),
        actor=ENGINE,
        command=batch.id,
        data={"cause": batch.cause, "appointment": batch.appointment.isoformat()},
    )


def _is_in_review(case: Case) -> bool:
    return case.state.business in (Business.ACCEPTED, Business.PROCESSING)


def _body(batch: Batch, case: Case, act: Act) -> CommandBody:
    data: dict[str, Any] = {"cause": batch.cause} if act is not Act.MOVE_APPOINTMENT else {}
    if act is Act.SIGN_APOLOGY:
        data["appointment"] = batch.appointment.isoformat()
    clerk = act is Act.MOVE_APPOINTMENT
    actor = {"role": "clerk" if clerk else "leader", "unit": case.unit if clerk else _office(case)}
    texts = {} if clerk else {"reason": batch.reason, "legal_basis": batch.basis}
    return CommandBody.model_validate(
        {"name": str(act), "actor": {**actor, "officer": batch.officer}, "data": data, **texts}
    )


def _office(case: Case) -> str:
    """The office that is late: the one with an open step, else the first of the review."""
    steps = case.open_steps() or tuple(step for stage in case.stages for step in stage)
    return steps[0].unit if steps else case.unit
