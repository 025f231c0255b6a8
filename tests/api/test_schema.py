"""Generated requests: every response matches the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.app import create_app
from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


schema = schemathesis.openapi.from_dict(create_app(Settings(_env_file=None)).openapi())


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    # Requests that wait return soon.
    with (
        run_gateway(settings.model_copy(update={"sync_wait_s": 2.0})) as running,
        StandInWorker(running).running(),
    ):
        yield running


def validate_response(case: schemathesis.Case, gateway: RunningGateway) -> None:
    if "job_id" in case.path_parameters and case.path_parameters["job_id"] < "5":
        # Generated ids are unknown, so some are replaced by existing ones.
        case.path_parameters["job_id"] = gateway.submit()
    case.call_and_validate(base_url=gateway.url, checks=CHECKS, timeout=20)


def endpoint_test(label: str) -> Any:
    """Return a test for one endpoint, because tests that Schemathesis generates from one function share an id."""

    @pytest.mark.slow
    @schema.include(name=label).parametrize()
    @settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def test(case: schemathesis.Case, gateway: RunningGateway) -> None:
        validate_response(case, gateway)

    return test


for operation in schema.get_all_operations():
    endpoint = operation.ok().label
    name = re.sub(r"[^a-z0-9]+", "_", endpoint.lower()).strip("_")
    globals()[f"test_responses_match_the_document_of_{name}"] = endpoint_test(endpoint)
