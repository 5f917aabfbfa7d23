"""A worker of Optuna with its gRPC storage proxy: the sampler runs in the client."""

import json
import sys
import time

import optuna
from optuna.storages import GrpcStorageProxy

optuna.logging.set_verbosity(optuna.logging.WARNING)
place, number, n_pairs = sys.argv[1], sys.argv[2], int(sys.argv[3])
host, _, port = place.rpartition(":")
study = optuna.create_study(
    study_name=f"load {number}",
    storage=GrpcStorageProxy(host=host, port=int(port)),
    sampler=optuna.samplers.RandomSampler(seed=int(number)),
    load_if_exists=True,
)
pair_s = []
for _ in range(n_pairs):
    begin = time.perf_counter()
    trial = study.ask()
    value = sum(trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(4))
    study.tell(trial, value)
    pair_s.append(time.perf_counter() - begin)
print(json.dumps({"pair_s": pair_s}))
