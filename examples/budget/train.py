"""Train a small network on a noisy wave; its size and its learning rates obey constraints.

wazir tune --minimize loss -p n_layers=1..4 -p width=4..128:log \
      -p low_rate=1e-4..1e-1:log -p high_rate=1e-4..1e-1:log \
      --constraint "n_layers * width ** 2 <= 4096" --constraint "low_rate < high_rate" \
      --trials 20 -- python train.py
"""

import argparse
import itertools
import math

import numpy as np

STEPS = 300


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=32, help="units of each hidden layer")
    parser.add_argument("--low_rate", type=float, default=1e-3, help="learning rate at the end")
    parser.add_argument("--high_rate", type=float, default=1e-2)
    return parser.parse_args()


def forward(layers, x):
    """Return the activations of all layers, the input first."""
    found = [x]
    for i, (W, b) in enumerate(layers):
        z = found[-1] @ W + b
        found.append(z if i == len(layers) - 1 else np.tanh(z))
    return found


def main():
    args = read_arguments()
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(256, 2))
    y = np.sin(5 * x[:, :1]) * x[:, 1:] + 0.05 * rng.standard_normal((256, 1))
    sizes = [2, *[args.width] * args.n_layers, 1]
    pairs = itertools.pairwise(sizes)
    layers = [[rng.standard_normal((m, n)) / math.sqrt(m), np.zeros(n)] for m, n in pairs]
    moments = [[np.zeros_like(p) for p in layer] for layer in layers]
    for step in range(STEPS):
        share = 0.5 + 0.5 * math.cos(math.pi * step / STEPS)
        rate = args.low_rate + share * (args.high_rate - args.low_rate)
        outputs = forward(layers, x[:192])
        slope = 2 * (outputs[-1] - y[:192]) / 192
        for i in reversed(range(len(layers))):
            gradients = (outputs[i].T @ slope, slope.sum(axis=0))
            slope = (slope @ layers[i][0].T) * (1 - outputs[i] ** 2)
            for k in (0, 1):
                moments[i][k] = 0.9 * moments[i][k] + gradients[k]
                layers[i][k] -= rate * moments[i][k]
    print(f"loss={float(np.mean((forward(layers, x[192:])[-1] - y[192:]) ** 2)):.5f}")


main()
