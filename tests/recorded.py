"""A model server with recorded manners: what it says and how it fails stands in the request itself.

The answer to "m" is "NAME says m". A word in the last message chooses the manners: `unsure` (low logprobs), and, for
the server that is named after the colon (all without one), the faults `400:`, `429:`, `500:`, `hang:`, `slow:`, `cut:`,
`garbage:`, `empty:`, `list:`, `redirect:`. Run it by itself: python tests/recorded.py PORT NAME.
"""

import asyncio
import json
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

FAULTS = ("400", "429", "500", "hang", "slow", "cut", "garbage", "empty", "list", "redirect")


def says(name: str, body: dict) -> str:
    return f"{name} says {body['messages'][-1]['content']}"


def completion(name: str, body: dict) -> dict:
    """A chat completion of six tokens, with logprobs and a tool call where they are asked for."""
    asked = body["messages"][-1]["content"]
    message: dict = {"role": "assistant", "content": says(name, body)}
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps({"heard": asked})}
        message |= {"content": None, "tool_calls": [{"id": "t1", "type": "function", "function": function}]}
    choice: dict = {"index": 0, "finish_reason": "tool_calls" if body.get("tools") else "stop", "message": message}
    if body.get("logprobs"):
        logprob = -2.0 if "unsure" in str(asked) else -0.01
        top = [{"token": "a", "logprob": logprob, "bytes": None}, {"token": "b", "logprob": -5.0, "bytes": None}]
        tokens = [{"token": "a", "logprob": logprob, "bytes": None, "top_logprobs": top}] * 6
        choice["logprobs"] = {"content": tokens, "refusal": None}
    usage = {"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": body.get("model", name),
            "choices": [choice], "usage": usage, "seen": sorted(body)}  # fmt: skip


def events(name: str, body: dict):
    """The answer as a stream, a word a chunk."""
    shared = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", name)}
    for place, word in enumerate(says(name, body).split(" ")):
        delta = {"role": "assistant", "content": word} if place == 0 else {"content": " " + word}
        yield shared | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield shared | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


async def stream(name: str, body: dict, fault: str):
    for place, chunk in enumerate(events(name, body)):
        if place == 2 and fault == "cut":
            raise RuntimeError("cut as asked")
        if place == 2 and fault == "hang":
            await asyncio.sleep(3600)
        if place == 2 and fault == "garbage":
            yield b"data: {not json\n\n"
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
        await asyncio.sleep(0)
    yield b"data: [DONE]\n\n"


def fault_of(name: str, body: dict) -> str:
    words = str(body["messages"][-1]["content"]).split()
    return next(
        (w.split(":")[0] for w in words if w.split(":")[0] in FAULTS and w.split(":")[1:] in ([""], [name])), ""
    )


def app(name: str = "llm") -> Starlette:
    """The server. `app.state.seen` holds the headers and bodies of what it was asked."""

    async def chat(request: Request) -> Response:
        body = json.loads(await request.body())
        made.state.seen.append((dict(request.headers), body))
        del made.state.seen[:-1000]
        fault = fault_of(name, body)
        if fault in ("400", "429", "500"):
            text = {"error": {"message": "as asked", "type": "recorded", "param": None, "code": None}}
            return JSONResponse(text, int(fault), {"retry-after": "0"})
        if fault == "redirect":
            return Response(status_code=307, headers={"location": "http://127.0.0.1:9/v1/chat/completions"})
        if body.get("stream"):
            return StreamingResponse(stream(name, body, fault), media_type="text/event-stream")
        if fault in ("hang", "slow"):
            await asyncio.sleep(3600 if fault == "hang" else 0.3)
        if fault == "cut":
            return StreamingResponse(_cut(), media_type="application/json", headers={"content-length": "500"})
        wrong = {"garbage": b'{"choices": [{"message"', "empty": b'{"choices": []}', "list": b"[1, 2]"}
        if fault in wrong:
            return Response(wrong[fault], media_type="application/json")
        return JSONResponse(completion(name, body))

    async def embeddings(request: Request) -> Response:
        made.state.seen.append((dict(request.headers), json.loads(await request.body())))
        data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
        return JSONResponse(
            {"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        )

    made = Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
        ]
    )
    made.state.seen = []
    return made


async def _cut():
    yield b'{"choices": [{"message": '
    raise RuntimeError("cut as asked")


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False)
