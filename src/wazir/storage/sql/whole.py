"""Inserting a whole study into a SQL database."""

from wazir.storage.checks import study_taken
from wazir.storage.counting import counted
from wazir.storage.sql.rows import (
    Bindings,
    count_bindings,
    measurement_bindings,
    name_bindings,
    study_bindings,
    trial_bindings,
)
from wazir.storage.sql.session import Session
from wazir.storage.whole import WholeStudy


def insert_whole_study(session: Session, whole: WholeStudy) -> None:
    """Insert a study with all that belongs to it. Raises AlreadyExistsError, StorageError."""
    study = whole.study
    if not session.run("insert_study", study_bindings(study)).rowcount:
        raise study_taken(study.name)
    (study_key, *_) = session.run("select_study_head", name_bindings(study.name)).fetchall()[0]
    for trial in whole.trials:
        session.run("insert_trial", trial_bindings(trial, study_key, study.revision))
        _insert_measurements(session, whole, study_key, trial.id)
    bindings: Bindings = {
        "study_key": study_key,
        "revision": study.revision,
        "config_revision": study.config_revision,
        "last_trial_id": whole.last_trial_id,
    }
    session.run("advance_study", bindings | count_bindings(counted(whole.trials)))


def _insert_measurements(
    session: Session, whole: WholeStudy, study_key: int, trial_id: int
) -> None:
    measurements = whole.measurements.get(trial_id, ())
    if not measurements:
        return
    key: Bindings = {"study_key": study_key, "trial_id": trial_id}
    ((trial_key, _),) = session.run("select_trial_head", key).fetchall()
    for measurement in measurements:
        columns = measurement_bindings(measurement)
        session.run(
            "put_measurement",
            {"trial_key": trial_key, "revision": whole.study.revision, **columns},
        )
