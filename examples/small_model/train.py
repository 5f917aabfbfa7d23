"""Classify two spirals with random features: more of them err less and need more memory."""

import argparse

import numpy as np

N_TRAINING, N_VALIDATION, TURNS, NOISE = 400, 400, 1.5, 0.08


def spirals(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 2) on two spirals, and their class, -1 or 1."""
    label = rng.choice([-1.0, 1.0], n)
    t = rng.uniform(0.2, 1.0, n)
    angle = 2 * np.pi * TURNS * t + np.where(label > 0, np.pi, 0)
    points = t[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + NOISE * t[:, None] * rng.standard_normal((n, 2)), label


def features(points: np.ndarray, directions: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Return random Fourier features (n, m): cosines along random directions."""
    return np.cos(points @ directions + phases)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=int, default=64, help="number of random features")
    parser.add_argument("--frequency", type=float, default=3.0, help="how fast features vary")
    parser.add_argument("--l2", type=float, default=0.1, help="how much weights are held back")
    args = parser.parse_args()

    rng = np.random.default_rng(0)
    X, y = spirals(N_TRAINING, rng)
    X_held_out, y_held_out = spirals(N_VALIDATION, rng)
    directions = args.frequency * rng.standard_normal((2, args.features))
    phases = rng.uniform(0, 2 * np.pi, args.features)

    A = features(X, directions, phases)
    weights = np.linalg.solve(A.T @ A + args.l2 * np.eye(args.features), A.T @ y)
    guesses = np.sign(features(X_held_out, directions, phases) @ weights)

    kilobytes = (directions.nbytes + phases.nbytes + weights.nbytes) / 1000
    print(f"error={np.mean(guesses != y_held_out):.4f} kilobytes={kilobytes}")


if __name__ == "__main__":
    main()
