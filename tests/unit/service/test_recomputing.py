"""Any suggestion can be computed again from the trials that were known: nothing else counts."""

import itertools

import numpy as np
import pytest

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE
from wazir.app.stopping_rules import make_rule
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial
from wazir.service.local import local_service
from wazir.service.snapshots import snapshot_at
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "again")
SPACE = SearchSpace(
    {
        "rate": Double(1e-5, 1.0, scale="log"),
        "width": Integer(8, 512, scale="log"),
        "share": Double(0.0, 1.0),
        "kind": Categorical(["a", "b", "c"]),
    }
)
CONFIG = StudyConfig(SPACE, (Metric("loss", Goal.MINIMIZE),), seed=3)


class NobodyLeaves:
    def is_gone(self, client_id: str) -> bool:
        return False


def loss(trial: Trial) -> float:
    values = trial.parameters
    shift = "abc".index(str(values["kind"]))
    return abs(float(np.log10(values["rate"])) + 2.3) + shift + (float(values["share"]) - 0.7) ** 2


def trials_of_a_study() -> list[Trial]:
    """Run three workers that ask for one or two trials at a time and end out of order."""
    service = local_service(
        MemoryStore(),
        new_algorithms=lambda: lambda _: GpBandit(),
        clock=lambda: 0.0,
        owners=NobodyLeaves(),
        rule_of=make_rule,
    )
    service.create_study(NAME, CONFIG)
    running: list[Trial] = []
    for step in itertools.count():
        running += service.suggest_trials(NAME, 1 + step % 2, f"worker {step}")
        while len(running) > 2:
            trial = running.pop(step % 3 if step % 3 < len(running) else 0)
            done = Measurement({"loss": loss(trial)})
            service.complete_trial(NAME, trial.id, measurement=done, attempt=trial.attempt)
        _, trials = service.trials(NAME)
        if len(trials) >= 40:
            return trials
    raise AssertionError("the loop has no end of its own")


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return trials_of_a_study()


def test_suggestions_are_the_same_from_an_empty_cache(trials: list[Trial]) -> None:
    encoding = Encoding.of(SPACE)
    revisions: dict[int, list[Trial]] = {}
    for trial in trials:
        revision = int(trial.metadata[SUGGESTION_NAMESPACE]["revision"])
        revisions.setdefault(revision, []).append(trial)
    for revision, made in revisions.items():
        snapshot = snapshot_at(revision, trials)
        again = GpBandit().suggest(CONFIG, snapshot, [trial.id for trial in made])
        before = encoding.encode([trial.parameters for trial in made])
        after = encoding.encode([suggestion.parameters for suggestion in again])
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_metadata_says_what_a_suggestion_was_based_on(trials: list[Trial]) -> None:
    stored = trials[-1].metadata[SUGGESTION_NAMESPACE]
    assert {"algorithm", "version", "revision", "value", "aim", "log_hyperparameters"} <= set(
        stored
    )
    assert sum(len(key) + len(text) for key, text in stored.items()) < 400
