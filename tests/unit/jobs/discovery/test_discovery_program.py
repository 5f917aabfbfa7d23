"""The source files of a command's program are found without running anything."""

from pathlib import Path

import pytest

from wazir.jobs.discovery.options import ProgramOption
from wazir.jobs.discovery.program import find_program
from wazir.jobs.discovery.source import MAX_FILES, read_source

OPTION = "parser.add_argument('--{0}', type=int, default=4)\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("command", "n_launch"),
    [
        ("python train.py --lr 1", 2),
        ("python3.11 -u -X dev -W ignore -O train.py a", 8),
        ("/usr/bin/python -uB train.py", 3),
        ("./train.py --lr 1", 1),
        ("env A=1 B=2 python train.py", 5),
        ("nice -n 5 python train.py", 5),
        ("uv run train.py --lr 1", 3),
        ("uv run --quiet python train.py", 5),
        ("torchrun --nproc-per-node 2 train.py --lr 1", 4),
        ("accelerate launch --num_processes 2 train.py", 5),
        ("python -m torch.distributed.run --nproc 2 train.py", 6),
        ("coverage run train.py", 3),
    ],
)
def test_scripts_are_found_behind_interpreters_and_launchers(tmp_path, command, n_launch):
    script = write(tmp_path / "train.py", "")
    words = command.split()
    program = find_program(words, tmp_path)
    assert program.entry is not None
    assert program.entry.samefile(script)
    assert program.is_python
    assert program.launch == tuple(words[:n_launch])
    assert program.arguments == tuple(words[n_launch:])


@pytest.mark.parametrize("command", ["python -m trainer.task --x 1", "python -umtrainer.task"])
def test_modules_are_found_from_the_working_folder(tmp_path, command):
    entry = write(tmp_path / "trainer" / "task.py", "")
    write(tmp_path / "trainer" / "__init__.py", "")
    program = find_program(command.split(), tmp_path)
    assert program.entry == entry
    assert program.package == "trainer"


def test_a_package_is_its_main_file(tmp_path):
    write(tmp_path / "trainer" / "__init__.py", "")
    entry = write(tmp_path / "trainer" / "__main__.py", "")
    assert find_program(["python", "-m", "trainer"], tmp_path).entry == entry
    assert find_program(["python", "trainer"], tmp_path).entry == entry


def test_console_scripts_lead_to_the_installed_package(tmp_path, monkeypatch):
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    write(packages / "mytool" / "__init__.py", "")
    write(packages / "mytool" / "cli.py", "from mytool.args import x\nimport numpy\n")
    write(packages / "mytool" / "args.py", OPTION.format("depth"))
    write(packages / "numpy" / "__init__.py", OPTION.format("other"))
    script = write(
        tmp_path / "bin" / "mytool",
        "#!/usr/bin/env python3\nfrom mytool.cli import main\nmain()\n",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program = find_program(["mytool", "--depth", "3"], tmp_path)
    assert program.entry == script
    assert [o.name for o in read_source(program, tmp_path).options] == ["depth"]


@pytest.mark.parametrize(
    "command",
    ["python", "python -c pass", "python missing.py", "python -m missing.module", "python -m",
     "missing-program", "python -m ..", "python -X", "env", "torchrun", "sh missing.sh"],
)  # fmt: skip
def test_a_program_that_is_not_there_has_no_source(tmp_path, command):
    program = find_program(command.split(), tmp_path)
    assert program.entry is None
    assert read_source(program, tmp_path).options == ()


def test_a_program_in_another_language_has_no_python_source(tmp_path):
    write(tmp_path / "boil.sh", "#!/bin/sh\n")
    program = find_program(["sh", "boil.sh", "--salt", "1"], tmp_path)
    assert program.entry == tmp_path / "boil.sh"
    assert not program.is_python


def options_of(tmp_path: Path, command: str) -> dict[str, ProgramOption]:
    found = read_source(find_program(command.split(), tmp_path), tmp_path)
    return {option.name: option for option in found.options}


def test_imports_beside_the_program_are_followed(tmp_path):
    write(tmp_path / "t" / "__init__.py", "")
    write(
        tmp_path / "t" / "task.py",
        "import argparse, numpy\nfrom . import args\nfrom .conf import UNITS\nfrom t.deep import x\n"
        "parser.add_argument('--units', type=int, default=UNITS)\n"
        "parser.add_argument('--other', type=int, default=args.OTHER)\n",
    )
    write(tmp_path / "t" / "args.py", "OTHER = 5\n" + OPTION.format("depth"))
    write(tmp_path / "t" / "conf.py", "UNITS = 2**6\n")
    write(tmp_path / "t" / "deep.py", f"if __name__ == '__main__':\n    {OPTION.format('no')}")
    options = options_of(tmp_path, "python -m t.task")
    assert {name: option.default for name, option in options.items()} == {
        "units": 64,
        "other": 5,
        "depth": 4,
    }
    assert options["depth"].where == "t/args.py:2"


def test_files_that_cannot_be_read_give_a_note_and_no_error(tmp_path):
    command = ["python", "train.py"]
    path = tmp_path / "train.py"
    for data, note in (
        (b"def f(:\n", "train.py:1 cannot be read as Python"),
        (b"print 'old'\n", "cannot be read as Python"),
        (b"x = 1\0", "cannot be read as Python"),
        (b"# coding: nonsense\n", "cannot be read as Python"),
        (b"x = \xff\n", "cannot be read as Python"),
        (b"x = " + b"-" * 100_000 + b"1\n", "cannot be read as Python"),
        (b"#" * ((1 << 20) + 1), "larger than 1 MiB"),
    ):
        path.write_bytes(data)
        found = read_source(find_program(command, tmp_path), tmp_path)
        assert found.options == ()
        assert not found.is_complete
        assert note in found.notes[0]


def test_encoding_declarations_are_obeyed(tmp_path):
    text = "# -*- coding: latin-1 -*-\nparser.add_argument('--lr', default=0.1, help='Größe')\n"
    (tmp_path / "train.py").write_bytes(text.encode("latin-1"))
    assert options_of(tmp_path, "python train.py")["lr"].help == "Größe"


def test_the_number_of_files_is_bounded(tmp_path):
    n_modules = MAX_FILES + 10
    write(tmp_path / "train.py", "".join(f"import m{i}\n" for i in range(n_modules)))
    for i in range(n_modules):
        write(tmp_path / f"m{i}.py", OPTION.format(f"o{i}"))
    found = read_source(find_program(["python", "train.py"], tmp_path), tmp_path)
    assert len(found.trees) == MAX_FILES


def test_imports_in_a_circle_end(tmp_path):
    write(
        tmp_path / "a.py",
        "import b\nfrom b import Z\nX = b.Y\n" + "p.add_argument('--x', default=X)\n",
    )
    write(tmp_path / "b.py", "import a, train\nfrom a import X as Y, Z\n")
    write(
        tmp_path / "train.py", "from a import Z\nimport train\np.add_argument('--z', default=Z)\n"
    )
    options = options_of(tmp_path, "python train.py")
    assert options["x"].unread == ("default",)
    assert options["z"].unread == ("default",)
