"""The taxi-like trainer of the course: buckets of places, hidden layers, batch size.

Fares are made up from pick-up and drop-off places in a city; the metric is the rmse on held-out
rides. The argparse lines are those that the course shows. The layer sizes are read so that one
argument ("128 64 32") and several (128 64 32) both work.
"""

import argparse
import json
import os

import numpy as np
from sklearn.neural_network import MLPRegressor

N_RIDES = 1200


def make_rides(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return places (n, 4) in [0, 1] and fares (n,) with noise."""
    places = rng.uniform(size=(n, 4))
    distance = np.abs(places[:, :2] - places[:, 2:]).sum(axis=1)
    downtown = np.exp(-8 * ((places[:, 0] - 0.5) ** 2 + (places[:, 1] - 0.5) ** 2))
    fares = 2.5 + 12 * distance + 6 * downtown * distance + rng.normal(scale=0.5, size=n)
    return places, fares


def features(places: np.ndarray, nbuckets: int) -> np.ndarray:
    """Return the places and, one-hot, the bucket of each coordinate."""
    buckets = np.minimum((places * nbuckets).astype(int), nbuckets - 1)
    one_hot = np.eye(nbuckets)[buckets].reshape(len(places), -1)
    return np.hstack([places, one_hot])


def main() -> None:
    """Read the command line, train, and print the held-out rmse after each epoch."""
    parser = argparse.ArgumentParser()
    # fmt: off
    parser.add_argument('--nbuckets', help='Number of buckets into which to discretize lats and lons', default=10, type=int)
    parser.add_argument('--hidden_units', help='List of hidden layer sizes to use for DNN feature columns', nargs='+', default=[128, 32, 4])
    # fmt: on
    parser.add_argument("--train_batch_size", help="Batch size", default=512, type=int)
    parser.add_argument("--num_epochs", help="Number of epochs", default=10, type=int)
    parser.add_argument("--output_dir", help="Where to write the result", required=True)
    args = parser.parse_args()

    output_dir = os.path.join(
        args.output_dir,
        json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("trial", ""),
    )
    sizes = [int(size) for size in " ".join(map(str, args.hidden_units)).split()]
    rng = np.random.default_rng(0)
    places, fares = make_rides(N_RIDES, rng)
    X, y = features(places, args.nbuckets), (fares - fares.mean()) / fares.std()
    n_train = int(0.7 * N_RIDES)
    model = MLPRegressor(
        hidden_layer_sizes=sizes,
        batch_size=min(args.train_batch_size, n_train),
        learning_rate_init=3e-3,
        random_state=0,
    )
    rmse = float("nan")
    for epoch in range(1, args.num_epochs + 1):
        model.partial_fit(X[:n_train], y[:n_train])
        error = (model.predict(X[n_train:]) - y[n_train:]) * fares.std()
        rmse = float(np.sqrt(np.mean(error**2)))
        print(f"epoch={epoch} rmse={rmse:.4f}")
    os.makedirs(output_dir, exist_ok=True)
    with open(os.path.join(output_dir, "result.json"), "w") as file:
        json.dump({"rmse": rmse}, file)


if __name__ == "__main__":
    main()
