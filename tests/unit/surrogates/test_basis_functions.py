"""A process with basis functions is the process whose covariance and mean have them in."""

from dataclasses import dataclass

import numpy as np
import pytest

from wazir.surrogates.basis_functions import (
    Basis,
    BasisProcess,
    condition_on_basis,
    supported,
)
from wazir.surrogates.gaussian_process import JITTER, Data

THETA = np.log([0.4, 0.6, 0.9, 0.05])


@dataclass(frozen=True)
class Wave:
    """sin(a . F), a known function with a known gradient."""

    a: np.ndarray

    def values(self, F):
        return np.sin(F @ self.a)

    def values_with_gradient(self, F, n_leading):
        slope = np.cos(F @ self.a)[:, None] * self.a
        return self.values(F), slope[:, :n_leading]


BASIS = Basis({"a": Wave(np.array([2.0, -1.0])), "b": Wave(np.array([0.5, 3.0]))}, 0.8)


def some_data(n=12, seed=0, sign=1.0):
    rng = np.random.default_rng(seed)
    F = rng.random((n, 2))
    y = sign * 1.4 * np.sin(F @ [2.0, -1.0]) + 0.05 * rng.standard_normal(n)
    return Data(F, np.arange(2), y)


def by_hand(process: BasisProcess, data: Data, F):
    """Return mean and variance with the functions' covariance added to that of the process."""
    basis = process.basis
    B = np.diag(1.0 / basis.prior_precision)
    H, h = basis.at(data.F), basis.at(F)
    kernel = process.kernel
    noise = process.parameters.noise + JITTER * kernel.matern.variance
    K = kernel(data.F, data.F) + noise * np.eye(len(data.F)) + H @ B @ H.T
    k = kernel(F, data.F) + h @ B @ H.T
    prior = kernel.diagonal(F) + np.einsum("mi,ij,mj->m", h, B, h)
    mean = h @ basis.prior_mean + k @ np.linalg.solve(K, data.y - H @ basis.prior_mean)
    return mean, prior - np.einsum("mi,im->m", k, np.linalg.solve(K, k.T))


def test_the_prediction_is_that_of_the_process_with_the_functions_in_its_covariance():
    data = some_data()
    process = condition_on_basis(THETA, data, BASIS)
    F = np.random.default_rng(1).random((9, 2))
    mean, var = by_hand(process, data, F)
    prediction = process.predict(F)
    np.testing.assert_allclose(prediction.mean, mean, atol=1e-8)
    np.testing.assert_allclose(prediction.std, np.sqrt(var), atol=1e-7)
    np.testing.assert_allclose(process.mean(F), mean, atol=1e-8)


def test_gradients_are_those_of_finite_differences():
    process = condition_on_basis(THETA, some_data(), BASIS)
    F = np.random.default_rng(2).random((5, 2))
    prediction, d_mean, d_std = process.predict_with_gradient(F, 2)
    plain = process.predict(F)
    np.testing.assert_allclose(prediction.mean, plain.mean, atol=1e-10)
    np.testing.assert_allclose(prediction.std, plain.std, atol=1e-10)
    step = 1e-6
    for j in range(2):
        up, down = F.copy(), F.copy()
        up[:, j] += step
        down[:, j] -= step
        high, low = process.predict(up), process.predict(down)
        np.testing.assert_allclose(d_mean[:, j], (high.mean - low.mean) / 2 / step, atol=1e-5)
        np.testing.assert_allclose(d_std[:, j], (high.std - low.std) / 2 / step, atol=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_data_decide_the_weight_whatever_was_expected(sign):
    basis = BASIS.without("b")
    process = condition_on_basis(THETA, some_data(40, sign=sign), basis)
    # Not 1.4: a part is explained by the process itself.
    assert 0.3 < sign * process.weights[0] < 1.6


def test_the_data_keep_their_outputs_and_means():
    data = some_data()
    process = condition_on_basis(THETA, data, BASIS)
    np.testing.assert_allclose(process.data.y, data.y, atol=1e-12)
    np.testing.assert_allclose(process.means_at_data(), process.predict(data.F).mean, atol=1e-6)


def test_what_is_believed_changes_no_mean_and_takes_the_doubt():
    process = condition_on_basis(THETA, some_data(), BASIS)
    F, new = np.random.default_rng(3).random((6, 2)), np.array([[0.3, 0.9], [0.7, 0.1]])
    believed = process.believe(new)
    np.testing.assert_allclose(believed.predict(F).mean, process.predict(F).mean, atol=1e-8)
    np.testing.assert_allclose(believed.data.y[-2:], process.predict(new).mean, atol=1e-8)
    assert np.all(believed.predict(F).std <= process.predict(F).std + 1e-9)
    assert np.all(believed.predict(new).std < 1e-3)


def marginal_log_density(basis, data):
    """Return log p(y) with the covariance of the functions written out."""
    process = condition_on_basis(THETA, data, basis)
    H = basis.at(data.F)
    noise = process.parameters.noise + JITTER * process.kernel.matern.variance
    K = process.kernel(data.F, data.F) + noise * np.eye(len(data.F))
    K += H @ np.diag(1.0 / basis.prior_precision) @ H.T
    rest = data.y - H @ basis.prior_mean
    return -0.5 * (rest @ np.linalg.solve(K, rest) + np.linalg.slogdet(K)[1])


def test_a_function_is_left_out_when_the_evidence_says_so():
    for seed in range(12):
        data = some_data(seed=seed)
        basis = Basis({"wrong": BASIS.functions["b"], "wave": BASIS.functions["a"]}, 0.8)
        smaller = [basis.without(name) for name in basis.functions]
        gains = [
            marginal_log_density(one, data) - marginal_log_density(basis, data) for one in smaller
        ]
        kept = supported(basis, THETA, data)
        is_whole = kept is not None and set(kept.functions) == {"wrong", "wave"}
        assert is_whole == (max(gains) <= 0.0)


def test_a_function_that_explains_nothing_is_left_out_and_one_that_does_is_kept():
    data = some_data(30)
    noise = Data(data.F, data.groups, np.random.default_rng(7).standard_normal(30))
    wave = Basis({"wave": BASIS.functions["a"]}, 1.0)
    assert supported(wave, THETA, data) == wave
    assert supported(wave, THETA, noise) is None


def test_the_joint_covariance_is_that_of_the_process_with_the_functions_in_it():
    data, F = some_data(), np.random.default_rng(1).random((9, 2))
    process = condition_on_basis(THETA, data, BASIS)
    mean, K = process.joint(F)
    B = np.diag(1.0 / BASIS.prior_precision)
    H, h = BASIS.at(data.F), BASIS.at(F)
    noise = process.parameters.noise + JITTER * process.kernel.matern.variance
    seen = process.kernel(data.F, data.F) + noise * np.eye(len(data.F)) + H @ B @ H.T
    k = process.kernel(F, data.F) + h @ B @ H.T
    expected = process.kernel(F, F) + h @ B @ h.T - k @ np.linalg.solve(seen, k.T)
    np.testing.assert_allclose(K, expected, atol=1e-7)
    np.testing.assert_allclose(mean, process.predict(F).mean, atol=1e-10)
