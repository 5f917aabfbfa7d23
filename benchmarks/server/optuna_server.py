"""Optuna's gRPC storage proxy on a SQLite file; runs in its environment."""

import socket
import sys
import threading
import time

import optuna
from optuna.storages import RDBStorage, run_grpc_proxy_server

optuna.logging.set_verbosity(optuna.logging.WARNING)
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
storage = RDBStorage(f"sqlite:///{sys.argv[1]}")
threading.Thread(
    target=run_grpc_proxy_server, args=(storage,), kwargs={"host": "127.0.0.1", "port": port},
    daemon=True,
).start()  # fmt: skip
time.sleep(2)
print(f"serves at 127.0.0.1:{port}", flush=True)
while True:
    time.sleep(60)
