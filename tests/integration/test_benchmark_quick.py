"""The default optimizer against its guard, as `benchmarks/quick` runs it."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_the_default_optimizer_passes_its_guard(repository):
    """Better than random search and Sobol points, not worse than Optuna, no regression."""
    command = [sys.executable, str(repository / "benchmarks" / "quick")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.rstrip().endswith("PASSED")
    assert done.stdout.count("| shown |") >= 3
