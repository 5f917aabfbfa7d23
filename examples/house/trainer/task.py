"""Lab 3 of the course: a regression trainer whose accuracy depends on two hyperparameters.

The course predicts house prices; here the target is the disease progression of the diabetes data
that ships with scikit-learn. The metric is the rmse on held-out rows, printed after each epoch.
Nothing in this program knows about tuning, except that the outputs of trials do not clobber each
other: the trial of TF_CONFIG becomes part of the output folder.
"""

import argparse
import json
import os
import pickle

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

N_EPOCHS = 10


def train_and_evaluate(learning_rate: float, batch_size: int, output_dir: str) -> float:
    """Train, print the held-out rmse after each epoch, save the model, return the last rmse."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=1)
    scale_X = StandardScaler().fit(X_train)
    scale_y = StandardScaler().fit(y_train[:, None])
    targets = scale_y.transform(y_train[:, None]).ravel()
    model = MLPRegressor(
        hidden_layer_sizes=(16,),
        solver="sgd",
        learning_rate_init=learning_rate,
        batch_size=batch_size,
        alpha=1e-3,
        random_state=1,
    )
    rmse = float("nan")
    for epoch in range(1, N_EPOCHS + 1):
        model.partial_fit(scale_X.transform(X_train), targets)
        predicted = scale_y.inverse_transform(model.predict(scale_X.transform(X_test))[:, None])
        rmse = float(np.sqrt(np.mean((predicted.ravel() - y_test) ** 2)))
        print(f"epoch {epoch} rmse: {rmse:.4f}")
    os.makedirs(output_dir, exist_ok=True)
    with open(os.path.join(output_dir, "model.pkl"), "wb") as file:
        pickle.dump(model, file)
    return rmse


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", help="Step size of SGD", type=float, default=0.01)
    parser.add_argument("--batch_size", help="Rows per step", type=int, default=30)
    parser.add_argument("--output_dir", help="Where to save the model", default="house_trained")
    parser.add_argument("--job-dir", help="Required by gcloud, not used", default="junk")
    args = parser.parse_args()
    trial = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("trial", "")
    train_and_evaluate(args.learning_rate, args.batch_size, os.path.join(args.output_dir, trial))


if __name__ == "__main__":
    main()
