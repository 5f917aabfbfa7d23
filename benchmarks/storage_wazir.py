"""Wazir's side of the storage benchmark; `storage.py` runs it in a process of its own.

`fill FILE N` makes a study with N completed trials; `pairs FILE K` measures K times suggest and
complete on it; both print JSON.
"""

from pathlib import Path

import measure
from storage_worker import N_PARAMETERS, Pair, run_worker

measure.make_importable()

import wazir  # noqa: E402 - may need the line above
from wazir.algorithms.protocol import Snapshot  # noqa: E402
from wazir.algorithms.random_search import RandomSearch  # noqa: E402
from wazir.domain.metrics import Measurement  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402
from wazir.service.suggesting import SUGGESTION_NAMESPACE  # noqa: E402
from wazir.storage.protocol import Store, StudyWriter  # noqa: E402
from wazir.storage.sqlite.store import SqliteStore  # noqa: E402

_STUDY = "benchmark"
_BATCH = 1000
_CLIENT_ID = "python:a-machine:12345:678901/1"


def open_study(file: Path) -> wazir.Study:
    """Return the study of the file, made if needed."""
    parameters = {f"x{index}": wazir.Double(0.0, 1.0) for index in range(N_PARAMETERS)}
    return wazir.create_study(
        _STUDY,
        parameters=parameters,
        minimize="value",
        algorithm="random",
        seed=1,
        storage=file,
    )


def fill(file: Path, n_trials: int) -> None:
    """Insert trials as they are after suggest and complete, many in one transaction."""
    study = open_study(file)
    store: Store = SqliteStore(file)
    for first in range(1, n_trials + 1, _BATCH):
        with store.write(study.full_name) as writer:
            _insert(writer, range(first, min(first + _BATCH, n_trials + 1)))
    store.close()


def _insert(writer: StudyWriter, trial_ids: range) -> None:
    config = writer.study.config
    suggestions = RandomSearch().suggest(config, Snapshot(), trial_ids)
    for trial_id, suggestion in zip(trial_ids, suggestions, strict=True):
        trial = Trial(
            id=trial_id,
            parameters=config.space.check(suggestion.parameters),
            state=TrialState.SUCCEEDED,
            client_id=_CLIENT_ID,
            attempt=1,
            final_measurement=Measurement({"value": float(trial_id)}),
            metadata={
                SUGGESTION_NAMESPACE: {
                    "algorithm": config.algorithm,
                    "revision": str(writer.revision),
                }
            },
            created_at=1.7e9,
            started_at=1.7e9,
            completed_at=1.7e9 + trial_id,
            created_revision=writer.revision,
            completed_revision=writer.revision,
        )
        writer.insert_trial(trial)


def opened(file: Path) -> Pair:
    """Return a function that suggests and completes one trial."""
    study = open_study(file)

    def pair() -> None:
        trial = study.suggest()
        trial.complete(sum(float(value) for value in trial.parameters.values()))

    return pair


def count(file: Path) -> int:
    """Return how many trials have a result."""
    return sum(1 for trial in open_study(file).trials if trial.value is not None)


if __name__ == "__main__":
    run_worker(fill, opened, count)
