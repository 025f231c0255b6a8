"""Hands requests for hot routes to them at once. The framework's own search for a route takes longer."""

from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class DirectRoutes:
    """Serves routes without parameters in their path. Everything else, such as another method, goes to `app`.

    It adds what the framework would add to the scope for the access log, and the application's error handlers.
    """

    def __init__(
        self, app: ASGIApp, *, application: FastAPI, routes: Iterable[APIRoute], root_path: str
    ) -> None:
        self._app = app
        handlers = application.exception_handlers
        self._routes = {
            (method, root_path + route.path): (route, ExceptionMiddleware(route.handle, handlers))
            for route in routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], direct = found
        await direct(scope, receive, send)
