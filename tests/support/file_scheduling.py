"""Schedules each test file in one process, and files that share a service in the same process."""

from collections.abc import Mapping

from xdist.scheduler import LoadFileScheduling

SERVICE_OF: Mapping[str, str] = {
    "tests/e2e/test_incremental_speech.py": "stack",
    "tests/e2e/test_openai.py": "stack",
    "tests/e2e/test_speech.py": "stack",
    "tests/cli/test_jobs.py": "stack",
    "tests/cli/test_say.py": "stack",
    "tests/cli/test_stream.py": "stack",
    "tests/e2e/test_streaming.py": "fleet",
    "tests/e2e/test_topology.py": "fleet",
}


class FileScheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return SERVICE_OF.get(file, file)
