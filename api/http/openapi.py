"""The OpenAPI document: FastAPI's, without the status 422, which this service never returns."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

_VALIDATION_SCHEMAS = ("HTTPValidationError", "ValidationError")


def builder_without_422(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return a function to replace `app.openapi`."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _without_422(build())
        return app.openapi_schema

    return openapi


def _without_422(schema: dict[str, Any]) -> dict[str, Any]:
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in _VALIDATION_SCHEMAS:
        schema["components"]["schemas"].pop(name, None)
    return schema
