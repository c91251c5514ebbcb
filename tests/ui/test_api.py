"""The HTTP interface and the guard before it, over a desk with a script."""

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from index.errors import ServeError
from index.types import Filter
from rag.types import Turn
from tests.ui.fake_desk import FIRST_WORDS, NO_MODEL, RECEIPT, SECRET, FakeDesk, cited_answer
from ui.api import _lines
from ui.asking import Askings
from ui.guard import MAX_BODY, with_nonce
from ui.render import answer_json
from ui.web import create_app

HERE = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(scope="module")
def app(desk: FakeDesk) -> FastAPI:
    return create_app(desk, hosts=["desk.example"])


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=HERE, raise_server_exceptions=False) as client:
        yield client


def until(done: Callable[[], bool], patience_s: float = 5.0) -> bool:
    end = time.monotonic() + patience_s
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    return done()


def lines(client: TestClient, question: str) -> list[dict[str, Any]]:
    answer = client.post("/api/ask", json={"question": question, "stream": True})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


# Questions


def test_a_question_takes_limits(client: TestClient, desk: FakeDesk) -> None:
    limits = {"collections": ["news"], "tags": ["sea"], "since": "2024-03", "until": "2024"}
    assert client.post("/api/ask", json={"question": "How high?", **limits}).status_code == 200
    assert desk.limits[-1] == Filter(("news",), (), ("sea",), "2024-03", "2024")
    assert client.post("/api/ask", json={"question": "How high?"}).status_code == 200
    assert desk.limits[-1] is None


def test_an_answer_may_be_asked_for_in_a_few_words(client: TestClient, desk: FakeDesk) -> None:
    assert client.post("/api/ask", json={"question": "How?", "form": "short"}).status_code == 200
    assert desk.forms[-1] == "short"
    assert client.post("/api/ask", json={"question": "How?"}).status_code == 200
    assert desk.forms[-1] == "full"
    answer = client.post("/api/ask", json={"question": "How?", "form": "long"})
    assert answer.status_code == 422
    assert "form" in answer.json()["error"]


def test_a_question_takes_earlier_turns(client: TestClient, desk: FakeDesk) -> None:
    turn = {"question": "Who is the harbour master?", "answer": "Ines Holt. [1]"}
    body = {"question": "When did he close the quay?", "history": [turn]}
    answer = client.post("/api/ask", json=body).json()
    assert desk.turns[-1] == (Turn("Who is the harbour master?", "Ines Holt. [1]"),)
    assert answer["question"] == "When did he close the quay?"
    assert answer["understood"] == "When did Holt close the quay?"
    assert client.post("/api/ask", json={"question": "How high?"}).json()["understood"] == ""
    assert desk.turns[-1] == ()


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("Who?", "history"),
        ([{"question": "Who?"}], "answer"),
        ([{"question": "Who?", "answer": 3}], "answer"),
        ([{"question": "Who?", "answer": "Holt", "sources": []}], "sources"),
        ([{"question": "Who?", "answer": "x" * 20_001}], "answer"),
        ([{"question": "Who?", "answer": "Holt"}] * 101, "history"),
    ],
)
def test_earlier_turns_are_bounded(client: TestClient, history: Any, message: str) -> None:
    answer = client.post("/api/ask", json={"question": "How high?", "history": history})
    assert answer.status_code == 422
    assert message in answer.json()["error"]


def test_passages_are_searched(client: TestClient, desk: FakeDesk) -> None:
    body = {"question": "How high?", "k": 2}
    passages = client.post("/api/search", json=body).json()["passages"]
    assert [each["rank"] for each in passages] == [1, 2]
    assert {"document", "start", "end", "text", "also_in"} <= set(passages[0])
    only = client.post("/api/search", json={**body, "documents": ["/articles/market.html"]})
    assert [each["document"] for each in only.json()["passages"]] == ["/articles/market.html"]


@pytest.mark.parametrize(
    ("limits", "status", "message"),
    [
        ({"since": "March"}, 400, "since = 'March'"),
        ({"until": "2024-02-31"}, 400, "2026-03-01"),
        ({"documents": ["missing.md"]}, 400, "missing.md"),
        ({"documents": "x"}, 422, "documents"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
def test_limits_that_cannot_be_are_told(
    client: TestClient, limits: dict[str, Any], status: int, message: str
) -> None:
    answer = client.post("/api/search", json={"question": "How high?", **limits})
    assert answer.status_code == status
    assert message in answer.json()["error"]


def test_a_question_is_answered_as_the_command_line_does(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "How high?"})

    assert answer.status_code == 200
    assert answer.json() == answer_json(cited_answer("How high?"))


def test_a_stream_has_every_event_in_order(client: TestClient) -> None:
    events = lines(client, "How high?")

    kinds = [each["event"] for each in events]
    assert list(dict.fromkeys(kinds)) == ["status", "sources", "token", "answer"]
    assert kinds[-1] == "answer"
    assert events[-1] == {"event": "answer", **answer_json(cited_answer("How high?"))}
    said = "".join(each["text"] for each in events if each["event"] == "token")
    assert said.strip() == cited_answer("").text
    (sources,) = (each for each in events if each["event"] == "sources")
    assert [each["number"] for each in sources["sources"]] == [1, 2, 3]


def test_a_stream_tells_what_is_withdrawn(client: TestClient) -> None:
    events = lines(client, "How high, anew?")
    first, *rest = (each for each in events if each["event"] in ("token", "withdrawn"))
    assert first == {"event": "token", "text": FIRST_WORDS}
    assert rest[0] == {"event": "withdrawn"}
    assert {each["event"] for each in rest[1:]} == {"token"}


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ("", 400, "The question is empty"),
        ("x" * 2001, 400, "the limit is 2,000"),
        ("no model", 503, NO_MODEL),
    ],
)
def test_errors_have_their_status_and_message(
    client: TestClient, question: str, status: int, said: str
) -> None:
    answer = client.post("/api/ask", json={"question": question})

    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert said in lines(client, question)[-1]["error"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": None},
        {"question": 7},
        {"question": "x" * 20_001},
        {"question": "x", "stream": "yes"},
        {"question": "x", "model": "other"},
        [],
    ],
)
def test_a_body_of_another_shape_is_refused(client: TestClient, body: object) -> None:
    answer = client.post("/api/ask", json=body)

    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("body", [b"{", b"", b'{"question": "\\ud800"}', b"\xff\xfe"])
def test_a_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/ask", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)


def test_a_fault_is_told_by_reference_and_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "refdesk"):
        answer = client.post("/api/ask", json={"question": "crash"})

    assert answer.status_code == 500
    assert SECRET not in answer.text
    (reference,) = re.findall(r"reference (\w+)\.", answer.json()["error"])
    assert reference in caplog.text
    assert SECRET in caplog.text


def test_a_receipt_is_given_by_its_id_as_a_file(client: TestClient) -> None:
    given = client.get(f"/api/receipts/{RECEIPT}")
    assert given.json() == {"id": RECEIPT}
    assert given.headers["content-disposition"] == f'attachment; filename="refdesk-{RECEIPT}.json"'
    assert given.headers["cache-control"] == "no-store"
    assert given.headers["cross-origin-resource-policy"] == "same-origin"
    missing = client.get("/api/receipts/aaaaaaaaaa")
    assert missing.status_code == 404
    assert "aaaaaaaaaa" in missing.json()["error"]
    elsewhere = client.get(f"/api/receipts/{RECEIPT}", headers={"host": "evil.test"})
    assert elsewhere.status_code == 403


def test_documents_and_health(client: TestClient) -> None:
    documents = client.get("/api/documents").json()["documents"]

    assert [each["id"] for each in documents] == [1, 2, 3]
    assert documents[0]["document"] == "/articles/tides.md"
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_work(app: FastAPI, desk: FakeDesk, stream: bool) -> None:
    """Over plain ASGI: the test client cannot leave."""
    sent: list[Any] = []
    body = json.dumps({"question": "endless", "stream": stream}).encode()
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body}]

    began = time.monotonic()

    def left() -> bool:
        return desk.open > 0 and time.monotonic() > began + 0.3

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        # As a server does: at once if the client has left, else when it leaves.
        while not left():
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/api/ask", "raw_path": b"/api/ask", "root_path": "", "scheme": "http",
        "query_string": b"", "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 7860),
        "headers": [(b"host", b"127.0.0.1:7860"), (b"content-type", b"application/json")],
    }  # fmt: skip

    async def ask() -> None:
        await asyncio.wait_for(app(scope, receive, send), 10)

    asyncio.run(ask())

    assert until(lambda: desk.open == 0)


# The guard


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1:7860.evil.test"},
        {"origin": "file://127.0.0.1:7860"},
        {"origin": "not an origin"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/queue/join", "/gradio_api/cancel"])
def test_posts_from_other_sites_are_refused(
    client: TestClient, desk: FakeDesk, path: str, headers: dict[str, str]
) -> None:
    before = len(desk.asked)

    answer = client.post(path, json={"question": "Why?"}, headers=headers)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert len(desk.asked) == before


@pytest.mark.parametrize("headers", [{"origin": HERE}, {"sec-fetch-site": "same-origin"}, {}])
def test_posts_from_the_page_and_from_programs_pass(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.post("/api/ask", json={"question": "Why?"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost", 200),
        ("[::1]:7860", 200),
        ("192.168.1.7:7860", 200),
        ("desk.example:7860", 200),
        ("evil.test:7860", 403),
        ("127.0.0.1.evil.test", 403),
        ("", 403),
        ("[", 403),
    ],
)
def test_only_names_of_this_machine_are_served(client: TestClient, host: str, status: int) -> None:
    """A foreign name that resolves to this machine is how a foreign page would read answers."""
    assert client.get("/healthz", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://evil.test/x",
        "/gradio_api/file=https://evil.test/x",
        "/gradio_api/file%3Dhttp://evil.test/x",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://evil.test/x",
        "/gradio_api/upload",
        "/gradio_api/openapi.json",
        "/gradio_api/info",
        "/gradio_api/token",
        "/gradio_api/runs",
        "/gradio_api/call/answered",
        "/gradio_api/component_server",
        "/gradio_api/vibe-edit/",
        "/gradio_api/mcp/sse",
    ],
)
def test_what_the_page_does_not_need_of_gradio_is_shut(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 403
    assert client.post(path, json={}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/config", "/monitoring", "/login", "/none", "//"]
)
def test_other_addresses_hold_nothing(client: TestClient, path: str) -> None:
    assert client.get(f"{HERE}{path}").status_code == 404


def test_files_outside_the_page_are_not_reached(client: TestClient) -> None:
    for path in ("/static/../../routes.py", "/assets/%2e%2e/%2e%2e/%2e%2e/routes.py"):
        assert client.get(path).status_code in (403, 404)


@pytest.mark.parametrize(
    "data",
    [
        [{"path": "http://evil.test/x", "meta": {"_type": "gradio.FileData"}}],
        [["http://evil.test/x"]],
        {"path": "http://evil.test/x"},
    ],
)
def test_nested_inputs_never_reach_gradio(client: TestClient, data: object) -> None:
    """It would fetch the addresses that it finds in them."""
    call = {"data": data, "fn_index": 0, "session_hash": "x"}

    assert client.post("/gradio_api/queue/join", json=call).status_code == 400
    assert client.post("/gradio_api/run/predict", json=call).status_code == 400


def test_large_bodies_are_refused(client: TestClient) -> None:
    assert client.post("/api/ask", content=b"x" * (MAX_BODY + 1)).status_code == 413


def test_other_sites_are_given_no_permission(client: TestClient) -> None:
    asked = {"origin": "http://evil.test", "access-control-request-method": "POST"}

    for answer in (
        client.get("/healthz", headers={"origin": "http://evil.test"}),
        client.get("/", headers={"origin": "http://evil.test"}),
        client.options("/api/ask", headers=asked),
        client.options("/gradio_api/queue/join", headers=asked),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/", "/healthz", "/page.css", "/page.js", "/theme.css", "/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "set-cookie" not in headers


def test_the_page_runs_only_scripts_with_its_nonce(client: TestClient) -> None:
    first, second = client.get("/"), client.get("/")

    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonce}"' in each for each in scripts)
    assert "script-src 'self' 'unsafe-eval' 'nonce-" in policy
    assert "connect-src 'self'" in policy
    assert nonce not in second.text
    assert first.headers["cache-control"] == "no-store"
    assert with_nonce("<script>a</script><scripted>", "n") == (
        '<script nonce="n">a</script><scripted>'
    )


def test_the_page_names_no_other_host(client: TestClient) -> None:
    page = client.get("/").text

    head = page[: page.index("window.gradio_config")]
    assert "http" not in head.replace("http://www.w3.org/2000/svg", "")
    assert "/page.css" in page
    assert "run_history" not in page or '"run_history":false' in page


# Questions under way


def test_the_end_of_the_program_is_told_to_who_waits() -> None:
    app = create_app(FakeDesk())

    async def lines() -> list[str]:
        asking = app.state.askings.begin("endless")
        threading.Timer(0.3, app.state.askings.close).start()
        return [line async for line in _lines(asking)]

    last = json.loads(asyncio.run(lines())[-1])

    assert last["event"] == "error"
    assert "is being stopped" in last["error"]
    with pytest.raises(ServeError):
        app.state.askings.begin("too late")


def test_their_number_is_bounded() -> None:
    desk = FakeDesk()
    app = create_app(desk)
    askings: Askings = app.state.askings
    held = [askings.begin("endless") for _ in range(16)]

    with TestClient(app, base_url=HERE) as client:
        answer = client.post("/api/ask", json={"question": "one more"})
        assert answer.status_code == 503
        assert "Try again" in answer.json()["error"]
        held[0].stop()
        assert until(lambda: desk.open == 15)
        assert client.post("/api/ask", json={"question": "one more"}).status_code == 200

    # The end of the program reaches them all.
    assert until(lambda: desk.open == 0)
