"""Optuna's side of the storage benchmark; runs in the environment of `peers/optuna.txt`.

The study is what Optuna's own documentation shows: `create_study(storage="sqlite:///...")` with
RandomSampler, so RDBStorage behind Optuna's cache, all settings at their defaults. A pair is
`study.ask()`, ten calls of `trial.suggest_float`, `study.tell()`.

To fill a study `study.add_trials` would be the public way, one transaction per trial, which takes
an hour for 100,000. The rows are inserted in bulk through Optuna's own SQLAlchemy models instead;
they are the rows that ask and tell leave behind, and Optuna reads them back as its own trials.
"""

import datetime as dt
import json
import random
from pathlib import Path

import optuna
import sqlalchemy
from optuna.distributions import FloatDistribution, distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from storage_worker import N_PARAMETERS, Pair, run_worker

_STUDY = "benchmark"
_BATCH = 1000
_NAMES = [f"x{index}" for index in range(N_PARAMETERS)]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_study(file: Path) -> optuna.Study:
    """Return the study of the file, made if needed."""
    return optuna.create_study(
        storage=f"sqlite:///{file}",
        study_name=_STUDY,
        sampler=optuna.samplers.RandomSampler(seed=1),
        direction="minimize",
        load_if_exists=True,
    )


def fill(file: Path, n_trials: int) -> None:
    """Insert completed trials in bulk through Optuna's models."""
    open_study(file)
    storage = RDBStorage(f"sqlite:///{file}")
    study_id = storage.get_study_id_from_name(_STUDY)
    generator = random.Random(1)
    with storage.engine.begin() as connection:
        for first in range(1, n_trials + 1, _BATCH):
            trial_ids = range(first, min(first + _BATCH, n_trials + 1))
            _insert(connection, study_id, trial_ids, generator)


def _insert(
    connection: sqlalchemy.Connection, study_id: int, trial_ids: range, generator: random.Random
) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    complete = optuna.trial.TrialState.COMPLETE
    finite = models.TrialValueModel.TrialValueType.FINITE
    distribution = distribution_to_json(FloatDistribution(0.0, 1.0))
    trials = [
        {
            "trial_id": trial_id,
            "number": trial_id - 1,
            "study_id": study_id,
            "state": complete,
            "datetime_start": now,
            "datetime_complete": now,
        }
        for trial_id in trial_ids
    ]
    parameters = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": generator.random(),
            "distribution_json": distribution,
        }
        for trial_id in trial_ids
        for name in _NAMES
    ]
    values = [
        {
            "trial_id": trial_id,
            "objective": 0,
            "value": float(trial_id),
            "value_type": finite,
        }
        for trial_id in trial_ids
    ]
    for model, rows in (
        (models.TrialModel, trials),
        (models.TrialParamModel, parameters),
        (models.TrialValueModel, values),
    ):
        connection.execute(sqlalchemy.insert(model.__table__), rows)


def opened(file: Path) -> Pair:
    """Return a function that asks for one trial and tells its value."""
    study = open_study(file)

    def pair() -> None:
        trial = study.ask()
        study.tell(trial, sum(trial.suggest_float(name, 0.0, 1.0) for name in _NAMES))

    return pair


def count(file: Path) -> int:
    """Return how many trials have a value and all parameters."""
    trials = open_study(file).trials
    return sum(1 for trial in trials if trial.value is not None and set(trial.params) == {*_NAMES})


def compare(file: Path) -> None:
    """Print as JSON which columns differ between a filled row and one of ask and tell.

    The file holds filled trials, then those of ask and tell.
    """
    engine = RDBStorage(f"sqlite:///{file}").engine
    differences = {}
    with engine.connect() as connection:
        for table in sorted(sqlalchemy.inspect(engine).get_table_names()):
            rows = connection.execute(sqlalchemy.text(f"select * from {table}")).mappings().all()
            if len(rows) > 1:
                first, last = rows[0], rows[-1]
                differences[table] = [name for name in first if first[name] != last[name]]
    print(json.dumps(differences))


if __name__ == "__main__":
    run_worker(fill, opened, count, compare)
