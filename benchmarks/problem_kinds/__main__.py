"""Problems of other kinds than one number: `python benchmarks/problem_kinds COMMAND ...`.

    run          optimizers on problems, as JSON lines
    report       tables from such files
    references   what random search leaves

Each has `--help`. Commands run in the environment of `benchmarks/peers/problems.txt`, which is
made at first use. See README.md beside this.
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
COMMANDS = {
    "run": "problem_kinds.running",
    "report": "problem_kinds.reporting",
    "references": "problem_kinds.references",
}


def main() -> int:
    """Run a command, in the right environment."""
    command, *argv = sys.argv[1:] or ["--help"]
    if command not in COMMANDS:
        print(__doc__)
        return 0 if command in ("-h", "--help") else 2
    # Runner, peers and report are those of the optimizer's benchmark, hypervolume is Wazir's.
    sys.path[0] = str(BENCHMARKS / "optimizer")
    sys.path += [str(BENCHMARKS), str(BENCHMARKS.parent / "src")]
    from environments import enter

    enter(BENCHMARKS / "peers" / "problems.txt", HERE)
    return int(import_module(COMMANDS[command]).main(argv) or 0)


if __name__ == "__main__":
    sys.exit(main())
