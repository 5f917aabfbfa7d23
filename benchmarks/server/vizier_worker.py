"""A worker with OSS Vizier's own stubs, for its server and for Wazir's; runs in its environment."""

import json
import sys
import time

from google.longrunning import operations_pb2
from vizier import pyvizier as vz
from vizier._src.service import stubs_util, vizier_service_pb2
from vizier.service import pyvizier as svz


def main() -> None:
    place, number, n_pairs, algorithm = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    stub = stubs_util.create_vizier_server_stub(place)
    config = svz.StudyConfig(algorithm=algorithm)
    for i in range(4):
        config.search_space.root.add_float_param(f"x{i}", 0.0, 1.0)
    config.metric_information.append(
        vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE)
    )
    study = svz_study(stub, config, f"load {algorithm} {number}")
    pair_s = []
    for pair in range(n_pairs):
        begin = time.perf_counter()
        request = vizier_service_pb2.SuggestTrialsRequest(
            parent=study, suggestion_count=1, client_id=f"{number}-{pair}"
        )
        operation = stub.SuggestTrials(request)
        while not operation.done:
            time.sleep(0.005)
            operation = stub.GetOperation(operations_pb2.GetOperationRequest(name=operation.name))
        answer = vizier_service_pb2.SuggestTrialsResponse.FromString(operation.response.value)
        (trial,) = answer.trials
        done = vizier_service_pb2.CompleteTrialRequest(name=trial.name)
        value = sum(one.value.number_value for one in trial.parameters)
        done.final_measurement.metrics.add(metric_id="loss", value=value)
        stub.CompleteTrial(done)
        pair_s.append(time.perf_counter() - begin)
    print(json.dumps({"pair_s": pair_s}))


def svz_study(stub: object, config: svz.StudyConfig, name: str) -> str:
    study = vizier_service_pb2.study__pb2.Study(display_name=name, study_spec=config.to_proto())
    request = vizier_service_pb2.CreateStudyRequest(parent="owners/load", study=study)
    made: str = stub.CreateStudy(request).name
    return made


main()
