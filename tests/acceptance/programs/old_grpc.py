"""Our gRPC door with old versions of grpcio and protobuf: one trial from its study to its end."""

import sys

import grpc
from google import protobuf

from wazir.app.compose import make_service
from wazir.servers.grpc.messages import SERVICE, methods, vizier
from wazir.servers.grpc.server import start
from wazir.service.foreign import ForeignClients
from wazir.storage.memory import MemoryStore

assert [grpc.__version__, protobuf.__version__] == sys.argv[1:], (
    grpc.__version__,
    protobuf.__version__,
)
server = start(ForeignClients(make_service(MemoryStore()), new_seed=lambda: 1), "127.0.0.1", 0)
channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")


def call(method, **fields):
    request, answer = methods()[method]
    ask = channel.unary_unary(f"/{SERVICE}/{method}", request.SerializeToString, answer.FromString)
    return ask(request(**fields), timeout=20)


study = vizier("Study")(display_name="s")
study.study_spec.algorithm = "RANDOM_SEARCH"
study.study_spec.metrics.add(metric_id="loss", goal=2)
study.study_spec.parameters.add(parameter_id="x").double_value_spec.max_value = 1
made = call("CreateStudy", parent="owners/me", study=study)
given = call("SuggestTrials", parent=made.name, suggestion_count=1, client_id="me")
trial = vizier("SuggestTrialsResponse").FromString(given.response.value).trials[0]
assert 0 <= trial.parameters[0].value.number_value <= 1
final = vizier("Measurement")()
final.metrics.add(metric_id="loss", value=0.5)
done = call("CompleteTrial", name=trial.name, final_measurement=final)
assert done.state == 4, done
channel.close()
server.drain(0)
server.close()
print("all done")
