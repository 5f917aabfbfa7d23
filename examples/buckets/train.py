"""Predict taxi fares from hashed pickup and dropoff cells: how many buckets, how wide a vector?"""

import argparse
import zlib

import numpy as np

N_RIDES, N_EPOCHS = 4000, 8


def rides(rng):
    """Return positions in a city of 10 by 10 km, shape (n, 4), and fares in dollars, (n,)."""
    X = rng.beta(2, 2, size=(N_RIDES, 4)) * 10
    distance = np.abs(X[:, 0] - X[:, 2]) + np.abs(X[:, 1] - X[:, 3])
    crosses_river = (X[:, 0] < 4) != (X[:, 2] < 4)
    return X, 3 + 1.5 * distance + 5 * crosses_river + rng.normal(size=N_RIDES)


def hashed(X, n_buckets):
    """Return the bucket of each ride's pickup and dropoff, shape (n, 2), by cells of 1 km."""
    cells = np.floor(X).astype(int)
    ends = [[f"{row[0]},{row[1]}", f"{row[2]},{row[3]}"] for row in cells]
    return np.array([[zlib.crc32(text.encode()) % n_buckets for text in pair] for pair in ends])


parser = argparse.ArgumentParser()
parser.add_argument("--nbuckets", help="buckets of the hash", type=int, default=10)
parser.add_argument("--nembeds", help="numbers in the vector of a bucket", type=int, default=2)
parser.add_argument("--learning_rate", type=float, default=0.01)
args = parser.parse_args()

rng = np.random.default_rng(0)
X, fares = rides(rng)
buckets, mean = hashed(X, args.nbuckets), fares.mean()
# A fare is a bias of each end plus the product of the vectors of both.
bias = np.zeros((2, args.nbuckets))
vectors = rng.normal(scale=0.3, size=(2, args.nbuckets, args.nembeds))
n_train = N_RIDES * 3 // 4


def errors(rows):
    """Return predicted less true fares, and the vectors of both ends."""
    start, end = buckets[rows].T
    p, d = vectors[0, start], vectors[1, end]
    return mean + bias[0, start] + bias[1, end] + (p * d).sum(axis=1) - fares[rows], p, d


for epoch in range(1, N_EPOCHS + 1):
    for rows in np.array_split(rng.permutation(n_train), n_train // 16):
        error, p, d = errors(rows)
        step = -args.learning_rate * error[:, None]
        for end, other in enumerate((d, p)):
            np.add.at(bias[end], buckets[rows, end], step[:, 0])
            np.add.at(vectors[end], buckets[rows, end], step * other)
    validation, _, _ = errors(np.arange(n_train, N_RIDES))
    print(f"epoch {epoch} rmse={np.sqrt(np.mean(validation**2)):.3f}")
