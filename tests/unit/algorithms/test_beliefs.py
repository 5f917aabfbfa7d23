"""The density of a belief: where it peaks, how it falls, and what is drawn from it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.beliefs import CATEGORY_ODDS, FLOOR, Belief
from wazir.algorithms.encoding import Encoding
from wazir.testing.algorithms import study_config
from wazir.testing.spaces import BELIEFS, SPACES


def belief_in(name: str) -> tuple[Encoding, Belief | None]:
    encoding = Encoding.of(SPACES[name])
    config = replace(study_config(SPACES[name]), beliefs=BELIEFS[name])
    return encoding, Belief.of(config, encoding)


@pytest.mark.parametrize("name", [name for name in BELIEFS if name != "one_point"])
def test_the_density_peaks_at_the_belief_and_never_falls_below_its_floor(name: str) -> None:
    encoding, belief = belief_in(name)
    assert belief is not None
    X = encoding.spread(np.random.default_rng(0).random((300, encoding.n_columns)))
    logs = belief.log_density(X)
    lowest = sum(
        np.log(FLOOR) if encoding.columns[j].axis.is_ordered else -np.log(CATEGORY_ODDS)
        for j in belief.columns
    )
    assert (logs <= 0.0).all()
    assert (logs >= lowest - 1e-12).all()
    drawn = belief.draw(np.random.default_rng(1).random((300, encoding.n_columns)))
    np.testing.assert_allclose(encoding.snap(drawn), drawn, atol=1e-12)
    assert belief.log_density(drawn).mean() > logs.mean()


def test_constants_and_nothing_make_no_belief() -> None:
    assert belief_in("one_point")[1] is None
    encoding = Encoding.of(SPACES["double"])
    assert Belief.of(study_config(SPACES["double"]), encoding) is None


@pytest.mark.parametrize("name", ["double_log", "conditional"])
def test_gradients_match_differences(name: str) -> None:
    encoding, belief = belief_in(name)
    assert belief is not None
    X = encoding.spread(np.random.default_rng(2).random((5, encoding.n_columns)))
    X = np.where(np.array([c.axis.is_ordered for c in encoding.columns]), X * 0.98 + 0.01, X)
    gradient = belief.gradient(X)
    active = encoding.activity(X)
    for j, column in enumerate(encoding.columns):
        if not column.axis.is_ordered or (column.branch is None and encoding.columns[j].n_levels):
            continue
        up, down = X.copy(), X.copy()
        up[:, j] += 1e-6
        down[:, j] -= 1e-6
        expected = (belief.log_density(up) - belief.log_density(down)) / 2e-6
        np.testing.assert_allclose(
            gradient[active[:, j], j], expected[active[:, j]], rtol=1e-4, atol=1e-6
        )


def test_the_weight_fades_with_the_number_of_results() -> None:
    _, belief = belief_in("double_log")
    assert belief is not None
    for n, weight in ((0, 10.0), (1, 10.0), (10, 1.0), (100, 0.01)):
        X = np.random.default_rng(n).random((n, 1))
        good = belief.log_density(X)
        ranks = np.unique(-good, return_inverse=True)[1]
        assert belief.weight(X, ranks) == pytest.approx(weight)
        assert belief.weight(X, np.zeros(n, dtype=np.intp)) == pytest.approx(weight)
        if n > 1:
            assert belief.weight(X, ranks.max() - ranks) == 0.0


@given(st.integers(0, 99), st.integers(2, 12))
def test_the_judgement_is_the_sign_of_the_rank_correlation(seed: int, n: int) -> None:
    _, belief = belief_in("double_log")
    assert belief is not None
    rng = np.random.default_rng(seed)
    X, ranks = rng.integers(0, 5, (n, 1)) / 4, rng.integers(0, 4, n)
    logs = belief.log_density(X)
    pairs = [(a, b) for a in range(n) for b in range(n)]
    # Twice the rank less a constant is the number of values below less that of those above.
    density = [np.sign(logs[a] - logs[b]) for a, b in pairs]
    goodness = [np.sign(ranks[b] - ranks[a]) for a, b in pairs]
    total = np.reshape(density, (n, n)).sum(axis=1) @ np.reshape(goodness, (n, n)).sum(axis=1)
    assert (belief.weight(X, ranks) == 0.0) == (total < 0)
