"""TPE's densities, weights and choice."""

import numpy as np
import pytest

from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.tpe.parzen import ParzenEstimator
from wazir.algorithms.tpe.search import N_START, Tpe, age_weights, good_weights, n_good
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import SPACES, Loop, study_config


def estimator(space: SearchSpace, n: int, seed: int = 0) -> tuple[Encoding, ParzenEstimator]:
    encoding = Encoding.of(space)
    rng = np.random.default_rng(seed)
    X = encoding.spread(rng.random((n, encoding.n_columns)) ** 2)
    return encoding, ParzenEstimator.of(Cells.of(encoding), X, 1 + rng.random(n))


def test_a_fifth_is_good_up_to_25() -> None:
    assert [n_good(n) for n in (1, 5, 6, 10, 50, 125, 126, 1000)] == [1, 1, 2, 2, 10, 25, 25, 25]


def test_weights_fall_with_the_rank_and_rise_with_youth() -> None:
    good = good_weights(10)
    assert (np.diff(good) < 0).all()
    assert good.mean() == pytest.approx(1.0)
    assert good_weights(1) == pytest.approx(1.0)
    assert (age_weights(25) == 1).all()
    old = age_weights(40)
    assert old[0] == 1 / 40
    assert np.allclose(np.diff(old[:15], 2), 0)
    assert (old[15:] == 1).all()


@pytest.mark.parametrize("n", [0, 1, 7])
def test_the_density_of_a_finite_space_adds_up_to_one(n) -> None:
    space = SearchSpace(
        {
            "n": Integer(1, 12, scale="log"),
            "k": Integer(-2, 3),
            "d": Discrete([1, 2, 7]),
            "c": Categorical(["a", "b", "c"]),
        }
    )
    encoding, found = estimator(space, n)
    total = np.exp(found.log_density(encoding.all_points())).sum()
    assert total == pytest.approx(1.0, abs=1e-9)


def test_the_density_of_a_conditional_space_adds_up_to_one() -> None:
    kind = Categorical(["a", "b"]).when("b", {"n": Integer(1, 4)})
    encoding, found = estimator(SearchSpace({"kind": kind, "k": Integer(0, 2)}), 9)
    total = np.exp(found.log_density(encoding.all_points())).sum()
    assert total == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("n", [0, 1, 9])
def test_the_density_of_a_continuum_integrates_to_one(n) -> None:
    encoding, found = estimator(SPACES["double_log"], n)
    grid = (np.arange(4000) + 0.5)[:, None] / 4000
    assert np.exp(found.log_density(encoding.snap(grid))).mean() == pytest.approx(1.0, abs=1e-4)


def test_samples_follow_the_density() -> None:
    space = SearchSpace({"n": Integer(0, 5), "c": Categorical(["a", "b"])})
    encoding, found = estimator(space, 6, seed=2)
    X = encoding.all_points()
    wanted = np.exp(found.log_density(X))
    drawn = found.sample(20_000, np.random.default_rng(0))
    counts = np.array([(drawn == x).all(axis=1).sum() for x in X])
    # Chi-square with 11 degrees of freedom: above 31 once in 1000.
    assert ((counts - 20_000 * wanted) ** 2 / (20_000 * wanted)).sum() < 31


def test_very_many_levels_are_treated_as_a_continuum() -> None:
    encoding, found = estimator(SPACES["wide"], 5)
    X = found.sample(50, np.random.default_rng(0))
    assert np.isfinite(found.log_density(X)).all()
    for x in X:
        SPACES["wide"].check(encoding.decode(x))


def test_kinds_are_explained() -> None:
    made = Loop(Tpe(), study_config(SPACES["mixed_30"])).run(N_START + 20)
    kinds = [suggestion.explanation["kind"] for suggestion in made]
    assert kinds[:N_START] == ["initial"] * N_START
    assert {"model", "exploration"} == set(kinds[N_START:])
    assert made[-1].explanation["n_good"] == str(n_good(N_START + 19))
    plain = Loop(Tpe(), study_config(SPACES["double"])).run(N_START + 20)
    assert {s.explanation["kind"] for s in plain[N_START:]} == {"model"}


def test_pending_trials_push_others_away() -> None:
    """Many pending points in the good region count as bad."""
    space = SearchSpace({"x": Double(0.0, 1.0)})
    loop = Loop(Tpe(), study_config(space))
    loop.run(30, lambda values: abs(values["x"] - 0.3))
    alone = [s.parameters["x"] for s in loop.suggest()]
    for x in np.linspace(0.2, 0.4, 60):
        loop.wait_for({"x": float(x)})
    crowded = [s.parameters["x"] for s in loop.suggest(10)]
    assert abs(alone[0] - 0.3) < 0.1
    assert np.median(np.abs(np.array(crowded) - 0.3)) > 0.1


def test_a_branch_that_began_badly_is_tried_again() -> None:
    better = Categorical(["a", "b"]).when("b", {"y": Double(0.0, 1.0)})
    space = SearchSpace({"kind": better, "x": Double(0.0, 1.0)})

    def loss(values) -> float:
        if values["kind"] == "a":
            return 0.5 + values["x"]
        return 10 * abs(values["y"] - 0.83)

    tries = [
        sum(s.parameters["kind"] == "b" for s in Loop(Tpe(), config).run(60, loss)[-20:])
        for config in (study_config(space, seed=seed) for seed in range(3))
    ]
    assert min(tries) >= 1
