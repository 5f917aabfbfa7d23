"""Linear regression by gradient descent that goes on from its checkpoint.

wazir tune --minimize loss -p epochs=1..81:fidelity -p rate=1e-3..1.0:log -p momentum=0.0..0.95
    -- python train.py
"""

import argparse
import json
import os
import random
from pathlib import Path

N_FEATURES, N_ROWS = 8, 60


def make_rows() -> list[tuple[list[float], float]]:
    """Return inputs whose scales differ, so that the rate matters, with their targets."""
    draw = random.Random(1)
    rows = []
    for _ in range(N_ROWS):
        x = [draw.gauss(0.0, 0.7**k) for k in range(N_FEATURES)]
        rows.append((x, sum(x) + draw.gauss(0.0, 0.1)))
    return rows


def loss_and_gradient(weights: list[float], rows: list) -> tuple[float, list[float]]:
    """Return the mean squared error and its gradient."""
    errors = [(x, sum(w * v for w, v in zip(weights, x, strict=True)) - y) for x, y in rows]
    gradient = [2 / len(rows) * sum(e * x[k] for x, e in errors) for k in range(N_FEATURES)]
    return sum(e * e for _, e in errors) / len(rows), gradient


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=81)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--momentum", type=float, default=0.0)
    options = parser.parse_args()
    checkpoint = Path(os.environ.get("WAZIR_TRIAL_DIR", "."), "checkpoint.json")
    state = {"epoch": 0, "weights": [0.0] * N_FEATURES, "velocity": [0.0] * N_FEATURES}
    if os.environ.get("WAZIR_RESUME") == "1" and checkpoint.exists():
        state = json.loads(checkpoint.read_text())
    rows = make_rows()
    # Told again: the last run may have been stopped before anybody saw it.
    if state["epoch"]:
        print(f"epoch={state['epoch']} loss={state['loss']:.6f}")
    for epoch in range(state["epoch"] + 1, options.epochs + 1):
        loss, gradient = loss_and_gradient(state["weights"], rows)
        for k, slope in enumerate(gradient):
            state["velocity"][k] = options.momentum * state["velocity"][k] - options.rate * slope
            state["weights"][k] += state["velocity"][k]
        print(f"epoch={epoch} loss={loss:.6f}")
        checkpoint.write_text(json.dumps(state | {"epoch": epoch, "loss": loss}))


if __name__ == "__main__":
    main()
