"""`pack`: the latest record of each run of some files, without points, as one compressed file."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from runner.records import pack


def main(argv: Sequence[str]) -> int:
    """Pack files."""
    parser = argparse.ArgumentParser(prog="python benchmarks/optimizer pack", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, help="NAME.jsonl.gz")
    args = parser.parse_args(argv)
    count = pack(args.files, args.out)
    print(f"{count} runs, {args.out.stat().st_size / 1e6:.2f} MB: {args.out}")
    return 0
