"""What clients of other APIs do with studies: they renew no leases and send no attempts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from wazir.domain.best import optimal_trials
from wazir.domain.errors import AlreadyExistsError, ConflictError, InvalidInputError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import Study, StudyConfig, StudyState
from wazir.domain.trials import Metadata, Trial, TrialState
from wazir.service.display_names import display_name_metadata, study_name_for
from wazir.service.metadata import merged_metadata
from wazir.service.orphans import ForeignLeases
from wazir.service.transport import Transport

STOPPED_BY_CLIENT = "a client asked to stop it"


class ForeignClients:
    """The use cases of the doors for Vertex AI Vizier and OSS Vizier, on any transport.

    Paused trials are not shown: these APIs have no word for them. Errors are those of the
    Transport protocol. With `leases` a trial has one, and a request about the trial or by its
    client id renews it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        new_seed: Callable[[], int],
        leases: ForeignLeases | None = None,
    ) -> None:
        self._transport = transport
        self._new_seed = new_seed
        self._leases = leases

    def create_study(
        self,
        project_id: str,
        display_name: str,
        config: StudyConfig,
        *,
        metadata: Metadata | None = None,
    ) -> Study:
        """Create the study of a display name, with a seed of its own.

        One that is there with the very same configuration is returned: the request came again.

        Raises:
            AlreadyExistsError: there is one with another configuration.
        """
        name = study_name_for(project_id, display_name)
        entries = merged_metadata(metadata or {}, display_name_metadata(name, display_name))
        seeded = replace(config, seed=self._new_seed())
        try:
            return self._transport.create_study(name, seeded, metadata=entries, must_be_new=True)
        except AlreadyExistsError:
            existing = self._transport.study(name)
            if replace(config, seed=existing.config.seed) != existing.config:
                raise
            return existing

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        return self._transport.study(name)

    def study_named(self, project_id: str, display_name: str) -> Study:
        """Return the study of a display name. Raises NotFoundError."""
        return self._transport.study(study_name_for(project_id, display_name))

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        return self._transport.studies(project_id)

    def delete_study(self, name: StudyName) -> None:
        """Remove a study and its trials."""
        self._transport.delete_study(name)

    def set_study_state(self, name: StudyName, state: StudyState) -> Study:
        """Pause, end or reopen a study."""
        return self._transport.set_study_state(name, state)

    def update_metadata(
        self, name: StudyName, metadata: Metadata, trials: Mapping[int, Metadata]
    ) -> Study:
        """Set entries of a study's metadata, and of trials by id."""
        study = self._transport.update_metadata(name, metadata, trials=trials)
        if self._leases is not None:
            for trial_id in trials:
                self._heard_of(name, self._transport.trial(name, trial_id))
        return study

    def suggest(self, name: StudyName, count: int, client_id: str) -> list[Trial]:
        """Return up to `count` ACTIVE trials: the client's own, then waiting, then new ones.

        Raises:
            ConflictError: the study has ended, by its own rule too.
        """
        if count < 1:
            raise InvalidInputError(f"suggestion_count is at least 1, got {count}")
        lease_s = None if self._leases is None else self._leases.length_s(name)
        given = self._transport.suggest_trials(name, count, client_id, lease_s=lease_s)
        return given or self._none_left(name)

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
        """Add a trial: with a known result, or REQUESTED when there is none yet."""
        return self._transport.add_trial(
            name,
            parameters,
            measurement=measurement,
            measurements=[*map(_first, measurements[:1]), *measurements[1:]],
            infeasible_reason=infeasible_reason,
            metadata=metadata,
        )

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        return self._heard_of(name, self._transport.trial(name, trial_id))

    def trials(self, name: StudyName) -> list[Trial]:
        """Return all trials that are not paused, by id."""
        return [trial for trial in self._transport.trials(name)[1] if not trial.is_paused]

    def measurements(
        self, name: StudyName, trial_ids: Iterable[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials, oldest first."""
        return self._transport.measurements(name, list(trial_ids))

    def optimal_trials(self, name: StudyName) -> list[Trial]:
        """Return the best trial, with several objectives the Pareto front."""
        succeeded = self._transport.trials(name, states=[TrialState.SUCCEEDED])[1]
        return list(optimal_trials(succeeded, self._transport.study(name).config))

    def add_measurement(self, name: StudyName, trial_id: int, measurement: Measurement) -> Trial:
        """Record an intermediate measurement of a running trial; an INFEASIBLE one stays as it is.

        The first one has step 0 if it has none, the following ones have the next.

        Raises:
            ConflictError: the trial has succeeded, or nobody works on it.
        """
        if measurement.step is None and not self._has_measurements(name, trial_id):
            measurement = _first(measurement)
        try:
            trial = self._transport.add_measurements(name, trial_id, [measurement])
        except ConflictError:
            trial = self._transport.trial(name, trial_id)
            if trial.state is not TrialState.INFEASIBLE:
                raise
        return self._heard_of(name, trial)

    def complete(
        self,
        name: StudyName,
        trial_id: int,
        *,
        measurement: Measurement | None = None,
        infeasible_reason: str = "",
    ) -> Trial:
        """End a trial. The same again changes nothing; without anything its measurements count.

        Raises:
            ConflictError: it has no measurements, and nothing else is said either.
        """
        is_silent = measurement is None and not infeasible_reason
        if is_silent and not self._can_end_by_itself(name, trial_id):
            raise ConflictError(
                f"trial {trial_id} has no measurement: say its final one, or that it is infeasible"
            )
        return self._transport.complete_trial(
            name, trial_id, measurement=measurement, infeasible_reason=infeasible_reason
        )

    def delete_trial(self, name: StudyName, trial_id: int) -> None:
        """Remove a trial; its id stays used."""
        self._transport.delete_trial(name, trial_id)

    def should_stop(self, name: StudyName, trial_id: int) -> bool:
        """Ask the study's stopping rule; a trial that is to stop becomes STOPPING."""
        trial = self._heard_of(name, self._transport.check_stopping(name, trial_id))
        return trial.state is TrialState.STOPPING

    def stop(self, name: StudyName, trial_id: int) -> Trial:
        """Ask the owner of a running trial to stop it; one that stops or has ended stays so."""
        trial = self._transport.trial(name, trial_id)
        if trial.state is TrialState.STOPPING or trial.state.is_final:
            return trial
        stopped = self._transport.request_stop(name, trial_id, STOPPED_BY_CLIENT)
        return self._heard_of(name, stopped)

    def _can_end_by_itself(self, name: StudyName, trial_id: int) -> bool:
        if self._transport.trial(name, trial_id).state.is_final:
            return True
        return self._has_measurements(name, trial_id)

    def _has_measurements(self, name: StudyName, trial_id: int) -> bool:
        return bool(self._transport.measurements(name, [trial_id]).get(trial_id))

    def _heard_of(self, name: StudyName, trial: Trial) -> Trial:
        if self._leases is not None:
            self._leases.heard_of(name, trial)
        return trial

    def _none_left(self, name: StudyName) -> list[Trial]:
        reason = self._transport.why_ended(name)
        if reason:
            raise ConflictError(f"study {name.study_id!r} makes no new trials: {reason}")
        return []


def _first(measurement: Measurement) -> Measurement:
    """Return a trial's first measurement, with a step.

    These APIs do not tell step 0 from none. If it got step 1, that of step 1 would replace it.
    """
    return measurement if measurement.step is not None else replace(measurement, step=0)
