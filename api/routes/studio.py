"""The studio, the web interface: its page and files, or a placeholder until it is built.

The endpoints are not coroutines, because reading files would block the event loop.
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

# In the page, the place of the nonce that its scripts use for the styles that they create.
NONCE_PLACEHOLDER = "__ORATIO_STYLE_NONCE__"
# File names in this folder contain a digest of the content.
_ASSETS = "assets/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
# The middleware adds `X-Content-Type-Options` to every response.
_FIXED_HEADERS = {"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"}


@router.get("/")
def redirect_root(request: Request, settings: SettingsDep) -> Response:
    """Redirect browsers to the studio if it is built, and all others to the API documentation."""
    is_browser = "text/html" in request.headers.get("accept", "")
    wants_page = is_browser and files.is_built(settings.frontend_dir)
    return RedirectResponse(address(request, "/app/" if wants_page else "/docs"), headers={"Vary": "Accept"})


@router.get("/app")
def redirect_to_page(request: Request) -> Response:
    """Redirect to the folder, because the page loads its files by relative addresses."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address(request, "/app/") + query, headers=_security_headers())


@router.get("/app/")
def page(request: Request, settings: SettingsDep) -> Response:
    text = files.read_index(settings.frontend_dir)
    if text is None:
        return _placeholder_page(request, settings)
    # The policy is part of the tag, because browsers cache a page with its headers.
    etag = files.etag_of(text.encode(), _security_headers()["Content-Security-Policy"].encode())
    headers = {"Cache-Control": "no-cache", "ETag": etag} | _FIXED_HEADERS
    if etag_matches(request.headers, etag=etag):
        # Without a policy: a new nonce would replace that of the cached page.
        return Response(status_code=304, headers=headers)
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        text.replace(NONCE_PLACEHOLDER, nonce), headers=headers | _security_headers(f"'nonce-{nonce}'")
    )


@router.get("/app/{name:path}")
def file(request: Request, settings: SettingsDep, name: str) -> Response:
    if name == files.INDEX:  # only `page` serves it, with a nonce
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
        other_folder=None if files.is_default(folder) else folder,
    )
    headers = _security_headers(placeholder.STYLE_SOURCE) | {
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(content, status_code=503, headers=headers)


def _security_headers(*styles: str) -> dict[str, str]:
    """Return the security headers. `styles` are sources of styles besides our files, such as `'nonce-…'`."""
    policy = _POLICY.format(styles=" ".join(("'self'", *styles)))
    return {"Content-Security-Policy": policy} | _FIXED_HEADERS
