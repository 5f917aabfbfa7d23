"""The contract suite of algorithms: run it over your own by overriding one fixture.

import pytest
from wazir.testing.algorithms import AlgorithmContract

class TestMine(AlgorithmContract):
    @pytest.fixture
    def algorithm(self):
        return MyAlgorithm()
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Algorithm, PriorStudy, Reads, Suggestion
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import (
    ParameterValue,
)
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.testing.constrained_studies import CONSTRAINED, constrained_studies
from wazir.testing.edited_spaces import BEFORE, EDITS
from wazir.testing.loop import METRIC, N_PLANNED, Loop, point_key, smooth_loss, study_config
from wazir.testing.spaces import BELIEFS, mixed_space
from wazir.testing.spaces import SPACES as SPACES

ODD_VALUES: Mapping[str, Sequence[float]] = {
    "nan": [math.nan],
    "some_nan": [1.0, math.nan, 0.5],
    "infinite": [math.inf, 1.0, -math.inf],
    "huge": [1e300, 2.0, -3.0],
    "hugely_good": [-1e300, 2.0, -1e308, 1e308],
    "tiny": [1e-300, 2e-300, 3e-310],
    "constant": [4.0],
    "nearly_constant": [1.0, 1.0 + 1e-15],
}


LIMITED = (
    Metric(METRIC, Goal.MINIMIZE),
    Metric("latency", Goal.MINIMIZE, safety_threshold=0.0, min_safe_fraction=0.5),
    Metric("recall", Goal.MAXIMIZE, safety_threshold=0.5),
)


def limited_trial(
    trial_id: int,
    parameters: Mapping[str, ParameterValue],
    latency: float | None,
    recall: float = 1.0,
) -> Trial:
    """Return a trial with safety metrics, an infeasible one if `latency` is None."""
    if latency is None:
        reason = "exit code 1"
        return Trial(trial_id, dict(parameters), TrialState.INFEASIBLE, infeasible_reason=reason)
    values = {METRIC: smooth_loss(parameters), "latency": latency, "recall": recall}
    final = Measurement(values)
    return Trial(trial_id, dict(parameters), TrialState.SUCCEEDED, final_measurement=final)


def _suggested(trial: Trial) -> Suggestion:
    return Suggestion(trial.parameters)


def prior_study(algorithm: Algorithm, space: SearchSpace) -> PriorStudy:
    """Return a completed study of up to eight trials in a space."""
    loop = Loop(algorithm, study_config(space))
    loop.run(8)
    return PriorStudy(StudyName("p", "prior"), loop.config, tuple(loop.completed))


class AlgorithmContract:
    """What every algorithm does, for spaces of all kinds. Override `algorithm`."""

    @pytest.fixture
    def algorithm(self) -> Algorithm:
        """The algorithm under test."""
        raise NotImplementedError("override this fixture")

    def heeds_prior_studies(self, algorithm: Algorithm) -> bool:
        """Whether it begins with the best point of an earlier study. Override where it does not."""
        return algorithm.reads is not Reads.NOTHING

    @pytest.fixture(params=list(SPACES))
    def space(self, request: pytest.FixtureRequest) -> SearchSpace:
        """A search space of each kind."""
        return SPACES[request.param]

    @pytest.fixture
    def loop(self, algorithm: Algorithm, space: SearchSpace) -> Loop:
        """A study in each of the spaces."""
        return Loop(algorithm, study_config(space))

    def test_suggestions_are_points_of_the_space(self, loop: Loop) -> None:
        """Bounds, types and active children are right, exactly as `check` returns them."""
        made = loop.run(8)
        assert made
        for suggestion in made:
            checked = loop.config.space.check(suggestion.parameters)
            assert point_key(checked) == point_key(dict(suggestion.parameters))

    @pytest.mark.parametrize("name", list(CONSTRAINED))
    def test_constraints_are_fulfilled(self, algorithm: Algorithm, name: str) -> None:
        """By the first points and later ones, and while others are pending."""
        loop = Loop(algorithm, CONSTRAINED[name])
        made = loop.run(14)
        for suggestion in loop.suggest(3):
            made.append(suggestion)
            loop.wait_for(suggestion.parameters)
        assert loop.completed
        for suggestion in [*made, *loop.suggest(2)]:
            loop.config.check_point(suggestion.parameters)

    @pytest.mark.parametrize("name", list(CONSTRAINED))
    def test_constrained_suggestions_can_be_computed_again(
        self, algorithm: Algorithm, name: str
    ) -> None:
        """Nothing but the arguments counts."""
        loop = Loop(algorithm, CONSTRAINED[name])
        loop.run(8)
        assert loop.suggest(2) == loop.suggest(2)

    @given(config=constrained_studies())
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_any_constraints_are_fulfilled(
        self, algorithm: Algorithm, config: StudyConfig
    ) -> None:
        """Bounds, conditions and constraints, in any study that would be created."""
        assume(Inside.of(config, Encoding.of(config.space)).witness is not None)
        loop = Loop(algorithm, config)
        loop.run(7)
        for suggestion in [*loop.suggest(2), *map(_suggested, loop.completed)]:
            checked = config.check_point(suggestion.parameters)
            assert point_key(checked) == point_key(dict(suggestion.parameters))

    def test_constraints_of_a_small_space_leave_all_points_that_fulfil_them(
        self, algorithm: Algorithm
    ) -> None:
        """Whoever reads trials tries all eight points in eight trials."""
        if algorithm.reads is Reads.NOTHING:
            pytest.skip("reads nothing")
        loop = Loop(algorithm, CONSTRAINED["small"])
        made = loop.run(8)
        assert len({point_key(dict(s.parameters)) for s in made}) == 8

    def test_explanations_are_short_texts(self, loop: Loop) -> None:
        """An explanation fits into a trial's metadata."""
        for suggestion in loop.run(8):
            for key, text in suggestion.explanation.items():
                assert isinstance(key, str)
                assert isinstance(text, str)
                assert len(text) < 200

    def test_same_arguments_give_the_same_suggestions(self, loop: Loop) -> None:
        """Nothing but the arguments counts."""
        loop.run(7)
        loop.wait_for(loop.completed[0].parameters)
        assert loop.suggest(2) == loop.suggest(2)

    def test_a_resumed_study_goes_on_as_if_it_had_not_stopped(self, loop: Loop) -> None:
        """A new object with the same trials suggests what the old one would have."""
        loop.run(6)
        resumed = Loop(loop.algorithm, loop.config, list(loop.completed))
        assert resumed.run(2) == loop.run(2)

    def test_several_at_once_equal_one_after_the_other(self, loop: Loop) -> None:
        """A batch is what single calls give when the earlier ones are pending."""
        loop.run(6)
        batch = loop.suggest(3)
        singles = []
        for _ in range(3):
            for suggestion in loop.suggest():
                singles.append(suggestion)
                loop.wait_for(suggestion.parameters)
        assert [dict(s.parameters) for s in singles] == [dict(s.parameters) for s in batch]

    def test_a_batch_is_as_long_as_asked_unless_exhausted(self, loop: Loop) -> None:
        """One suggestion per id; fewer only from a finite space."""
        made = loop.suggest(5)
        assert len(made) <= 5
        if loop.config.space.n_points is None and loop.algorithm.reads is Reads.NOTHING:
            assert len(made) == 5

    def test_arguments_are_not_changed(self, loop: Loop) -> None:
        """Trials stay as they were."""
        loop.run(6)
        before = [point_key(trial.parameters) for trial in loop.completed]
        snapshot = loop.snapshot
        completed = list(snapshot.completed)
        loop.algorithm.suggest(loop.config, snapshot, [7])
        assert list(snapshot.completed) == completed
        assert [point_key(trial.parameters) for trial in loop.completed] == before

    @pytest.mark.parametrize("case", list(ODD_VALUES))
    def test_odd_objective_values_are_tolerated(self, algorithm: Algorithm, case: str) -> None:
        """NaN, infinite, huge, tiny and constant values raise nothing and stay inside."""
        loop = Loop(algorithm, study_config(SPACES["conditional"]))
        values = ODD_VALUES[case]
        for i in range(9):
            for suggestion in loop.suggest():
                loop.complete(suggestion.parameters, values[i % len(values)])
        for suggestion in loop.suggest(2):
            loop.config.space.check(suggestion.parameters)

    @pytest.mark.parametrize("n_feasible", [0, 1, 6])
    def test_infeasible_trials_are_tolerated(self, algorithm: Algorithm, n_feasible: int) -> None:
        """Even when all trials have failed."""
        loop = Loop(algorithm, study_config(SPACES["conditional"]))
        for i in range(12):
            for suggestion in loop.suggest():
                good = i < n_feasible
                loop.complete(suggestion.parameters, float(i) if good else None)
        for suggestion in loop.suggest(2):
            loop.config.space.check(suggestion.parameters)

    def test_repeated_points_are_tolerated(self, algorithm: Algorithm) -> None:
        """A user may add the same point many times, with different results."""
        loop = Loop(algorithm, study_config(SPACES["double"]))
        for i in range(15):
            loop.complete({"x": 0.5}, float(i % 3))
        for suggestion in loop.suggest(2):
            loop.config.space.check(suggestion.parameters)

    def test_pending_trials_are_respected(self, algorithm: Algorithm) -> None:
        """A point that is being tried is not suggested again by whoever reads trials."""
        if algorithm.reads is Reads.NOTHING:
            pytest.skip("reads nothing")
        loop = Loop(algorithm, study_config(SPACES["mixed_30"]))
        loop.run(5)
        seen = {point_key(dict(trial.parameters)) for trial in loop.completed}
        for _ in range(6):
            for suggestion in loop.suggest():
                key = point_key(dict(suggestion.parameters))
                assert key not in seen
                seen.add(key)
                loop.wait_for(suggestion.parameters)

    def test_a_finite_space_is_tried_fully_before_repeats(self, algorithm: Algorithm) -> None:
        """Whoever reads trials tries all six points in six trials."""
        if algorithm.reads is Reads.NOTHING:
            pytest.skip("reads nothing")
        loop = Loop(algorithm, study_config(SPACES["finite"]))
        made = loop.run(6)
        assert len({point_key(dict(s.parameters)) for s in made}) == 6
        for suggestion in loop.suggest(2):
            loop.config.space.check(suggestion.parameters)

    @pytest.mark.parametrize("case", list(EDITS))
    def test_an_edited_space_is_obeyed(self, algorithm: Algorithm, case: str) -> None:
        """After an edit the suggestions are points of the new space, whatever trials there are."""
        loop = Loop(algorithm, study_config(BEFORE))
        loop.run(12)
        for suggestion in loop.suggest():
            loop.wait_for(suggestion.parameters)
        loop.edit(EDITS[case])
        made = [*loop.suggest(2), *loop.run(4)]
        is_grid_of_one = loop.config.space.n_points == 1
        assert made or is_grid_of_one
        for suggestion in made:
            checked = loop.config.space.check(suggestion.parameters)
            assert point_key(checked) == point_key(dict(suggestion.parameters))
        assert loop.suggest(2) == loop.suggest(2)

    def test_seeds_differ(self, algorithm: Algorithm) -> None:
        """Another seed gives other trials, in a space with room for it."""
        points = set()
        for seed in range(5):
            loop = Loop(algorithm, study_config(SPACES["mixed_30"], seed=seed))
            made = loop.run(2)
            points.add(tuple(point_key(dict(s.parameters)) for s in made))
        assert len(points) == 5

    def test_the_largest_seed_is_tolerated(self, algorithm: Algorithm) -> None:
        """Seeds go up to 2**63 - 1."""
        loop = Loop(algorithm, study_config(SPACES["conditional"], seed=2**63 - 1))
        assert len(loop.run(3)) == 3

    def test_prior_studies_are_begun_with_or_ignored(
        self, algorithm: Algorithm, space: SearchSpace
    ) -> None:
        """The first suggestion is the best point of another study; else all are as without it."""
        prior = prior_study(algorithm, space)
        loop = Loop(algorithm, study_config(space, seed=1), priors=(prior,))
        made = loop.run(6)
        best = min(smooth_loss(trial.parameters) for trial in prior.completed)
        if self.heeds_prior_studies(algorithm):
            assert smooth_loss(made[0].parameters) == pytest.approx(best, rel=1e-6)
        else:
            assert made == Loop(algorithm, study_config(space, seed=1)).run(6)
        resumed = Loop(algorithm, loop.config, list(loop.completed), priors=(prior,))
        assert resumed.suggest(2) == loop.suggest(2)
        for suggestion in loop.suggest(2):
            space.check(suggestion.parameters)

    @pytest.mark.parametrize("case", list(ODD_VALUES))
    def test_odd_prior_studies_are_tolerated(self, algorithm: Algorithm, case: str) -> None:
        """Another space, other names, odd values: suggestions stay inside."""
        values = ODD_VALUES[case]
        earlier = Loop(algorithm, study_config(SPACES["mixed_30"]))
        for i in range(8):
            for suggestion in earlier.suggest():
                earlier.complete(suggestion.parameters, values[i % len(values)])
        prior = PriorStudy(StudyName("p", "odd"), earlier.config, tuple(earlier.completed))
        same = prior_study(algorithm, SPACES["conditional"])
        for space in (SPACES["conditional"], mixed_space(5), SPACES["one_point"]):
            loop = Loop(algorithm, study_config(space), priors=(prior, same))
            for suggestion in loop.run(7):
                space.check(suggestion.parameters)

    @pytest.mark.parametrize("n_objectives", [2, 3, 4])
    def test_several_objectives(self, algorithm: Algorithm, n_objectives: int) -> None:
        """Studies with several objectives are served, failures and extreme values among them."""
        loop = _several_objectives(algorithm, n_objectives)
        for suggestion in loop.suggest(2):
            loop.config.space.check(suggestion.parameters)
        again = _several_objectives(algorithm, n_objectives)
        assert again.completed == loop.completed

    @pytest.mark.parametrize("case", ["all", "some", "none", "missing", "huge"])
    def test_limits_of_safety_metrics_are_tolerated(self, algorithm: Algorithm, case: str) -> None:
        """Whether all trials keep them, some or none, and beside trials that fail."""
        space = SPACES["conditional"]
        loop = Loop(algorithm, StudyConfig(space, LIMITED, planned_n_trials=N_PLANNED))
        latency = {"all": -1.0, "some": 1.0, "none": 2.0, "missing": math.nan, "huge": 1e308}[case]
        for i in range(14):
            for suggestion in loop.suggest():
                value = -latency if case in ("some", "huge") and i % 2 else latency
                trial = limited_trial(
                    loop.next_id, suggestion.parameters, None if i % 5 == 4 else value, 0.9
                )
                loop.completed.append(trial)
        assert loop.suggest(2) == loop.suggest(2)
        for suggestion in loop.suggest(2):
            space.check(suggestion.parameters)

    def test_the_first_trial_has_the_believed_values(self, algorithm: Algorithm) -> None:
        """Of an algorithm that reads trials; defaults and middles fill the rest."""
        if algorithm.reads is Reads.NOTHING:
            pytest.skip("reads nothing")
        beliefs: dict[str, ParameterValue] = {"booster": "linear", "layers": 2, "width": 16}
        loop = Loop(algorithm, replace(study_config(SPACES["conditional"]), beliefs=beliefs))
        (first,) = loop.suggest()
        assert {name: first.parameters[name] for name in beliefs} == beliefs

    def test_beliefs_are_tolerated(self, algorithm: Algorithm) -> None:
        """In spaces of all kinds of parameters; suggestions stay inside."""
        for name, beliefs in BELIEFS.items():
            loop = Loop(algorithm, replace(study_config(SPACES[name]), beliefs=beliefs))
            for suggestion in loop.run(14):
                loop.config.space.check(suggestion.parameters)
            assert loop.suggest(2) == loop.suggest(2)


def _several_objectives(algorithm: Algorithm, n_objectives: int) -> Loop:
    """Return a loop in which some trials failed, diverged, or had huge values."""
    metrics = tuple(
        Metric(name, Goal.MAXIMIZE if name == "b" else Goal.MINIMIZE)
        for name in "abcd"[:n_objectives]
    )
    extremes = (1e300, -1e300, math.nan, math.inf, 0.0)
    config = StudyConfig(SPACES["conditional"], metrics, planned_n_trials=N_PLANNED)
    loop = Loop(algorithm, config)
    for i in range(14):
        for suggestion in loop.suggest():
            values = {metric.name: float((i * j) % 5) for j, metric in enumerate(metrics, 2)}
            values["a"] = smooth_loss(suggestion.parameters)
            if i >= 9:
                values["b"] = extremes[i - 9]
            loop.completed.append(
                Trial(
                    loop.next_id,
                    dict(suggestion.parameters),
                    TrialState.INFEASIBLE if i == 4 else TrialState.SUCCEEDED,
                    final_measurement=Measurement(values),
                )
            )
    return loop
