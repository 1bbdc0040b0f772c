"""Load on loopback: a small HTTP/1.1 client that costs little beside what it measures, and a server of fixed answers.

python tests/load.py PORT serves: every chat completion gets the same six tokens with their logprobs, in about 0.1 ms.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass

TOP = [{"token": "a", "logprob": -0.01, "bytes": None}] + [{"token": "b", "logprob": -6.0, "bytes": None}] * 19
FIXED = json.dumps({
    "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "billing"},
                 "logprobs": {"content": [{"token": "a", "logprob": -0.01, "bytes": None, "top_logprobs": TOP}] * 6}}],
    "usage": {"prompt_tokens": 200, "completion_tokens": 6, "total_tokens": 206},
}).encode()  # fmt: skip
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(FIXED), FIXED)


class Fixed(asyncio.Protocol):
    """Answers each request of a connection as soon as its body is there."""

    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n")[0]) if place >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length :]
            self.transport.write(ANSWER)


@dataclass
class Client:
    """One keep-alive connection."""

    port: int
    token: str = "x"

    async def open(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self

    async def post(self, body: bytes, path: str = "/v1/chat/completions") -> tuple[int, bytes]:
        """Status and body of a reply, whole or chunked."""
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.token}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answered = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        status = int(answered[9:12])
        if b"transfer-encoding: chunked" in answered:
            return status, await self._chunks()
        place = answered.find(b"content-length:")
        return status, await self.reader.readexactly(int(answered[place + 15 :].split(b"\r\n")[0]))

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        self.writer.close()


async def timed(port: int, body: bytes, *, connections: int, seconds: float) -> list[float]:
    """Milliseconds of each request that so many connections made in so many seconds. Raises where one fails."""
    clients = [await Client(port).open() for _ in range(connections)]
    found: list[float] = []
    end = time.perf_counter() + seconds

    async def run(client: Client) -> None:
        while (began := time.perf_counter()) < end:
            status, said = await client.post(body)
            found.append((time.perf_counter() - began) * 1e3)
            if status != 200:
                raise RuntimeError(f"{port} answered {status}: {said[:300]!r}")

    await asyncio.gather(*(run(client) for client in clients))
    for client in clients:
        client.close()
    return found


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Fixed, "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
