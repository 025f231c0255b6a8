"""The reference for submit_rate: a route that parses the same request body and does nothing else."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Body(BaseModel):
    text: str
    voice_id: str = ""


@app.post("/empty")
async def empty(body: Body) -> Body:
    return body
