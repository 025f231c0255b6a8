"""The reference: a route that parses the same body and does nothing."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Body(BaseModel):
    text: str
    voice_id: str = ""


@app.post("/empty")
async def empty(body: Body) -> Body:
    return body
