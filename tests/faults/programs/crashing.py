"""Run Wazir in a process that kills itself at a chosen point.

crashing.py MODULE:CLASS.METHOD before|after N ARGUMENT... kills it at the Nth call of a method.
"""

import importlib
import os
import signal
import sys

place, when, wanted, *arguments = sys.argv[1:]
module_name, _, path = place.partition(":")
class_name, _, method_name = path.partition(".")
owner = getattr(importlib.import_module(module_name), class_name)
original = getattr(owner, method_name)
calls = iter(range(1, 1_000_000))


def crash() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def wrapped(*args: object, **kwargs: object) -> object:
    """Call the method, and crash at the wanted call."""
    is_now = next(calls) == int(wanted)
    if is_now and when == "before":
        crash()
    result = original(*args, **kwargs)
    if is_now:
        crash()
    return result


setattr(owner, method_name, wrapped)
sys.argv = ["wazir", *arguments]
importlib.import_module("wazir.cli.main").main()
