"""From a command line to the Python source files of its program; nothing is run."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 1 << 20

_PYTHON = re.compile(r"(python|pypy)[\d.]*")
_SHEBANG = re.compile(rb"#![^\n]*?(python|pypy)[\d.]*\b")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_SUBCOMMAND = re.compile(r"[A-Za-z][\w-]*")
_LAUNCHER_MODULES = (
    "torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch",
    "cProfile", "pdb", "debugpy", "coverage",
)  # fmt: skip
_LAUNCHERS = frozenset(
    {
        "env", "nice", "nohup", "time", "timeout", "stdbuf", "taskset", "numactl", "uv", "poetry",
        "pipenv", "pdm", "hatch", "rye", "conda", "mamba", "torchrun", "accelerate", "deepspeed",
        "horovodrun", "mpirun", "mpiexec", "srun", "sh", "bash", "zsh", "dash", "coverage",
    }
)  # fmt: skip
_LAUNCHER_WORDS = frozenset({"run", "launch", "exec"})


@dataclass(frozen=True)
class Program:
    """The program in a command.

    Attributes:
        launch: the words that start it, without its own arguments.
        arguments: the words behind them.
        entry: its main file, None if it could not be found.
        is_python: whether that file is Python source.
        search_path: the folders from which it imports its own modules.
        package: the dotted package of the entry file, for its relative imports.
        is_console_script: whether the entry is the small script of an installed package.
    """

    launch: tuple[str, ...]
    arguments: tuple[str, ...]
    entry: Path | None = None
    is_python: bool = False
    search_path: tuple[Path, ...] = ()
    package: str = ""
    is_console_script: bool = False

    @property
    def subcommands(self) -> tuple[str, ...]:
        """The plain words before the first option, which may name subcommands."""
        words: list[str] = []
        for word in self.arguments:
            if not _SUBCOMMAND.fullmatch(word):
                break
            words.append(word)
        return tuple(words)


def find_program(command: Sequence[str], cwd: Path) -> Program:
    """Return the program that a command starts, looking through launchers.

    Understood are interpreters with their options (`python -u -m trainer.task`), launchers
    (`uv run`, `torchrun --nproc-per-node 2`, `env A=1`), scripts with a Python first line, and
    console scripts in PATH. Relative paths start at `cwd`.
    """
    words = tuple(command)
    position = 0
    while position < len(words):
        word = words[position]
        name = Path(word).name
        if _PYTHON.fullmatch(name):
            return _after_interpreter(words, position, cwd)
        if name == "torchrun" or (position > 0 and words[position - 1] == "accelerate"):
            return _after_launcher(words, position + 1, cwd)
        if not _is_launcher_word(words, position):
            return _executable(words, position, cwd)
        position += 1
    return Program(words, ())


def _is_launcher_word(words: tuple[str, ...], position: int) -> bool:
    """Return whether a word belongs to the launchers in front of a program."""
    word = words[position]
    if Path(word).name in _LAUNCHERS or _ASSIGNMENT.match(word):
        return True
    if position == 0:
        return False
    if word in _LAUNCHER_WORDS or word.startswith("-"):
        return True
    # The value of a launcher's option, such as the 5 of `nice -n 5`.
    is_file = "/" in word or word.endswith((".py", ".sh"))
    before = words[position - 1]
    return word.isdigit() or (before.startswith("-") and len(before) == 2 and not is_file)


def _after_interpreter(words: tuple[str, ...], position: int, cwd: Path) -> Program:
    """Read the options of the interpreter at `position` and return its program."""
    python = words[position]
    position += 1
    while position < len(words):
        word = words[position]
        if not word.startswith("-") or word == "-":
            return _script(words, position, cwd)
        if word.startswith("--"):
            position += 2 if word == "--check-hash-based-pycs" else 1
            continue
        letter, rest = _valued_letter(word)
        position += 1 if rest or not letter else 2
        if letter == "c":
            break
        if letter == "m":
            module = rest or (words[position - 1] if position <= len(words) else "")
            if module in _LAUNCHER_MODULES:
                return _after_launcher(words, position, cwd)
            return _module(words, position, module, cwd, python)
    return Program(words, ())


def _valued_letter(word: str) -> tuple[str, str]:
    """Return the letter of a cluster such as `-uXdev` that takes a value, and that value."""
    for index, letter in enumerate(word[1:], start=1):
        if letter in "cmWX":
            return letter, word[index + 1 :]
    return "", ""


def _after_launcher(words: tuple[str, ...], position: int, cwd: Path) -> Program:
    """Return the first script, or the module after `-m`, behind the options of a launcher."""
    for index in range(position, len(words)):
        if words[index] in ("-m", "--module") and index + 1 < len(words):
            return _module(words, index + 2, words[index + 1], cwd)
        if words[index].endswith(".py"):
            return _script(words, index, cwd)
    return Program(words, ())


def _module(
    words: tuple[str, ...], end: int, module: str, cwd: Path, python: str = "python3"
) -> Program:
    interpreter = shutil.which(python)
    installed = _installed_roots(Path(interpreter)) if interpreter else []
    roots = (cwd, *_python_path(cwd), *installed)
    entry = find_module(module, roots) if _MODULE.fullmatch(module) else None
    launch, arguments = words[:end], words[end:]
    if entry is None:
        return Program(launch, arguments, is_python=True)
    package = module
    if entry.name == "__init__.py":
        entry = entry.with_name("__main__.py")
    else:
        package = module.rpartition(".")[0]
    return Program(launch, arguments, entry if entry.is_file() else None, True, roots, package)


def _script(words: tuple[str, ...], position: int, cwd: Path) -> Program:
    launch, arguments = words[: position + 1], words[position + 1 :]
    path = cwd / words[position]
    if path.is_dir():
        path = path / "__main__.py"
    if not path.is_file():
        return Program(launch, arguments, is_python=True)
    roots = (path.resolve().parent, *_python_path(cwd))
    return Program(launch, arguments, path, True, roots)


def _executable(words: tuple[str, ...], position: int, cwd: Path) -> Program:
    word = words[position]
    launch, arguments = words[: position + 1], words[position + 1 :]
    # Behind a shell or a launcher, a plain name may be a file in the working folder.
    in_folder = cwd / word
    found = str(in_folder) if "/" in word or (position > 0 and in_folder.is_file()) else None
    found = found or shutil.which(word)
    path = Path(found) if found else None
    if path is None or not path.is_file():
        return Program(launch, arguments)
    if word.endswith(".py"):
        return _script(words, position, cwd)
    if not _SHEBANG.match(head_of(path)):
        return Program(launch, arguments, path)
    roots = (path.resolve().parent, *_installed_roots(path), *_python_path(cwd))
    return Program(launch, arguments, path, True, roots, is_console_script=True)


def head_of(path: Path, n_bytes: int = 200) -> bytes:
    """Return the first bytes of a file, b"" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError:
        return b""


def _installed_roots(script: Path) -> list[Path]:
    """Return the folders in which the package of a console script is installed."""
    roots: list[Path] = []
    for folder in sorted(script.parent.parent.glob("lib/python*/site-packages")):
        roots.append(folder)
        for link in sorted(folder.glob("*.pth"))[:50]:
            lines = head_of(link, 1 << 12).decode("utf-8", "replace").splitlines()
            roots += [Path(line) for line in lines if line.startswith("/") and Path(line).is_dir()]
    return roots


def _python_path(cwd: Path) -> tuple[Path, ...]:
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(cwd / folder for folder in folders if folder)


def find_module(module: str, roots: Sequence[Path]) -> Path | None:
    """Return the file of a module, or `__init__.py` of a package, below the first root with it.

    A folder without `__init__.py` counts as a package if it holds `__main__.py`.
    """
    relative = Path(*module.split("."))
    for root in roots:
        for path in (root / relative / "__init__.py", (root / relative).with_suffix(".py")):
            if path.is_file():
                return path
        if (root / relative / "__main__.py").is_file():
            return root / relative / "__init__.py"
    return None
