"""What a browser may do with the studio's pages and files: nothing that is not of this service."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
# `X-Content-Type-Options` goes with every answer of the gateway.
UNCHANGING = {"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"}


def confined(*styles: str) -> dict[str, str]:
    """Headers of an answer. `styles` are sources of styles beside our own files, such as `'nonce-…'`."""
    policy = _POLICY.format(styles=" ".join(("'self'", *styles)))
    return {"Content-Security-Policy": policy} | UNCHANGING
