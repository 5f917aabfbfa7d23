"""Writes that come again, or too late: of which attempt, whether they tell anything new, whether the study is open."""

from dataclasses import replace

from wazir.domain.errors import ConflictError, StaleAttemptError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, StudyState
from wazir.domain.trials import Trial
from wazir.storage.protocol import StudyWriter


def current(writer: StudyWriter, trial_id: int, attempt: int | None) -> Trial:
    """Return a trial. Raises StaleAttemptError unless `attempt`, if given, is its present one."""
    trial = writer.trial(trial_id)
    if attempt is not None and attempt != trial.attempt:
        raise StaleAttemptError(
            f"attempt {attempt} of trial {trial_id} was replaced by attempt {trial.attempt}"
        )
    return trial


def check_open(study: Study) -> None:
    """Raise ConflictError unless a study takes new trials."""
    if study.state is not StudyState.ACTIVE:
        raise ConflictError(
            f"study {study.name.study_id!r} is {study.state} and takes no new trials",
            hint="start it again to go on",
        )


def with_step(measurement: Measurement, writer: StudyWriter, trial_id: int) -> Measurement:
    """Return a measurement with the next step where it has none."""
    if measurement.step is not None:
        return measurement
    steps = [known.step for known in writer.measurements(trial_id) if known.step is not None]
    return replace(measurement, step=max(steps, default=0) + 1)


def says_the_same(trial: Trial, measurement: Measurement | None, infeasible_reason: str) -> bool:
    """Return whether a trial has ended, or is paused, with this result: it is told again."""
    if not trial.state.is_final and not trial.is_paused:
        return False
    if infeasible_reason:
        return trial.infeasible_reason == infeasible_reason
    return measurement is None or measurement == trial.last_measurement
