"""Signs of noise, and what the bandit does with them."""

import random
from collections.abc import Mapping

import numpy as np
import pytest

from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.noise import Repeats, sign_of_noise
from wazir.domain.parameters import Categorical, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.domain.studies import ObservationNoise
from wazir.testing.algorithms import Loop, point_key, study_config

UNSPECIFIED = ObservationNoise.UNSPECIFIED


def test_repeats_are_found_and_their_variance_is_pooled() -> None:
    X = np.array([[0.1, 0.2], [0.5, 0.5], [0.1, 0.2], [0.5, 0.5], [0.1, 0.2], [0.9, 0.0]])
    repeats = Repeats.of(X)
    assert repeats.first.tolist() == [0, 1, 5]
    assert repeats.groups.tolist() == [0, 1, 0, 1, 0, 2]
    assert repeats.n_repeats == 3
    # Squares about the means 2 and 6: 1 + 0 + 1 and 1 + 1, over 3 repeats.
    assert repeats.variance(np.array([1.0, 5.0, 2.0, 7.0, 3.0, 50.0])) == pytest.approx(4 / 3)


def test_equal_values_have_no_variance_to_the_last_bit() -> None:
    repeats = Repeats.of(np.zeros((7, 1)))
    assert repeats.variance(np.full(7, 0.1)) == 0.0


def test_without_repeats_the_variance_is_zero() -> None:
    assert Repeats.of(np.array([[0.0], [1.0]])).variance(np.array([3.0, 4.0])) == 0.0
    assert Repeats.of(np.empty((0, 2))).n_repeats == 0


@pytest.mark.parametrize(
    ("said", "n_repeats", "repeat_share", "model_share", "sign"),
    [
        (ObservationNoise.HIGH, 9, 0.0, 0.0, "is HIGH"),
        (ObservationNoise.LOW, 9, 1.0, 1.0, ""),
        (UNSPECIFIED, 1, 1e-3, 0.0, "repeats"),
        (UNSPECIFIED, 0, 0.0, 0.2, "the model finds"),
        (UNSPECIFIED, 2, 0.0, 0.2, "the model finds"),
        (UNSPECIFIED, 3, 0.0, 0.2, ""),
        (UNSPECIFIED, 0, 0.0, 0.05, ""),
    ],
)
def test_what_counts_as_a_sign(
    said: ObservationNoise, n_repeats: int, repeat_share: float, model_share: float, sign: str
) -> None:
    found = sign_of_noise(said, n_repeats, repeat_share, model_share)
    assert sign in found
    assert bool(found) is bool(sign)


def n_different(noise: float) -> int:
    """Return how many of 32 points are suggested in 24 trials after some repeats."""
    names = list("abcdefgh")
    space = SearchSpace({"x": Categorical(names), "y": Categorical(names[:4])})
    luck = random.Random(3)
    loop = Loop(GpBandit(), study_config(space))

    def loss(p: Mapping[str, ParameterValue]) -> float:
        return names.index(str(p["x"])) + names.index(str(p["y"])) + luck.gauss(0.0, noise)

    for x in "aabbcc":
        loop.complete({"x": x, "y": "d"}, loss({"x": x, "y": "d"}))
    made = loop.run(24, loss)
    return len({point_key(dict(suggestion.parameters)) for suggestion in made})


def test_points_are_replicated_where_values_are_noisy_and_only_there() -> None:
    assert n_different(0.0) == 24
    assert n_different(2.0) < 22
