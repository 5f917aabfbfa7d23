"""The classes of OSS Vizier's messages, made at run time in a pool of their own.

A process that has google-vizier loaded too has messages of the same names in the default pool.
Classes that are made from descriptors work with any version of protobuf.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

SERVICE = "vizier.VizierService"
# Made from protos/ by `scripts/build-protos`; a test compares them.
_DESCRIPTORS = "vizier.pb"


@cache
def _pool() -> DescriptorPool:
    data = files("wazir.servers.grpc").joinpath(_DESCRIPTORS).read_bytes()
    pool = DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def message(name: str) -> Any:
    """Return the class of a message by its full name."""
    return GetMessageClass(_pool().FindMessageTypeByName(name))


def vizier(name: str) -> Any:
    """Return the class of a message of the package `vizier`, such as "Study"."""
    return message(f"vizier.{name}")


def methods() -> dict[str, tuple[Any, Any]]:
    """Return (request, response) classes of the service's methods by their names."""
    service = _pool().FindServiceByName(SERVICE)
    return {
        method.name: (message(method.input_type.full_name), message(method.output_type.full_name))
        for method in service.methods
    }
