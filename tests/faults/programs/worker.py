"""A well-behaved trainer that keeps a journal of its own, outside of what Wazir writes.

It needs the standard library alone, so that it starts fast under `python -I -S`. Each line of the
journal is one JSON object, written at once. A step is in the journal only after it was printed.
"""

import json
import os
import signal
import sys
import time

STEPS = int(os.environ.get("FAULT_STEPS", "3"))
STEP_S = float(os.environ.get("FAULT_STEP_S", "0.1"))
TERM = os.environ.get("FAULT_TERM", "")


def note(event: str, **fields: object) -> None:
    """Append one line to the journal."""
    record = {
        "event": event,
        "trial": int(os.environ["WAZIR_TRIAL_ID"].partition("-")[0]),
        "attempt": int(os.environ["WAZIR_ATTEMPT"]),
        "pid": os.getpid(),
        "time": time.time(),
        **fields,
    }
    journal = os.open(os.environ["FAULT_JOURNAL"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(journal, json.dumps(record).encode() + b"\n")
    os.close(journal)


def start(x: float) -> None:
    """Note that this attempt runs, and where."""
    folder = os.environ["WAZIR_TRIAL_DIR"]
    resume = os.environ["WAZIR_RESUME"]
    note("start", x=x, resume=resume, folder=folder, found=sorted(os.listdir(folder)))
    with open(os.path.join(folder, f"attempt-{os.environ['WAZIR_ATTEMPT']}"), "w") as file:
        file.write("begun")


def step(number: int, value: float) -> None:
    """Print the metric of one step, then note it."""
    print(f"step={number} loss={value!r}", flush=True)
    note("step", step=number, value=value)


def loss(x: float, number: int) -> float:
    """Return the value that a trial prints at a step; no two trials share it."""
    return x + 1 / number


def on_term(number: int, frame: object) -> None:
    """Note the wish to end, and obey it."""
    note("term")
    time.sleep(float(TERM))
    sys.exit(7)


def train(x: float) -> None:
    """Print all steps, a little slower or faster from trial to trial."""
    if TERM:
        signal.signal(signal.SIGTERM, on_term)
    start(x)
    for number in range(1, STEPS + 1):
        time.sleep(STEP_S * (0.7 + 0.6 * x))
        step(number, loss(x, number))
    note("end")


if __name__ == "__main__":
    train(float(sys.argv[sys.argv.index("--x") + 1]))
