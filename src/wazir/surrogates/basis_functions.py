"""A Gaussian process about a weighted sum of known functions, with weights that data decide.

C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for Machine Learning" (2006), section
2.7: f(x) = g(x) + m + h(x)' w, where g is a process of mean 0 and (m, w) is normal. Beside the
notation of wazir.surrogates.gaussian_process:
    H  (n, 1 + k)  ones, and the values of k functions at the data
    C  (n, 1 + k)  K**-1 H
    R  (m, 1 + k)  (1, h(x)) - k(x)' C, what the process does not explain of the functions
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.surrogates.gaussian_process import (
    Data,
    GaussianProcess,
    Hyperparameters,
    Prediction,
    condition,
)
from wazir.surrogates.kernels import Kernel
from wazir.surrogates.linear_algebra import cholesky, inverse, log_determinant, solve

Array: TypeAlias = NDArray[np.float64]


class Function(Protocol):
    """A known function of features F (m, p)."""

    def values(self, F: Array) -> Array:
        """Return the values at rows of F, shape (m,)."""
        ...

    def values_with_gradient(self, F: Array, n_leading: int) -> tuple[Array, Array]:
        """Return the values and their gradients by the first features, shape (m, n_leading)."""
        ...


@dataclass(frozen=True)
class Basis:
    """Functions by name, at least one, whose weights are N(1 / k, `sd`**2) before any data."""

    functions: Mapping[str, Function]
    sd: float

    def at(self, F: Array) -> Array:
        """Return ones and the values of the functions at rows of F (m, p), shape (m, 1 + k)."""
        return np.column_stack([np.ones(len(F)), *(f.values(F) for f in self._functions)])

    def slopes(self, F: Array, n_leading: int) -> tuple[Array, Array]:
        """Return the same and the gradients by the first features, (m, 1 + k, n_leading)."""
        pairs = [f.values_with_gradient(F, n_leading) for f in self._functions]
        values = np.column_stack([np.ones(len(F)), *(value for value, _ in pairs)])
        flat = np.zeros((len(F), n_leading))
        return values, np.stack([flat, *(gradient for _, gradient in pairs)], axis=1)

    def without(self, name: str) -> "Basis":
        """Return the basis without one of its functions."""
        left = {other: f for other, f in self.functions.items() if other != name}
        return replace(self, functions=left)

    @property
    def prior_precision(self) -> Array:
        """The inverse variances of (m, w) before any data, shape (1 + k,); that of m is 1."""
        precision: Array = np.r_[1.0, np.full(len(self.functions), self.sd**-2)]
        return precision

    @property
    def prior_mean(self) -> Array:
        """The means of (m, w) before any data, shape (1 + k,)."""
        k = len(self.functions)
        mean: Array = np.r_[0.0, np.full(k, 1.0 / max(k, 1))]
        return mean

    @property
    def _functions(self) -> Iterable[Function]:
        return self.functions.values()


def supported(basis: Basis, theta: Array, data: Data) -> Basis | None:
    """Return the basis without the functions that data speak against, None if none is left.

    Beginning with all, the function is left out whose absence raises the evidence most, as long as
    there is one. The evidence is the density of the outputs under
    the process with hyperparameters `theta`, whatever m and w are.

    Raises:
        numpy.linalg.LinAlgError: the covariance cannot be factorised.
    """
    bare, H = condition(theta, data), basis.at(data.F)
    C = bare.K_inverse @ H
    G, c, names = H.T @ C, C.T @ data.y, list(basis.functions)

    def evidence(kept: Basis) -> float:
        rows = [0, *(1 + names.index(name) for name in kept.functions)]
        return _log_evidence(kept, G[np.ix_(rows, rows)], c[rows])

    best = evidence(basis)
    while basis.functions:
        smaller = [basis.without(name) for name in basis.functions]
        values = [evidence(one) for one in smaller]
        if max(values) <= best:
            return basis
        basis, best = smaller[int(np.argmax(values))], max(values)
    return None


def _log_evidence(basis: Basis, G: Array, c: Array) -> float:
    """Return log p(y) up to what does not depend on the functions.

    With G = H' K**-1 H, c = H' K**-1 y, b and P the mean and precision of (m, w) before any data,
    and A = P + G: twice the logarithm is 2 b' c - b' G b + |A**-1/2 (c - G b)|**2 - log |A P**-1|.
    """
    b, precision = basis.prior_mean, basis.prior_precision
    L = cholesky(np.diag(precision) + 0.5 * (G + G.T))
    rest = c - G @ b
    determinants = log_determinant(L) - float(np.sum(np.log(precision)))
    fit = 2.0 * float(b @ c) - float(b @ G @ b) + float(rest @ solve(L, rest))
    return 0.5 * (fit - determinants)


@dataclass(frozen=True)
class BasisProcess:
    """A process with basis functions, conditioned on data; make it with `condition_on_basis`.

    `rest` is the process of what the weighted functions leave of the outputs, `H` (n, 1 + k) are
    their values at the data, `weights` (k,) the means of the weights.
    """

    basis: Basis
    rest: GaussianProcess
    H: Array
    weights: Array

    @property
    def parameters(self) -> Hyperparameters:
        """The hyperparameters of the process without the functions."""
        return self.rest.parameters

    @property
    def kernel(self) -> Kernel:
        """The covariance function without the functions."""
        return self.rest.kernel

    @property
    def bent(self) -> Array:
        """The features of the data after input warping, shape (n, p)."""
        return self.rest.bent

    @property
    def data(self) -> Data:
        """The data, with all of their outputs."""
        return replace(self.rest.data, y=self.rest.data.y + self.H[:, 1:] @ self.weights)

    def means_at_data(self) -> Array:
        """Return the means at the data, shape (n,)."""
        return self.rest.means_at_data() + self.H[:, 1:] @ self.weights

    def mean(self, F: Array) -> Array:
        """Return the means at rows of F (m, p), shape (m,)."""
        return self.rest.mean(F) + self.basis.at(F)[:, 1:] @ self.weights

    def predict(self, F: Array) -> Prediction:
        """Return mean and standard deviation at rows of F (m, p)."""
        known, rest = self.basis.at(F), self.rest.predict(F)
        k = self.kernel(self.parameters.warping(F), self.bent)
        R = known - k @ self._explained
        var = rest.std**2 + np.einsum("mi,ij,mj->m", R, self._covariance, R)
        return Prediction(rest.mean + known[:, 1:] @ self.weights, np.sqrt(var))

    def joint(self, F: Array) -> tuple[Array, Array]:
        """Return mean (m,) and covariance (m, m) at rows of F (m, p)."""
        known, (mean, K) = self.basis.at(F), self.rest.joint(F)
        R = known - self.kernel(self.parameters.warping(F), self.bent) @ self._explained
        return mean + known[:, 1:] @ self.weights, K + R @ self._covariance @ R.T

    def predict_with_gradient(self, F: Array, n_leading: int) -> tuple[Prediction, Array, Array]:
        """Return the prediction at F (m, p) and gradients by its first `n_leading` features."""
        known, slopes = self.basis.slopes(F, n_leading)
        rest, d_mean, d_std = self.rest.predict_with_gradient(F, n_leading)
        # k(x)' c is the mean of a process whose alpha is c.
        explained = [
            replace(self.rest, constant=0.0, alpha=c).predict_with_gradient(F, n_leading)
            for c in self._explained.T
        ]
        R = known - np.column_stack([prediction.mean for prediction, _, _ in explained])
        d_R = slopes - np.stack([by_x for _, by_x, _ in explained], axis=1)
        R_covariance = R @ self._covariance
        std = np.sqrt(rest.std**2 + np.einsum("mi,mi->m", R_covariance, R))
        d_half_var = rest.std[:, None] * d_std + np.einsum("mi,mid->md", R_covariance, d_R)
        mean = rest.mean + known[:, 1:] @ self.weights
        d_mean = d_mean + np.einsum("k,mkd->md", self.weights, slopes[:, 1:])
        return Prediction(mean, std), d_mean, d_half_var / std[:, None]

    def believe(self, F: Array) -> "BasisProcess":
        """Return the process as if its own means had been seen at rows of F (m, p).

        See GaussianProcess.believe. What is seen is what was expected, so the weights stay.
        """
        return replace(self, rest=self.rest.believe(F), H=np.vstack([self.H, self.basis.at(F)]))

    @cached_property
    def _explained(self) -> Array:
        C: Array = self.rest.K_inverse @ self.H
        return C

    @cached_property
    def _covariance(self) -> Array:
        """The covariance (1 + k, 1 + k) of the constant and the weights: equation 2.42."""
        return _covariance(self.basis, self.H, self._explained)


def condition_on_basis(theta: Array, data: Data, basis: Basis) -> BasisProcess:
    """Return the process with hyperparameters `theta` and basis functions given `data`.

    Raises:
        numpy.linalg.LinAlgError: the covariance cannot be factorised.
    """
    bare, H = condition(theta, data), basis.at(data.F)
    C = bare.K_inverse @ H
    lean = basis.prior_precision * basis.prior_mean
    found = _covariance(basis, H, C) @ (C.T @ data.y + lean)
    constant, weights = float(found[0]), found[1:]
    y = data.y - H[:, 1:] @ weights
    alpha = solve(bare.L, y - constant)
    rest = replace(bare, data=replace(data, y=y), constant=constant, alpha=alpha)
    return BasisProcess(basis, rest, H, weights)


def _covariance(basis: Basis, H: Array, C: Array) -> Array:
    precision = np.diag(basis.prior_precision) + H.T @ C
    return inverse(cholesky(0.5 * (precision + precision.T)))
