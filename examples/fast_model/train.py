"""Fit bumps to a noisy curve; more bumps fit better, and each costs time per prediction.

Prints the loss on held-out data and the cost of one prediction, in multiplications. Some settings
cannot be solved: then the program fails, as real ones do.
"""

import argparse
import math
import random
import sys


def main() -> None:
    """Train once and print what a tuner needs to know."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bumps", type=int, default=12)
    parser.add_argument("--width", type=float, default=0.3)
    parser.add_argument("--rate", type=float, default=0.02)
    options = parser.parse_args()

    dice = random.Random(7)
    points = [(x, math.sin(3 * x) + 0.4 * math.sin(9 * x) + dice.gauss(0, 0.1))
              for x in (dice.uniform(0, 4) for _ in range(160))]  # fmt: skip
    train, held_out = points[:120], points[120:]
    centres = [4 * (i + 0.5) / options.bumps for i in range(options.bumps)]
    weights = [0.0] * options.bumps

    def bumps_at(x: float) -> list[float]:
        return [math.exp(-(((x - c) / options.width) ** 2) / 2) for c in centres]

    def predict(x: float) -> float:
        return sum(w * b for w, b in zip(weights, bumps_at(x), strict=True))

    for epoch in range(1, 31):
        for x, y in train:
            error = predict(x) - y
            if abs(error) > 1e6:
                sys.exit("the weights diverged")
            for i, bump in enumerate(bumps_at(x)):
                weights[i] -= options.rate * error * bump
        loss = sum((predict(x) - y) ** 2 for x, y in held_out) / len(held_out)
        if epoch % 10 == 0:
            print(f"epoch {epoch} loss={loss:.5f}")
    print(f"cost={4 * options.bumps}")


if __name__ == "__main__":
    main()
