"""An optimizer process: computes suggestions and analyses for a server, with a store of its own.

The first line on standard input names the storage, each further one is a request; each is answered
by one line on standard output, one after the other. All lines are JSON. When standard input ends,
the server is gone: the process ends at once, whatever it computes. Nobody starts it by hand.
"""

import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO

from wazir.app.compose import local_analyst, open_store
from wazir.app.registry import AlgorithmRegistry
from wazir.app.settings import storage_location
from wazir.domain.codec import config_from_dict
from wazir.domain.errors import WazirError
from wazir.domain.json_fields import Fields, JsonObject, decode_number, decode_whole, from_json
from wazir.domain.json_fields import to_json as to_line
from wazir.domain.names import StudyName
from wazir.service.proposing import LocalProposer, proposal_to_dict
from wazir.service.snapshots import SnapshotReader
from wazir.service.wire import advice_to_dict, front_to_dict, recommendation_to_dict
from wazir.service.wire_errors import error_to_dict
from wazir.storage.protocol import Store

# Requests of clients that need no computing come first where the processor is busy.
_NICENESS = 5


class OptimizerWorker:
    """Answers requests on one store; each names its `call` and its study."""

    def __init__(self, store: Store) -> None:
        self._store = store
        snapshots = SnapshotReader(store)
        self._proposer = LocalProposer(snapshots, AlgorithmRegistry)
        self._analyst = local_analyst(store, snapshots)
        self._calls: Mapping[str, Callable[[StudyName, Fields], object]] = {
            "propose": self._propose,
            "why_ended": self._why_ended,
            "recommend": self._recommend,
            "pareto_front": self._pareto_front,
            "advise": self._advise,
        }

    def answer(self, request: object) -> JsonObject:
        """Return {"result": ...}, {"error": an error of ours} or {"failure": a traceback}."""
        try:
            fields = Fields(request, "a request")
            name = StudyName(fields.text("project_id"), fields.text("study_id"))
            return {"result": self._calls[fields.text("call")](name, fields)}
        except WazirError as error:
            return error_to_dict(error)
        except Exception:  # noqa: BLE001 - the server says it, and the process goes on
            return {"failure": traceback.format_exc()}

    def _propose(self, name: StudyName, fields: Fields) -> object:
        ids = [decode_whole(one, "trial_ids") for one in fields.items("trial_ids")]
        return proposal_to_dict(self._proposer.propose(self._store.study(name), ids))

    def _why_ended(self, name: StudyName, fields: Fields) -> object:
        config = config_from_dict(fields.take("config"))
        return self._analyst.why_ended(replace(self._store.study(name), config=config))

    def _recommend(self, name: StudyName, _: Fields) -> object:
        found = self._analyst.recommend(name)
        return None if found is None else recommendation_to_dict(found)

    def _pareto_front(self, name: StudyName, _: Fields) -> object:
        return front_to_dict(self._analyst.pareto_front(name))

    def _advise(self, name: StudyName, fields: Fields) -> object:
        more_than = fields.optional("more_than", decode_number)
        return advice_to_dict(self._analyst.advise(name, fields.whole("n_more"), more_than))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    location = storage_location(str(from_json(requests.readline().decode())))
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    try:
        worker = OptimizerWorker(open_store(location, create=False))
    except WazirError as error:
        # The next process may find the storage as it should be.
        waiting.get()
        _write(answers, error_to_dict(error))
        return
    while True:
        _write(answers, worker.answer(from_json(waiting.get().decode())))


def _write(answers: BinaryIO, answer: JsonObject) -> None:
    answers.write(to_line(answer).encode() + b"\n")
    answers.flush()


def _read(requests: BinaryIO, waiting: "queue.SimpleQueue[bytes]") -> None:
    """Pass requests on; end the process when the server is gone, even in the midst of a fit."""
    for line in requests:
        waiting.put(line)
    os._exit(0)


def main() -> None:
    """Serve on standard input and output."""
    os.nice(_NICENESS)
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
