"""The Gaussian process against textbook formulas and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.surrogates.gaussian_process import Data, condition
from wazir.surrogates.kernels import Matern52, Trend
from wazir.surrogates.linear_algebra import cholesky, inverse
from wazir.surrogates.marginal_likelihood import Start, fit_theta, negative_log_posterior
from wazir.surrogates.priors import LogNormalPrior, default_prior

SEEDS = st.integers(0, 2**32 - 1)


def mixed_data(seed: int, n: int = 9) -> Data:
    """Two numbers and a category of three values."""
    rng = np.random.default_rng(seed)
    one_hot = np.eye(3)[rng.integers(0, 3, n)] * np.sqrt(0.5)
    F = np.hstack([rng.random((n, 2)), one_hot])
    return Data(F, np.array([0, 1, 2, 2, 2]), rng.standard_normal(n))


def kinds_of_data(seed: int, *, bends: bool, trend: bool) -> Data:
    """The same with bent numbers, with a trend, or with both."""
    shape = Trend(np.full(5, 0.4), np.array([1.0, 1.5, 0.5, 0.7, 0.9])) if trend else None
    return replace(mixed_data(seed), n_warped=2 * bends, trend=shape)


def prior(n_warped: int = 0, *, trend: bool = False) -> LogNormalPrior:
    return default_prior(np.array([False, False, True]), n_warped, has_trend=trend)


def random_theta(seed: int, n_warped: int = 0, *, trend: bool = False) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    low, high = [-2.5, -2.5, -2.5, -1.0, -7.0], [1.5, 1.5, 1.5, 1.0, 0.0]
    more = rng.uniform(-3, 0, int(trend)), rng.uniform(-0.7, 0.7, 2 * n_warped)
    return np.r_[rng.uniform(low, high), *more]


def dense_covariance(theta: np.ndarray, data: Data) -> tuple[Matern52, np.ndarray]:
    kernel = Matern52(np.exp(-2 * theta[:3])[data.groups], float(np.exp(theta[3])))
    noise = np.exp(theta[4]) + 1e-8 * kernel.variance
    return kernel, kernel(data.F, data.F) + noise * np.eye(len(data.y))


@given(SEEDS)
def test_the_log_posterior_is_that_of_the_definition(seed: int) -> None:
    data, theta = mixed_data(seed), random_theta(seed)
    _, K = dense_covariance(theta, data)
    # Integrating over a constant mean with prior N(0, 1) adds 1 to every covariance; the profiled
    # density differs from it by the determinant only.
    n = len(data.y)
    quadratic = data.y @ np.linalg.solve(K + np.ones((n, n)), data.y)
    expected = 0.5 * quadratic + 0.5 * np.linalg.slogdet(K)[1]
    value, _ = negative_log_posterior(theta, data, prior())
    assert value == pytest.approx(expected + prior().penalty(theta)[0], rel=1e-6, abs=1e-6)


@given(SEEDS, st.booleans(), st.booleans())
def test_the_gradient_of_the_log_posterior_matches_differences(
    seed: int, bends: bool, trend: bool
) -> None:
    data = kinds_of_data(seed, bends=bends, trend=trend)
    theta = random_theta(seed, data.n_warped, trend=trend)
    belief = prior(data.n_warped, trend=trend)
    assert len(belief.centre) == len(theta)
    _, gradient = negative_log_posterior(theta, data, belief)
    step = 1e-5
    for i in range(len(theta)):
        moved = np.tile(theta, (2, 1))
        moved[:, i] += [-step, step]
        low, high = (negative_log_posterior(t, data, belief)[0] for t in moved)
        difference = (high - low) / (2 * step)
        assert gradient[i] == pytest.approx(difference, rel=1e-4, abs=1e-4)


@given(SEEDS)
def test_predictions_are_those_of_the_textbook(seed: int) -> None:
    data, theta = mixed_data(seed), random_theta(seed)
    kernel, K = dense_covariance(theta, data)
    ones = np.ones(len(data.y))
    m = ones @ np.linalg.solve(K, data.y) / (ones @ np.linalg.solve(K, ones) + 1)
    F = mixed_data(seed + 1).F
    k = kernel(F, data.F)
    mean = m + k @ np.linalg.solve(K, data.y - m)
    var = kernel.variance - np.einsum("ij,ji->i", k, np.linalg.solve(K, k.T))
    process = condition(theta, data)
    prediction = process.predict(F)
    np.testing.assert_allclose(prediction.mean, mean, atol=1e-6)
    np.testing.assert_allclose(prediction.std**2, np.maximum(var, 0), atol=1e-6)
    np.testing.assert_allclose(process.means_at_data(), process.predict(data.F).mean, atol=1e-6)


@given(SEEDS, st.booleans(), st.booleans())
def test_gradients_of_predictions_match_differences(seed: int, bends: bool, trend: bool) -> None:
    data = kinds_of_data(seed, bends=bends, trend=trend)
    theta = random_theta(seed, data.n_warped, trend=trend)
    process = condition(theta, data)
    F = mixed_data(seed + 1, n=3).F
    prediction, d_mean, d_std = process.predict_with_gradient(F, 2)
    np.testing.assert_allclose(prediction.mean, process.predict(F).mean, atol=1e-10)
    np.testing.assert_allclose(prediction.std, process.predict(F).std, atol=1e-8)
    step = 1e-6
    for f in range(2):
        up, down = F.copy(), F.copy()
        up[:, f] += step
        down[:, f] -= step
        high, low = process.predict(up), process.predict(down)
        by_mean, by_var = high.mean - low.mean, high.std**2 - low.std**2
        np.testing.assert_allclose(d_mean[:, f], by_mean / (2 * step), rtol=1e-3, atol=1e-4)
        d_var = 2 * prediction.std * d_std[:, f]
        np.testing.assert_allclose(d_var, by_var / (2 * step), rtol=1e-3, atol=1e-3)


def test_without_noise_the_data_are_met() -> None:
    data = mixed_data(3)
    process = condition(np.r_[np.full(3, -1.0), 0.0, np.log(1e-6)], data)
    prediction = process.predict(data.F)
    np.testing.assert_allclose(prediction.mean, data.y, atol=1e-3)
    assert prediction.std.max() < 0.01


def test_far_away_only_the_prior_is_left() -> None:
    data = mixed_data(3)
    process = condition(np.r_[np.full(3, -1.0), 0.5, -7.0], data)
    prediction = process.predict(data.F[:1] + 100.0)
    assert prediction.mean[0] == pytest.approx(process.constant)
    assert prediction.std[0] == pytest.approx(np.exp(0.25))


@given(SEEDS)
def test_believing_leaves_means_and_takes_uncertainty(seed: int) -> None:
    data = mixed_data(seed)
    process = condition(np.r_[np.full(3, -0.5), 0.0, -7.0], data)
    pending, elsewhere = mixed_data(seed + 1, n=3).F, mixed_data(seed + 2).F
    believing = process.believe(pending)
    np.testing.assert_allclose(
        believing.predict(elsewhere).mean, process.predict(elsewhere).mean, atol=1e-4
    )
    assert (believing.predict(pending).std <= process.predict(pending).std + 1e-6).all()
    assert believing.predict(pending).std.max() < 0.1


def test_the_fit_finds_which_parameter_matters() -> None:
    rng = np.random.default_rng(0)
    F = rng.random((40, 2))
    y = np.sin(7 * F[:, 0])
    data = Data(F, np.array([0, 1]), (y - y.mean()) / y.std())
    prior = default_prior(np.array([False, False]))
    theta = fit_theta(data, prior, [Start(prior.centre, 30)])
    assert theta[1] > theta[0] + 1
    assert (
        negative_log_posterior(theta, data, prior)[0]
        < negative_log_posterior(prior.centre, data, prior)[0]
    )
    assert (theta >= prior.low).all()
    assert (theta <= prior.high).all()


def test_the_fit_finds_the_noise() -> None:
    rng = np.random.default_rng(1)
    F = rng.random((80, 1))
    y = np.sin(4 * F[:, 0]) + 0.3 * rng.standard_normal(80)
    sd = y.std()
    data = Data(F, np.array([0]), (y - y.mean()) / sd)
    prior = default_prior(np.array([False]))
    noise = np.exp(fit_theta(data, prior, [Start(prior.centre, 50)])[-1])
    assert np.sqrt(noise) * sd == pytest.approx(0.3, rel=0.3)


def test_the_covariance_of_repeated_points_can_be_factorised() -> None:
    data = Data(np.full((30, 1), 0.5), np.array([0]), np.zeros(30))
    process = condition(np.array([0.0, np.log(50.0), np.log(1e-6)]), data)
    assert np.isfinite(process.predict(data.F).std).all()


@given(SEEDS)
def test_an_extended_factor_is_that_of_all_points(seed: int) -> None:
    data = kinds_of_data(seed, bends=False, trend=True)
    process = condition(np.r_[np.full(3, -0.5), 0.0, -5.0, -1.0], data)
    believing = process.believe(mixed_data(seed + 1, n=4).F)
    K = believing.kernel(believing.bent, believing.bent)
    K.flat[:: len(K) + 1] += believing.noise + 1e-8 * believing.kernel.matern.variance
    np.testing.assert_allclose(believing.L, cholesky(K), atol=1e-5)
    np.testing.assert_allclose(believing.L @ believing.L.T, K, atol=1e-9)
    np.testing.assert_allclose(believing.K_inverse @ K, np.eye(len(K)), atol=1e-5)
    alpha = inverse(cholesky(K)) @ (believing.data.y - believing.constant)
    np.testing.assert_allclose(believing.alpha, alpha, atol=1e-4)


@given(SEEDS, st.permutations(range(9)))
def test_the_order_of_the_data_does_not_matter(seed: int, order: list[int]) -> None:
    data, theta = mixed_data(seed), random_theta(seed)
    F = mixed_data(seed + 1).F
    one, other = condition(theta, data), condition(theta, data.subset(np.array(order)))
    np.testing.assert_allclose(one.predict(F).mean, other.predict(F).mean, atol=1e-7)
    np.testing.assert_allclose(one.predict(F).std, other.predict(F).std, atol=1e-7)


def test_a_trend_goes_on_where_there_are_no_data() -> None:
    x = np.linspace(0.3, 0.7, 9)[:, None]
    shape = Trend(np.array([0.5]), np.array([2.0 * np.sqrt(3.0)]))
    y = (x[:, 0] - 0.9) ** 2
    data = Data(x, np.array([0]), (y - y.mean()) / y.std(), trend=shape)
    process = condition(np.array([-1.0, -3.0, -9.0, 1.0]), data)
    means = process.predict(np.array([[0.6], [0.9], [1.3]])).mean
    assert means[1] < means[0]
    assert means[1] < means[2]


@given(SEEDS, st.booleans(), st.booleans())
def test_the_joint_prediction_has_the_predictions_on_its_diagonal(
    seed: int, bends: bool, trend: bool
) -> None:
    theta = random_theta(seed, 2 * bends, trend=trend)
    process = condition(theta, kinds_of_data(seed, bends=bends, trend=trend))
    F = mixed_data(seed + 1).F
    mean, K = process.joint(F)
    prediction = process.predict(F)
    scale = process.kernel.diagonal(process.parameters.warping(F)).max()
    np.testing.assert_allclose(mean, prediction.mean)
    np.testing.assert_allclose(np.diagonal(K), prediction.std**2, atol=1e-7 * scale)
    np.testing.assert_array_equal(K, K.T)
    assert np.linalg.eigvalsh(K).min() > -1e-7 * scale
