"""Editing a study: one transaction that changes its configuration and keeps what was changed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wazir.domain.edit_codec import edit_from_dict, edit_to_dict
from wazir.domain.edits import StudyEdit, apply, describe_changes, inverse
from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import (
    Fields,
    decode_text,
    from_json,
    to_json,
)
from wazir.domain.studies import Study, StudyConfig
from wazir.domain.trials import OUTSIDE_REASON, Metadata, Trial, TrialState
from wazir.service.metadata import merged_metadata
from wazir.storage.protocol import StudyWriter

EDITS_NAMESPACE = "wazir.edits"


@dataclass(frozen=True)
class EditRecord:
    """One edit of a study, as its history keeps it.

    Attributes:
        revision: the study's revision that the edit made.
        at: when, in Unix seconds.
        client_id: who asked for it, "" if that is not known.
        changes: what changed, one line each.
        edit: the edit.
        undo: the edit that leads back.
    """

    revision: int
    at: float
    client_id: str
    changes: tuple[str, ...]
    edit: StudyEdit
    undo: StudyEdit

    def to_json(self) -> str:
        """Return the record as a text; the revision is its key."""
        return to_json(
            {
                "at": self.at,
                "client_id": self.client_id,
                "changes": list(self.changes),
                "edit": edit_to_dict(self.edit),
                "undo": edit_to_dict(self.undo),
            }
        )

    @classmethod
    def from_json(cls, revision: str, text: str) -> "EditRecord":
        """Return the record that `to_json` wrote."""
        fields = Fields(from_json(text), "an edit in the history")
        record = cls(
            revision=int(revision),
            at=fields.number("at"),
            client_id=fields.text("client_id"),
            changes=tuple(decode_text(line, "changes") for line in fields.items("changes")),
            edit=edit_from_dict(fields.take("edit")),
            undo=edit_from_dict(fields.take("undo")),
        )
        fields.finish()
        return record


def edits_of(study: Study) -> list[EditRecord]:
    """Return the edits of a study, oldest first."""
    stored = study.metadata.get(EDITS_NAMESPACE, {})
    records = [EditRecord.from_json(revision, text) for revision, text in stored.items()]
    return sorted(records, key=lambda record: record.revision)


def former_configs(study: Study) -> Iterator[StudyConfig]:
    """Yield the configurations that a study had before its edits, the newest first."""
    config = study.config
    for record in reversed(edits_of(study)):
        config = apply(config, record.undo)
        yield config


@dataclass(frozen=True)
class EditEffects:
    """What an edit would do, without doing it.

    Attributes:
        config: the configuration afterwards.
        changes: what would change, one line each; empty if nothing would.
        n_inside: trials that have ended and are points of the space afterwards.
        n_outside: trials that have ended and are not; they stay in the history.
        dropped: the ids of waiting trials that would not be run any more.
    """

    config: StudyConfig
    changes: tuple[str, ...]
    n_inside: int
    n_outside: int
    dropped: tuple[int, ...]


def effects_of(config: StudyConfig, edit: StudyEdit, trials: Sequence[Trial]) -> EditEffects:
    """Return what an edit of a study with these trials would do.

    Raises:
        InvalidInputError: it breaks a rule.
    """
    new = edited(config, edit, n_trials=len(trials))
    ended = [new.contains(trial) for trial in trials if trial.state.is_final]
    waiting = [trial for trial in trials if trial.state is TrialState.REQUESTED]
    return EditEffects(
        config=new,
        changes=tuple(describe_changes(config, new)),
        n_inside=sum(ended),
        n_outside=len(ended) - sum(ended),
        dropped=tuple(trial.id for trial in waiting if not new.contains(trial)),
    )


def edited(config: StudyConfig, edit: StudyEdit, *, n_trials: int) -> StudyConfig:
    """Return the configuration after an edit of a study with so many trials.

    Raises:
        InvalidInputError: it breaks a rule; a parameter is new and what trials had is not said.
    """
    new = apply(config, edit)
    known = {name for name, _ in config.space.walk()}
    for name, parameter in new.space.walk():
        if n_trials and name not in known and name not in new.old_values:
            example = "0" if parameter.default is None else str(parameter.default)
            raise InvalidInputError(
                f"parameter {name!r} is new: say which value the {n_trials} trials that are "
                "there had, so that they stay usable",
                hint=f"--old-value {name}={example}, or old_values={{{name!r}: ...}} in Python",
            )
    return new


def carry_out(
    writer: StudyWriter,
    edit: StudyEdit,
    check: Callable[[StudyConfig], None],
    *,
    metadata: Metadata,
    client_id: str,
    now: float,
) -> None:
    """Edit the study of a transaction; an edit that changes nothing leaves no trace.

    Waiting trials outside of the new space are not run any more: those that never began are
    removed, the others end INFEASIBLE.

    Raises:
        InvalidInputError: the new configuration breaks a rule.
    """
    old = writer.study
    config = edited(old.config, edit, n_trials=writer.counts.total)
    changed = replace(old, config=config, metadata=merged_metadata(old.metadata, metadata))
    if changed == old:
        return
    if config != old.config:
        check(config)
    record = EditRecord(
        revision=writer.revision,
        at=now,
        client_id=client_id,
        changes=tuple(describe_changes(old.config, config)),
        edit=edit,
        undo=inverse(old.config, edit),
    )
    history = {**old.metadata.get(EDITS_NAMESPACE, {}), str(record.revision): record.to_json()}
    writer.update_study(replace(changed, metadata={**changed.metadata, EDITS_NAMESPACE: history}))
    if (config.space, config.constraints) != (old.config.space, old.config.constraints):
        _drop_misfits(writer, config, now)


def _drop_misfits(writer: StudyWriter, config: StudyConfig, now: float) -> None:
    for trial in writer.trials(states=[TrialState.REQUESTED]):
        if config.contains(trial):
            continue
        if trial.attempt == 0:
            writer.delete_trial(trial.id)
            continue
        writer.update_trial(
            replace(
                trial,
                state=TrialState.INFEASIBLE,
                infeasible_reason=OUTSIDE_REASON,
                completed_at=now,
                completed_revision=writer.revision,
            )
        )
