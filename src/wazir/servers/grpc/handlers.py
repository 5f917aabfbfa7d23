"""The methods of OSS Vizier's service: each translates a request to one use case, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from wazir.domain.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study
from wazir.domain.trials import Metadata, Trial, TrialState
from wazir.servers.categories import parameters_by_name
from wazir.servers.grpc.messages import message, vizier
from wazir.servers.grpc.metadata import metadata_from
from wazir.servers.grpc.paging import page_of, page_of_trials
from wazir.servers.grpc.parameters import values_from
from wazir.servers.grpc.studies import (
    config_from_spec,
    fill_time,
    full_name,
    metadata_of_spec,
    owner_of,
    study_message,
    study_name_of,
    trial_name_of,
)
from wazir.servers.grpc.trials import measurement_from, trial_message
from wazir.service.foreign import ForeignClients
from wazir.service.foreign_states import STUDY_STATE_OF, STUDY_STATES, TRIAL_STATE_OF

Handler: TypeAlias = Callable[[ForeignClients, Any], Any]

_NO_REASON = "its client said that it is infeasible"
_MAX_OPERATION_IDS = 10_000
_Entries = dict[str, dict[str, str]]


def create_study(clients: ForeignClients, request: Any) -> Any:
    """Create the study of a display name, or return the one that is there."""
    given = request.study
    if given.name:
        raise InvalidInputError(f"study.name: is set by the server, got {given.name[:200]!r}")
    if not given.display_name or "/" in given.display_name:
        raise InvalidInputError(
            f"study.display_name: must be a text without '/', got {given.display_name[:200]!r}"
        )
    owner = owner_of(request.parent)
    config = config_from_spec(given.study_spec, "study.study_spec")
    metadata = metadata_of_spec(given.study_spec, "study.study_spec")
    try:
        made = clients.create_study(owner, given.display_name, config, metadata=metadata)
    except AlreadyExistsError:
        made = clients.study_named(owner, given.display_name)
    return study_message(made)


def get_study(clients: ForeignClients, request: Any) -> Any:
    """Return a study."""
    return study_message(clients.study(study_name_of(request.name)))


def list_studies(clients: ForeignClients, request: Any) -> Any:
    """Return the studies of an owner, or a page of them."""
    page, token = page_of(request, clients.studies(owner_of(request.parent)))
    return vizier("ListStudiesResponse")(
        studies=[study_message(study) for study in page], next_page_token=token
    )


def delete_study(clients: ForeignClients, request: Any) -> Any:
    """Remove a study and its trials."""
    clients.delete_study(study_name_of(request.name))
    return message("google.protobuf.Empty")()


def set_study_state(clients: ForeignClients, request: Any) -> Any:
    """Pause, end or reopen a study."""
    state = STUDY_STATE_OF.get(request.state)
    if state is None:
        raise InvalidInputError(
            f"state: must be ACTIVE, INACTIVE or COMPLETED, got {request.state}"
        )
    return study_message(clients.set_study_state(study_name_of(request.parent), state))


def suggest_trials(clients: ForeignClients, request: Any) -> Any:
    """Return an operation that is done, with trials for a client."""
    if not request.client_id:
        raise InvalidInputError("client_id: must not be empty")
    name = study_name_of(request.parent)
    # 0 is what the client sends for `suggest()`.
    given = clients.suggest(name, request.suggestion_count or 1, request.client_id)
    study = clients.study(name)
    ids = ".".join(str(trial.id) for trial in given)
    return _operation(clients, study, given, f"{full_name(study)}/suggestion/{ids}")


def get_operation(clients: ForeignClients, request: Any) -> Any:
    """Return an operation, which is done, with its trials as they are now."""
    head, _, ids = request.name.removeprefix("operations/").rpartition("/suggestion/")
    numbers = ids.split(".") if ids else []
    if not head or len(numbers) > _MAX_OPERATION_IDS or not all(map(_is_id, numbers)):
        raise NotFoundError(f"there is no operation {request.name[:200]!r}")
    study = clients.study(study_name_of(head))
    trials = [clients.trial(study.name, int(number)) for number in numbers]
    return _operation(clients, study, trials, request.name)


def create_trial(clients: ForeignClients, request: Any) -> Any:
    """Add a trial: SUCCEEDED or INFEASIBLE with what it says, else REQUESTED."""
    given, study = request.trial, clients.study(study_name_of(request.parent))
    state = TRIAL_STATE_OF.get(given.state, TrialState.REQUESTED)
    measurement = measurement_from(given.final_measurement, "trial.final_measurement")
    by_name = parameters_by_name(study.config.space)
    added = clients.add_trial(
        study.name,
        values_from(given.parameters, by_name, "trial.parameters"),
        measurement=measurement if state is TrialState.SUCCEEDED else None,
        measurements=_measurements(given.measurements, "trial.measurements"),
        infeasible_reason=(given.infeasible_reason or _NO_REASON)
        if state is TrialState.INFEASIBLE
        else "",
        metadata=metadata_from(given.metadata, "trial.metadata"),
    )
    return trial_message(study, added)


def get_trial(clients: ForeignClients, request: Any) -> Any:
    """Return a trial."""
    name, trial_id = trial_name_of(request.name)
    return _one(clients, clients.study(name), clients.trial(name, trial_id))


def list_trials(clients: ForeignClients, request: Any) -> Any:
    """Return the trials of a study, or a page of them."""
    study = clients.study(study_name_of(request.parent))
    page, token = page_of_trials(request, clients.trials(study.name))
    return vizier("ListTrialsResponse")(trials=_all(clients, study, page), next_page_token=token)


def add_measurement(clients: ForeignClients, request: Any) -> Any:
    """Record an intermediate measurement."""
    name, trial_id = trial_name_of(request.trial_name)
    measurement = measurement_from(request.measurement, "measurement")
    if measurement is None:
        raise InvalidInputError("measurement.metrics: needs at least one, got none")
    changed = clients.add_measurement(name, trial_id, measurement)
    return _one(clients, clients.study(name), changed)


def complete_trial(clients: ForeignClients, request: Any) -> Any:
    """End a trial: with a measurement, as infeasible, or by its measurements."""
    name, trial_id = trial_name_of(request.name)
    reason = request.infeasible_reason or _NO_REASON
    ended = clients.complete(
        name,
        trial_id,
        measurement=measurement_from(request.final_measurement, "final_measurement"),
        infeasible_reason=reason if request.trial_infeasible else "",
    )
    return _one(clients, clients.study(name), ended)


def delete_trial(clients: ForeignClients, request: Any) -> Any:
    """Remove a trial."""
    clients.delete_trial(*trial_name_of(request.name))
    return message("google.protobuf.Empty")()


def check_stopping(clients: ForeignClients, request: Any) -> Any:
    """Return whether a trial is to stop."""
    should_stop = clients.should_stop(*trial_name_of(request.trial_name))
    return vizier("CheckTrialEarlyStoppingStateResponse")(should_stop=should_stop)


def stop_trial(clients: ForeignClients, request: Any) -> Any:
    """Ask the owner of a trial to stop it."""
    name, trial_id = trial_name_of(request.name)
    return _one(clients, clients.study(name), clients.stop(name, trial_id))


def list_optimal_trials(clients: ForeignClients, request: Any) -> Any:
    """Return the best trial, with several objectives the Pareto front."""
    study = clients.study(study_name_of(request.parent))
    page, token = page_of(request, clients.optimal_trials(study.name))
    return vizier("ListOptimalTrialsResponse")(
        optimal_trials=_all(clients, study, page), next_page_token=token
    )


def update_metadata(clients: ForeignClients, request: Any) -> Any:
    """Set entries of the metadata of a study and of its trials, all or none."""
    of_study: _Entries = {}
    of_trials: dict[int, _Entries] = {}
    for index, delta in enumerate(request.delta):
        entry = metadata_from([delta.metadatum], f"delta[{index}].metadatum")
        if not delta.HasField("trial_id"):
            _add(entry, of_study)
            continue
        if not _is_id(delta.trial_id):
            raise NotFoundError(
                f"delta[{index}].trial_id: there is no trial {delta.trial_id[:40]!r}"
            )
        _add(entry, of_trials.setdefault(int(delta.trial_id), {}))
    clients.update_metadata(study_name_of(request.name), of_study, of_trials)
    return vizier("UpdateMetadataResponse")()


HANDLERS: Mapping[str, Handler] = {
    "CreateStudy": create_study,
    "GetStudy": get_study,
    "ListStudies": list_studies,
    "DeleteStudy": delete_study,
    "SetStudyState": set_study_state,
    "SuggestTrials": suggest_trials,
    "GetOperation": get_operation,
    "CreateTrial": create_trial,
    "GetTrial": get_trial,
    "ListTrials": list_trials,
    "AddTrialMeasurement": add_measurement,
    "CompleteTrial": complete_trial,
    "DeleteTrial": delete_trial,
    "CheckTrialEarlyStoppingState": check_stopping,
    "StopTrial": stop_trial,
    "ListOptimalTrials": list_optimal_trials,
    "UpdateMetadata": update_metadata,
}


def _measurements(messages: Sequence[Any], path: str) -> list[Measurement]:
    read = [measurement_from(one, f"{path}[{index}]") for index, one in enumerate(messages)]
    return [one for one in read if one is not None]


def _add(entry: Metadata, entries: _Entries) -> None:
    """Add an entry in place: there may be very many."""
    for namespace, texts in entry.items():
        entries.setdefault(namespace, {}).update(texts)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16 and text[0] != "0"


def _operation(clients: ForeignClients, study: Study, trials: Sequence[Trial], name: str) -> Any:
    """Return an operation that is done; its name tells all about it, so any server has it."""
    response = vizier("SuggestTrialsResponse")(
        trials=_all(clients, study, trials), study_state=STUDY_STATES[study.state].number
    )
    starts = [trial.started_at for trial in trials if trial.started_at is not None]
    if starts:
        fill_time(response.start_time, min(starts))
        fill_time(response.end_time, max(starts))
    operation = message("google.longrunning.Operation")(
        name=name if name.startswith("operations/") else f"operations/{name}", done=True
    )
    operation.response.type_url = "type.googleapis.com/vizier.SuggestTrialsResponse"
    operation.response.value = response.SerializeToString()
    return operation


def _one(clients: ForeignClients, study: Study, trial: Trial) -> Any:
    (written,) = _all(clients, study, [trial])
    return written


def _all(clients: ForeignClients, study: Study, trials: Sequence[Trial]) -> list[Any]:
    measured = clients.measurements(study.name, [trial.id for trial in trials]) if trials else {}
    return [trial_message(study, trial, measured.get(trial.id, [])) for trial in trials]
