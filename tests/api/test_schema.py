"""Requests made up from the OpenAPI document: whatever comes, the answer is one that the document knows."""

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
from tests.support.gateway import Running, Speaker, run_gateway

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
def gateway(settings: Settings) -> Iterator[Running]:
    # Whoever waits is answered soon, spoken or not.
    with run_gateway(settings.model_copy(update={"sync_wait_s": 2.0})) as running, Speaker(running).working():
        yield running


def answers_are_known(case: schemathesis.Case, gateway: Running) -> None:
    if "job_id" in case.path_parameters and case.path_parameters["job_id"] < "5":
        # Made-up ids are unknown; some should be found.
        case.path_parameters["job_id"] = gateway.queue()
    case.call_and_validate(base_url=gateway.url, checks=CHECKS, timeout=20)


def endpoint_test(label: str) -> Any:
    """One test of its own for an endpoint: those that Schemathesis makes of one function share an id."""

    @pytest.mark.slow
    @schema.include(name=label).parametrize()
    @settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def test(case: schemathesis.Case, gateway: Running) -> None:
        answers_are_known(case, gateway)

    return test


for found in schema.get_all_operations():
    endpoint = found.ok().label
    name = re.sub(r"[^a-z0-9]+", "_", endpoint.lower()).strip("_")
    globals()[f"test_answers_are_known_to_{name}"] = endpoint_test(endpoint)
