"""What every store checks and says in the same words."""

import math
from collections.abc import Iterable

from wazir.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.trials import Metadata, Trial
from wazir.storage.whole import WholeStudy

# Databases hold 64-bit integers.
MAX_STORED_INT = 2**63 - 1


def check_trial(trial: Trial) -> None:
    """Raise InvalidInputError if a trial holds what a store cannot keep."""
    for text in (trial.client_id, trial.infeasible_reason, trial.stopping_reason):
        _check_text(text)
    for name, value in trial.parameters.items():
        _check_text(name)
        _check_value(name, value)
    check_metadata(trial.metadata)
    if trial.final_measurement is not None:
        check_measurement(trial.final_measurement)
    for rung in trial.rungs:
        check_measurement(rung.measurement)


def check_measurement(measurement: Measurement) -> None:
    """Raise InvalidInputError if a measurement holds what a store cannot keep."""
    if measurement.step is not None and measurement.step > MAX_STORED_INT:
        raise InvalidInputError(f"a step must be less than 2**63, got {measurement.step!r}")
    if measurement.elapsed_s is not None and not math.isfinite(measurement.elapsed_s):
        raise InvalidInputError(f"elapsed_s must be finite, got {measurement.elapsed_s!r}")
    for name in measurement.metrics:
        _check_text(name)


def check_metadata(metadata: Metadata) -> None:
    """Raise InvalidInputError if metadata holds what a store cannot keep."""
    for namespace, entries in metadata.items():
        _check_text(namespace)
        for key, value in entries.items():
            _check_text(key)
            _check_text(value)


def check_whole_study(whole: WholeStudy) -> None:
    """Raise InvalidInputError if a study holds what a store cannot keep."""
    check_metadata(whole.study.metadata)
    for trial in whole.trials:
        check_trial(trial)
    for measurements in whole.measurements.values():
        for measurement in measurements:
            step_of(measurement)


def step_of(measurement: Measurement) -> int:
    """Return the step of an intermediate measurement, or raise InvalidInputError."""
    check_measurement(measurement)
    if measurement.step is None:
        raise InvalidInputError("an intermediate measurement needs a step, got None")
    return measurement.step


def check_next_id(trial_id: int, last_trial_id: int) -> None:
    """Raise ConflictError unless `trial_id` follows `last_trial_id`."""
    if trial_id != last_trial_id + 1:
        raise ConflictError(f"the next trial of the study is {last_trial_id + 1}, got {trial_id}")


def study_taken(name: StudyName) -> AlreadyExistsError:
    """Return the error for a name that is in use."""
    return AlreadyExistsError(
        f"there is a study {name.study_id!r} in project {name.project_id!r} already",
        hint="choose another name, or load the study",
    )


def study_not_found(name: StudyName, there: Iterable[str]) -> NotFoundError:
    """Return the error for a study that is not among the study ids `there`, with its names."""
    known = list(there)
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    names = f"studies there: {shown}" if known else "the project has no studies"
    hints = [did_you_mean(name.study_id, known), names]
    return NotFoundError(
        f"there is no study {name.study_id!r} in project {name.project_id!r}",
        hint="; ".join(hint for hint in hints if hint),
    )


def trial_not_found(name: StudyName, trial_id: int, last_trial_id: int) -> NotFoundError:
    """Return the error for a trial that is not there."""
    ids = f"its trials have the ids 1 to {last_trial_id}" if last_trial_id else "it has no trials"
    return NotFoundError(f"study {name.study_id!r} has no trial {trial_id}", hint=ids)


def token_taken(token_id: str) -> AlreadyExistsError:
    """Return the error for a token whose id or hash is there."""
    return AlreadyExistsError(f"there is a token {token_id!r} already")


def token_not_found(token_id: str, there: Iterable[str]) -> NotFoundError:
    """Return the error for a token that is not there."""
    hint = did_you_mean(token_id, list(there))
    return NotFoundError(
        f"there is no token {token_id[:100]!r}", hint=hint or "`wazir token list` shows them"
    )


def store_closed() -> StorageError:
    """Return the error for the use of a closed store."""
    return StorageError("the store is closed", hint="open it again")


def transaction_ended() -> RuntimeError:
    """Return the error for the use of a writer after its block."""
    return RuntimeError("the write transaction has ended; begin another")


def _check_value(name: str, value: object) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInputError(
            f"parameter {name!r} must be a text, a boolean or a finite number, got {value!r}"
        )


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(f"a text must be valid Unicode, got {text!r}") from None
