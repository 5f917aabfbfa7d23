"""Trials whose lease ended: who had them, and between which revisions nobody did.

An abandoned trial is REQUESTED, and its metadata tell that it was somebody's. Until somebody takes
it up again, algorithms do not count on it. The revisions are kept, so that what was known at an
earlier one can still be told.
"""

import re
from dataclasses import replace

from wazir.domain.trials import Trial, TrialState

LEASE_NAMESPACE = "wazir.lease"
_BY, _SPANS = "abandoned_by", "abandoned_during"
_SPAN = re.compile(r"(\d+)-(\d*)")


def abandoned(trial: Trial, client_id: str, revision: int) -> Trial:
    """Return a freed trial that `client_id` had until a revision."""
    spans = " ".join([*_spans(trial), f"{revision}-"])
    return _with_record(trial, {_BY: client_id, _SPANS: spans})


def taken_up(trial: Trial, revision: int) -> Trial:
    """Return a trial that somebody has again from a revision on."""
    spans = _spans(trial)
    if not spans or not spans[-1].endswith("-"):
        return trial
    return _with_record(trial, {_SPANS: " ".join([*spans[:-1], f"{spans[-1]}{revision}"])})


def abandoned_by(trial: Trial) -> str:
    """Return the client id that has abandoned a trial, "" if the trial is not abandoned."""
    if not is_abandoned(trial):
        return ""
    return trial.metadata[LEASE_NAMESPACE].get(_BY, "")


def is_abandoned(trial: Trial) -> bool:
    """Return whether a trial waits because its lease ended."""
    spans = _spans(trial)
    return trial.state is TrialState.REQUESTED and bool(spans) and spans[-1].endswith("-")


def was_abandoned(trial: Trial, revision: int) -> bool:
    """Return whether a trial that had not ended was abandoned at a revision."""
    for span in _spans(trial):
        start, _, end = span.partition("-")
        if int(start) <= revision and (not end or revision < int(end)):
            return True
    return False


def _spans(trial: Trial) -> list[str]:
    text = trial.metadata.get(LEASE_NAMESPACE, {}).get(_SPANS, "")
    # Metadata may have been written by anybody.
    return [span for span in text.split() if _SPAN.fullmatch(span)]


def _with_record(trial: Trial, entries: dict[str, str]) -> Trial:
    record = {**trial.metadata.get(LEASE_NAMESPACE, {}), **entries}
    return replace(trial, metadata={**trial.metadata, LEASE_NAMESPACE: record})
