"""A PyTorch classifier of handwritten digits; prints the accuracy on held-out images."""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


def main() -> None:
    """Read the command line, train, and print the accuracy after each epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", help="learning rate", type=float, default=1e-3)
    parser.add_argument("--hidden", help="units of the hidden layer", type=int, default=64)
    parser.add_argument("--dropout", help="dropout probability", type=float, default=0.1)
    parser.add_argument("--epochs", help="number of epochs", type=int, default=5)
    args = parser.parse_args()

    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(labels), random_state=0
    )
    model = nn.Sequential(
        nn.Linear(64, args.hidden), nn.ReLU(), nn.Dropout(args.dropout), nn.Linear(args.hidden, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        model.train()
        for rows in torch.randperm(len(X_train)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean().item()
        print(f"epoch {epoch}: accuracy = {accuracy:.4f}")


if __name__ == "__main__":
    main()
