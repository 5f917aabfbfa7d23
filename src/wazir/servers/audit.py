"""The audit log: one line for each request that may change something."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from logging.handlers import WatchedFileHandler
from pathlib import Path

from wazir.domain.clock import Clock
from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import to_json
from wazir.service.access import Principal

LOGGER_NAME = "wazir.audit"
_LOG = logging.getLogger("wazir.server")
STANDARD_ERROR = Path("-")
_MAX_PATH = 1_000


@dataclass(frozen=True)
class AuditLog:
    """Writes lines of JSON in ASCII to the logger `wazir.audit`, at level INFO.

    What clients chose, such as names in a path, is escaped: no text of theirs makes a line of its
    own. Tokens appear by their id; secrets, bodies and queries not at all.
    """

    clock: Clock

    def write(
        self, principal: Principal | None, method: str, path: str, status: int | str, address: str
    ) -> None:
        """Write the line of one request that has ended; no principal: who asked is not known."""
        who = {} if principal is None else _who(principal)
        line = {
            "time": round(self.clock(), 3),
            **who,
            "method": method[:_MAX_PATH],
            "path": path[:_MAX_PATH],
            "status": status,
            "address": address,
        }
        logging.getLogger(LOGGER_NAME).info("%s", to_json(line))


@contextmanager
def audit_lines_to(path: Path | None) -> Iterator[None]:
    """Write the lines to the end of a file while the block runs; `-` is standard error.

    A file that is moved away, as logrotate does, is made again. Without a path the lines go where
    logging sends them.

    Raises:
        InvalidInputError: the file cannot be written.
    """
    if path is None:
        yield
        return
    logger, handler = logging.getLogger(LOGGER_NAME), _handler(path)
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
        handler.close()


class _AuditFile(WatchedFileHandler):
    """Says once, not for every line, that lines cannot be written, as on a full disk."""

    _has_said = False

    def close(self) -> None:
        """Close the file; lines that are still to be written there may be lost."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name in logging
        """Report a line that could not be written."""
        if not self._has_said:
            self._has_said = True
            error = sys.exc_info()[1]
            _LOG.error("the audit log %s misses lines: %s", self.baseFilename, error)


def _handler(path: Path) -> logging.Handler:
    if path == STANDARD_ERROR:
        return logging.StreamHandler(sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _AuditFile(path, encoding="ascii")
    except OSError as error:
        raise InvalidInputError(
            f"the audit log {path} cannot be written: {error.strerror}",
            hint="name another file with --audit-log, or - for standard error",
        ) from None


def _who(principal: Principal) -> dict[str, str]:
    return {
        "token": principal.token_id,
        "project": principal.project_id,
        "role": principal.role.value,
    }
