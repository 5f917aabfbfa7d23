"""Predict by how many points the home team wins a basketball game, from made-up seasons."""

import argparse
from itertools import pairwise

import numpy as np

N_TEAMS, N_ROUNDS, N_EPOCHS = 20, 60, 30


def games(rng, window):
    """Return features, both teams' mean results over `window` games, and score differences."""
    strength, past = rng.normal(scale=5, size=N_TEAMS), [[] for _ in range(N_TEAMS)]
    X, y = [], []
    for _ in range(N_ROUNDS):
        strength = strength + rng.normal(scale=0.7, size=N_TEAMS)
        for home, guest in rng.permutation(N_TEAMS).reshape(-1, 2):
            result = strength[home] - strength[guest] + 3 + rng.normal(scale=8)
            if min(len(past[home]), len(past[guest])) >= 20:
                X.append([np.mean(past[team][-window:]) / 10 for team in (home, guest)])
                y.append([result / 10])
            past[home].append(result)
            past[guest].append(-result)
    return np.array(X), np.array(y)


def forward(layers, X):
    """Return the outputs of all layers, the input first."""
    outputs = [X]
    for i, W in enumerate(layers):
        z = outputs[-1] @ W
        outputs.append(np.tanh(z) if i + 1 < len(layers) else z)
    return outputs


parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=256)
parser.add_argument("--learning_rate", type=float, default=0.001)
parser.add_argument("--window", help="games that features are averaged over", type=int, default=2)
parser.add_argument("--n_layers", type=int, default=1)
for number in range(1, 5):
    parser.add_argument(f"--units_{number}", type=int, default=8)
args = parser.parse_args()

rng = np.random.default_rng(0)
X, y = games(rng, args.window)
sizes = [2, *(getattr(args, f"units_{i}") for i in range(1, args.n_layers + 1)), 1]
layers = [rng.normal(size=s) / np.sqrt(s[0]) for s in pairwise(sizes)]
n_train = int(0.7 * len(X))
for _ in range(N_EPOCHS):
    for start in range(0, n_train, args.batch_size):
        rows = slice(start, min(start + args.batch_size, n_train))
        outputs = forward(layers, X[rows])
        error = outputs.pop() - y[rows]
        for i in reversed(range(len(layers))):
            slope = outputs[i].T @ error / len(error)
            error = (error @ layers[i].T) * (1 - outputs[i] ** 2)
            layers[i] = layers[i] - args.learning_rate * slope
print(f"rmse: {10 * np.sqrt(np.mean((forward(layers, X[n_train:])[-1] - y[n_train:]) ** 2)):.3f}")
