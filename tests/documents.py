r"""The fenced blocks of a page of documentation, run in a folder of their own.

    ```console           commands behind "$ ", each followed by what it prints
    ```python            a program, run by itself
    ```LANGUAGE file=F   the content of the file F

Words behind the language: `exit=2` is the exit code of the last command (0 without it), `norun`
leaves a block alone, `background` lets its one command run until the page ends, after it has
printed what the page says. In what a command prints, `...` stands for anything. A command without
printed lines below it may print what it likes. A backslash at the end of a command goes on in the
next line. The folder is kept from one command to the next, as at a prompt.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from command_line import SOURCE, CommandLine

_FENCE = re.compile(r"^```(\S+)?(.*)$")
_ANYTHING = "..."
_TIMEOUT_S = 50


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, its lines, and where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    def option(self, name: str) -> str:
        """Return VALUE of the word NAME=VALUE, "" without it."""
        found = [word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")]
        return found[0] if found else ""


@dataclass(frozen=True)
class Command:
    """A command at a prompt and what it should print, None if that is not said."""

    text: str
    output: str | None
    code: int
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    found = []
    opened: tuple[str, tuple[str, ...], int] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(line)
        elif opened is None:
            opened, lines = (fence[1] or "", tuple(fence[2].split()), number), []
        else:
            found.append(Block(opened[0], opened[1], "\n".join(lines) + "\n", opened[2]))
            opened = None
    assert opened is None, f"{page}: the block of line {opened} has no end"
    return found


def commands_of(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block."""
    prompt: list[str] = []
    output: list[str] = []
    start = 0
    found: list[Command] = []

    def finish() -> None:
        if prompt:
            text = "\n".join(output) if output else None
            found.append(Command("\n".join(prompt), text, 0, start))

    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        if line.startswith("$ "):
            finish()
            prompt, output, start = [line[2:]], [], number
        elif prompt and not output and prompt[-1].endswith("\\"):
            prompt.append(line)
        else:
            assert prompt, f"line {number}: a console block begins with a command"
            output.append(line)
    finish()
    yield from found[:-1]
    last = found[-1]
    yield Command(last.text, last.output, int(block.option("exit") or 0), last.line)


def matches(wanted: str, printed: str) -> bool:
    """Return whether a text is what a page says; `...` stands for anything, spaces do not count."""
    pieces = [re.escape(_squeezed(piece)) for piece in wanted.split(_ANYTHING)]
    return re.fullmatch(r"[\s\S]*?".join(pieces), _squeezed(printed)) is not None


def _squeezed(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Reader:
    """Does what a page says, in order, in one folder."""

    home: Path
    cwd: Path = field(init=False)
    _environment: dict[str, str] = field(init=False)
    _background: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cwd = self.home
        programs = self.home.parent / "bin"
        programs.mkdir(exist_ok=True)
        for name, arguments in (("wazir", "-m wazir"), ("python", ""), ("python3", "")):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            script.chmod(0o755)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        self._environment = CommandLine(self.home).environment(
            {"PATH": path, "PYTHONPATH": str(SOURCE), "COLUMNS": "100"}
        )

    def follow(self, page: Path) -> int:
        """Do what all blocks of a page say; return how many were followed."""
        try:
            return self._follow(page)
        finally:
            for process in self._background:
                process.terminate()
                process.communicate(timeout=_TIMEOUT_S)

    def _follow(self, page: Path) -> int:
        n_followed = 0
        for block in blocks_of(page):
            if "norun" in block.words:
                continue
            place = f"{page.name}:{block.line}"
            if block.option("file"):
                path = self.cwd / block.option("file")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
            elif block.language == "console" and "background" in block.words:
                (command,) = commands_of(block)
                self._start(command, place)
            elif block.language == "console":
                for command in commands_of(block):
                    self._run(command, page)
            elif block.language == "python":
                self._execute([sys.executable, "-c", block.text], 0, place)
            else:
                continue
            n_followed += 1
        return n_followed

    def _start(self, command: Command, place: str) -> None:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command.text}"],
            cwd=self.cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._background.append(process)
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if matches(command.output or "", printed):
                return
        raise AssertionError(f"{place}: {command.text}\n--- it ends, and prints\n{printed}")

    def _run(self, command: Command, page: Path) -> None:
        place = f"{page.name}:{command.line}"
        note = self.home.parent / "where"
        script = f'{command.text}\ncode=$?\npwd > "{note}"\nexit $code\n'
        printed = self._execute(["sh", "-c", script], command.code, f"{place}: {command.text}")
        self.cwd = Path(note.read_text().strip())
        if command.output is not None and not matches(command.output, printed):
            raise AssertionError(
                f"{place}: {command.text}\n--- the page says\n{command.output}\n"
                f"--- it prints\n{printed}"
            )

    def _execute(self, argv: list[str], code: int, place: str) -> str:
        ended = subprocess.run(
            argv,
            cwd=self.cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
        if ended.returncode != code:
            raise AssertionError(f"{place}\nexit code {ended.returncode}\n{ended.stdout}")
        return ended.stdout
