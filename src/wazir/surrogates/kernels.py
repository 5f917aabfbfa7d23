"""The Matern-5/2 covariance with one length scale per parameter.

Notation:
    F   (n, p)  features: numbers in [0, 1]; a category is one-hot, see `groups`
    w   (p,)    weights 1 / l**2 of the features
    r2  (n, m)  squared weighted distances, sum_f w_f (F_if - F_jf)**2
    s2          variance of the process

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
