"""The OpenAPI document: the framework's, without the 422 that this service never answers."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
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
    for name in _FRAMEWORKS_OWN:
        schema["components"]["schemas"].pop(name, None)
    return schema
