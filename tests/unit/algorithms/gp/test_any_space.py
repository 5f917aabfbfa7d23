"""Whatever the space and whatever the results: suggestions are points of the space."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wazir.algorithms.gp.bandit import GpBandit
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Parameter
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import Loop, study_config

SCALES = st.sampled_from(["linear", "log", "reverse_log"])
VALUES = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([0.0, 1e300, -1e300, 1e-300, math.inf, -math.inf, math.nan]),
)


@st.composite
def doubles(draw: st.DrawFn) -> Double:
    scale = draw(SCALES)
    low = draw(st.floats(1e-300, 1e150) if scale != "linear" else st.floats(-1e308, 1e308))
    width = draw(st.sampled_from([0.0, 1e-9, 1.0, 1e3, 1e150]))
    high = low + width * max(abs(low), 1.0)
    return Double(low, high if math.isfinite(high) else low, scale=scale)


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    scale = draw(SCALES)
    low = draw(st.integers(1, 1000) if scale != "linear" else st.integers(-(10**9), 10**9))
    return Integer(low, low + draw(st.integers(0, 10**6)), scale=scale)


def discretes() -> st.SearchStrategy[Discrete]:
    numbers = st.floats(-1e12, 1e12, allow_subnormal=False)
    rising = st.lists(numbers, min_size=1, max_size=5, unique=True).map(sorted)
    return rising.map(Discrete)


def categoricals() -> st.SearchStrategy[Categorical]:
    return st.integers(1, 5).map(lambda k: Categorical([f"c{i}" for i in range(k)]))


PLAIN: st.SearchStrategy[Parameter] = st.one_of(doubles(), integers(), discretes(), categoricals())


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    parameters = {f"p{i}": draw(PLAIN) for i in range(draw(st.integers(1, 5)))}
    if draw(st.booleans()):
        children = {f"child{i}": draw(PLAIN) for i in range(draw(st.integers(1, 2)))}
        parameters["parent"] = Categorical(["on", "off"]).when("on", children)
    return SearchSpace(parameters)


@settings(max_examples=15, deadline=None)
@given(spaces(), st.lists(VALUES, min_size=6, max_size=6), st.integers(0, 2**32 - 1))
def test_suggestions_are_points_of_any_space(
    space: SearchSpace, values: list[float | None], seed: int
) -> None:
    loop = Loop(GpBandit(), study_config(space, seed=seed))
    order = np.random.default_rng(seed).integers(0, len(values), 18).tolist()
    for place in order:
        for suggestion in loop.suggest():
            loop.complete(suggestion.parameters, values[place])
    for suggestion in loop.suggest(3):
        assert space.check(suggestion.parameters) == suggestion.parameters
