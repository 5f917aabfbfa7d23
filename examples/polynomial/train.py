"""Fit a polynomial to a noisy curve and judge it on points that it has not seen.

A first study tunes --degree and --features. `--l2` comes in later, with `wazir edit`: until then
it is 0, its default. See docs/how-to/edit-a-study.md.
"""

import argparse

import numpy as np

N_TRAIN, N_TEST, NOISE = 40, 200, 0.2


def curve(x: np.ndarray) -> np.ndarray:
    """Return the curve that the program knows only from noisy points."""
    return np.sin(6.0 * x) + 0.5 * x


def columns(x: np.ndarray, degree: int, kind: str) -> np.ndarray:
    """Return one column per power, or per Chebyshev polynomial, of x in [-1, 1]."""
    if kind == "chebyshev":
        return np.polynomial.chebyshev.chebvander(x, degree)
    return np.polynomial.polynomial.polyvander(x, degree)


def main() -> None:
    """Train once, print the error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--degree", type=int, default=3)
    parser.add_argument("--features", choices=["powers", "chebyshev"], default="powers")
    parser.add_argument("--l2", type=float, default=0.0)
    options = parser.parse_args()

    rng = np.random.default_rng(4)
    x = rng.uniform(-1.0, 1.0, N_TRAIN)
    y = curve(x) + NOISE * rng.standard_normal(N_TRAIN)
    A = columns(x, options.degree, options.features)
    A = np.vstack([A, np.sqrt(options.l2) * np.eye(A.shape[1])])
    weights = np.linalg.lstsq(A, np.append(y, np.zeros(A.shape[1])), rcond=None)[0]

    grid = np.linspace(-1.0, 1.0, N_TEST)
    error = columns(grid, options.degree, options.features) @ weights - curve(grid)
    print(f"rmse={np.sqrt(np.mean(error**2)):.6f}")


if __name__ == "__main__":
    main()
