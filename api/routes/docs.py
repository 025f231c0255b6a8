"""API documentation pages. Scripts and styles are served locally, so that they work offline."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api.http.request_scope import address

router = APIRouter(include_in_schema=False)

# The pages may load nothing from other hosts.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'self'"
)
_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}


@router.get("/docs")
async def docs(request: Request) -> Response:
    page = get_swagger_ui_html(
        openapi_url=address(request, "/openapi.json"),
        title="OratioViva",
        swagger_js_url=_asset(request, "swagger-ui-bundle.js"),
        swagger_css_url=_asset(request, "swagger-ui.css"),
        swagger_favicon_url=_asset(request, "favicon.png"),
    )
    return _with_policy(page)


@router.get("/redoc")
async def redoc(request: Request) -> Response:
    page = get_redoc_html(
        openapi_url=address(request, "/openapi.json"),
        title="OratioViva",
        redoc_js_url=_asset(request, "redoc.standalone.js"),
        redoc_favicon_url=_asset(request, "favicon.png"),
        with_google_fonts=False,
    )
    return _with_policy(page)


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    if name not in _MEDIA_TYPES:
        raise HTTPException(404)
    return FileResponse(_folder() / name, media_type=_MEDIA_TYPES[name])


def _folder() -> Path:
    # Located without an import, because only the files of the package are needed.
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise HTTPException(404)
    return Path(found.origin).parent / "static"


def _asset(request: Request, name: str) -> str:
    return address(request, f"/docs/assets/{name}")


def _with_policy(page: HTMLResponse) -> HTMLResponse:
    page.headers["Content-Security-Policy"] = _POLICY
    return page
