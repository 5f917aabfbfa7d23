"""The optimizer benchmark: `python benchmarks/optimizer COMMAND ...`; see README.md beside this.

    run          optimizers on problems, as JSON lines
    report       tables and figures from such files
    latency      CPU and memory of suggestions, installed size
    pack         results without their points, compressed
    references   best known values, and what random search reaches

Each has `--help`. Commands run in the environment of `benchmarks/peers/problems.txt`, which is
made at first use.
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
COMMANDS = {
    "run": "runner.command",
    "report": "report.command",
    "latency": "latency.command",
    "pack": "runner.packing",
    "references": "problems.references",
}


def main() -> int:
    """Run a command, in the right environment."""
    command, *argv = sys.argv[1:] or ["--help"]
    if command not in COMMANDS:
        print(__doc__)
        return 0 if command in ("-h", "--help") else 2
    sys.path.insert(0, str(HERE))
    sys.path.append(str(BENCHMARKS))
    from environments import enter

    enter(BENCHMARKS / "peers" / "problems.txt", HERE)
    return int(import_module(COMMANDS[command]).main(argv) or 0)


if __name__ == "__main__":
    sys.exit(main())
