"""All routes of the gateway, from its OpenAPI document, so that tests that walk them cover new ones by themselves."""

from collections.abc import Mapping

from api.app import create_app
from common.settings import Settings

# GET routes that are not in the document.
UNDOCUMENTED = (
    "/",
    "/app",
    "/app/",
    "/app/assets/x.js",
    "/docs",
    "/redoc",
    "/docs/assets/swagger-ui.css",
    "/openapi.json",
)
WEBSOCKET = "/v1/audio/speech/stream"


def documented_routes() -> list[tuple[str, str]]:
    """Return method and path of each route, the path with its parameters in braces."""
    document = create_app(Settings(_env_file=None)).openapi()
    return [(method.upper(), path) for path, operations in document["paths"].items() for method in operations]


def read_paths() -> list[str]:
    return [path for method, path in documented_routes() if method == "GET"] + list(UNDOCUMENTED)


def fill(path: str, values: Mapping[str, str]) -> str:
    """Replace the parameters of a path. Raises KeyError for one without a value."""
    return path.format_map(values)
