"""The door for clients of OSS Vizier over gRPC (the extra `grpc`)."""
