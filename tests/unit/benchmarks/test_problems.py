"""The problems of the optimizer benchmark: spaces, known minima, noise, suites, references."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import CATEGORIES, get_problem, problem_names
from problems.classic import BASES, off_centre, random_rotation
from problems.mixed import PROFILES
from problems.noise import reference_scale
from problems.protocol import Problem
from problems.reference import Reference, load_references
from problems.references import make_reference
from problems.search import mutate
from problems.spaces import (
    active,
    categorical,
    child_of,
    discrete,
    double,
    from_unit,
    integer,
    sample,
    to_unit,
)
from problems.suites import DEVELOPMENT, EVALUATION, FLAT, SLOW, category_of
from problems.training import TASKS

SPACE = [
    double("a", -2.0, 3.0),
    double("b", 1e-6, 1.0, "log"),
    double("c", 0.5, 0.999, "reverse_log"),
    integer("d", 0, 9),
    integer("e", 1, 1000, "log"),
    discrete("f", [1.0, 4.0, 2.0]),
    categorical("g", ["x", "y", "z"]),
    child_of(double("h", 0.0, 1.0), "g", ["y"]),
]
CLASSIC = [
    f"{name}_d{base.dimension or 4}_s{seed}" for name, base in BASES.items() for seed in (1, 2)
]


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_a_point_of_the_cube_is_a_configuration_in_bounds(unit):
    params = from_unit(SPACE, np.array(unit))
    for parameter in SPACE:
        if parameter["name"] not in params:
            continue
        value = params[parameter["name"]]
        if "values" in parameter:
            assert value in parameter["values"]
        else:
            assert parameter["min"] <= value <= parameter["max"]
    assert ("h" in params) == (params["g"] == "y")
    assert isinstance(params["d"], int)
    assert isinstance(params["e"], int)


@given(st.integers(0, 2**32 - 1))
def test_the_cube_and_configurations_are_inverse(seed):
    params = sample(SPACE, np.random.default_rng(seed))
    again = from_unit(SPACE, to_unit(SPACE, params))
    assert again.pop("g") == params.pop("g")
    assert again == pytest.approx(params, rel=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_mutation_stays_in_the_space(seed):
    rng = np.random.default_rng(seed)
    params = mutate(SPACE, sample(SPACE, rng), rng)
    unit = to_unit(SPACE, params)
    assert np.all((unit >= 0) & (unit <= 1))
    assert active(SPACE, params) == params


def test_scales_put_half_of_the_points_below_their_middle():
    middle = from_unit(SPACE, np.full(len(SPACE), 0.5))
    assert middle["a"] == pytest.approx(0.5)
    assert middle["b"] == pytest.approx(1e-3)
    assert 0.999 + 0.5 - middle["c"] == pytest.approx(math.sqrt(0.5 * 0.999))
    assert middle["f"] == 2.0


def test_every_integer_on_a_linear_scale_is_equally_likely():
    space = [integer("n", 3, 6)]
    drawn = [from_unit(space, np.array([u]))["n"] for u in (np.arange(400) + 0.5) / 400]
    assert [drawn.count(n) for n in (3, 4, 5, 6)] == [100] * 4


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0)])
def test_an_empty_range_is_refused(low, high):
    with pytest.raises(ValueError, match="min < max"):
        double("x", low, high)


@pytest.mark.parametrize("dimension", [2, 5, 20])
def test_rotations_keep_lengths_and_orientation(dimension):
    rotation = random_rotation(dimension, np.random.default_rng(0))
    assert np.allclose(rotation @ rotation.T, np.eye(dimension))
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_minimisers_lie_away_from_the_centre_and_the_border():
    places = np.abs(off_centre(1000, np.random.default_rng(0)))
    assert places.min() >= 0.2
    assert places.max() <= 0.8


@pytest.mark.parametrize("name", sorted(BASES))
def test_a_base_function_is_smallest_at_its_minimiser(name):
    base = BASES[name]
    dimension = base.dimension or 4
    best = base.minimiser(dimension)
    assert base.function(best) == pytest.approx(base.minimum(dimension), abs=1e-6)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-1, 1.0, 10.0):
        near = best + size * rng.standard_normal((100, dimension))
        assert min(map(base.function, near)) >= base.minimum(dimension) - 1e-9


@pytest.mark.parametrize("name", [*CLASSIC, "michalewicz_d5_s1", "loweff_levy_e3_d30_s1"])
def test_no_point_of_a_classic_problem_is_below_its_optimum(name):
    problem = get_problem(name)
    rng = np.random.default_rng(0)
    values = [problem.true_value(sample(problem.space, rng)) for _ in range(100)]
    assert min(values) >= problem.optimum - 1e-9
    assert np.std(values) > 0
    (minimiser,) = problem.starts
    assert problem.true_value(minimiser) == pytest.approx(problem.optimum, abs=1e-5)
    assert all(abs(to_unit(problem.space, minimiser) - 0.5) < 0.41)
    centre = from_unit(problem.space, np.full(len(problem.space), 0.5))
    assert problem.true_value(centre) > problem.optimum + 1e-3


def test_another_seed_is_another_problem():
    point = from_unit(get_problem("levy_d4_s1").space, np.full(4, 0.3))
    values = {get_problem(f"levy_d4_s{seed}").true_value(point) for seed in range(5)}
    assert len(values) == 5


def test_coordinates_that_do_not_matter_do_not():
    problem = get_problem("loweff_levy_e3_d30_s1")
    point = from_unit(problem.space, np.full(30, 0.3))
    value = problem.true_value(point)
    changed = [name for name in point if problem.true_value({**point, name: 9.0}) != value]
    assert len(changed) == 3


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_mixed_problem_is_never_below_zero_and_zero_at_its_minimiser(profile):
    problem = get_problem(f"mixed_{profile}_s5")
    rng = np.random.default_rng(0)
    values = [problem.true_value(sample(problem.space, rng)) for _ in range(100)]
    assert min(values) >= 0
    assert np.std(values) > 0
    (minimiser,) = problem.starts
    assert problem.true_value(minimiser) == pytest.approx(0.0, abs=1e-12)
    around = [problem.true_value(mutate(problem.space, minimiser, rng)) for _ in range(100)]
    assert min(around) >= 0
    assert max(around) > 0


def test_additive_noise_has_the_stated_size_and_a_mean_of_the_true_value():
    quiet = get_problem("rastrigin_d3_s1")
    problem = get_problem("rastrigin_d3_s1_noise_strong")
    assert problem.is_noisy
    assert problem.category == "noisy"
    point = from_unit(problem.space, np.full(3, 0.3))
    assert problem.true_value(point) == quiet.true_value(point)
    rng = np.random.default_rng(0)
    seen = np.array([problem.evaluate(point, rng) for _ in range(1000)])
    sigma = 0.3 * reference_scale(quiet)
    assert seen.std() == pytest.approx(sigma, rel=0.1)
    assert seen.mean() == pytest.approx(problem.true_value(point), abs=4 * sigma / 1000**0.5)


def test_multiplicative_noise_never_passes_the_optimum():
    problem = get_problem("rosenbrock_d3_s1_noise_gauss")
    rng = np.random.default_rng(0)
    point = sample(problem.space, rng)
    seen = [problem.evaluate(point, rng) for _ in range(200)]
    assert min(seen) > problem.optimum
    assert np.std(seen) > 0


def test_steps_round_what_the_program_is_given():
    smooth, stepped = get_problem("ackley_d5_s1"), get_problem("ackley_d5_s1_steps16")
    low, high = smooth.space[0]["min"], smooth.space[0]["max"]
    at = [low + (high - low) * share for share in (5.1 / 16, 5.9 / 16, 6.1 / 16, 5.5 / 16)]
    points = [{p["name"]: x for p in smooth.space} for x in at]
    assert stepped.function(points[0]) == stepped.function(points[1])
    assert stepped.function(points[0]) != stepped.function(points[2])
    assert stepped.function(points[0]) == pytest.approx(smooth.function(points[3]))
    assert stepped.function({p["name"]: p["max"] for p in smooth.space}) < math.inf


def test_levels_round_the_values_down_to_those_of_a_list():
    smooth, levelled = get_problem("tang_d15_s1"), get_problem("tang_d15_s1_levels20")
    reference = load_references()["tang_d15_s1"]
    step = (reference.random50 - reference.best) / 20
    rng = np.random.default_rng(1)
    for _ in range(50):
        point = sample(smooth.space, rng)
        lost = smooth.function(point) - levelled.function(point)
        assert 0 <= lost < step
        n_steps = (levelled.function(point) - reference.best) / step
        assert n_steps == pytest.approx(round(n_steps), abs=1e-6)


def test_without_noise_the_generator_is_left_alone():
    problem = get_problem("ackley_d2_s1")
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    point = from_unit(problem.space, np.full(2, 0.3))
    assert problem.evaluate(point, rng) == problem.true_value(point)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_default_of_a_library_lies_in_the_space(task):
    space, default = TASKS[task].space, dict(TASKS[task].default)
    assert set(default) == {parameter["name"] for parameter in space}
    unit = to_unit(space, default)
    assert np.all((unit >= 0) & (unit <= 1))


def test_training_is_deterministic_and_better_than_guessing():
    problem = get_problem("sklearn_knn_clusters")
    point = {**problem.default, "k": 20}
    assert problem.true_value(point) == problem.true_value(point) < math.log(4)


@pytest.mark.parametrize("name", [*DEVELOPMENT, *EVALUATION])
def test_each_name_of_a_suite_is_known(name):
    try:
        problem = get_problem(name)
    except (FileNotFoundError, ModuleNotFoundError):  # without data, without cocoex
        assert name in problem_names(category_of(name), data="any")
    else:
        assert problem.category == category_of(name)
        json.dumps([problem.space, problem.default])


def test_unknown_names_and_lack_of_data_are_said():
    with pytest.raises(KeyError, match="no problem has the name"):
        get_problem("bbob_8")
    with pytest.raises(FileNotFoundError, match="--data"):
        get_problem("hpobench_kc1")


def test_suites_have_their_sizes_and_share_nothing():
    assert not {*DEVELOPMENT, *FLAT} & set(EVALUATION)
    assert set(SLOW) <= set(EVALUATION)
    sizes = {c: sum(category_of(name) == c for name in EVALUATION) for c in CATEGORIES}
    least = dict(zip(CATEGORIES, (9, 7, 8, 10, 7, 3), strict=True))
    assert all(sizes[c] >= least[c] for c in CATEGORIES), sizes
    assert len(SLOW) == 8


def test_each_problem_of_a_suite_has_a_reference():
    references = load_references()
    assert set(references) == {*DEVELOPMENT, *EVALUATION, *FLAT}
    assert all(reference.how for reference in references.values())


def test_regret_is_0_at_the_best_1_at_random_and_at_most_3():
    reference = Reference(best=-2.0, random50=2.0, how="known minimum")
    regrets = [reference.regret(v) for v in (-3.0, -2.0, 0.0, 2.0, 1e9, math.inf, math.nan)]
    assert regrets == [0.0, 0.0, 0.5, 1.0, 3.0, 3.0, 3.0]


def test_a_reference_lies_between_the_minimum_and_the_median_of_single_points():
    problem = get_problem("branin_d2_s1")
    reference = make_reference(problem)
    rng = np.random.default_rng(9)
    values = [problem.true_value(sample(problem.space, rng)) for _ in range(500)]
    assert reference.best == problem.optimum
    # The median of the best of 50 is the quantile 1 - 2^(-1/50) = 0.0138 of single points.
    assert np.quantile(values, 0.003) < reference.random50 < np.quantile(values, 0.04)


def test_a_problem_checks_its_parts():
    space = [double("x", 0.0, 1.0)]
    with pytest.raises(ValueError, match="distinct names"):
        Problem("p", "mixed", space * 2, lambda params: 0.0)
    with pytest.raises(ValueError, match="unknown parameters"):
        Problem("p", "mixed", space, lambda params: 0.0, default={"y": 1.0})
