"""The Transport protocol over HTTP: the study lives on a server, its trials run here."""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from wazir.analysis.advice import N_MORE_TRIALS, Advice
from wazir.analysis.recommendation import Recommendation
from wazir.client.http.connection import Query, ServerConnection, Waiting
from wazir.client.http.leases import LEASE_S, LeaseKeeper
from wazir.domain.codec import (
    config_to_dict,
    measurement_from_dict,
    measurement_to_dict,
    metadata_to_dict,
    study_from_dict,
    trial_from_dict,
)
from wazir.domain.edit_codec import edit_to_dict
from wazir.domain.edits import StudyEdit
from wazir.domain.json_fields import (
    JsonObject,
    decode_list,
    decode_object,
    decode_text,
    decode_whole,
)
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import Study, StudyConfig, StudyState, TrialCounts
from wazir.domain.trials import Metadata, Trial, TrialState
from wazir.service import wire
from wazir.service.editing import EditEffects

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront

API = "/api/v1"


def connect_http(url: str, *, token: str = "") -> "HttpTransport":
    """Return the service on a server. Raises InvalidInputError for what is no address."""
    # Pauses differ from client to client, so that not all come back at once.
    share = random.Random().random  # noqa: S311 - no secret
    waiting = Waiting(time.monotonic, time.sleep, share)
    return HttpTransport(ServerConnection(url, token=token, waiting=waiting))


class HttpTransport:
    """Implements the Transport protocol on a server; its contract stands there.

    Trials that are suggested get a lease, which is renewed while this process lives, unless the
    caller gives one of its own. Every method raises StorageError when the server cannot be reached.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._leases = LeaseKeeper(self._renew)

    def create_study(
        self,
        name: StudyName,
        config: StudyConfig,
        *,
        metadata: Metadata | None = None,
        must_be_new: bool = False,
    ) -> Study:
        """Create a study, or return the equal one of that name."""
        body = {
            "study_id": name.study_id,
            "config": config_to_dict(config),
            "metadata": metadata_to_dict(metadata or {}),
            "must_be_new": must_be_new,
        }
        return study_from_dict(self._call("POST", _project_path(name.project_id), body=body))

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        return study_from_dict(self._call("GET", _path(name)))

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        answer = self._object("GET", _project_path(project_id))
        return [study_from_dict(study) for study in decode_list(answer["studies"], "studies")]

    def delete_study(self, name: StudyName) -> None:
        """Remove a study and its trials."""
        self._call("DELETE", _path(name))

    def set_study_state(self, name: StudyName, state: StudyState) -> Study:
        """Pause, end or reopen a study."""
        body = {"state": state.value}
        return study_from_dict(self._call("POST", f"{_path(name)}/state", body=body))

    def edit_study(
        self,
        name: StudyName,
        edit: StudyEdit,
        *,
        metadata: Metadata | None = None,
        client_id: str = "",
    ) -> Study:
        """Change the configuration of a study."""
        body = {
            "edit": edit_to_dict(edit),
            "metadata": metadata_to_dict(metadata or {}),
            "client_id": client_id,
        }
        return study_from_dict(self._call("POST", f"{_path(name)}/edits", body=body))

    def preview_edit(self, name: StudyName, edit: StudyEdit) -> EditEffects:
        """Return what an edit would do."""
        body = {"edit": edit_to_dict(edit)}
        return wire.effects_from_dict(
            self._call("POST", f"{_path(name)}/edits/preview", body=body)
        )

    def prior_study_notes(self, name: StudyName) -> list[str]:
        """Return what is learned from each earlier study, and what is not."""
        answer = self._object("GET", f"{_path(name)}/prior-study-notes")
        return [decode_text(note, "a note") for note in decode_list(answer["notes"], "notes")]

    def why_ended(self, name: StudyName) -> str:
        """Return why the study makes no new trials by its own rule."""
        answer = self._object("GET", f"{_path(name)}/why-ended")
        return decode_text(answer["reason"], "reason")

    def update_metadata(
        self,
        name: StudyName,
        metadata: Metadata,
        *,
        trials: Mapping[int, Metadata] | None = None,
    ) -> Study:
        """Set entries of the metadata of a study and of its trials."""
        of_trials = {str(key): metadata_to_dict(value) for key, value in (trials or {}).items()}
        body = {"study": metadata_to_dict(metadata), "trials": of_trials}
        return study_from_dict(self._call("POST", f"{_path(name)}/metadata", body=body))

    def suggest_trials(
        self,
        name: StudyName,
        count: int,
        client_id: str,
        *,
        max_n_trials: int | None = None,
        lease_s: float | None = None,
    ) -> list[Trial]:
        """Return up to `count` ACTIVE trials for a client."""
        body = {
            "count": count,
            "client_id": client_id,
            "max_n_trials": max_n_trials,
            "lease_s": LEASE_S if lease_s is None else lease_s,
        }
        answer = self._object("POST", f"{_path(name)}/suggestions", body=body)
        trials = [trial_from_dict(trial) for trial in decode_list(answer["trials"], "trials")]
        if lease_s is None:
            for trial in trials:
                self._leases.hold(name, trial.id, trial.attempt)
        return trials

    def add_trial(
        self,
        name: StudyName,
        parameters: Mapping[str, ParameterValue],
        *,
        measurement: Measurement | None = None,
        measurements: Sequence[Measurement] = (),
        infeasible_reason: str = "",
        metadata: Metadata | None = None,
    ) -> Trial:
        """Add a trial with a known result, or a REQUESTED one."""
        body = {
            "parameters": dict(parameters),
            "measurement": _measurement(measurement),
            "measurements": [measurement_to_dict(one) for one in measurements],
            "infeasible_reason": infeasible_reason,
            "metadata": metadata_to_dict(metadata or {}),
        }
        return trial_from_dict(self._call("POST", f"{_path(name)}/trials", body=body))

    def add_measurements(
        self,
        name: StudyName,
        trial_id: int,
        measurements: Sequence[Measurement],
        *,
        void_steps: Sequence[int] = (),
        attempt: int | None = None,
    ) -> Trial:
        """Record intermediate measurements."""
        body = {
            "measurements": [measurement_to_dict(measurement) for measurement in measurements],
            "void_steps": list(void_steps),
            "attempt": attempt,
        }
        return self._of_trial(name, trial_id, "measurements", body)

    def complete_trial(
        self,
        name: StudyName,
        trial_id: int,
        *,
        measurement: Measurement | None = None,
        infeasible_reason: str = "",
        attempt: int | None = None,
    ) -> Trial:
        """End a trial."""
        body = {
            "measurement": _measurement(measurement),
            "infeasible_reason": infeasible_reason,
            "attempt": attempt,
        }
        trial = self._of_trial(name, trial_id, "complete", body)
        self._leases.let_go(name, trial_id)
        return trial

    def delete_trial(self, name: StudyName, trial_id: int) -> None:
        """Remove a trial."""
        self._call("DELETE", _path(name, trial_id))

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Ask the study's stopping rule about a trial."""
        return self._of_trial(name, trial_id, "check-stopping", {})

    def request_stop(self, name: StudyName, trial_id: int, reason: str) -> Trial:
        """Ask the owner of an ACTIVE trial to stop it."""
        return self._of_trial(name, trial_id, "stop", {"reason": reason})

    def release_trial(
        self, name: StudyName, trial_id: int, *, attempt: int | None = None, lost: bool = False
    ) -> Trial:
        """Put a trial back to REQUESTED."""
        self._leases.let_go(name, trial_id)
        return self._of_trial(name, trial_id, "release", {"attempt": attempt, "lost": lost})

    def take_over_trial(
        self, name: StudyName, trial_id: int, *, previous: str, client_id: str
    ) -> Trial:
        """Change the owner of an ACTIVE trial."""
        body = {"previous": previous, "client_id": client_id}
        trial = self._of_trial(name, trial_id, "take-over", body)
        self._renew(name, trial_id, trial.attempt)
        self._leases.hold(name, trial_id, trial.attempt)
        return trial

    def next_attempt(self, name: StudyName, trial_id: int, *, attempt: int, lost: bool) -> Trial:
        """Begin the next attempt of an ACTIVE trial."""
        body = {"attempt": attempt, "lost": lost}
        trial = self._of_trial(name, trial_id, "next-attempt", body)
        self._leases.hold(name, trial_id, trial.attempt)
        return trial

    def renew_lease(
        self, name: StudyName, trial_id: int, *, lease_s: float, attempt: int | None = None
    ) -> Trial:
        """Push the end of a trial's lease."""
        return self._of_trial(name, trial_id, "lease", {"lease_s": lease_s, "attempt": attempt})

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        return trial_from_dict(self._call("GET", _path(name, trial_id)))

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        query: Query = {
            "states": None if states is None else ",".join(state.value for state in states),
            "since_revision": since_revision,
        }
        answer = self._object("GET", f"{_path(name)}/trials", query=query)
        found = [trial_from_dict(trial) for trial in decode_list(answer["trials"], "trials")]
        return decode_whole(answer["revision"], "revision"), found

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        return wire.counts_from_dict(self._call("GET", f"{_path(name)}/counts"))

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        body = {"trial_ids": list(trial_ids)}
        answer = self._object("POST", f"{_path(name)}/measurements", body=body)
        found = decode_object(answer["measurements"], "measurements")
        return {
            int(trial_id): [measurement_from_dict(one) for one in decode_list(rows, trial_id)]
            for trial_id, rows in found.items()
        }

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use."""
        answer = self._object("GET", f"{_path(name)}/recommendation")["recommendation"]
        return None if answer is None else wire.recommendation_from_dict(answer)

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials."""
        return wire.front_from_dict(self._call("GET", f"{_path(name)}/optimal-trials"))

    def advise(
        self, name: StudyName, n_more: int = N_MORE_TRIALS, more_than: float | None = None
    ) -> Advice:
        """Return what more trials may bring."""
        text = None if more_than is None else repr(float(more_than))
        query: Query = {"n_more": n_more, "more_than": text}
        return wire.advice_from_dict(self._call("GET", f"{_path(name)}/advice", query=query))

    def _renew(self, name: StudyName, trial_id: int, attempt: int) -> None:
        self.renew_lease(name, trial_id, lease_s=LEASE_S, attempt=attempt)

    def _of_trial(
        self, name: StudyName, trial_id: int, verb: str, body: Mapping[str, object]
    ) -> Trial:
        answer = self._call("POST", f"{_path(name, trial_id)}/{verb}", body=body)
        return trial_from_dict(answer)

    def _object(
        self, method: str, path: str, *, query: Query | None = None, body: object = None
    ) -> JsonObject:
        return decode_object(self._call(method, path, query=query, body=body), "an answer")

    def _call(
        self, method: str, path: str, *, query: Query | None = None, body: object = None
    ) -> object:
        return self._connection.call(method, path, query=query, body=body)


def _project_path(project_id: str) -> str:
    # Names are checked where they are made: they need no quoting.
    return f"{API}/projects/{project_id}/studies"


def _path(name: StudyName, trial_id: int | None = None) -> str:
    path = f"{_project_path(name.project_id)}/{name.study_id}"
    return path if trial_id is None else f"{path}/trials/{trial_id}"


def _measurement(measurement: Measurement | None) -> JsonObject | None:
    return None if measurement is None else measurement_to_dict(measurement)
