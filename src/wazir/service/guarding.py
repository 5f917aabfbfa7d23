"""The use cases as those may see them who may: every call is checked, whichever door it came by."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from wazir.domain.edits import KEEP, StudyEdit
from wazir.domain.errors import InvalidTokenError
from wazir.domain.names import StudyName
from wazir.domain.studies import StudyConfig
from wazir.service.access import Action, Guard, Principal
from wazir.service.transport import Transport

# Each use case of the Transport protocol. One that is not here is refused to everybody.
NEEDS: Mapping[str, Action] = {
    "study": Action.READ,
    "studies": Action.READ,
    "counts": Action.READ,
    "trial": Action.READ,
    "trials": Action.READ,
    "measurements": Action.READ,
    "recommend": Action.READ,
    "pareto_front": Action.READ,
    "advise": Action.READ,
    "why_ended": Action.READ,
    "prior_study_notes": Action.READ,
    "preview_edit": Action.READ,
    "create_study": Action.WORK,
    "update_metadata": Action.WORK,
    "suggest_trials": Action.WORK,
    "add_trial": Action.WORK,
    "add_measurements": Action.WORK,
    "complete_trial": Action.WORK,
    "check_stopping": Action.WORK,
    "request_stop": Action.WORK,
    "release_trial": Action.WORK,
    "take_over_trial": Action.WORK,
    "next_attempt": Action.WORK,
    "renew_lease": Action.WORK,
    "edit_study": Action.ADMIN,
    "set_study_state": Action.ADMIN,
    "delete_study": Action.ADMIN,
    "delete_trial": Action.ADMIN,
}


class Caller:
    """Who asks in the request that the running code belongs to.

    It goes along with a request into its threads and coroutines. Code that belongs to no request
    has no principal.
    """

    def __init__(self) -> None:
        self._principal: ContextVar[Principal | None] = ContextVar("principal", default=None)

    def principal(self) -> Principal:
        """Return who asks.

        Raises:
            InvalidTokenError: nobody has said who asks.
        """
        principal = self._principal.get()
        if principal is None:
            raise InvalidTokenError("the request did not say who asks")
        return principal

    @contextmanager
    def is_now(self, principal: Principal) -> Iterator[None]:
        """Make a principal the one that asks while the block runs."""
        before = self._principal.set(principal)
        try:
            yield
        finally:
            self._principal.reset(before)


@dataclass(frozen=True)
class Access:
    """What a door needs to know who asks: the guard identifies them, the caller remembers them."""

    guard: Guard
    caller: Caller


def guarded(transport: Transport, access: Access) -> Transport:
    """Return a transport on which each call needs what `NEEDS` says in the project it is about.

    Its methods raise InvalidTokenError and NotAllowedError besides.
    """
    return cast(Transport, _Guarded(transport, access))


class _Guarded:
    """Looks up what a use case needs by its name, so that a new one cannot be forgotten."""

    def __init__(self, transport: Transport, access: Access) -> None:
        self._transport = transport
        self._guard = access.guard
        self._caller = access.caller

    def __getattr__(self, use_case: str) -> Callable[..., Any]:
        if use_case not in NEEDS:
            raise AttributeError(f"the use case {use_case!r} has no line in the table of access")
        method: Callable[..., Any] = getattr(self._transport, use_case)

        @wraps(method)
        def checked(*args: Any, **kwargs: Any) -> Any:
            principal = self._caller.principal()
            subject = args[0] if args else kwargs.get("name", kwargs.get("project_id"))
            self._guard.require(principal, _project_of(subject), NEEDS[use_case])
            for value in (*args, *kwargs.values()):
                for prior in _prior_studies(value):
                    self._guard.require(principal, prior.project_id, Action.READ)
            return method(*args, **kwargs)

        return checked


def _project_of(subject: object) -> str:
    """Return the project that a call is about; its first argument says it."""
    if isinstance(subject, StudyName):
        return subject.project_id
    if isinstance(subject, str):
        return subject
    raise TypeError(f"a use case is about a study or a project, got {subject!r}")


def _prior_studies(value: object) -> tuple[StudyName, ...]:
    """Return the studies that a definition or an edit wants to learn from: it reads them."""
    if isinstance(value, StudyConfig):
        return value.prior_studies
    if isinstance(value, StudyEdit) and value.prior_studies is not KEEP:
        return value.prior_studies
    return ()
