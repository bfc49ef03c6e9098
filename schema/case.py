"""The fold of a dossier's events: the small slice of facts that its workflow, its lists and its judges need.

`Case.after(event)` is the only place where an event changes anything. The same fold runs in the workflow, in
the register (its projection) and when a run starts at any sequence by loading the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from domain.dossier import GIVEN_UP, Act, Business, Delivery, Finance, State, after, is_closed, national_code
from domain.milestones import Clock, ClockKind, Milestone, Rung, milestones, next_milestone
from domain.payments import STRICTEST_FIRST, Ground, Provider, RefundPolicy
from domain.terms import Term
from schema.events import MOVES, EventType
from schema.messages import Event, Message

_TERM = TypeAdapter(Term)
AT_RECEIPT, AT_SUPPLEMENT, BEFORE_RETURN = "at_receipt", "at_supplement", "before_return"


class Step(Message):
    """One unit's part in the review: opened with its stage, done by `propose` (or `approve`, for the signer)."""

    code: str
    unit: str
    kind: str
    due: AwareDatetime | None = None
    done: bool = False


class Payment(Message):
    """One attempt to collect the fee at the payment platform, with an identity of its own."""

    reference: str
    number: int
    amount: int
    expires_at: AwareDatetime
    url: str | None = None
    provider: str = Provider.PLATFORM
    ordered_at: AwareDatetime | None = None
    """None for an order written down before that was kept."""


class Kept(Message):
    """The one debit that is the fee."""

    provider: str
    transaction: str
    amount: int
    reference: str = ""
    """Of the attempt that was paid; "" at the counter."""


class Suspension(Message):
    """A stretch in which the processing clocks stand still for a typed reason; `ended` is None while they do."""

    reason: str
    started: AwareDatetime
    ended: AwareDatetime | None = None


ApologyState = Literal["", "asked", "in_time", "late", "signed", "moved"]
"""How far the answer to "in time or late?" has come, up to form 04; "" when nobody asked yet."""


class Case(Message):
    """Everything about one dossier that decides what may happen next."""

    dossier: UUID
    sequence: int
    last_instant: AwareDatetime
    state: State
    procedure: str
    unit: str
    channel: str
    return_method: str
    case: str = ""
    quantity: int = 1
    territory: str = ""
    """The one-stop whose offices resolve it, where another one received it; "" when that is `unit` itself."""
    arrived_at: AwareDatetime | None = None
    """When it came to the office that resolves it, where the terms run from there."""
    submitted_at: AwareDatetime
    fee_total: int = 0
    fee_timing: str = "at_receipt"
    code: str | None = None
    accepted_at: AwareDatetime | None = None
    law: str = ""
    """The publication whose versions the dossier is pinned to: at first that of its submission."""
    clocks: tuple[Clock, ...] = ()
    stops: tuple[tuple[AwareDatetime, AwareDatetime | None], ...] = ()
    """When the processing clocks stood still for a supplement: start, and end when it is over."""
    suspensions: tuple[Suspension, ...] = ()
    """When the processing clocks stood still for another typed reason."""
    appointment: AwareDatetime | None = None
    """Appointment 1, as form 01 says it: a fact. None for dossiers accepted before it was kept apart."""
    moved_to: AwareDatetime | None = None
    """Appointment 2, given once with form 04; punctuality is still judged by the first."""
    signed_for: AwareDatetime | None = None
    """The new appointment that the head signed, until the one-stop has set it."""
    apology: ApologyState = ""
    calendar: str = ""
    """The calendar that the terms were last counted on, as `code@version`; before acceptance that of the one-stop."""
    recounted: AwareDatetime | None = None
    """Where a later calendar puts the promised due, when that is not the appointment, which no calendar moves."""
    promise: Term | None = None
    """The term promised by a decision that came after acceptance; None while that of the acceptance holds."""
    stages: tuple[tuple[Step, ...], ...] = ()
    stage: int = -1
    """The stage under review; -1 before the dossier is forwarded."""
    payment: Payment | None = None
    attempts: int = 0
    transactions: tuple[str, ...] = ()
    """Transactions of the payment platform that paid the fee: no other is kept."""
    superseded: tuple[str, ...] = ()
    """Attempts that another payment was begun or taken in place of, and whose end nobody has told yet."""
    kept: Kept | None = None
    """The debit that is the fee, for payments since that is noted."""
    refund_policy: str = ""
    """When the fee goes back to whoever paid it (`domain.fees.RefundPolicy`); "" for dossiers before that was kept."""
    withdrawn: bool = False
    """Whether the applicant has asked for the dossier back, for dossiers since that is kept."""
    refunds: tuple[str, ...] = ()
    """Debits that somebody has asked to give back, kept ones and surpluses."""
    supplements: int = 0
    """Requests for papers during the appraisal, which may ask once."""
    supplements_at_receipt: int = 0
    """Requests for papers before acceptance, where the one-stop may ask once; 0 for folds that did not count them."""

    @property
    def status(self) -> int:
        """The national code, 1 to 10."""
        return national_code(self.state)

    @property
    def home(self) -> str:
        """The one-stop whose offices resolve the dossier."""
        return self.territory or self.unit

    @property
    def printed(self) -> datetime | None:
        """Appointment 1; where it was not kept apart yet, the promised due that it was printed from."""
        promised = self.clock(ClockKind.PROMISED)
        return self.appointment or (promised.due if promised else None)

    @property
    def is_closed(self) -> bool:
        """Whether the story is over."""
        return is_closed(self.state)

    @property
    def is_accepted(self) -> bool:
        """Whether the one-stop has given the dossier its code and appointment."""
        return self.accepted_at is not None

    @property
    def owes(self) -> bool:
        """Whether money is owed, ordered or not."""
        return self.state.finance in (Finance.OWED, Finance.ORDERED)

    @property
    def is_answered(self) -> bool:
        """Whether the one-stop has said what it thinks of the papers: complete, or not accepted."""
        return self.state.business not in (Business.SUBMITTED, Business.INCOMPLETE)

    def collects(self, *timings: str) -> bool:
        """Whether the fee is being collected, at one of these points of the story, as its procedure wants it."""
        return self.owes and self.fee_timing in timings and self.state.business in _COLLECTED_IN[self.fee_timing]

    @property
    def returns_by_itself(self) -> bool:
        """Whether a result is ready that goes back online, and nothing is owed for it."""
        ready = self.state.business is Business.RESOLVED and self.state.delivery is Delivery.READY
        return ready and self.return_method == "online" and not self.owes

    @property
    def expects_payment(self) -> bool:
        """Whether money that comes now is of use: it is owed, and the dossier still goes on."""
        return self.owes and self.state.business not in GIVEN_UP

    def ground_against(self, report_amount: int | None) -> Ground | None:
        """Why a debit of so much cannot be the fee; None when it can."""
        if self.state.finance is Finance.PAID:
            return Ground.SECOND_SUCCESS
        if not self.expects_payment:
            return Ground.LATE_SUCCESS
        return None if report_amount == self.fee_total else Ground.WRONG_AMOUNT

    @property
    def owed_back(self) -> Ground | None:
        """Why the fee that was kept goes back by itself; None while nothing says so, or once it was asked."""
        if self.kept is None or debit_key(self.kept.provider, self.kept.transaction) in self.refunds:
            return None
        if self.state.business not in GIVEN_UP:
            return None
        if self.refund_policy == RefundPolicy.BEFORE_APPRAISAL and self.stage < 0:
            return Ground.WITHDRAWN if self.withdrawn else Ground.REFUSED_BEFORE_APPRAISAL
        return Ground.REFUSED if self.refund_policy == RefundPolicy.ON_REFUSAL and not self.withdrawn else None

    def clock(self, kind: ClockKind, step: str = "") -> Clock | None:
        """Return the clock of this kind (and step), running or not."""
        return next((clock for clock in self.clocks if clock.key == (kind, step)), None)

    def ahead(self) -> list[Milestone]:
        """List what the running clocks have still to strike, earliest first."""
        return milestones(self.clocks, self.state.business)

    @property
    def next_milestone(self) -> Milestone | None:
        """What the running clocks strike next."""
        return next_milestone(self.clocks, self.state.business)

    def open_steps(self) -> tuple[Step, ...]:
        """List the steps that somebody is working on now."""
        if self.state.business is not Business.PROCESSING or not 0 <= self.stage < len(self.stages):
            return ()
        return tuple(step for step in self.stages[self.stage] if not step.done)

    def holders(self) -> tuple[str, ...]:
        """List the units that hold the dossier now: those with an open step, else the one-stop."""
        return tuple(sorted({step.unit for step in self.open_steps()})) or (self.unit,)

    def after(self, event: Event) -> Case:
        """Return the case after one more event; sequence numbers leave no hole."""
        if event.sequence != self.sequence + 1:
            raise ValueError(f"event {event.sequence} cannot follow {self.sequence}")
        changed = _CHANGES.get(event.type, _nothing)(self, event)
        act = _act(self, event)
        return self.model_copy(
            update={
                "state": after(self.state, act) if act else self.state,
                "sequence": event.sequence,
                "last_instant": event.occurred_at,
                "clocks": _clocks(self.clocks, event),
                **changed,
            }
        )


class Start(Message):
    """The argument of a dossier's workflow."""

    dossier: UUID
    case: Case | None = None
    """The fold, from whoever starts the run and has it at hand; without it the run loads it. A stale one does no
    harm: `record` returns what stands in the register, and the run catches up."""
    spread: Annotated[int, Field(ge=0)] | None = None
    """Seconds over which the wake-ups of one due instant are spread, as the installation chose when the dossier was
    handed to the engine: a workflow reads no settings. None is the workflow's own constant."""
    order_seconds: Annotated[int, Field(ge=1)] | None = None
    """How long an order may be paid; None is the workflow's own constant."""
    refund_alone: Annotated[int, Field(ge=0)] | None = None
    """Đồng up to which the engine gives a surplus back without an officer's approval; None: whatever the amount."""
    patient: bool = False
    """Whether a timer that has become too early is left to run out, and the clock looks again then, instead of being
    replaced at each move. False for a dossier started before there was the choice: its history has replacements."""


def first(event: Event) -> Case:
    """Begin the fold with the event of submission."""
    data = event.data
    fee = _part(data, "fee")
    owed = bool(fee.get("total"))
    return Case(
        dossier=event.dossier,
        sequence=event.sequence,
        last_instant=event.occurred_at,
        state=State(finance=Finance.OWED if owed else Finance.NOTHING_DUE),
        submitted_at=event.occurred_at,
        calendar=data.get("calendar", ""),
        fee_total=fee.get("total", 0),
        fee_timing=fee.get("timing", "at_receipt"),
        refund_policy=_policy(fee.get("lines", ())),
        clocks=_clocks((), event),
        territory=data.get("territory", ""),
        **{k: data[k] for k in ("procedure", "unit", "channel", "return_method", "case", "quantity", "law")},
    )


def debit_key(provider: str, transaction: str | None) -> str:
    """Name one debit over all providers; those of the platform have their bare number, as they always had."""
    return transaction or "" if provider == Provider.PLATFORM else f"{provider}/{transaction}"


_COLLECTED_IN = {
    AT_RECEIPT: (Business.COMPLETE,),
    AT_SUPPLEMENT: (Business.SUPPLEMENTING, Business.RESOLVED),
    BEFORE_RETURN: (Business.RESOLVED,),
}
"""Where in the story a fee is collected; one at the supplement that nobody asked for is owed before the return."""


def _policy(lines: Iterable[dict[str, Any]]) -> str:
    """When the fee goes back: whole or not at all, so the strictest of its lines decides."""
    named = {line["refund"] for line in lines if line.get("due") and line.get("refund")}
    return next((policy for policy in STRICTEST_FIRST if policy in named), "")


def fold(events: Iterable[Event]) -> Case:
    """Fold a dossier's events, first to last; there is always at least the submission."""
    story = iter(events)
    case = first(next(story))
    for event in story:
        case = case.after(event)
    return case


def _act(case: Case, event: Event) -> Act | None:
    if event.type is EventType.PAYMENT_SURPLUS:  # another amount than was ordered: the attempt is over as well
        return Act.FAIL if _ends_attempt(case, event) else None
    if event.type is EventType.PAYMENT_RECEIVED:  # at the counter it is `pay`, whatever else is ordered
        return Act.SETTLE if event.data.get("reference") else Act.PAY
    return MOVES.get(event.type)


def _ends_attempt(case: Case, event: Event) -> bool:
    is_current = case.payment is not None and case.payment.reference == event.data.get("reference")
    is_open = case.state.finance is Finance.ORDERED
    return event.data.get("ground") == Ground.WRONG_AMOUNT and is_current and is_open


def _part(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _clocks(clocks: tuple[Clock, ...], event: Event) -> tuple[Clock, ...]:
    """A clock that an event brings replaces the one of its kind and step; a struck one remembers it."""
    data: dict[str, Any] = event.data
    if event.type in STRUCK:
        key, rung = (data["clock"], data.get("step", "")), Rung(data.get("rung", STRUCK[event.type]))
        return tuple(c.struck(rung) if c.key == key else c for c in clocks)
    if event.type in (EventType.ANSWERED_IN_TIME, EventType.ANSWERED_LATE):  # late needs no question before it
        return tuple(clock.without(Rung.ASK).without(Rung.SILENCE) for clock in clocks)
    done = (ClockKind.STEP, data["step"]) if event.type is EventType.PROPOSED else None
    brought = [_read_clock(raw, event.sequence) for raw in data.get("clocks", ())]
    kept = [clock for clock in clocks if clock.key not in {done, *(new.key for new in brought)}]
    return (*kept, *brought)


STRUCK = {
    EventType.CLOCK_WARNED: Rung.WARN,
    EventType.CLOCK_ASKED: Rung.ASK,
    EventType.CLOCK_BREACHED: Rung.BREACH,
    EventType.CLOCK_ESCALATED: Rung.ONE_STOP,
}
"""The events of the ladder, and the rung of each that does not name its own."""


def _read_clock(raw: dict[str, Any], arming: int) -> Clock:
    warn_at = raw.get("warn_at")
    rungs = tuple((Rung(rung), datetime.fromisoformat(at)) for rung, at in raw.get("rungs", ()))
    climbed = {rung for rung, _ in rungs[: raw.get("climbed", 0)]}
    return Clock(
        kind=ClockKind(raw["kind"]),
        due=datetime.fromisoformat(raw["due"]),
        warn_at=datetime.fromisoformat(warn_at) if warn_at else None,
        step=raw.get("step", ""),
        unit=raw.get("unit", ""),
        arming=arming,
        rungs=rungs,
        climbed=len(climbed),
        warned=Rung.WARN in climbed,
        breached=Rung.BREACH in climbed,
        anchor=datetime.fromisoformat(raw["anchor"]) if "anchor" in raw else None,
        left=timedelta(seconds=raw["left"]) if "left" in raw else None,
        since=datetime.fromisoformat(raw["since"]) if "since" in raw else None,
    )


def _nothing(case: Case, event: Event) -> dict[str, Any]:
    return {}


def _accepted(case: Case, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    stages = tuple(tuple(Step.model_validate(step) for step in stage) for stage in data["stages"])
    facts = {"code": data["code"], "accepted_at": event.occurred_at, "law": data["law"], "stages": stages}
    facts |= {"calendar": data["calendar"]} if "calendar" in data else {}
    return facts | ({"appointment": _instant(data["appointment"])} if "appointment" in data else {})


def _supplement_requested(case: Case, event: Event) -> dict[str, Any]:
    if not case.is_accepted:
        return {"supplements_at_receipt": case.supplements_at_receipt + 1}
    return {"supplements": case.supplements + 1, "stops": (*case.stops, (event.occurred_at, None))}


def _supplemented(case: Case, event: Event) -> dict[str, Any]:
    if not case.is_accepted:
        return {}
    started, _ = case.stops[-1]
    return {"stops": (*case.stops[:-1], (started, event.occurred_at)), **_went_on(case, event)}


def _suspended(case: Case, event: Event) -> dict[str, Any]:
    reason = event.data.get("cause", "financial_duty")
    return {"suspensions": (*case.suspensions, Suspension(reason=reason, started=event.occurred_at))}


def _resumed(case: Case, event: Event) -> dict[str, Any]:
    over = case.suspensions[-1].model_copy(update={"ended": event.occurred_at})
    return {"suspensions": (*case.suspensions[:-1], over), **_went_on(case, event)}


def _went_on(case: Case, event: Event) -> dict[str, Any]:
    """The appointments and the dues of steps after a stop; one that was signed, not set, and not later, is void."""
    given: dict[str, Any] = {n: _instant(event.data[n]) for n in ("appointment", "moved_to") if n in event.data}
    is_signed = case.apology == "signed" and case.signed_for is not None
    is_void = is_signed and "appointment" in given and case.signed_for <= given["appointment"]
    void = {"apology": "", "signed_for": None} if is_void else {}
    recounted = {"recounted": None} if "appointment" in given else {}
    return {"stages": _opened(case.stages, event), **given, **void, **recounted}


def _apologising(state: ApologyState) -> Callable[[Case, Event], dict[str, Any]]:
    def change(case: Case, event: Event) -> dict[str, Any]:
        is_past_asking = case.apology == "moved" or (case.apology == "signed" and state == "asked")
        return {} if is_past_asking else {"apology": state}

    return change


def _signed(case: Case, event: Event) -> dict[str, Any]:
    return {"apology": "signed", "signed_for": _instant(event.data["appointment"])}


def _moved(case: Case, event: Event) -> dict[str, Any]:
    return {"apology": "moved", "moved_to": _instant(event.data["appointment"])}


def _redated(case: Case, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    promised = [each["new"] for each in data["changes"] if "printed" in each and "promise" not in data]
    return {
        "calendar": data["calendar"]["new"],
        "stages": _opened(case.stages, event),
        **({"recounted": _instant(promised[0])} if promised else {}),
        **({"promise": _TERM.validate_python(data["promise"])} if "promise" in data else {}),
    }


def _instant(raw: Any) -> datetime:
    return datetime.fromisoformat(raw)


def _forwarded(case: Case, event: Event) -> dict[str, Any]:
    came = {"arrived_at": _instant(event.data["arrived_at"])} if "arrived_at" in event.data else {}
    return {"stages": _opened(case.stages, event), "stage": 0, **came}


def _proposed(case: Case, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    stages = _opened(_done(case.stages, case.stage, data["step"]), event)
    moved_on = all(step.done for step in stages[case.stage])
    return {"stages": stages, "stage": case.stage + 1 if moved_on else case.stage}


def _approved(case: Case, event: Event) -> dict[str, Any]:
    return {"stages": _done(case.stages, case.stage, None)}


def _ordered(case: Case, event: Event) -> dict[str, Any]:
    return {
        "payment": Payment.model_validate(event.data),
        "attempts": case.attempts + 1,
        "superseded": _superseded(case, None),
    }


def _superseded(case: Case, ended: str | None) -> tuple[str, ...]:
    """The attempts whose end is not known once `ended` is known, and the present one is not waited for any more."""
    left = (*case.superseded, *((case.payment.reference,) if case.payment else ()))
    return tuple(dict.fromkeys(each for each in left if each != ended))


def _opened_order(case: Case, event: Event) -> dict[str, Any]:
    return {"payment": case.payment and case.payment.model_copy(update={"url": event.data["url"]})}


def _received(case: Case, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    reference, provider = data.get("reference", ""), data.get("provider", Provider.PLATFORM)
    if not reference:
        provider = Provider.COUNTER
    transaction = data.get("transaction") or str(event.command)
    key = debit_key(provider, transaction)
    return {
        "transactions": (*case.transactions, key) if reference else case.transactions,
        "kept": Kept(provider=provider, transaction=transaction, amount=data["amount"], reference=reference),
        "superseded": _superseded(case, reference),
    }


def _failed(case: Case, event: Event) -> dict[str, Any]:
    return {"payment": None}


def _lapsed(case: Case, event: Event) -> dict[str, Any]:
    return {"superseded": tuple(each for each in case.superseded if each != event.data["reference"])}


def _withdrawn(case: Case, event: Event) -> dict[str, Any]:
    return {"withdrawn": True}


def _waived(case: Case, event: Event) -> dict[str, Any]:
    return {"superseded": _superseded(case, None)}


def _refund_asked(case: Case, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    key = debit_key(data.get("provider", Provider.PLATFORM), data["transaction"])
    left = tuple(each for each in case.superseded if each != data.get("reference"))
    ended = {"payment": None} if _ends_attempt(case, event) else {}
    return {"refunds": tuple(dict.fromkeys((*case.refunds, key))), "superseded": left, **ended}


_CHANGES = {
    EventType.ACCEPTED: _accepted,
    EventType.SUPPLEMENT_REQUESTED: _supplement_requested,
    EventType.SUPPLEMENTED: _supplemented,
    EventType.FORWARDED: _forwarded,
    EventType.PROPOSED: _proposed,
    EventType.APPROVED: _approved,
    EventType.PAYMENT_ORDERED: _ordered,
    EventType.PAYMENT_OPENED: _opened_order,
    EventType.PAYMENT_RECEIVED: _received,
    EventType.PAYMENT_FAILED: _failed,
    EventType.PROVIDER_CHOSEN: _ordered,
    EventType.PAYMENT_LAPSED: _lapsed,
    EventType.FEE_WAIVED: _waived,
    EventType.WITHDRAWN: _withdrawn,
    EventType.PAYMENT_SURPLUS: _refund_asked,
    EventType.REFUND_ASKED: _refund_asked,
    EventType.DUTY_REQUIRED: _suspended,
    EventType.SUSPENDED: _suspended,
    EventType.RESUMED: _resumed,
    EventType.REDATED: _redated,
    EventType.CLOCK_ASKED: _apologising("asked"),
    EventType.ANSWERED_IN_TIME: _apologising("in_time"),
    EventType.ANSWERED_LATE: _apologising("late"),
    EventType.APOLOGY_SIGNED: _signed,
    EventType.APPOINTMENT_MOVED: _moved,
}

Stages = tuple[tuple[Step, ...], ...]


def _done(stages: Stages, stage: int, step: str | None) -> Stages:
    """Mark one step of a stage as done, or all of them."""
    return tuple(
        tuple(s.model_copy(update={"done": True}) if i == stage and step in (None, s.code) else s for s in steps)
        for i, steps in enumerate(stages)
    )


def _opened(stages: Stages, event: Event) -> Stages:
    """Give the steps that the event opens their due instants."""
    raw: Any = event.data.get("opened", {})
    dues = {code: datetime.fromisoformat(due) for code, due in raw.items()}
    return tuple(
        tuple(s.model_copy(update={"due": dues[s.code]}) if s.code in dues else s for s in steps) for steps in stages
    )
