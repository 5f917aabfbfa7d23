"""Covariance functions: Matern-5/2 with one length scale per parameter, and a quadratic trend.

Notation:
    F   (n, p)  features: numbers in [0, 1]; a category is one-hot, see `groups`
    w   (p,)    weights 1 / l**2 of the features
    r2  (n, m)  squared weighted distances, sum_f w_f (F_if - F_jf)**2
    s2          variance of the Matern part
    z   (n, p)  features shifted and scaled for the trend
    c   (n, m)  inner products, sum_f z_if z_jf
    t2          variance of the trend

A categorical parameter with k values is k features, equal to sqrt(1/2) for its category and 0
elsewhere, so that the squared distance of two different categories is 1 and every distance is
one matrix product.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """k(c) = t2 (c + c**2): a polynomial of degree two with random coefficients.

    It is a Bayesian regression on all features and all their products, written as a covariance
    (Rasmussen and Williams, section 4.2.2); `centre` and `scale` (p,) give z = (F - centre) scale.
    Far from the data, where the Matern part knows nothing, it goes on as a bowl or a slope would.
    """

    centre: Array
    scale: Array
    variance: float = 1.0

    def shifted(self, A: Array) -> Array:
        """Return z for rows of A (n, p)."""
        return (A - self.centre) * self.scale

    def between(self, A: Array, B: Array) -> Array:
        """Return the covariances of rows of A (n, p) and B (m, p), shape (n, m)."""
        return self.covariance(self.shifted(A) @ self.shifted(B).T)

    def covariance(self, c: Array) -> Array:
        """Return k(c), elementwise."""
        k: Array = c * c
        k += c
        k *= self.variance
        return k

    def slope(self, c: Array) -> Array:
        """Return dk/dc, elementwise."""
        return self.variance * (1.0 + 2.0 * c)


@dataclass(frozen=True)
class Matern52:
    """k(r2) = s2 (1 + t + t**2 / 3) exp(-t) with t = sqrt(5 r2).

    See C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for Machine Learning", 2006,
    equation 4.17.
    """

    weights: Array
    variance: float

    def __call__(self, A: Array, B: Array) -> Array:
        """Return the covariances of rows of A (n, p) and B (m, p), shape (n, m)."""
        return self.of_square_distance(self.square_distance(A, B))

    def square_distance(self, A: Array, B: Array) -> Array:
        """Return r2 for rows of A (n, p) and B (m, p), shape (n, m), not negative."""
        root = np.sqrt(self.weights)
        A, B = A * root, B * root
        r2 = A @ B.T
        r2 *= -2.0
        r2 += np.einsum("ij,ij->i", A, A)[:, None]
        r2 += np.einsum("ij,ij->i", B, B)
        np.maximum(r2, 0.0, out=r2)
        return r2

    def of_square_distance(self, r2: Array) -> Array:
        """Return k(r2), elementwise."""
        t = np.sqrt(5.0 * r2)
        decay = np.exp(-t)
        t += 1.0
        # 1 + t + t**2 / 3 = (1 + t) + (5 / 3) r2
        t += (5.0 / 3.0) * r2
        t *= decay
        t *= self.variance
        return t

    def with_slope(self, r2: Array) -> tuple[Array, Array]:
        """Return k(r2) and its derivative by r2, -5/6 s2 (1 + t) exp(-t), elementwise."""
        t = np.sqrt(5.0 * r2)
        decay = np.exp(-t)
        decay *= self.variance
        slope = t + 1.0
        slope *= decay
        t *= t
        t *= decay
        t *= 1.0 / 3.0
        t += slope
        slope *= -5.0 / 6.0
        return t, slope


@dataclass(frozen=True)
class Kernel:
    """The sum of a Matern part and, if there is one, a trend."""

    matern: Matern52
    trend: Trend | None = None

    def __call__(self, A: Array, B: Array) -> Array:
        """Return the covariances of rows of A (n, p) and B (m, p), shape (n, m)."""
        k = self.matern(A, B)
        if self.trend is not None:
            k += self.trend.between(A, B)
        return k

    def diagonal(self, A: Array) -> Array:
        """Return the variances at rows of A (n, p), shape (n,)."""
        variances = np.full(len(A), self.matern.variance)
        if self.trend is not None:
            z = self.trend.shifted(A)
            variances += self.trend.covariance(np.einsum("ij,ij->i", z, z))
        return variances
