"""Finding what a command is about: the best trial, a trial by its number, the folder of a run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

from wazir.analysis.advice import Advice
from wazir.analysis.recommendation import Recommendation
from wazir.app.settings import StorageLocation, storage_location
from wazir.cli.common import open_study
from wazir.domain.best import best_trial, better_outside, outside_text, why_no_best
from wazir.domain.errors import InvalidInputError, JobError, NotFoundError
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.directories import StudyDirectory, TrialDirectory, study_directory
from wazir.jobs.recorded_run import RecordedRun, recorded_run
from wazir.jobs.spec import JobSpec, job_spec_of
from wazir.service.transport import Transport

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront

BEST = "best"
_N_ID_DIGITS = 18
_N_SHOWN_IDS = 8
_RERUN = re.compile(r"([1-9]\d*)-rerun-[1-9]\d*")


@dataclass(frozen=True)
class StudyView:
    """One study in its storage, as the commands look at it."""

    service: Transport
    study: Study
    location: StorageLocation

    @property
    def study_id(self) -> str:
        """The study's name as users know it."""
        return self.study.name.study_id

    @cached_property
    def trials(self) -> list[Trial]:
        """All trials, by id; read once."""
        return self.service.trials(self.study.name)[1]

    @cached_property
    def counts(self) -> TrialCounts:
        """Trials by state; read once."""
        return self.service.counts(self.study.name)

    @cached_property
    def job(self) -> JobSpec | None:
        """The program that the trials run, None for a study made from Python."""
        try:
            return job_spec_of(self.study)
        except JobError:
            return None

    @cached_property
    def recommendation(self) -> Recommendation | None:
        """Which trial to use, None where none has succeeded; computed once."""
        return self.service.recommend(self.study.name)

    @property
    def better_outside(self) -> list[int]:
        """The ids of trials that would be optimal, but lie outside of what the study allows now."""
        return [trial.id for trial in better_outside(self.trials, self.study.config)]

    @cached_property
    def outside(self) -> str:
        """That trials outside of what the study allows now were better, "" if none was."""
        return outside_text(self.trials, self.study.config)

    @cached_property
    def advice(self) -> Advice:
        """What more trials may bring; computed once."""
        return self.service.advise(self.study.name)

    @property
    def has_several_objectives(self) -> bool:
        """Whether there is a front in place of a best trial."""
        return len(self.study.config.objectives) > 1

    @cached_property
    def front(self) -> "ParetoFront":
        """The optimal trials; computed once."""
        return self.service.pareto_front(self.study.name)

    def require_front(self) -> "ParetoFront":
        """Return the optimal trials, at least one. Raises NotFoundError."""
        if not self.front.trials:
            raise self._nothing_succeeded()
        return self.front

    @property
    def folder(self) -> StudyDirectory | None:
        """The folder of the study's runs on this machine, None for a storage in memory."""
        folder = self.location.runs_folder
        return None if folder is None else study_directory(folder, self.study.name)

    @property
    def run_folder(self) -> StudyDirectory:
        """The folder of the study's runs.

        Raises:
            JobError: the study was made from Python.
            InvalidInputError: the storage is in memory.
        """
        job_spec_of(self.study)
        if self.folder is None:
            raise InvalidInputError("a storage in memory has no folder for runs")
        return self.folder

    def best(self) -> Trial | None:
        """Return the safe trial with the best value; None without, or with several objectives."""
        if self.has_several_objectives:
            return None
        succeeded = (TrialState.SUCCEEDED,)
        _, trials = self.service.trials(self.study.name, states=succeeded)
        return best_trial(trials, self.study.config)

    def require_best(self) -> Trial:
        """Return the trial to use: the recommended one, mostly the one with the best value.

        Raises:
            InvalidInputError: the study has several objectives.
            NotFoundError: no trial has succeeded.
        """
        if self.has_several_objectives:
            ids = ", ".join(map(str, self.front.trial_ids[:_N_SHOWN_IDS]))
            raise InvalidInputError(
                f"study {self.study_id!r} has several objectives, so no single trial is the best",
                hint=f"`wazir best {self.study_id}` shows the best compromises"
                + (f"; name one of them: {ids}" if ids else ""),
            )
        if self.recommendation is None:
            raise self._nothing_succeeded()
        return self.service.trial(self.study.name, self.recommendation.trial_id)

    def _nothing_succeeded(self) -> NotFoundError:
        n_infeasible = self.counts.infeasible
        failed = f" ({n_infeasible} infeasible)" if n_infeasible else ""
        why = why_no_best(self.trials, self.study.config)
        return NotFoundError(
            f"study {self.study_id!r}: {why}{failed}",
            hint=f"`wazir show {self.study_id}` shows how it stands",
        )

    def recorded(self, trial: Trial) -> RecordedRun | None:
        """Return what was recorded of a trial's last run, None if it had none."""
        if self.job is None or self.folder is None or trial.attempt == 0:
            return None
        return recorded_run(self.folder.trial(trial.id).attempt(trial.attempt))

    def trial(self, text: str) -> Trial:
        """Return the trial that a number or `best` names.

        Raises:
            InvalidInputError: the text is neither.
            NotFoundError: there is no such trial.
        """
        if text.lower() == BEST:
            return self.require_best()
        if not (text.isascii() and text.isdecimal()):
            raise InvalidInputError(
                f"a trial is a number or {BEST!r}, got {text!r}", hint=self._hint_for_word(text)
            )
        missing = NotFoundError(
            f"study {self.study_id!r} has no trial {text}", hint=self._known_trials()
        )
        # Longer numbers fit no column of a database.
        if len(text) > _N_ID_DIGITS:
            raise missing
        try:
            return self.service.trial(self.study.name, int(text))
        except NotFoundError:
            raise missing from None

    def run(self, text: str) -> tuple[str, TrialDirectory]:
        """Return label and folder of a trial or of a rerun such as `7-rerun-1`.

        Raises:
            InvalidInputError: the text names neither.
            NotFoundError: there is no such trial or rerun.
        """
        match = _RERUN.fullmatch(text)
        if match is None:
            trial = self.trial(text)
            return str(trial.id), self.run_folder.trial(trial.id)
        folder = self.run_folder
        directory = TrialDirectory(folder.trial(int(match[1])).path.parent / text)
        if not directory.path.is_dir():
            raise NotFoundError(
                f"study {self.study_id!r} has no rerun {text}",
                hint=f"`wazir rerun {self.study_id} {match[1]}` makes one",
            )
        return text, directory

    def _known_trials(self) -> str:
        ids = [trial.id for trial in self.trials]
        return f"its trials are {ids[0]} to {ids[-1]}" if ids else "it has no trials yet"

    def _hint_for_word(self, text: str) -> str:
        studies = self.service.studies(self.study.name.project_id)
        if text in [study.name.study_id for study in studies]:
            return f"{text!r} is a study; name one of its trials too, as in {text} {BEST}"
        return ""


def view_study(storage: str | None, study_id: str | None) -> StudyView:
    """Return a study of a storage; the latest one without a name. Raises NotFoundError."""
    service, study = open_study(storage, study_id)
    return StudyView(service, study, storage_location(storage))


def split_study_and_trial(words: Sequence[str]) -> tuple[str | None, str]:
    """Return STUDY and TRIAL from one or two words: a single word is TRIAL."""
    if len(words) > 2:
        raise click.UsageError(f"there are STUDY and TRIAL at most, got {' '.join(words)!r}")
    return (words[0] if len(words) == 2 else None), words[-1]
