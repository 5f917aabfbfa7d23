"""Wazir's side of the storage benchmark; `storage.py` runs it as a process of its own.

`fill FILE N` makes a study with N completed trials, `pairs FILE K` measures K times suggest and
complete on it and prints the result as JSON.
"""

import argparse
import json
import time
from collections.abc import Iterator
from itertools import batched, islice
from pathlib import Path

import measure

measure.make_importable()

import wazir
from wazir.algorithms.protocol import Snapshot
from wazir.algorithms.random_search import RandomSearch
from wazir.domain.metrics import Measurement
from wazir.domain.names import parse_study_name
from wazir.domain.trials import Trial, TrialState
from wazir.service.suggesting import SUGGESTION_NAMESPACE
from wazir.storage.sqlite.store import SqliteStore
