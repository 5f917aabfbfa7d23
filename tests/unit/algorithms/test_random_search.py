"""RANDOM_SEARCH and QUASI_RANDOM_SEARCH: distribution, independence, what is imported."""

import subprocess
import sys
from collections import Counter

import numpy as np

from wazir.algorithms.protocol import Reads, Snapshot
from wazir.algorithms.quasi_random import QuasiRandomSearch
from wazir.algorithms.random_search import RandomSearch
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import SPACES, study_config


def test_trials_do_not_depend_on_each_other() -> None:
    config = study_config(SPACES["conditional"], seed=4)
    for algorithm in (RandomSearch(), QuasiRandomSearch()):
        assert algorithm.reads is Reads.NOTHING
        together = algorithm.suggest(config, Snapshot(), [5, 900, 7])
        alone = [algorithm.suggest(config, Snapshot(), [i])[0] for i in (5, 900, 7)]
        assert together == alone


def test_random_points_are_uniform_in_their_scale() -> None:
    space = SearchSpace({"x": Double(1e-4, 1.0, scale="log"), "c": Categorical(["a", "b", "c"])})
    n = 600
    made = [
        s.parameters for s in RandomSearch().suggest(study_config(space), Snapshot(), range(n))
    ]
    places = np.sort([1 + np.log10(float(p["x"])) / 4 for p in made])
    # Kolmogorov-Smirnov distance; 1.95 / sqrt(n) is exceeded once in 1000 seeds.
    assert np.abs(places - (np.arange(n) + 0.5) / n).max() < 1.95 / np.sqrt(n)
    counts = Counter(p["c"] for p in made)
    assert all(abs(count - n / 3) < 4 * np.sqrt(n * 2 / 9) for count in counts.values())


def test_quasi_random_points_are_stratified_from_the_first_trial_on() -> None:
    space = SearchSpace({"x": Double(0, 1), "y": Double(0, 1), "c": Categorical(["a", "b"])})
    config = study_config(space, seed=7)
    made = [s.parameters for s in QuasiRandomSearch().suggest(config, Snapshot(), range(1, 33))]
    for name in ("x", "y"):
        assert sorted(int(float(p[name]) * 32) for p in made) == list(range(32))
    assert Counter(p["c"] for p in made) == {"a": 16, "b": 16}


def test_scipy_is_not_imported() -> None:
    code = (
        "import sys, wazir.algorithms.random_search, wazir.algorithms.quasi_random, "
        "wazir.algorithms.grid_search; assert not any(m.startswith('scipy') for m in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
