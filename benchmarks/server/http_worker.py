"""A worker of the load test: suggests and completes over HTTP; prints ids and latencies as JSON."""

import json
import sys
import time

from wazir.client.http.transport import connect_http
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName


def main() -> None:
    url, number, n_pairs, studies = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    transport = connect_http(url)
    done: dict[str, list[int]] = {study: [] for study in studies}
    suggest_s, complete_s = [], []
    for pair in range(n_pairs):
        study = studies[(int(number) + pair) % len(studies)]
        name = StudyName("default", study)
        begin = time.perf_counter()
        (trial,) = transport.suggest_trials(name, 1, f"worker {number}/{pair}", lease_s=600)
        between = time.perf_counter()
        value = sum(float(x) for x in trial.parameters.values())
        transport.complete_trial(
            name, trial.id, measurement=Measurement({"loss": value}), attempt=trial.attempt
        )
        end = time.perf_counter()
        done[study].append(trial.id)
        suggest_s.append(between - begin)
        complete_s.append(end - between)
    print(json.dumps({"done": done, "suggest_s": suggest_s, "complete_s": complete_s}))


main()
