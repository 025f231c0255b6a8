"""Dependencies of the fast route: it passes those that only read the connection and refuses all others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import Message

from api.http.fast_route import SynthesisRoute
from api.schemas.synthesis import SynthesisRequest


async def get_state(connection: HTTPConnection) -> str:
    return str(connection.app.state.value)


async def get_path(connection: HTTPConnection) -> str:
    return connection.url.path


async def endpoint(
    request: Request,
    state: Annotated[str, Depends(get_state)],
    path: Annotated[str, Depends(get_path)],
    *,
    body: SynthesisRequest,
    async_mode: bool = False,
    prefer: str | None = None,
    idempotency_key: str | None = None,
) -> JSONResponse:
    return JSONResponse([body.text, state, path, async_mode, idempotency_key])


def post(app: FastAPI, body: bytes) -> list[Message]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/synthesize",
        "query_string": b"async_mode=true",
        "headers": [(b"content-type", b"application/json"), (b"idempotency-key", b"k")],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_dependencies_are_passed_by_name() -> None:
    app = FastAPI()
    app.state.value = "shared"
    app.router.routes.append(SynthesisRoute("/synthesize", endpoint, methods=["POST"]))
    start, body = post(app, b'{"text": "Hello."}')
    assert (start["status"], body["body"]) == (200, b'["Hello.","shared","/synthesize",true,"k"]')


def run_in_thread(connection: HTTPConnection) -> str:
    return ""


async def read_header(connection: HTTPConnection, x_key: Annotated[str, Header()]) -> str:
    return x_key


async def read_request(request: Request) -> str:
    return ""


async def take_nothing() -> str:
    return ""


async def clean_up(connection: HTTPConnection) -> AsyncIterator[str]:
    yield ""


async def depend(connection: HTTPConnection, state: Annotated[str, Depends(get_state)]) -> str:
    return state


@pytest.mark.parametrize(
    "dependency", [run_in_thread, read_header, read_request, take_nothing, clean_up, depend]
)
def test_other_dependencies_are_refused_when_the_route_is_created(dependency: Callable[..., Any]) -> None:
    async def depending(
        request: Request, *, body: SynthesisRequest, value: Annotated[str, Depends(dependency)]
    ) -> None:
        """Never called."""

    with pytest.raises(TypeError, match=dependency.__name__):
        SynthesisRoute("/synthesize", depending, methods=["POST"])


def test_a_dependency_without_a_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="get_state"):
        SynthesisRoute("/synthesize", endpoint, methods=["POST"], dependencies=[Depends(get_state)])
