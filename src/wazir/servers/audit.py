"""The audit log: one line for each request that may change something."""

import logging
from dataclasses import dataclass

from wazir.domain.clock import Clock
from wazir.domain.json_fields import to_json
from wazir.service.access import Principal

LOGGER_NAME = "wazir.audit"
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


def _who(principal: Principal) -> dict[str, str]:
    return {
        "token": principal.token_id,
        "project": principal.project_id,
        "role": principal.role.value,
    }
