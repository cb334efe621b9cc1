"""The JSON-RPC client against a server that answers as told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient, RpcError


@pytest.fixture
def server():
    """A server whose ``answer`` maps a parsed request to bytes; it keeps the last request's headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            listening.headers = self.headers
            body = listening.answer(request)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep quiet."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def client(server):
    opened = JsonRpcClient(f"http://us%40er:pw@127.0.0.1:{server.server_port}/path?key=1", 10.0)
    yield opened
    opened.close()


def test_batch_is_put_in_order_with_errors_in_place(server, client):
    def answer(requests):
        answers = [{"id": item["id"], "result": item["params"][0] * 2} for item in requests]
        answers[1] = {"id": 1, "error": {"code": 3, "message": "no", "data": "0xbeef"}}
        return json.dumps(answers[::-1]).encode()

    server.answer = answer
    first, second, third = client.batch("double", [[1], [2], [3]])
    assert (first, third) == (2, 6)
    assert isinstance(second, RpcError)
    assert second.data == b"\xbe\xef"
    assert server.headers["Authorization"] == "Basic dXNAZXI6cHc="
    assert client.batch("double", []) == []


def test_error_carries_method_message_and_data(server, client):
    server.answer = lambda _: json.dumps(
        {"id": 0, "error": {"message": "broken", "data": {"data": "0x01"}}}
    ).encode()
    with pytest.raises(RpcError, match="eth_x: broken") as refused:
        client.call("eth_x")
    assert refused.value.data == b"\x01"
    server.answer = lambda _: json.dumps({"id": 0, "error": {"message": "broken"}}).encode()
    with pytest.raises(RpcError) as refused:
        client.call("eth_x")
    assert refused.value.data == b""


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"[1]"])
def test_garbage_is_quoted(server, client, body):
    server.answer = lambda _: body
    with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1:\d+ answered"):
        client.call("eth_x")


def test_short_batch_is_refused(server, client):
    server.answer = lambda _: b'[{"id": 0, "result": 1}]'
    with pytest.raises(ConnectionLost, match="answered a batch of 2"):
        client.batch("eth_x", [[], []])


def test_nobody_there_is_named():
    client = JsonRpcClient("http://127.0.0.1:9", 5.0)
    with pytest.raises(ConnectionLost, match=r"http://127\.0\.0\.1:9 does not answer"):
        client.call("eth_chainId")
