"""Studies, trials and changes that the contract suite of stores is made of."""

from collections.abc import Callable
from dataclasses import replace

from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig, StudyState
from wazir.domain.trials import Trial, TrialState
from wazir.storage.protocol import Store, StudyWriter

NAME = StudyName("default", "s")
CONFIG = StudyConfig(
    SearchSpace(
        {
            "x": Double(0, 1),
            "n": Integer(-(2**100), 2**100),
            "kind": Categorical(["a", "é 汉", True, 1.5]),
        }
    ),
    (Metric("loss", Goal.MINIMIZE),),
)
PENDING = (TrialState.REQUESTED, TrialState.ACTIVE, TrialState.STOPPING)


def make_trial(trial_id: int, state: TrialState = TrialState.REQUESTED, **fields: object) -> Trial:
    """Return a trial of the suite's study."""
    parameters = {"x": 0.25, "n": 2**100, "kind": "é 汉"}
    return replace(Trial(trial_id, parameters, state), **fields)  # type: ignore[arg-type]


def make_study(store: Store, name: StudyName = NAME, *, n_trials: int = 0) -> Study:
    """Create a study with trials that are REQUESTED."""
    study = store.create_study(Study(name, CONFIG, created_at=1.5))
    if n_trials:
        add_trials(store, *[TrialState.REQUESTED] * n_trials, name=name)
    return study


def add_trials(store: Store, *states: TrialState, name: StudyName = NAME) -> None:
    """Add one trial for each state, in one transaction."""
    with store.write(name) as writer:
        for state in states:
            writer.insert_trial(make_trial(writer.last_trial_id + 1, state))


def ids(trials: list[Trial]) -> list[int]:
    """Return the ids of trials."""
    return [trial.id for trial in trials]


def state_of(store: Store, name: StudyName = NAME) -> object:
    """Return all that a store tells of a study."""
    revision, trials = store.trials(name)
    measurements = store.measurements(name, ids(trials))
    return store.study(name), store.counts(name), revision, trials, measurements


def change_everything(writer: StudyWriter) -> None:
    """Make a change of each kind in a study with three REQUESTED trials."""
    writer.update_trial(make_trial(1, TrialState.ACTIVE, client_id="me"))
    writer.delete_trial(2)
    writer.insert_trial(make_trial(4, TrialState.SUCCEEDED))
    writer.put_measurement(1, Measurement({"loss": 2.0}, step=5))
    for measurement in writer.measurements(1):
        if measurement.step != 5:
            writer.put_measurement(1, replace(measurement, metrics={"loss": -1.0}))
    writer.update_study(replace(writer.study, state=StudyState.INACTIVE))


def uses_of(store: Store, name: StudyName) -> list[Callable[[], object]]:
    """Return a call of each method that names a study."""
    return [
        lambda: store.study(name),
        lambda: store.delete_study(name),
        lambda: store.write(name).__enter__(),
        lambda: store.counts(name),
        lambda: store.trial(name, 1),
        lambda: store.trials(name),
        lambda: store.measurements(name, [1]),
    ]


def spoil(trial: Trial, study: Study) -> None:
    """Change all mappings of values that a store returned, against the rule."""
    for mapping in (trial.parameters, trial.metadata["ns"], study.metadata["ns"]):
        mapping.clear()  # type: ignore[attr-defined]
    if trial.final_measurement is not None:
        trial.final_measurement.metrics.clear()  # type: ignore[attr-defined]
    for rung in trial.rungs:
        rung.measurement.metrics.clear()  # type: ignore[attr-defined]
