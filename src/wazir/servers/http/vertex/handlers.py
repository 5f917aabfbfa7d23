"""The methods of Vertex's VizierService: each translates a request to one use case, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import JsonObject
from wazir.domain.metrics import Measurement
from wazir.domain.trials import Trial, TrialState
from wazir.servers.categories import parameters_by_name
from wazir.servers.http.vertex.messages import (
    ADD_MEASUREMENT,
    COMPLETE,
    LOOKUP,
    NAME_ALONE,
    STATE_OF,
    STUDY,
    SUGGEST,
    TRIAL,
)
from wazir.servers.http.vertex.operations import (
    CheckOperation,
    SuggestOperation,
    metadata_type,
    parse_operation,
    response_type,
)
from wazir.servers.http.vertex.parameters import values_from
from wazir.servers.http.vertex.requests import VertexRequest
from wazir.servers.http.vertex.study_spec import config_from_spec, spec_metadata
from wazir.servers.http.vertex.times import timestamp_text
from wazir.servers.http.vertex.trials import measurement_from
from wazir.service.foreign import ForeignClients

_NO_REASON = "its client said that it is infeasible"


def create_study(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Create a study of a display name that is new."""
    body = call.read(STUDY)
    if not body.get("displayName"):
        raise InvalidInputError("displayName: a study needs one")
    config = config_from_spec(body.get("studySpec", {}), "studySpec")
    given = call.json.get("studySpec") or call.json.get("study_spec")
    made = clients.create_study(
        call.location.project_id, body["displayName"], config, metadata=spec_metadata(given)
    )
    return call.writer.study(made)


def list_studies(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return a page of the studies of a project."""
    studies = clients.studies(call.location.project_id)
    start, size = call.page()
    page = [call.writer.study(study) for study in studies[start : start + size]]
    return {"studies": page, **_next_page(start + size, is_last=start + size >= len(studies))}


def get_study(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return a study."""
    return call.writer.study(clients.study(call.study_name))


def delete_study(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Remove a study and its trials."""
    clients.delete_study(call.study_name)
    return {}


def lookup_study(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return the study of a display name."""
    body = call.read(LOOKUP)
    found = clients.study_named(call.location.project_id, body.get("displayName", ""))
    return call.writer.study(found)


def suggest_trials(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return an operation that is done, with trials for a client."""
    body, name = call.read(SUGGEST), call.study_name
    if any(context.get("parameters") for context in body.get("contexts", ())):
        raise InvalidInputError("contexts: fixed parameters are not supported")
    if not body.get("clientId"):
        raise InvalidInputError("clientId: must not be empty")
    # The SDK sends none for `suggest()`.
    count = body.get("suggestionCount") or 1
    if count < 1:
        raise InvalidInputError(f"suggestionCount: must be at least 1, got {count}")
    given = clients.suggest(name, count, body["clientId"])
    return _suggested(clients, call, [trial.id for trial in given], given)


def get_operation(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return an operation, with its trials as they are now."""
    operation = parse_operation(call.request.path_params["operation"])
    if isinstance(operation, CheckOperation):
        clients.trial(call.study_name, operation.trial_id)
        return _checked(call, operation)
    trials = [clients.trial(call.study_name, trial_id) for trial_id in operation.trial_ids]
    return _suggested(clients, call, operation.trial_ids, trials)


def list_operations(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return no operations: they are done when they are made, and not kept."""
    clients.study(call.study_name)
    return {}


def forget_operation(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Cancel or delete an operation: it is done already, and its trials stay."""
    get_operation(clients, call)
    return {}


def create_trial(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Add a trial: with a known result, or REQUESTED."""
    body, name = call.read(TRIAL), call.study_name
    space = clients.study(name).config.space
    state, measurement = _result(body)
    reason = body.get("infeasibleReason") or _NO_REASON
    added = clients.add_trial(
        name,
        values_from(body.get("parameters", ()), parameters_by_name(space), "parameters"),
        measurement=measurement,
        measurements=[
            one
            for index, given in enumerate(body.get("measurements", ()))
            if (one := measurement_from(given, f"measurements[{index}]")) is not None
        ],
        infeasible_reason=reason if state is TrialState.INFEASIBLE else "",
    )
    return _trial(clients, call, added)


def list_trials(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return a page of the trials of a study."""
    # The last id of a page is where the next one goes on, so a trial deleted between moves none.
    last_id, size = call.page()
    rest = [trial for trial in clients.trials(call.study_name) if trial.id > last_id]
    page = rest[:size]
    token = _next_page(page[-1].id if page else 0, is_last=len(rest) <= size)
    return {"trials": _trials(clients, call, page), **token}


def get_trial(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return a trial."""
    return _trial(clients, call, clients.trial(call.study_name, call.trial_id))


def delete_trial(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Remove a trial."""
    clients.delete_trial(call.study_name, call.trial_id)
    return {}


def add_measurement(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Record an intermediate measurement."""
    measurement = measurement_from(call.read(ADD_MEASUREMENT).get("measurement"), "measurement")
    if measurement is None:
        raise InvalidInputError("measurement: is not set")
    changed = clients.add_measurement(call.study_name, call.trial_id, measurement)
    return _trial(clients, call, changed)


def complete_trial(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """End a trial: with a measurement, as infeasible, or by its measurements."""
    body = call.read(COMPLETE)
    reason = body.get("infeasibleReason") or _NO_REASON
    ended = clients.complete(
        call.study_name,
        call.trial_id,
        measurement=measurement_from(body.get("finalMeasurement"), "finalMeasurement"),
        infeasible_reason=reason if body.get("trialInfeasible") else "",
    )
    return _trial(clients, call, ended)


def stop_trial(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Ask the owner of a trial to stop it."""
    call.read(NAME_ALONE)
    return _trial(clients, call, clients.stop(call.study_name, call.trial_id))


def check_stopping(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return an operation that is done: whether a trial is to stop."""
    call.read(NAME_ALONE)
    should_stop = clients.should_stop(call.study_name, call.trial_id)
    return _checked(call, CheckOperation(call.trial_id, should_stop))


def list_optimal_trials(clients: ForeignClients, call: VertexRequest) -> JsonObject:
    """Return the best trial, with several objectives the Pareto front."""
    call.read(NAME_ALONE)
    optimal = clients.optimal_trials(call.study_name)
    return {"optimalTrials": _trials(clients, call, optimal)}


def _result(body: Mapping[str, Any]) -> tuple[TrialState, Measurement | None]:
    """Return the state and the final measurement of a trial to add; who says none means REQUESTED.

    Raises:
        InvalidInputError: a state and a measurement that contradict each other.
    """
    measurement = measurement_from(body.get("finalMeasurement"), "finalMeasurement")
    implied = TrialState.REQUESTED if measurement is None else TrialState.SUCCEEDED
    state = STATE_OF.get(body.get("state", ""), implied)
    if state is TrialState.SUCCEEDED and measurement is None:
        raise InvalidInputError("finalMeasurement: a trial that is SUCCEEDED has one")
    if measurement is not None and not state.is_final:
        raise InvalidInputError(f"finalMeasurement: a trial that is {state} has none")
    return state, measurement


def _suggested(
    clients: ForeignClients, call: VertexRequest, ids: Sequence[int], trials: Sequence[Trial]
) -> JsonObject:
    study = clients.study(call.study_name)
    starts = [trial.started_at for trial in trials if trial.started_at is not None]
    response: JsonObject = {
        "trials": _trials(clients, call, trials),
        "studyState": call.writer.study_state(study.state),
    }
    if starts:
        response |= {key: timestamp_text(max(starts)) for key in ("startTime", "endTime")}
    return _operation(call, SuggestOperation(tuple(ids)), response)


def _checked(call: VertexRequest, operation: CheckOperation) -> JsonObject:
    response: JsonObject = {"shouldStop": True} if operation.should_stop else {}
    return _operation(call, operation, response)


def _operation(
    call: VertexRequest, operation: SuggestOperation | CheckOperation, response: JsonObject
) -> JsonObject:
    name = call.location.study(call.study_name.study_id)
    return {
        "name": f"{name}/operations/{operation.id}",
        "metadata": {"@type": metadata_type(operation.kind)},
        "done": True,
        "response": {"@type": response_type(operation.kind), **response},
    }


def _trial(clients: ForeignClients, call: VertexRequest, trial: Trial) -> JsonObject:
    (written,) = _trials(clients, call, [trial])
    return written


def _trials(
    clients: ForeignClients, call: VertexRequest, trials: Sequence[Trial]
) -> list[JsonObject]:
    name = call.study_name
    measured = clients.measurements(name, [trial.id for trial in trials]) if trials else {}
    return [
        call.writer.trial(name.study_id, trial, measured.get(trial.id, [])) for trial in trials
    ]


def _next_page(token: int, *, is_last: bool) -> dict[str, Any]:
    return {} if is_last else {"nextPageToken": str(token)}
