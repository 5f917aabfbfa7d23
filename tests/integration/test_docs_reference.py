"""The reference pages agree with the code."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import wazir
import wazir.reporting
from wazir.app.stopping_rules import RULES
from wazir.cli import main as cli
from wazir.domain import errors
from wazir.domain.space import describe
from wazir.domain.stop_conditions import describe_stop_conditions, with_stop_conditions
from wazir.jobs.config import cloud_ml, vertex_tables
from wazir.jobs.environment import TrialContext, trial_environment
from wazir.jobs.metrics.line_rules import find_value
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import SUFFIXES, parse_space
from wazir.stopping.brackets import RULE_OPTIONS
from wazir.surrogates import priors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"


def rows_of(page, header):
    """Return the cells of the rows below a table's header, `\\|` as |."""
    found = []
    inside = False
    for line in page.read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0] == header:
            inside = True
        elif inside and not line.strip().startswith("|"):
            break
        elif inside and not set("".join(cells)) <= {"-"}:
            found.append(cells)
    assert found, f"{page}: no table that begins with {header}"
    return found


def code_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_generated_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def commands():
    context = click.Context(cli.wazir)
    return {name: cli.wazir.get_command(context, name) for name in cli.COMMANDS}


def commands_and_those_in_groups():
    for name, command in commands().items():
        yield name, command
        if isinstance(command, click.Group):
            yield from ((name, below) for below in command.commands.values())


def test_every_command_and_option_has_help():
    for name, command in commands_and_those_in_groups():
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts}"
                assert option.help.endswith((".", '".')), f"{name} {option.opts}: {option.help}"


def test_every_option_is_on_the_page():
    sections = (REFERENCE / "cli.md").read_text().split("\n## wazir ")
    texts = {section.partition("\n")[0]: section for section in sections[1:]}
    assert set(texts) == set(cli.COMMANDS)
    for name, command in commands_and_those_in_groups():
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                for word in (*option.opts, *option.secondary_opts):
                    assert re.search(rf"`[^`]*(?<![\w-]){re.escape(word)}(?![\w-])", texts[name])


SPACES = rows_of(REFERENCE / "space.md", "SPACE")


@pytest.mark.parametrize(("space", "becomes"), SPACES, ids=[row[0] for row in SPACES])
def test_a_row_of_the_space_table(space, becomes):
    [text] = code_in(space)
    parsed = parse_space(text)
    words = describe(parsed.parameter)
    if parsed.passing is not Passing.ONE:
        words += f", {parsed.passing.value.lower()}"
    if parsed.is_fidelity:
        words += ", fidelity"
    assert words == becomes


def test_every_suffix_is_on_the_page():
    cells = [row[0] for row in rows_of(REFERENCE / "space.md", "suffix")]
    named = {word.removeprefix(":") for cell in cells for word in code_in(cell)}
    assert named == set(SUFFIXES)


def test_the_variables_are_those_of_a_trial(tmp_path):
    context = TrialContext(
        study_id="study",
        trial_label="7",
        attempt=1,
        is_resumed=False,
        parameters={"x": 1},
        metric_names=("rmse",),
        trial_dir=tmp_path / "out",
        attempt_dir=tmp_path,
        job_dir="",
        document={},
    )
    named = [
        word
        for row in rows_of(REFERENCE / "environment.md", "variable")
        for word in code_in(row[0])
    ]
    assert sorted(named) == sorted(trial_environment(context))


def test_the_files_of_a_run_are_on_the_page(wazir_in):
    """A job with the three metric files leaves nothing that the page does not name."""
    wazir_in.write(
        "train.py",
        "import json, os, sys\n"
        "from wazir.reporting import report\n"
        "report(float(sys.argv[2]))\n"
        "path = os.environ['CLOUD_ML_HP_METRIC_FILE']\n"
        "os.makedirs(os.path.dirname(path), exist_ok=True)\n"
        "open(path, 'w').write(json.dumps({'rmse': '0.5', 'global_step': '1'}) + '\\n')\n"
        "print('rmse=0.1')\n",
    )
    wazir_in("tune", "--minimize", "rmse", "-p", "x=0.0..1.0", "--trials", "2", "--",
             sys.executable, "train.py")  # fmt: skip
    files = {
        path.relative_to(wazir_in.runs) for path in wazir_in.runs.rglob("*") if path.is_file()
    }
    attempt = Path("train/trials/1/attempts/1")
    in_attempt = {str(f.relative_to(attempt)) for f in files if f.is_relative_to(attempt)}
    others = {str(f) for f in files if not f.is_relative_to("train")}
    top = {word for row in rows_of(REFERENCE / "files.md", "path") for word in code_in(row[0])}
    named = {word for row in rows_of(REFERENCE / "files.md", "file") for word in code_in(row[0])}
    assert others <= top
    assert {"wazir.db", ".gitignore"} <= others
    assert in_attempt <= named
    assert named - in_attempt == {"stop.json"}
    assert (wazir_in.runs / "train/trials/1/out").is_dir()


def test_the_tree_of_errors_is_that_of_the_code():
    page = (REFERENCE / "errors.md").read_text()
    tree = inspect.getdoc(errors).split("\n\n", 1)[1].strip()
    assert f"```text\n{tree}\n```" in page
    for name in re.findall(r"(\w+Error) ", tree):
        assert issubclass(getattr(errors, name), wazir.WazirError)


def test_the_lines_of_the_metric_page_hold_the_metric():
    text = (DOCS / "how-to/report-a-metric.md").read_text()
    lines = [
        line
        for line in text.splitlines()
        if line.startswith("    ") and "rmse" in line and "0.31" in line
    ]
    assert len(lines) == 4
    for line in lines:
        found = find_value(line, "rmse")
        assert found is not None
        assert found.value == 0.31


def test_the_exit_codes_are_those_of_the_code():
    codes = [row[0] for row in rows_of(REFERENCE / "errors.md", "code")]
    assert codes == ["0", *map(str, (cli.EXIT_FAILED, cli.EXIT_USAGE, cli.EXIT_INTERRUPTED))]


@pytest.mark.parametrize(("column", "tables"), [(0, cloud_ml.TABLES), (1, vertex_tables.TABLES)])
def test_the_fields_of_files_are_known(column, tables):
    known = {name for table in tables.values() for name in table}
    rows = rows_of(DOCS / "how-to/configuration-files.md", "Cloud ML Engine")
    named = {word for row in rows for text in code_in(row[column]) for word in text.split(".")}
    assert {word for word in named if word and word[0].isalpha()} - {"StoppingSpec"} <= known


def test_every_public_name_has_its_place_on_the_page():
    page = (REFERENCE / "api.md").read_text()
    for module in (wazir, wazir.reporting):
        for name in module.__all__:
            assert f"### {module.__name__}.{name}\n" in page


def test_every_public_name_is_described():
    for module in (wazir, wazir.reporting):
        for name in module.__all__:
            value = getattr(module, name)
            assert inspect.getdoc(value), name
            members = vars(value) if inspect.isclass(value) else {}
            for member, found in members.items():
                if not member.startswith("_") and (callable(found) or isinstance(found, property)):
                    assert inspect.getdoc(found), f"{name}.{member}"


def test_the_numbers_of_the_prior_are_those_of_the_code():
    text = (DOCS / "explanation/optimizer.md").read_text()
    low, high = priors.LENGTH_SCALE_RANGE
    assert f"{priors.LENGTH_SCALE_CENTRE:g} + \\tfrac12 \\log d" in text
    assert f"for a CATEGORICAL {priors.CATEGORICAL_SHIFT:g} more" in text
    assert f"from {low:g} to {high:g}" in text
    low, high = priors.VARIANCE_RANGE
    assert (
        f"| {priors.VARIANCE_CENTRE:g} | {priors.VARIANCE_SD:g} | $s^2$ from {low:g} to {high:g}"
        in text
    )
    for noise in (priors.SOME_NOISE, priors.LITTLE_NOISE, priors.MUCH_NOISE):
        assert f"{noise.centre:g} with width {noise.sd:g}" in text
    assert priors.NOISE_RANGE == (1e-6, 2.0)


def test_every_stopping_rule_and_option_is_on_its_page():
    page = (REFERENCE / "stopping.md").read_text().partition("## With a fidelity")[0]
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert set(rows) == set(RULES)
    for name, entry in RULES.items():
        assert all(f"`{option}`" in rows[name] for option in entry.options), name


def test_every_rule_of_a_fidelity_parameter_is_on_its_page():
    page = (REFERENCE / "stopping.md").read_text().partition("## With a fidelity")[2]
    table = page.partition("## When a study ends")[0]
    rows = {row.split("`")[1]: row for row in table.splitlines() if row.startswith("| `")}
    assert set(rows) == {*RULE_OPTIONS, "none"} - {"default"}
    for name, row in rows.items():
        assert all(f"`{option}`" in row for option in RULE_OPTIONS.get(name, ()))


def test_every_condition_on_the_page_is_understood():
    rest = (REFERENCE / "stopping.md").read_text().partition("## When a study ends")[2]
    texts = [row.split("`")[1] for row in rest.splitlines() if row.startswith("| `")]
    assert len(texts) == 4
    assert all(describe_stop_conditions(with_stop_conditions(None, [text])) for text in texts)


def test_the_help_of_tune_has_each_option_once_under_a_heading():
    command = commands()["tune"]
    named = [name for names in command.headings.values() for name in names]
    assert len(named) == len(set(named))
    others = {"config", "study_id", "storage", "resume", "dry_run", "as_json"}
    assert {param.name for param in command.params} == {*named, *others}
    text = command.get_help(click.Context(command))
    for heading in command.headings:
        assert f"\n{heading}:\n" in text
    for param in command.params:
        if isinstance(param, click.Option):
            option = rf"^  (?:-\w, )?(?:--[\w-]+ / )?{param.opts[-1]}(?= |$)"
            assert len(re.findall(option, text, re.MULTILINE)) == 1, param.opts
