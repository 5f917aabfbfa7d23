"""Plateaus: what counts as one, and that the bandit looks elsewhere."""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.model import ModelMaker
from wazir.algorithms.gp.plateaus import Plateaus
from wazir.algorithms.gp.settings import GpSettings, OutputWarping
from wazir.domain.parameters import Categorical, Double, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import Loop, study_config

LINE = SearchSpace({"x": Double(0.0, 1.0)})


def plateaus_of(x: list[float], y: list[float]) -> Plateaus:
    settings = GpSettings(output_warping=OutputWarping.STANDARD)
    X = np.array(x)[:, None]
    history = History(X, np.array(y)[:, None], X[:0])
    maker = ModelMaker(Encoding.of(LINE), 0, settings)
    return Plateaus.of(maker.make(history, None, np.random.default_rng(0)))


def held(plateaus: Plateaus, *x: float) -> list[bool]:
    return [bool(flag) for flag in plateaus.hold(np.array(x)[:, None])]


def test_without_equal_values_there_is_none() -> None:
    plateaus = plateaus_of([0.1, 0.5, 0.9], [1.0, 2.0, 3.0])
    assert plateaus.n_points == 0
    assert held(plateaus, 0.1, 0.3) == [False, False]


def test_a_plateau_reaches_from_each_point_to_the_farthest_equal_one() -> None:
    plateaus = plateaus_of([0.4, 0.5, 0.55, 0.9, 0.1], [1.0, 1.0, 1.0, 2.0, 3.0])
    assert plateaus.n_points == 3
    # 0.4 reaches 0.15 to both sides, 0.55 too.
    assert held(plateaus, 0.45, 0.26, 0.69, 0.24, 0.71) == [True, True, True, False, False]


def test_equal_values_with_another_one_between_them_are_none() -> None:
    assert plateaus_of([0.1, 0.5, 0.9], [1.0, 2.0, 1.0]).n_points == 0


def test_repeats_of_one_point_are_none() -> None:
    assert plateaus_of([0.1, 0.1, 0.9], [1.0, 1.0, 2.0]).n_points == 0


def test_a_parameter_without_effect_makes_no_plateau_in_the_others() -> None:
    space = SearchSpace({"x": Double(0.0, 1.0), "idle": Double(0.0, 1.0)})
    encoding = Encoding.of(space)
    rng = np.random.default_rng(3)
    X = np.column_stack([np.repeat(rng.random(12), 2), rng.random(24)])
    history = History(X, ((X[:, :1] - 0.4) ** 2), X[:0])
    model = ModelMaker(encoding, 0, GpSettings()).make(history, None, rng)
    plateaus = Plateaus.of(model)
    assert plateaus.n_points > 0
    beside = X[:1] + np.array([0.05, 0.0])
    assert not plateaus.hold(model.features(beside)).any()


def terraces(values: Mapping[str, ParameterValue]) -> float:
    """A bowl in which a program rounds both parameters to 12 steps; the best step is (9, 2)."""
    steps = [math.floor(12.0 * float(values[name])) for name in ("x", "y")]
    return float((steps[0] - 9) ** 2 + (steps[1] - 2) ** 2 + 5 * math.cos(2.1 * steps[0]))


SQUARE = SearchSpace({"x": Double(0.0, 0.999), "y": Double(0.0, 0.999)})


def n_repeated(settings: GpSettings, seed: int) -> int:
    """Return how many of 45 trials see the value that is seen most often."""
    made = Loop(GpBandit(settings), study_config(SQUARE, seed=seed)).run(45, terraces)
    return max(Counter(terraces(suggestion.parameters) for suggestion in made).values())


def test_fewer_trials_are_spent_on_one_terrace() -> None:
    avoiding = sum(n_repeated(GpSettings(), seed) for seed in range(2))
    not_avoiding = sum(n_repeated(GpSettings(avoids_plateaus=False), seed) for seed in range(2))
    assert avoiding < 0.75 * not_avoiding


def test_the_explanation_says_how_many_trials_lie_on_plateaus() -> None:
    made = Loop(GpBandit(), study_config(SQUARE, seed=1)).run(30, terraces)
    assert int(made[-1].explanation["plateaus"]) >= 2


def test_a_constant_objective_and_a_space_of_equal_values_are_no_obstacle() -> None:
    space = SearchSpace({"a": Categorical(["p", "q", "r"]), "b": Categorical([1, 2, 3, 4])})
    made = Loop(GpBandit(), study_config(space)).run(12, lambda _: 1.0)
    assert len({tuple(suggestion.parameters.values()) for suggestion in made}) == 12
    assert len(Loop(GpBandit(), study_config(LINE)).run(12, lambda _: 1.0)) == 12
