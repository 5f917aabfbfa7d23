"""The public configurations: each is read, or refused with all of its errors.

They lie beside the checkout, or where WAZIR_CORPUS points; without them this is not run.
"""

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from wazir.domain.errors import InvalidConfigError
from wazir.domain.parameters import Categorical, Scale, type_name
from wazir.jobs.config.job_file import DEFAULT_METRIC
from wazir.jobs.config.reading import read_job_file

CORPUS = Path(
    os.environ.get("WAZIR_CORPUS")
    or Path(__file__).parents[4].parent / "shared" / "corpus" / "hyperparam-yaml"
)
# Course blanks with holes in them, and the number of their problems.
BLANKS = {"15.yaml": 1, "18.yaml": 9, "21.yaml": 3, "24.yaml": 6}
FILES = sorted(path.name for path in CORPUS.glob("[0-9]*.*"))


@pytest.fixture(autouse=True)
def corpus_is_here(needs: Callable[[str], None]) -> None:
    if not FILES:
        needs("the corpus of real configurations (WAZIR_CORPUS)")


def test_the_corpus_is_whole() -> None:
    assert len(FILES) == 37
    assert set(BLANKS) < set(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if name not in BLANKS])
def test_a_file_is_read(name: str) -> None:
    job = read_job_file(CORPUS / name)
    if name == "32.yaml":
        assert (job.space, job.metrics) == ({}, ())
        return
    assert job.space
    assert job.max_trials is not None
    assert job.max_parallel_trials is not None
    assert (job.metrics[0].name == DEFAULT_METRIC) is (name == "48.json")
    assert {path.split(".")[1] for path in job.ignored} <= {
        "scaleTier",
        "masterType",
        "workerType",
        "workerCount",
        "runtimeVersion",
        "pythonVersion",
    }


@pytest.mark.parametrize("name", sorted(BLANKS))
def test_a_blank_is_refused_with_all_of_its_problems(name: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        read_job_file(CORPUS / name)
    problems = caught.value.problems
    assert len(problems) == BLANKS[name]
    assert all(problem.line and problem.column for problem in problems)


def test_the_whole_corpus_adds_up() -> None:
    jobs = [read_job_file(CORPUS / name) for name in FILES if name not in BLANKS]
    parameters = [parameter for job in jobs for parameter in job.space.values()]
    assert len(parameters) == _n_lines(r"parameterName\b")
    types = Counter(type_name(parameter) for parameter in parameters)
    for kind in ("DOUBLE", "INTEGER", "CATEGORICAL", "DISCRETE"):
        assert types[kind] == _n_lines(rf'type"?: *"?{kind}\b')
    scales = Counter(p.scale for p in parameters if not isinstance(p, Categorical))
    for scale in (Scale.LOG, Scale.REVERSE_LOG):
        assert scales[scale] == _n_lines(rf"UNIT_{scale.value}_SCALE")
    stopping = sum(job.early_stopping is not None for job in jobs)
    assert stopping == _n_lines("(?i)enableTrialEarlyStopping: *true")


def _n_lines(pattern: str) -> int:
    """Return how many lines of the files hold the pattern outside of comments."""
    lines = (
        line.partition("#")[0]
        for name in FILES
        if name not in BLANKS
        for line in (CORPUS / name).read_text().splitlines()
    )
    return sum(re.search(pattern, line) is not None for line in lines)
