"""These tests run in an environment of their own (`make test-googlesql`), because the engine needs its own protobuf."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("zetasql") else ["test_statements.py"]
