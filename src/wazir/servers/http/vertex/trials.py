"""Trials, measurements and studies in the JSON form of Vertex."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import JsonObject, encode_number
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, StudyState
from wazir.domain.trials import Trial
from wazir.servers.http.vertex.messages import STUDY_SPEC
from wazir.servers.http.vertex.parameters import to_json_value
from wazir.servers.http.vertex.reading import with_enums
from wazir.servers.http.vertex.study_spec import spec_of
from wazir.servers.http.vertex.times import duration_text, timestamp_text
from wazir.service.display_names import display_name_of
from wazir.service.foreign_states import STUDY_STATES, TRIAL_STATES


@dataclass(frozen=True)
class Location:
    """Where a study is for Vertex; the place is repeated to clients, and means nothing here."""

    project_id: str
    location_id: str

    def __str__(self) -> str:
        return f"projects/{self.project_id}/locations/{self.location_id}"

    def study(self, study_id: str) -> str:
        """Return the full name of a study."""
        return f"{self}/studies/{study_id}"


@dataclass(frozen=True)
class Writer:
    """Writes messages for one client: enums as numbers or as names."""

    location: Location
    enums_as_numbers: bool = False

    def study(self, study: Study) -> JsonObject:
        """Return a study."""
        written: JsonObject = {
            "name": self.location.study(study.name.study_id),
            "displayName": display_name_of(study),
            "studySpec": with_enums(spec_of(study), STUDY_SPEC, as_numbers=self.enums_as_numbers),
            "state": self.study_state(study.state),
            "createTime": timestamp_text(study.created_at),
        }
        return written

    def study_state(self, state: StudyState) -> str | int:
        """Return the state of a study."""
        return STUDY_STATES[state].number if self.enums_as_numbers else state.value

    def trial(
        self, study_id: str, trial: Trial, measurements: Sequence[Measurement] = ()
    ) -> JsonObject:
        """Return a trial with its intermediate measurements."""
        state = TRIAL_STATES[trial.state].number if self.enums_as_numbers else trial.state.value
        written: JsonObject = {
            "name": f"{self.location.study(study_id)}/trials/{trial.id}",
            "id": str(trial.id),
            "state": state,
            "parameters": [
                {"parameterId": name, "value": to_json_value(value)}
                for name, value in trial.parameters.items()
            ],
        }
        if trial.final_measurement is not None:
            written["finalMeasurement"] = measurement_to_json(trial.final_measurement)
        if measurements:
            written["measurements"] = [measurement_to_json(one) for one in measurements]
        for key, at in (("startTime", trial.started_at), ("endTime", trial.completed_at)):
            if at is not None:
                written[key] = timestamp_text(at)
        if trial.client_id:
            written["clientId"] = trial.client_id
        if trial.infeasible_reason:
            written["infeasibleReason"] = trial.infeasible_reason
        return written


def measurement_to_json(measurement: Measurement) -> JsonObject:
    """Return a measurement."""
    written: JsonObject = {
        "metrics": [
            {"metricId": name, "value": encode_number(value)}
            for name, value in measurement.metrics.items()
        ]
    }
    if measurement.step is not None:
        written["stepCount"] = str(measurement.step)
    if measurement.elapsed_s is not None:
        written["elapsedDuration"] = duration_text(measurement.elapsed_s)
    return written


def measurement_from(fields: Mapping[str, Any] | None, path: str) -> Measurement | None:
    """Return the measurement of a message that was read by its table, None for none.

    A step of 0 is the default of its field: clients leave it out, so it is not known.

    Raises:
        InvalidInputError: a metric twice or without a name, or a negative step or time.
    """
    if not fields:
        return None
    metrics: dict[str, float] = {}
    for index, one in enumerate(fields.get("metrics", ())):
        name = one.get("metricId", "")
        if not name or name in metrics:
            raise InvalidInputError(
                f"{path}.metrics[{index}].metricId: needs a name that is given once, got {name!r}"
            )
        metrics[name] = one.get("value", 0.0)
    try:
        return Measurement(
            metrics,
            step=fields.get("stepCount") or None,
            elapsed_s=fields.get("elapsedDuration"),
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}", hint=error.hint) from None
