"""A loopback server in a process of its own, whose answers are rendered before it is asked.

It ends by itself after `LIFETIME` seconds, or when its standard input closes.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LIFETIME: Final = 300.0
WRITE: Final = 64 * 1024

EVENT: Final = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732000000,'
    b'"model":"gpt-5-mini","service_tier":"default","system_fingerprint":"fp_0123456789",'
    b'"choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],'
    b'"usage":null,"obfuscation":"%s"}\n\n'
) % (b"x" * 90)
LAST: Final = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732000000,'
    b'"model":"gpt-5-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
WHOLE: Final = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1732000000,"model":"gpt-5-mini",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":500,"total_tokens":509}}'
) % (b"word " * 480)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _stream(events: int) -> bytes:
    kind = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\n" + kind + _chunk(EVENT) * events + _chunk(LAST) + b"0\r\n\r\n"


def _whole() -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(WHOLE) + WHOLE


def _serve(connection: socket.socket, streamed: bytes, whole: bytes) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while True:
            while b"\r\n\r\n" not in pending:
                data = connection.recv(65536)
                if not data:
                    return
                pending += data
            head, _, pending = pending.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
            while len(pending) < length:
                pending += connection.recv(65536)
            body, pending = pending[:length], pending[length:]
            answer = streamed if b'"stream":true' in body else whole
            for start in range(0, len(answer), WRITE):
                connection.sendall(answer[start : start + WRITE])


def main() -> None:
    """Listen on a free port, print it, and serve."""
    streamed, whole = _stream(int(sys.argv[1])), _whole()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, streamed, whole), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    closing = threading.Thread(target=sys.stdin.read, daemon=True)
    closing.start()
    closing.join(LIFETIME)


@contextmanager
def running_server(events: int) -> Iterator[str]:
    """Run the server and give its address."""
    command = [sys.executable, "-m", "tests.benchmarks.server", str(events)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.stdin.close()
            process.wait(timeout=10)
            process.stdout.close()


if __name__ == "__main__":
    main()
