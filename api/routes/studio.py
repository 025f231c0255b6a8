"""The studio, a page for people: its files, and what is said in its place until it is built.

The endpoints are no coroutines, so that reading files does not hold up the event loop.
"""

import secrets

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import SettingsDep
from api.http.accept_headers import prefers_french
from api.http.ranges import etag_matches
from api.http.request_scope import address
from api.studio import files, placeholder
from common.settings import Settings

router = APIRouter(include_in_schema=False)

# Stands in the page where its scripts look for the nonce of styles that they make.
NONCE_PLACEHOLDER = "__ORATIO_STYLE_NONCE__"
_READ = ["GET", "HEAD"]
# Names of files below it hold a digest of what is in them.
_ASSETS = "assets/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
# `X-Content-Type-Options` goes with every answer of the gateway.
_FIXED_HEADERS = {"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"}


@router.api_route("/", methods=_READ)
def redirect_root(request: Request, settings: SettingsDep) -> Response:
    """A browser is led to the studio when there is one, anybody else to the API's description."""
    is_browser = "text/html" in request.headers.get("accept", "")
    wants_page = is_browser and files.is_built(settings.frontend_dir)
    return RedirectResponse(address(request, "/app/" if wants_page else "/docs"), headers={"Vary": "Accept"})


@router.api_route("/app", methods=_READ)
def redirect_to_page(request: Request) -> Response:
    """What the page loads is addressed relatively to the folder."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address(request, "/app/") + query, headers=_security_headers())


@router.api_route("/app/", methods=_READ)
def page(request: Request, settings: SettingsDep) -> Response:
    text = files.read_index(settings.frontend_dir)
    if text is None:
        return _placeholder_page(request, settings)
    # By the policy as well: a page that is kept is kept with its headers.
    etag = files.etag_of(text.encode(), _security_headers()["Content-Security-Policy"].encode())
    headers = {"Cache-Control": "no-cache", "ETag": etag} | _FIXED_HEADERS
    if etag_matches(request.headers, etag=etag):
        # Without a policy: a fresh nonce would take the place of the one that the kept page has.
        return Response(status_code=304, headers=headers)
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        text.replace(NONCE_PLACEHOLDER, nonce), headers=headers | _security_headers(f"'nonce-{nonce}'")
    )


@router.api_route("/app/{name:path}", methods=_READ)
def file(request: Request, settings: SettingsDep, name: str) -> Response:
    if name == files.INDEX:  # there is one page, and its nonce is put in where it is served
        return redirect_to_page(request)
    found = files.read_file(settings.frontend_dir, name, headers=request.headers)
    if found is None:
        raise HTTPException(404, headers=_security_headers())
    is_immutable = name.startswith(_ASSETS)
    headers = _security_headers() | {
        "Cache-Control": "public, max-age=31536000, immutable" if is_immutable else "no-cache",
        "ETag": found.etag,
        "Vary": "Accept-Encoding",
    }
    if etag_matches(request.headers, etag=found.etag):
        return Response(status_code=304, headers=headers)
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return Response(found.content, headers=headers, media_type=found.media_type)


def _placeholder_page(request: Request, settings: Settings) -> Response:
    folder = settings.frontend_dir.absolute()
    content = placeholder.page(
        build_error=files.read_build_error(folder),
        french=prefers_french(request.headers.get("accept-language", "")),
        docs=address(request, "/docs"),
        elsewhere=None if files.is_default(folder) else folder,
    )
    headers = _security_headers(placeholder.STYLE_SOURCE) | {
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(content, status_code=503, headers=headers)


def _security_headers(*styles: str) -> dict[str, str]:
    """Headers of an answer. `styles` are sources of styles beside our own files, such as `'nonce-…'`."""
    policy = _POLICY.format(styles=" ".join(("'self'", *styles)))
    return {"Content-Security-Policy": policy} | _FIXED_HEADERS
