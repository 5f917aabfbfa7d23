"""CMA-ES: constants, updates, replay, and that it converges."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.evolution.cma_es import CmaEs
from wazir.algorithms.evolution.cma_replay import Generation, Replay, SearchState
from wazir.algorithms.evolution.cma_state import (
    MAX_FULL,
    START_STEP,
    Constants,
    Gaussian,
    default_population,
)
from wazir.algorithms.gp.history import History
from wazir.algorithms.trail import Trail
from wazir.algorithms.variation import categorical_columns
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import SPACES, Loop, study_config

BOX = SearchSpace({f"x{i}": Double(-5.0, 5.0) for i in range(5)})
TARGET = np.array([1.3, -2.1, 0.4, 2.2, -0.9])
ROTATION = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]


def replay_of(space: SearchSpace, seed: int = 0) -> Replay:
    encoding = Encoding.of(space)
    cells = Cells.of(encoding)
    mean = np.full(len(cells.columns), 0.5)
    return Replay(encoding, cells, categorical_columns(encoding), mean, seed)


def history_of(space: SearchSpace, n: int, seed: int = 0) -> History:
    encoding = Encoding.of(space)
    rng = np.random.default_rng(seed)
    X = encoding.spread(rng.random((n, encoding.n_columns)))
    return History(X, rng.random((n, 1)), X[:0])


def run(space: SearchSpace, loss, n: int, seed: int) -> list[float]:
    """Return the losses of n trials, made in batches of 8."""
    loop = Loop(CmaEs(), study_config(space, seed=seed))
    values: list[float] = []
    while len(values) < n:
        for suggestion in loop.suggest(8):
            values.append(loss(suggestion.parameters))
            loop.complete(suggestion.parameters, values[-1])
    return values[:n]


def sphere(values) -> float:
    z = np.array([values[f"x{i}"] for i in range(5)]) - TARGET
    return float(z @ z)


def ellipsoid(values) -> float:
    z = ROTATION @ (np.array([values[f"x{i}"] for i in range(5)]) - TARGET)
    return float(z * z @ 10.0 ** np.linspace(0, 3, 5))


@pytest.mark.parametrize("d", [1, 2, 5, 20, 100, 101, 400])
@pytest.mark.parametrize("factor", [1, 2, 8])
def test_constants_are_those_of_the_tutorial(d, factor) -> None:
    population = factor * default_population(d)
    c = Constants.of(d, population)
    assert c.weights[: c.n_parents].sum() == pytest.approx(1.0)
    assert (np.diff(c.weights) < 0).all()
    assert c.mu_eff == pytest.approx(1 / (c.weights[: c.n_parents] ** 2).sum())
    assert 0 < c.c_1 + c.c_mu <= 1
    assert 0 < c.c_c <= 1
    assert 0 < c.c_sigma < 1
    assert c.d_sigma >= 1
    assert 1 - c.c_1 - c.c_mu * c.weights.sum() > 0
    # The expected length of a standard normal vector.
    exact = math.sqrt(2) * math.exp(math.lgamma((d + 1) / 2) - math.lgamma(d / 2))
    assert c.chi == pytest.approx(exact, rel=0.02)


def test_default_populations() -> None:
    assert [default_population(d) for d in (1, 5, 20, 100)] == [4, 8, 12, 17]


def test_without_selection_step_and_covariance_stay_the_same_on_average() -> None:
    rng = np.random.default_rng(0)
    d, population = 4, 10
    c = Constants.of(d, population)
    drift, ends = [], []
    for _ in range(60):
        state = Gaussian.start(np.full(d, 0.5), 0.01)
        for generation in range(40):
            X = state.at(rng.standard_normal((population, d)))
            state = state.updated(c, X, c.weights)
            # Until then the path is shorter than usual, since it starts at zero.
            if generation == 14:
                middle = state
        drift.append(math.log(state.sigma / middle.sigma))
        ends.append(middle.C)
    assert abs(np.mean(drift)) < 0.2
    assert np.abs(np.mean(ends, axis=0) - np.eye(d)).max() < 0.2


def test_the_covariance_stays_symmetric_positive_definite_and_is_decomposed() -> None:
    rng = np.random.default_rng(2)
    c = Constants.of(6, 9)
    state = Gaussian.start(np.full(6, 0.5))
    for _ in range(300):
        # Far away points too: the lengths of steps are bounded.
        X = state.at(10.0 ** rng.uniform(-2, 3) * rng.standard_normal((9, 6)))
        state = state.updated(c, X, c.weights)
        assert (state.C == state.C.T).all()
        assert np.linalg.eigvalsh(state.C)[0] > 0
        rebuilt = (state.axes * state.lengths**2) @ state.axes.T
        assert np.allclose(rebuilt, state.C, rtol=1e-9, atol=1e-12 * state.C.max())
        assert state.std.max() <= 1.0 + 1e-9


def test_many_dimensions_learn_variances_only() -> None:
    d = MAX_FULL + 20
    rng = np.random.default_rng(0)
    c = Constants.of(d, 20)
    state = Gaussian.start(np.full(d, 0.5))
    for _ in range(3):
        state = state.updated(c, state.at(rng.standard_normal((20, d))), c.weights)
    assert (np.diag(np.diag(state.C)) == state.C).all()
    assert len(np.unique(np.diag(state.C))) == d


@pytest.mark.parametrize("name", ["double", "conditional", "mixed_30", "finite", "categorical"])
def test_replay_equals_one_generation_after_the_other(name) -> None:
    space = SPACES[name]
    replay, history = replay_of(space), history_of(space, 100)
    whole = replay.follow(history, Trail())
    trail: Trail[SearchState] = Trail()
    for n in (3, 10, 11, 50, 99, 100):
        part = History(history.X[:n], history.Y[:n], history.pending)
        latest = replay.follow(part, trail)
    assert_same(whole, latest)
    assert trail.n_used > 100 - latest.population


def assert_same(a: SearchState, b: SearchState) -> None:
    assert (a.population, a.n_restarts, a.bests) == (b.population, b.n_restarts, b.bests)
    assert a.gaussian.generation == b.gaussian.generation
    assert (a.gaussian.mean == b.gaussian.mean).all()
    assert (a.gaussian.C == b.gaussian.C).all()
    assert all((p == q).all() for p, q in zip(a.frequencies, b.frequencies, strict=True))


@given(st.integers(0, 10_000), st.floats(1e-6, 1.0))
def test_samples_behind_rounded_values_lie_in_their_cells(seed, sigma) -> None:
    space = SearchSpace({"n": Integer(1, 50, scale="log"), "k": Integer(0, 3)})
    replay = replay_of(space)
    rng = np.random.default_rng(seed)
    X = replay.encoding.spread(rng.random((20, 2)))
    gaussian = Gaussian.start(rng.random(2), sigma)
    latent = replay.latent(gaussian, X, rng.random((20, 2)))
    assert np.isfinite(latent).all()
    low, high = replay.cells.edges(X)
    inner_low, inner_high = low > replay.cells.low + 1e-9, high < replay.cells.high - 1e-9
    assert (latent >= low - 1e-9)[inner_low].all()
    assert (latent <= high + 1e-9)[inner_high].all()


def test_failed_trials_are_the_worst_and_a_failed_generation_changes_nothing() -> None:
    space = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})
    replay = replay_of(space)
    state = replay.start()
    rng = np.random.default_rng(0)
    X, U = rng.random((6, 2)), rng.random((6, 2))
    none = Generation(X, np.full((6, 1), np.nan), np.zeros(6), U)
    assert replay.after(state, none) is state
    # The only point with a value draws the mean to its side.
    X[:3], X[3:] = [0.6, 0.6], [0.2, 0.2]
    Y = np.array([[np.nan], [1.0], [np.inf], [np.nan], [np.nan], [np.nan]])
    assert (replay.after(state, Generation(X, Y, np.zeros(len(X)), U)).gaussian.mean > 0.55).all()


def test_integers_do_not_freeze() -> None:
    """A sample leaves the cell of the mean with a probability of 1 / (d population)."""
    space = SearchSpace({"n": Integer(0, 9), "b": Integer(0, 1), "x": Double(0.0, 1.0)})
    replay = replay_of(space)
    state = replay.start()
    rng = np.random.default_rng(0)
    for _ in range(60):
        X = replay.encoding.snap(state.gaussian.at(rng.standard_normal((state.population, 3))))
        Y = np.abs(X - [3 / 9, 0.0, 0.4]).sum(axis=1, keepdims=True)
        state = replay.after(state, Generation(X, Y, np.zeros(len(X)), rng.random(X.shape)))
        assert state.gaussian.std[0] >= 0.9 * (0.5 / 9) / 3
        assert state.gaussian.std[1] >= 0.9 * 0.5 / 3
    assert state.gaussian.std[2] < 0.01


def test_a_converged_search_begins_again_with_twice_the_population() -> None:
    replay = replay_of(SPACES["double"])
    state = replay.start()
    small = replace(state, gaussian=replace(state.gaussian, sigma=1e-9))
    X = np.full((state.population, 1), 0.5)
    Y = np.arange(state.population, dtype=float)[:, None]
    after = replay.after(small, Generation(X, Y, np.zeros(len(X)), np.zeros_like(X)))
    assert (after.n_restarts, after.population) == (1, 2 * state.population)
    assert after.gaussian.sigma == START_STEP
    assert after.gaussian.generation == 0


def test_a_flat_function_leads_to_restarts() -> None:
    history = history_of(SPACES["double"], 400)
    flat = replace(history, Y=np.ones_like(history.Y))
    assert replay_of(SPACES["double"]).follow(flat, Trail()).n_restarts >= 1


def test_categories_follow_the_better_half_and_none_dies_out() -> None:
    space = SearchSpace({"c": Categorical(["a", "b", "c"]), "e": Categorical(["u", "v"])})
    replay = replay_of(space)
    state = replay.start()
    rng = np.random.default_rng(0)
    for _ in range(40):
        n = state.population
        X = np.column_stack([rng.choice(len(f), n, p=f) for f in state.frequencies]).astype(float)
        Y = (X[:, :1] != 2) + 1.0 * (X[:, 1:] != 0) + 0.1 * rng.random((n, 1))
        state = replay.after(state, Generation(X, Y, np.zeros(len(X)), np.empty((n, 0))))
        assert all(f.sum() == pytest.approx(1.0) for f in state.frequencies)
        assert all(f.min() > 0.02 for f in state.frequencies)
    assert state.frequencies[0].argmax() == 2
    assert state.frequencies[1].argmax() == 0


@pytest.mark.parametrize("loss", [sphere, ellipsoid])
def test_it_converges_on_smooth_functions(loss) -> None:
    """In 300 trials to a thousandth of the first generation's best, for each of 3 seeds."""
    for seed in range(3):
        values = run(BOX, loss, 300, seed)
        assert min(values) < 1e-3 * np.median(values[:8])


def test_it_starts_around_the_defaults() -> None:
    space = SearchSpace({f"x{i}": Double(0.0, 1.0, default=0.2) for i in range(8)})
    made = Loop(CmaEs(), study_config(space)).suggest(40)
    X = np.array([list(s.parameters.values()) for s in made])
    assert X[0].tolist() == [0.2] * 8
    assert np.median(X[1:]) < 0.4
    assert made[-1].explanation == {
        "kind": "model",
        "generation": "0",
        "restart": "0",
        "step_size": "0.3",
    }
