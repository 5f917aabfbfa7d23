"""Trials: suggest, add, measure, complete, and who works on them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from wazir.domain.codec import (
    measurement_from_dict,
    measurement_to_dict,
    parameter_values_from_dict,
    trial_to_dict,
)
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Measurement
from wazir.domain.trials import Trial, TrialState
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.http.native.bodies import (
    Completion,
    Lease,
    NewMeasurements,
    NewTrial,
    NextAttempt,
    Nothing,
    Release,
    StopRequest,
    SuggestionRequest,
    TakeOver,
    WantedMeasurements,
)
from wazir.servers.http.native.columns import trial_columns
from wazir.servers.http.native.once import SameRequest
from wazir.servers.http.openapi import (
    ERRORS,
    GivenTrialsAnswer,
    TrialAnswer,
    TrialsAnswer,
    answers,
)
from wazir.servers.http.parts import STUDY_PATH, Name, Parts, Service, TrialId

router = APIRouter(prefix=STUDY_PATH, tags=["trials"], responses=ERRORS)

States = Annotated[str | None, Query(description="Words such as ACTIVE,SUCCEEDED.")]
Since = Annotated[int, Query(ge=-1, le=2**53, description="Only what changed afterwards.")]


@router.post("/suggestions", responses=answers(GivenTrialsAnswer))
async def suggest_trials(
    name: Name, body: SuggestionRequest, parts: Parts, same: SameRequest
) -> JsonAnswer:
    """Return up to `count` ACTIVE trials for a client, its own first."""
    given = await parts.suggest(
        lambda: same.run(
            lambda: parts.transport.suggest_trials(
                name,
                body.count,
                body.client_id,
                max_n_trials=body.max_n_trials,
                lease_s=body.lease_s,
            )
        )
    )
    return JsonAnswer({"trials": [trial_to_dict(trial) for trial in given]})


@router.get("/trials", responses=answers(TrialsAnswer))
def list_trials(
    name: Name, service: Service, states: States = None, since_revision: Since = -1
) -> JsonAnswer:
    """Return the trials that changed since a revision, by id, and the revision now."""
    wanted = _states(states)
    revision, found = service.trials(name, states=wanted, since_revision=since_revision)
    return JsonAnswer({"revision": revision, "trials": [trial_to_dict(one) for one in found]})


@router.get("/columns")
def list_columns(name: Name, service: Service, since_revision: Since = -1) -> JsonAnswer:
    """Return the trials that changed since a revision as columns: one list per field."""
    revision, found = service.trials(name, since_revision=since_revision)
    study = service.study(name)
    return JsonAnswer(
        {
            "revision": revision,
            "config_revision": study.config_revision,
            "columns": trial_columns(study.config, found),
        }
    )


@router.post("/trials", responses=answers(TrialAnswer))
def add_trial(name: Name, body: NewTrial, service: Service, same: SameRequest) -> JsonAnswer:
    """Add a trial: with a known result, or REQUESTED when there is none yet."""
    return _answer(
        same.run(
            lambda: service.add_trial(
                name,
                parameter_values_from_dict(body.parameters),
                measurement=_measurement(body.measurement),
                measurements=_measurements(body.measurements),
                infeasible_reason=body.infeasible_reason,
                metadata=body.metadata,
            )
        )
    )


@router.get("/trials/{trial_id}", responses=answers(TrialAnswer))
def get_trial(name: Name, trial_id: TrialId, service: Service) -> JsonAnswer:
    """Return a trial."""
    return _answer(service.trial(name, trial_id))


@router.delete("/trials/{trial_id}")
def delete_trial(name: Name, trial_id: TrialId, service: Service) -> JsonAnswer:
    """Remove a trial; its id stays used."""
    service.delete_trial(name, trial_id)
    return JsonAnswer({})


@router.post("/trials/{trial_id}/measurements", responses=answers(TrialAnswer))
def add_measurements(
    name: Name, trial_id: TrialId, body: NewMeasurements, service: Service, same: SameRequest
) -> JsonAnswer:
    """Record intermediate measurements of a running trial."""
    measurements = _measurements(body.measurements)
    return _answer(
        same.run(
            lambda: service.add_measurements(
                name,
                trial_id,
                measurements,
                void_steps=body.void_steps,
                attempt=body.attempt,
            )
        )
    )


@router.post("/trials/{trial_id}/complete", responses=answers(TrialAnswer))
def complete_trial(
    name: Name, trial_id: TrialId, body: Completion, service: Service, same: SameRequest
) -> JsonAnswer:
    """End a trial. The same values again change nothing."""
    measurement = _measurement(body.measurement)
    return _answer(
        same.run(
            lambda: service.complete_trial(
                name,
                trial_id,
                measurement=measurement,
                infeasible_reason=body.infeasible_reason,
                attempt=body.attempt,
            )
        )
    )


@router.post("/trials/{trial_id}/check-stopping", responses=answers(TrialAnswer))
async def check_stopping(
    name: Name, trial_id: TrialId, _body: Nothing, parts: Parts
) -> JsonAnswer:
    """Ask the study's stopping rule about a trial; one that is to stop becomes STOPPING."""
    return _answer(await parts.suggest(lambda: parts.transport.check_stopping(name, trial_id)))


@router.post("/trials/{trial_id}/stop", responses=answers(TrialAnswer))
def request_stop(name: Name, trial_id: TrialId, body: StopRequest, service: Service) -> JsonAnswer:
    """Ask the owner of an ACTIVE trial to stop it."""
    return _answer(service.request_stop(name, trial_id, body.reason))


@router.post("/trials/{trial_id}/release", responses=answers(TrialAnswer))
def release_trial(
    name: Name, trial_id: TrialId, body: Release, service: Service, same: SameRequest
) -> JsonAnswer:
    """Put a running trial back in line."""
    return _answer(
        same.run(
            lambda: service.release_trial(name, trial_id, attempt=body.attempt, lost=body.lost)
        )
    )


@router.post("/trials/{trial_id}/take-over", responses=answers(TrialAnswer))
def take_over_trial(
    name: Name, trial_id: TrialId, body: TakeOver, service: Service, same: SameRequest
) -> JsonAnswer:
    """Make another client the owner of a running trial."""
    return _answer(
        same.run(
            lambda: service.take_over_trial(
                name, trial_id, previous=body.previous, client_id=body.client_id
            )
        )
    )


@router.post("/trials/{trial_id}/next-attempt", responses=answers(TrialAnswer))
def next_attempt(
    name: Name, trial_id: TrialId, body: NextAttempt, service: Service, same: SameRequest
) -> JsonAnswer:
    """Begin the next attempt of a running trial under the same owner."""
    return _answer(
        same.run(
            lambda: service.next_attempt(name, trial_id, attempt=body.attempt, lost=body.lost)
        )
    )


@router.post("/trials/{trial_id}/lease", responses=answers(TrialAnswer))
def renew_lease(name: Name, trial_id: TrialId, body: Lease, service: Service) -> JsonAnswer:
    """Push the end of a trial's lease."""
    return _answer(service.renew_lease(name, trial_id, lease_s=body.lease_s, attempt=body.attempt))


@router.post("/measurements")
def list_measurements(name: Name, body: WantedMeasurements, service: Service) -> JsonAnswer:
    """Return the intermediate measurements of some trials, oldest first."""
    found = service.measurements(name, body.trial_ids)
    rows = {str(key): [measurement_to_dict(one) for one in many] for key, many in found.items()}
    return JsonAnswer({"measurements": rows})


def _answer(trial: Trial) -> JsonAnswer:
    return JsonAnswer(trial_to_dict(trial))


def _measurement(data: Mapping[str, Any] | None) -> Measurement | None:
    return None if data is None else measurement_from_dict(data)


def _measurements(rows: Sequence[Mapping[str, Any]]) -> list[Measurement]:
    return [measurement_from_dict(row) for row in rows]


def _states(text: str | None) -> list[TrialState] | None:
    if text is None:
        return None
    try:
        return [TrialState(word) for word in text.split(",") if word]
    except ValueError:
        words = ", ".join(one.value for one in TrialState)
        raise InvalidInputError(f"states: some of {words}, got {text!r}") from None
