"""A local Pub/Sub server, on gRPC and SQLite, for Google's own clients. README.md lists what it supports."""
