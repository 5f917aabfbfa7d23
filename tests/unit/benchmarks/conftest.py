"""Make the packages of `benchmarks/optimizer` importable, as its command does."""

import sys
from pathlib import Path

_BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path += [str(_BENCHMARKS / "optimizer"), str(_BENCHMARKS)]
