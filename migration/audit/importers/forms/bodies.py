"""Bodies of requests and responses, as providers write them, in one shape.

Chat messages, answers, usage and errors of chat completions, legacy completions, the responses API, embeddings
and Anthropic messages. Out of scope: which tool logged them (the form modules do).
"""

from __future__ import annotations

from migration.audit.importers.forms.record import BadRecord, Json, canonical, integer, mapping, text
from migration.schema.messages import TEXT_PARTS
from migration.schema.messages import content as as_content


def messages(value: object, name: str = "messages") -> list[Json]:
    """A list of chat messages as {role, content}. Raises BadRecord on anything that is not one."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        raise BadRecord(f"{name} is not a list of messages")
    return [_message(plain, name) for one in value for plain in _without_blocks(one)]


def _without_blocks(message: object) -> list[object]:
    """Anthropic's blocks of tools and thoughts as chat completions say it: a message each tool result, `tool_calls`."""
    parts = message.get("content") if isinstance(message, dict) else None
    kinds = {part.get("type") for part in parts if isinstance(part, dict)} if isinstance(parts, list) else set()
    if not isinstance(message, dict) or not isinstance(parts, list) or not kinds & _BLOCKS:
        return [message]
    found: list[object] = [
        {"role": "tool", "tool_call_id": part.get("tool_use_id"), "content": part.get("content") or ""}
        for part in parts
        if isinstance(part, dict) and part.get("type") == "tool_result"
    ]
    made = [_tool_call(part) for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"]
    said = [part for part in parts if not isinstance(part, dict) or part.get("type") not in _BLOCKS]
    if said or made or not found:
        found.append({key: item for key, item in message.items() if key != "content"} | {"content": said or None})
    return [*found[:-1], found[-1] | {"tool_calls": made}] if made and isinstance(found[-1], dict) else found


_BLOCKS = {"tool_use", "tool_result", "thinking", "redacted_thinking"}


def _tool_call(part: Json) -> Json:
    function = {"name": part.get("name"), "arguments": part.get("input")}
    return {"id": part.get("id"), "type": "function", "function": function}


def _message(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise BadRecord(f"{name} holds something that is no message")
    role = value.get("role") or _ROLE_OF_TYPE.get(value.get("type", ""))
    if not isinstance(role, str) or not role:
        raise BadRecord(f"{name} holds a message without a role")
    return {"role": role, "content": content(value)}


_ROLE_OF_TYPE = {"function_call": "assistant", "function_call_output": "tool", "reasoning": "assistant"}


def content(message: Json) -> str:
    """The content of a message as a string (`schema.messages`). Raises BadRecord where its tool calls are no list."""
    try:
        return as_content(message)
    except ValueError as error:
        raise BadRecord(str(error)) from None


def answer(body: Json) -> tuple[str, str | None]:
    """(text, finish reason) of a response body: chat or legacy completion, responses API, Anthropic message.

    Raises BadRecord where it holds no answer.
    """
    if "choices" in body:
        choices = body["choices"]
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise BadRecord("no response (choices is empty or no list)")
        choice = choices[0]
        reason = finish_reason(choice.get("finish_reason"))
        if "text" in choice and "message" not in choice:
            return str(choice["text"] or ""), reason
        if not isinstance(choice.get("message"), dict):
            raise BadRecord("no response (a choice without a message)")
        return content(choice["message"]), reason
    if isinstance(body.get("output"), list):
        return _responses_output(body["output"]), finish_reason(body.get("status"))
    if isinstance(body.get("content"), str | list) or "tool_calls" in body:
        message = {key: body.get(key) for key in ("content", "tool_calls", "refusal") if body.get(key) is not None}
        said = messages([message | {"role": "assistant"}], "content")[-1]["content"]
        return said, finish_reason(body.get("stop_reason"))
    raise BadRecord("no response (neither choices, output nor content)")


def _responses_output(items: list[object]) -> str:
    """The responses API's output items: the text where all is text, else canonical JSON of the items."""
    said = [item for item in items if isinstance(item, dict) and item.get("type") != "reasoning"]
    parts = [part for item in said for part in (item.get("content") or [{}])]
    if said and all(isinstance(part, dict) and part.get("type") in TEXT_PARTS for part in parts):
        return "".join(part.get("text") or "" for part in parts)
    return canonical({"output": said})


_FINISH = {"tool_call": "tool_calls", "max_tokens": "length", "end_turn": "stop", "completed": "stop"}
_FINISH |= {"incomplete": "length", "tool_use": "tool_calls", "stop_sequence": "stop"}


def finish_reason(value: object) -> str | None:
    """Why the answer ended, in the chat completions' words (`stop`, `length`, `tool_calls`, ...)."""
    value = text(value)
    return _FINISH.get(value.lower(), value.lower()) if value else None


def usage(value: object) -> Json:
    """prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens of a usage object in any provider's names."""
    value = mapping(value, "usage")
    if not value:
        return {}
    details = value.get("prompt_tokens_details") or value.get("input_tokens_details") or {}
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    prompt = value.get("prompt_tokens", value.get("input_tokens", value.get("input")))
    read = value.get("cache_read_input_tokens")
    written = integer(value.get("cache_creation_input_tokens"), "cached tokens")
    if read is not None and "input_tokens" in value:  # Anthropic counts cached tokens beside the input, not in it
        cached = integer(read, "cached tokens")
        prompt = (integer(prompt, "prompt tokens") or 0) + (cached or 0)
        prompt += written or 0
    completion = value.get("completion_tokens", value.get("output_tokens", value.get("output")))
    counts = {
        "prompt_tokens": integer(prompt, "prompt tokens"),
        "completion_tokens": integer(completion, "completion tokens"),
        "cached_tokens": integer(cached, "cached tokens"),
        "cache_write_tokens": written,
    }
    if counts["completion_tokens"] is None and counts["prompt_tokens"] is not None:
        counts["completion_tokens"] = 0  # embeddings count their input alone
    return counts


def is_embedding(request: Json, endpoint: str | None, body: Json) -> bool:
    """Whether a call asked for vectors: by endpoint, by its response, or by an input without messages."""
    if endpoint and "embedding" in endpoint:
        return True
    data = body.get("data")
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return "embedding" in data[0] or data[0].get("object") == "embedding"
    return "input" in request and "messages" not in request and "embed" in str(request.get("model", ""))


def request_fields(request: Json) -> Json:
    """What a request body says: messages, requested_model, max_tokens, tools, response_format."""
    if request.get("messages") is not None:
        asked = messages(request["messages"])
        system = request.get("system")  # Anthropic keeps it beside the messages
        asked = messages([{"role": "system", "content": system}]) + asked if system else asked
    elif request.get("prompt") is not None:
        asked = _inputs(request["prompt"])
    elif request.get("input") is not None:
        asked = _inputs(request["input"])
        if request.get("instructions"):
            asked = [{"role": "system", "content": str(request["instructions"])}, *asked]
    else:
        asked = None
    limit = request.get("max_completion_tokens", request.get("max_tokens", request.get("max_output_tokens")))
    tools, form = request.get("tools"), request.get("response_format")
    return {
        "messages": asked,
        "requested_model": text(request.get("model")),
        "max_tokens": integer(limit, "max_tokens"),
        "tools": canonical(_tools(tools)) if tools else None,
        "response_format": canonical(form) if form else None,
    }


def _tools(value: object) -> object:
    """A request's tools; Anthropic's in the form of chat completions."""
    if not isinstance(value, list):
        return value
    return [
        {"type": "function", "function": {_PARAMETERS.get(key, key): item for key, item in tool.items()}}
        if isinstance(tool, dict) and "input_schema" in tool
        else tool
        for tool in value
    ]


_PARAMETERS = {"input_schema": "parameters"}


def _inputs(value: object) -> list[Json]:
    """A prompt or input: one text, or many (kept as JSON), or a list of messages."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return messages(value, "input")
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        value = value[0]
    return [{"role": "user", "content": value if isinstance(value, str) else canonical({"input": value})}]


def failure(body: Json, status: int | None) -> str | None:
    """What went wrong with a call, as `type: message`; null where nothing did."""
    error = body.get("error")
    if error:
        if not isinstance(error, dict):
            return str(error)[:500]
        kind = error.get("type") or error.get("code") or "error"
        return f"{kind}: {error.get('message') or ''}".strip(": ")[:500]
    if status is not None and (status >= 400 or status < 0):
        return f"status {status}"
    return None


def outcome(body: Json, request: Json, endpoint: str | None, status: int | None, error: str | None = None) -> Json:
    """kind, response, finish_reason, model, error and usage of a response body, an error among them.

    Raises BadRecord where there is neither an answer nor an error.
    """
    error = error or failure(body, status)
    embedding = is_embedding(request, endpoint, body)
    fields: Json = {
        "status": status,
        "error": error,
        "model": text(body.get("model")) or text(request.get("model")),
        "service_tier": text(body.get("service_tier")),
        **usage(body.get("usage")),
    }
    if error:
        return fields | {"kind": "error"}
    if not body:
        raise BadRecord("no response")
    if embedding:
        return fields | {"kind": "embedding"}
    said, reason = answer(body)
    return fields | {"response": said, "finish_reason": reason}
