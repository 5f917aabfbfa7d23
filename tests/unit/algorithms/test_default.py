"""Which algorithm DEFAULT is."""

from dataclasses import replace

import pytest

from wazir.algorithms.default import DefaultAlgorithm, choose
from wazir.algorithms.protocol import Algorithm, Snapshot
from wazir.algorithms.random_search import RandomSearch
from wazir.domain.metrics import Measurement, Metric
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.testing.algorithms import METRIC, SPACES, study_config

NUMBERS = study_config(SPACES["double"])
MIXED = study_config(SPACES["mixed_30"])
CONDITIONAL = study_config(SPACES["conditional"])


def trials(n: int, seconds: float | None) -> Snapshot:
    def trial(i: int) -> Trial:
        times = {} if seconds is None else {"started_at": 5.0, "completed_at": 5.0 + seconds}
        final = Measurement({METRIC: 1.0})
        return Trial(i, {"x": 0.5}, TrialState.SUCCEEDED, final_measurement=final, **times)

    return Snapshot(1, [trial(i) for i in range(1, n + 1)])


@pytest.mark.parametrize("config", [NUMBERS, MIXED, CONDITIONAL])
@pytest.mark.parametrize("n", [0, 100, 4_000])
def test_the_model_is_the_rule(config: StudyConfig, n: int) -> None:
    choice = choose(config, trials(n, 60.0))
    assert choice.algorithm == "GP_BANDIT"
    assert "fewest trials" in choice.reason


@pytest.mark.parametrize(
    ("config", "algorithm"),
    [
        (NUMBERS, "CMA_ES"),
        (MIXED, "REGULARIZED_EVOLUTION"),
        (CONDITIONAL, "REGULARIZED_EVOLUTION"),
    ],
)
def test_many_trials_are_for_a_population(config: StudyConfig, algorithm: str) -> None:
    planned = replace(config, planned_n_trials=6_000)
    assert choose(planned, Snapshot()).algorithm == algorithm
    choice = choose(config, trials(5_001, None))
    assert choice.algorithm == algorithm
    assert choice.reason == "5001 trials are more than 5000"


def test_several_objectives_are_for_nsga2_beyond_the_model() -> None:
    config = StudyConfig(SPACES["mixed_30"], (Metric("a"), Metric("b")))
    assert choose(config, trials(100, 60.0)).algorithm == "GP_BANDIT"
    choice = choose(replace(config, planned_n_trials=6_000), Snapshot())
    assert choice.algorithm == "NSGA2"
    assert choice.reason == "6000 trials are more than 5000, and it keeps a front of 2 objectives"


def test_many_parameters_are_for_a_population() -> None:
    space = SearchSpace({f"x{i}": Double(0.0, 1.0) for i in range(151)})
    assert choose(study_config(space), Snapshot()).algorithm == "CMA_ES"
    few = SearchSpace({f"x{i}": Double(0.0, 1.0 * (i < 150)) for i in range(151)})
    assert choose(study_config(few), Snapshot()).algorithm == "GP_BANDIT"


def test_fast_trials_do_not_wait_for_a_model() -> None:
    assert choose(NUMBERS, trials(1_000, 0.001)).algorithm == "CMA_ES"
    assert choose(NUMBERS, trials(999, 0.001)).algorithm == "GP_BANDIT"
    assert choose(NUMBERS, trials(1_000, 0.05)).algorithm == "GP_BANDIT"
    assert choose(NUMBERS, trials(1_000, None)).algorithm == "GP_BANDIT"


def test_the_choice_is_explained() -> None:
    asked: list[str] = []

    def named(name: str) -> Algorithm:
        asked.append(name)
        return RandomSearch()

    space = SearchSpace({"c": Categorical(["a", "b"])})
    made = DefaultAlgorithm(named).suggest(study_config(space), Snapshot(), [1, 2])
    assert asked == ["GP_BANDIT"]
    assert len(made) == 2
    assert made[0].explanation["chosen"] == "GP_BANDIT"
    assert "fewest trials" in made[0].explanation["because"]
