"""Composing the rerun of a trial: its job's context and an executor."""

from collections.abc import Callable
from pathlib import Path

from wazir.app.clock import system_clock
from wazir.domain.studies import Study
from wazir.jobs.directories import study_directory
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.executors.protocol import ExitStatus
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.program_run import JobContext, ProgramRun
from wazir.jobs.provenance import collect_provenance
from wazir.jobs.rerun import run_in_foreground
from wazir.jobs.spec import job_spec_of


def rerun_context(study: Study, runs_folder: Path) -> JobContext:
    """Return what a rerun of any trial of a study needs to know of its job.

    Raises:
        JobError: the study was made from Python and runs no program.
    """
    spec = job_spec_of(study)
    return JobContext(
        study=study,
        spec=spec,
        folder=study_directory(runs_folder, study.name),
        provenance=collect_provenance(spec.cwd, spec.recorded_variables),
        clock=system_clock,
    )


def run_here(run: ProgramRun, show: Callable[[bytes], None], interrupts: Interrupts) -> ExitStatus:
    """Run a program on this machine to its end. Raises JobError."""
    executor = LocalExecutor()
    try:
        return run_in_foreground(run, executor, show, interrupts)
    finally:
        executor.close(stop_running=True)
