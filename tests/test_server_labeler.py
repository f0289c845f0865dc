"""Labels by a model behind a real HTTP server: it answers, late, with errors or with nonsense."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ClusterlabError, ComponentError
from clusterlab.images import decode
from clusterlab.labelers.label import label
from clusterlab.labelers.server import Server
from clusterlab.labelling import Answers, Labelling
from clusterlab.reading.settings import Settings
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding, MemoryImage
from tests.chat_server import Asked, ChatServer, Reply, completion
from tests.runs import clusterlab, environment, heed_interrupts, pictures, run_folder

WORDS = ("Plants", "Animals")
QUICK = ["view=none", "reducer=none", "extractor=pixels", "clusterer.n_clusters=2"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """12 different pictures."""
    return Folder(path=str(pictures(tmp_path_factory.mktemp("photos"), 12))).load()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return how(Store(tmp_path / "store"))


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLUSTERLAB_API_KEY", raising=False)


def how(store: Store | None) -> Settings:
    return Settings(store=store, decoding=Decoding(), compute=Compute(), workers=2, batch_size=None)


def labeler(server: ChatServer, **arguments: Any) -> Server:
    return Server(**{"url": server.url, "model": "seer", "categories": WORDS, **arguments})


def bright(asked: Asked) -> str:
    """What only someone who sees the picture can say."""
    return "Plants" if asked.picture.mean() > 78 else "Animals"


def first_then(first: Reply, answer: str = "Plants") -> Callable[[Asked], str | Reply]:
    """The first request about a picture gets `first`, the next ones the answer."""
    return lambda asked: answer if asked.times else first


def labels(found: Answers) -> list[str]:
    return [row.label for row in found.rows]


def test_each_image_gets_what_was_said_of_it(photos: Collection, settings: Settings) -> None:
    with ChatServer(lambda asked: f"The answer is **{bright(asked)}**.") as server:
        found = labeler(server, revision="v2").answers(photos, settings, column="seen")
    expected = ["Plants" if pixels(photos, i).mean() > 78 else "Animals" for i in range(12)]
    assert labels(found) == expected
    assert set(expected) == {*WORDS}
    assert [row.id for row in found.rows] == list(photos.ids)
    assert {row.status for row in found.rows} == {"mapped"}
    assert {row.answer for row in found.rows} == {f"The answer is **{word}**." for word in WORDS}
    assert {(row.column, row.model) for row in found.rows} == {("seen", "seer@v2")}
    assert all(0 < row.seconds < 60 for row in found.rows)
    assert found.store == "12 answers computed: not in the store yet"


def pixels(collection: Collection, row: int) -> np.ndarray:
    return decode(collection.images[row].read())


def test_what_is_sent(photos: Collection, settings: Settings) -> None:
    with ChatServer(bright) as server:
        labeler(server, max_new_tokens=9, random_state=5, max_side=20, prompt="p2").answers(
            photos, settings, column="seen"
        )
    asked = server.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert {k: v for k, v in asked.body.items() if k != "messages"} == {
        "model": "seer",
        "max_tokens": 9,
        "temperature": 0.0,
        "seed": 5,
        "stream": False,
    }
    assert "- Plants\n- Animals" in asked.text
    assert asked.picture.shape == (20, 20, 3)
    assert "Authorization" not in asked.headers
    assert ".png" not in json.dumps(asked.body), "the server learns no file names"


def test_the_picture_that_is_sent_is_the_one_on_disk(
    photos: Collection, settings: Settings
) -> None:
    with ChatServer(bright) as server:
        labeler(server, concurrency=1, jpeg_quality=100).answers(photos, settings, column="seen")
    for row, asked in enumerate(server.asked):
        difference = np.abs(asked.picture.astype(int) - pixels(photos, row))
        assert difference.max() < 8


def test_answers_are_waited_for_together(photos: Collection, settings: Settings) -> None:
    with ChatServer(bright, delay=0.25) as server:
        begin = time.perf_counter()
        labeler(server, concurrency=6).answers(photos, settings, column="seen")
        took = time.perf_counter() - begin
    assert server.peak == 6
    assert took < 12 * 0.25 / 2


@pytest.mark.parametrize(
    "first",
    [
        Reply(b"out of memory", 500),
        Reply(b"<html>starting</html>", 503),
        Reply(b"", 408),
        Reply(b"{}", 429, {"Retry-After": "0"}),
        Reply(drop=True),
    ],
    ids=["500", "503", "408", "429", "broken connection"],
)
def test_what_may_pass_is_tried_again(first: Reply, photos: Collection, settings: Settings) -> None:
    few = photos.take(photos.ids[:4])
    with ChatServer(first_then(first)) as server:
        found = labeler(server, retries=1).answers(few, settings, column="seen")
    assert labels(found) == ["Plants"] * 4
    assert len(server.asked) == 8


@pytest.mark.parametrize("date", [False, True])
def test_who_is_told_to_wait_waits(date: bool, photos: Collection, settings: Settings) -> None:
    """In every thread, and no longer."""
    until = [0.0]

    def reply(asked: Asked) -> str | Reply:
        if asked.number:
            return "Plants"
        until[0] = time.time() + 2
        header = formatdate(math.ceil(until[0]), usegmt=True) if date else "2"
        return Reply(b"{}", 429, {"Retry-After": header})

    with ChatServer(reply) as server:
        found = labeler(server, concurrency=1).answers(photos, settings, column="seen")
        took = time.time() - until[0]
    assert labels(found) == ["Plants"] * 12
    assert len(server.asked) == 13
    assert -0.05 < took < 3


def test_an_answer_that_takes_too_long_is_given_up(photos: Collection, settings: Settings) -> None:
    few = photos.take(photos.ids[:3])
    slow = {0: Reply(completion("Animals"), delay=3.0)}
    with ChatServer(lambda asked: slow.get(asked.number, "Plants")) as server:
        begin = time.perf_counter()
        found = labeler(server, timeout=0.3, retries=0, concurrency=1).answers(
            few, settings, column="seen"
        )
        assert time.perf_counter() - begin < 2
    assert [row.status for row in found.rows] == ["failed", "exact", "exact"]
    assert found.rows[0].answer == "no answer within 0.3 s"
    assert found.rows[0].label == ""


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b"{'no': json}"), "the server sent no JSON: {'no': json}"),
        (Reply(b"<html><b>Bad gateway</b></html>"), "the server sent no JSON: Bad gateway"),
        (Reply(b""), "the server sent no JSON: nothing"),
        (Reply(b"[" * 100_000), "the server sent no JSON: [["),
        (Reply(b'{"choices": []}'), 'the server sent no chat completion: {"choices": []}'),
        (Reply(b"[]"), "the server sent no chat completion"),
        (Reply(b"null"), "the server sent no chat completion"),
        (Reply(b'{"choices": [{"text": "Plants"}]}'), "the server sent no chat completion"),
        (Reply(b'{"error": {"message": "too \\u001b[31mbig"}}'), "no chat completion: too [31mbig"),
        (Reply(completion(3)), "the server sent no text as content"),
        (Reply(completion("Plants" * 400_000)), "the server sent more than 1,000,000 bytes"),
        (Reply(b'{"detail": "image too small"}', 400), "HTTP 400: image too small"),
        (Reply(b"\xff\xfe\x00", 422), "HTTP 422: "),
        (Reply(completion("Plants"), headers={"Content-Encoding": "gzip"}), "cannot be unpacked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_a_failure_of_that_image_alone(
    reply: Reply, says: str, photos: Collection, settings: Settings
) -> None:
    few = photos.take(photos.ids[:3])
    with ChatServer(lambda asked: "Plants" if asked.number else reply) as server:
        found = labeler(server, concurrency=1).answers(few, settings, column="seen")
        again = labeler(server).answers(few, settings, column="seen")
    assert [row.status for row in found.rows] == ["failed", "exact", "exact"]
    assert says in found.rows[0].answer
    assert "\x1b" not in found.rows[0].answer
    assert [row.status for row in again.rows] == ["exact"] * 3
    assert len(server.asked) == 4, "nonsense is not tried again, and not kept"


@pytest.mark.parametrize(
    ("content", "answer", "status"),
    [
        (completion(""), "", "empty"),
        (completion(None), "", "empty"),
        (completion(None, refusal="I cannot help."), "I cannot help.", "invalid"),
        (completion([{"type": "text", "text": "Plan"}, {"type": "text", "text": "ts"}]), *2 * [""]),
        (completion("Plants\0\ud800"), "Plants?", "mapped"),
        (completion("no idea"), "no idea", "invalid"),
        (completion("NOT VALID"), "NOT VALID", "refused"),
    ],
)
def test_odd_answers_are_kept_as_they_are(
    content: bytes, answer: str, status: str, photos: Collection, settings: Settings
) -> None:
    if not status:
        answer, status = "Plants", "exact"
    with ChatServer(lambda _: Reply(content)) as server:
        for n_asked in (12, 12):
            found = labeler(server).answers(photos, settings, column="seen")
            assert {(row.answer, row.status) for row in found.rows} == {(answer, status)}
            assert len(server.asked) == n_asked
    assert any("needs more than labeler.max_new_tokens" in note for note in found.notes) == (
        status == "empty"
    )


def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_nobody_is_there(photos: Collection, settings: Settings) -> None:
    url = f"http://127.0.0.1:{unused_port()}/v1"
    begin = time.perf_counter()
    with pytest.raises(ComponentError) as failed:
        through_the_stage(
            Server(url=url, model="seer", categories=WORDS, column="c"), photos, settings
        )
    assert time.perf_counter() - begin < 2
    for part in (url, "ollama pull seer", "vllm serve seer", "labeler.seen.url="):
        assert part in str(failed.value)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b'{"error": {"message": "model seer not found"}}', 404), "`ollama pull seer`"),
        (Reply(b"no such page", 404), "HTTP 404: no such page"),
        (Reply(b"", 405), "most often ends in /v1"),
        (Reply(b'{"error": "who are you?"}', 401), "HTTP 401: who are you?. It was sent no key"),
        (Reply(b"", 403), "labeler.api_key_env=NAME"),
        (Reply(b"", 307, {"Location": "http://127.0.0.1:1/v1"}), "sends elsewhere (HTTP 307)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_server_that_refuses_stops_the_run_at_once(
    reply: Reply, says: str, photos: Collection, settings: Settings
) -> None:
    with ChatServer(lambda _: reply) as server, pytest.raises(ComponentError) as failed:
        labeler(server, concurrency=2).answers(photos, settings, column="seen")
    assert len(server.asked) <= 3
    assert server.url in str(failed.value)
    assert says in str(failed.value)


def test_many_failures_in_a_row_stop_the_run_and_keep_the_answers(
    settings: Settings, tmp_path: Path
) -> None:
    many = Folder(path=str(pictures(tmp_path / "many", 40))).load()
    broken = [True]

    def reply(asked: Asked) -> str | Reply:
        return Reply(b"no", 500) if broken[0] and asked.number >= 8 else "Plants"

    with ChatServer(reply) as server:
        with pytest.raises(ComponentError, match=r"11 requests in a row.* 8 answers are kept"):
            labeler(server, retries=0, concurrency=1).answers(many, settings, column="seen")
        assert 19 <= len(server.asked) <= 20
        broken[0], before = False, len(server.asked)
        found = labeler(server).answers(many, settings, column="seen")
        assert len(server.asked) - before == 32
    assert labels(found) == ["Plants"] * 40
    assert sum(math.isnan(row.seconds) for row in found.rows) == 8


def test_pictures_that_the_server_refuses_do_not_stop_the_next_run(
    settings: Settings, tmp_path: Path
) -> None:
    """A rerun asks only about them."""
    many = Folder(path=str(pictures(tmp_path / "many", 40))).load()
    refused = Reply(b'{"error": {"message": "content filter"}}', 400)
    shown: list[str] = []

    def reply(asked: Asked) -> str | Reply:
        shown.append(asked.uri)
        return refused if shown.index(asked.uri) >= 20 else "Plants"

    with ChatServer(reply) as server:
        for n_asked in (40, 60, 80):
            found = labeler(server, concurrency=1).answers(many, settings, column="seen")
            assert [row.status for row in found.rows].count("failed") == 20
            assert len(server.asked) == n_asked
    assert {row.answer for row in found.rows} == {"Plants", "HTTP 400: content filter"}


def test_some_pictures_that_are_refused_are_not_all_that_can_be_asked(
    photos: Collection, settings: Settings, tmp_path: Path
) -> None:
    many = Folder(path=str(pictures(tmp_path / "many", 120))).load()
    with ChatServer(lambda _: Reply(b"no max_tokens, please", 400)) as server:
        found = labeler(server).answers(photos, settings, column="seen")
        assert {row.status for row in found.rows} == {"failed"}
        with pytest.raises(ComponentError, match="did not answer any of 101 requests") as failed:
            labeler(server).answers(many, settings, column="seen")
    assert "no max_tokens, please" in str(failed.value)
    assert "concurrency" not in str(failed.value), "it would not help"


def test_who_answers_nothing_at_all_cannot_be_asked(photos: Collection, settings: Settings) -> None:
    few = photos.take(photos.ids[:2])
    with (
        ChatServer(lambda _: Reply(b"", 500)) as server,
        pytest.raises(ComponentError, match=r"any request; the last: HTTP 500: nothing"),
    ):
        labeler(server, retries=0).answers(few, settings, column="seen")


def test_equal_images_are_asked_about_once(settings: Settings, photos: Collection) -> None:
    copies = Collection(
        name="copies",
        ids=("a", "b", "broken", "c"),
        images=(photos.images[0], photos.images[1], MemoryImage(b"no image"), photos.images[0]),
        digests=(photos.digests[0], photos.digests[1], digest(b"no image"), photos.digests[0]),
        labels=pd.DataFrame(index=range(4)),
        split=np.full(4, "all"),
        numeric=pd.DataFrame(index=range(4)),
    )
    with ChatServer(lambda asked: WORDS[asked.number]) as server:
        found = labeler(server, concurrency=1).answers(copies, settings, column="seen")
    assert len(server.asked) == 2
    assert [(row.id, row.label) for row in found.rows] == [
        ("a", "Plants"),
        ("b", "Animals"),
        ("c", "Plants"),
    ]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_collection_without_a_readable_image_is_an_error(settings: Settings) -> None:
    broken = Collection(
        name="broken",
        ids=("a",),
        images=(MemoryImage(b"no image"),),
        digests=(digest(b"no image"),),
        labels=pd.DataFrame(index=range(1)),
        split=np.full(1, "all"),
        numeric=pd.DataFrame(index=range(1)),
    )
    with ChatServer(bright) as server, pytest.raises(ClusterlabError, match="None of the 1 images"):
        labeler(server).answers(broken, settings, column="seen")
    assert not server.asked


@pytest.mark.parametrize(
    ("change", "n_asked"),
    [
        ({}, 0),
        ({"concurrency": 1, "timeout": 5.0, "retries": 0, "column": "other"}, 0),
        ({"random_state": 7}, 0),
        ({"prompt": "p2"}, 12),
        ({"categories": (*WORDS, "Roads")}, 12),
        ({"categories": WORDS[::-1]}, 12),
        ({"prompt": "Plants or Animals?", "categories": WORDS[::-1]}, 12),
        ({"revision": "v2"}, 12),
        ({"model": "other"}, 12),
        ({"max_new_tokens": 9}, 12),
        ({"temperature": 0.5}, 12),
        ({"max_side": 20}, 12),
        ({"jpeg_quality": 50}, 12),
    ],
    ids=str,
)
def test_what_asks_again(
    change: dict[str, Any], n_asked: int, photos: Collection, settings: Settings
) -> None:
    with ChatServer(lambda _: "Plants") as server:
        labeler(server).answers(photos, settings, column="seen")
        found = labeler(server, **change).answers(photos, settings, column="seen")
        assert len(server.asked) == 12 + n_asked
    assert labels(found) == ["Plants"] * 12
    if not n_asked:
        assert found.store == "all 12 answers from the store"
        assert all(math.isnan(row.seconds) for row in found.rows)


def test_where_all_is_known_nobody_needs_to_be_there(
    photos: Collection, settings: Settings
) -> None:
    with ChatServer(bright) as server:
        before = labeler(server).answers(photos, settings, column="seen")
    after = labeler(server).answers(photos, settings, column="seen")
    assert labels(after) == labels(before)


def test_the_same_model_elsewhere_is_the_same_where_its_version_has_a_name(
    photos: Collection, settings: Settings
) -> None:
    """Many servers call "local-model" whatever they run."""
    with ChatServer(lambda _: "Plants") as one, ChatServer(lambda _: "Animals") as other:
        for revision, said in ((None, "Animals"), ("v2", "Plants")):
            first = labeler(one, revision=revision).answers(photos, settings, column="seen")
            second = labeler(other, revision=revision).answers(photos, settings, column="seen")
            assert labels(first) == ["Plants"] * 12
            assert labels(second) == [said] * 12
            assert any("labeler.revision" in note for note in second.notes) == (revision is None)
    assert (len(one.asked), len(other.asked)) == (24, 12)


def test_without_a_store_all_is_asked_again(photos: Collection) -> None:
    with ChatServer(bright) as server:
        for _ in range(2):
            found = labeler(server).answers(photos, how(None), column="seen")
    assert len(server.asked) == 24
    assert found.store == "12 answers computed; the store is off"


def test_two_categories_make_a_column_of_several(photos: Collection, settings: Settings) -> None:
    with ChatServer(lambda a: "Animals, Plants" if a.number % 2 else "Plants") as server:
        found = through_the_stage(labeler(server, prompt="p3", concurrency=1), photos, settings)
    column = found.collection.labels["seen"].tolist()
    assert column == [("Plants",), ("Animals", "Plants")] * 6
    assert found.collection.multi_valued >= {"seen"}
    assert found.collection.synthetic == {"seen"}


def through_the_stage(one: Server, photos: Collection, settings: Settings) -> Labelling:
    return label(photos, {"seen": Component(name="seen", config={}, instance=one)}, settings)


def test_free_requests_about_pictures(settings: Settings) -> None:
    """Each has its own words; what was answered is known by the picture and the words."""
    rng = np.random.default_rng(0)
    shown = [rng.integers(0, 255, (30, 40, 3), dtype=np.uint8) for _ in range(3)]
    said = ["a?", "b?", "a?"]
    with ChatServer(lambda asked: f"{asked.text} {asked.picture.mean():.0f}") as server:
        asker = Server(url=server.url, model="seer")
        first = asker.ask([*shown, shown[0]], [*said, "a?"], settings)
        assert [str(text)[:2] for text in first] == ["a?", "b?", "a?", "a?"]
        assert [int(str(text)[3:]) for text in first[:3]] == pytest.approx(
            [picture.mean() for picture in shown], abs=2
        )
        assert first[3] == first[0]
        assert len(server.asked) == 3
        assert asker.ask(shown, said, settings) == first[:3]
        assert len(server.asked) == 3
        asker.ask(shown[:1], ["b?"], settings)
        assert len(server.asked) == 4
        assert asker.ask([], [], settings) == []


def test_a_free_request_that_fails_has_no_answer(settings: Settings) -> None:
    """And the others keep theirs; where nothing can be answered it is an error."""
    shown = [np.full((30, 40, 3), grey, np.uint8) for grey in (10, 200)]
    with ChatServer(lambda asked: "yes" if asked.number else Reply(b"no", 400)) as server:
        asker = Server(url=server.url, model="seer", concurrency=1)
        assert asker.ask(shown, ["?", "?"], settings) == [None, "yes"]
        assert asker.ask(shown, ["?", "?"], settings) == ["yes", "yes"]
        assert len(server.asked) == 3
    with ChatServer(lambda _: Reply(b"no", 400)) as server:
        assert Server(url=server.url, model="seer").ask(shown[:1], ["?"], settings) == [None]
    with (
        ChatServer(lambda _: Reply(b"busy", 503)) as server,
        pytest.raises(ComponentError, match="HTTP 503: busy"),
    ):
        Server(url=server.url, model="seer", retries=0).ask(shown, ["?", "?"], settings)


def models(*names: str) -> Reply:
    return Reply(json.dumps({"data": [{"id": name} for name in names]}).encode())


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (models("other", "seer"), Reply(b"", 500)),
        (Reply(b"", 404), Reply(b"", 500)),
        (Reply(b"", 405), Reply(b"", 500)),
        (Reply(b"<html>", 200), Reply(b"", 500)),
        (Reply(b"", 503), Reply(b"", 500)),
        (models("/models/seer.gguf"), Reply(completion("Hi"))),
    ],
    ids=["listed", "404", "405", "no list", "503", "by another name"],
)
def test_a_server_that_can_be_asked_passes_the_check(listed: Reply, said: Reply) -> None:
    with ChatServer(lambda _: said) as server:
        server.models = listed
        Server(url=server.url, model="seer").check()
    assert len(server.asked) == (said.status == 200)


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (models("other"), "has no model 'seer'"),
        (Reply(b'{"error": "who are you?"}', 401), "HTTP 401: who are you?. It was sent no key"),
        (Reply(b"", 307), "sends elsewhere"),
    ],
    ids=["another model", "no key", "elsewhere"],
)
def test_a_server_that_cannot_be_asked_is_told_by_the_check(listed: Reply, says: str) -> None:
    with ChatServer(lambda _: Reply(b"model seer not found", 404)) as server:
        server.models = listed
        with pytest.raises(ComponentError) as failed:
            Server(url=server.url, model="seer").check()
    assert says in str(failed.value)


def test_the_check_needs_a_server() -> None:
    with pytest.raises(ComponentError, match="No server answers at"):
        Server(url=f"http://127.0.0.1:{unused_port()}/v1", model="seer").check()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"url": "localhost:11434"}, "labeler.url 'localhost:11434' is no address"),
        ({"url": "file:///etc/passwd"}, "is no address of a server"),
        ({"url": "http://me:hunter2@host/v1"}, "must be an address alone"),
        ({"url": "http://host/v1?key=hunter2"}, "must be an address alone"),
        ({"url": "me:hunter2@host"}, "labeler.url is no address"),
        *(
            ({"api_key_env": key}, "is the name of an environment variable")
            for key in (
                *("sk-hunter2", "gsk_hunter2", "hf_hunter2", "sk_hunter2", "r8_hunter2"),
                *("hunter2" * 5, "abcdhunter2EFGHijkl"),
            )
        ),
        ({"timeout": 0.0}, "labeler.timeout must be"),
        ({"concurrency": 0}, "labeler.concurrency must be 1 to 256, not 0"),
        ({"retries": -1}, "labeler.retries must be"),
        ({"max_new_tokens": 0}, "labeler.max_new_tokens must be 1 or more, not 0"),
        ({"max_side": 0}, "labeler.max_side must be 1 or more, not 0"),
        ({"jpeg_quality": 101}, "labeler.jpeg_quality must be 1 to 100, not 101"),
        ({"categories": ["cat", "Cats"]}, "are the same but for case"),
        ({"prompt": "What is it?", "categories": ["cat"]}, "does not say what to choose from"),
    ],
    ids=str,
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ClusterlabError) as refused:
        Server(**{"model": "seer", **arguments})
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_url_may_be_written_in_full() -> None:
    for url in ("http://host/v1", "http://host/v1/", "http://host/v1/chat/completions"):
        assert Server(model="seer", url=url).url == "http://host/v1"


def test_the_key_goes_to_the_server_and_nowhere_else(
    photos: Collection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "hunter2-secret")
    for other in ("OPENAI_API_KEY", "HF_TOKEN", "CLUSTERLAB_API_KEY"):
        monkeypatch.setenv(other, "not-this-one")
    # A proxy would see key and images.
    for proxy in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(proxy, f"http://127.0.0.1:{unused_port()}")
    with ChatServer(bright) as server:
        found = labeler(server, api_key_env="MY_KEY").answers(photos, settings, column="seen")
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer hunter2-secret"}
    assert "not-this-one" not in json.dumps([dict(asked.headers) for asked in server.asked])
    assert "hunter2" not in repr(found)


def test_a_variable_that_is_there_has_a_name_whatever_it_looks_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "hf_token_of_the_group_2026_for_all_of_us"
    monkeypatch.setenv(name, "x")
    assert Server(model="seer", api_key_env=name).api_key_env == name


def test_a_key_in_the_place_of_its_name_is_written_nowhere(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "photos", 4)
    with ChatServer(bright) as server:
        words = run_words(server, folder, "labeler.server.api_key_env=gsk_hunter2")
        failed = clusterlab(*words, folder=tmp_path)
    assert failed.returncode
    assert "labeler.api_key_env is the name" in failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and b"hunter2" in f.read_bytes()]


@pytest.mark.parametrize("key", ["None", "null", "e", "Plants", "choices"])
def test_an_answer_that_holds_the_key_is_an_answer(
    key: str, photos: Collection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLAB_API_KEY", key)
    reply = Reply(completion("None of the above", refusal=None))
    with ChatServer(lambda _: reply) as server:
        found = labeler(server).answers(photos, settings, column="seen")
    assert {(row.answer, row.status) for row in found.rows} == {("None of the above", "refused")}


@pytest.mark.parametrize(
    "quoted",
    [
        rb'{"error": {"message": "no such key: ab\/cd+ef"}}',
        rb'{"error": {"message": "no such key: ab\u002Fcd\u002bef"}}',
        rb'{"no such key: ": "ab\/cd\u002bef"}',
        rb'{"no such key: ab\/cd+ef',
        b"<p>no such key: ab&#x2F;cd&#43;ef</p>",
        b"no such key: ab%2Fcd%2Bef",
        b"%sno such key: ab/cd+ef" % (b" " * 3981),
    ],
)
@pytest.mark.parametrize("status", [400, 200])
def test_a_key_that_is_quoted_in_another_spelling_is_not_quoted(
    quoted: bytes,
    status: int,
    photos: Collection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLUSTERLAB_API_KEY", "ab/cd+ef")
    few = photos.take(photos.ids[:2])
    with ChatServer(lambda _: Reply(quoted, status)) as server:
        found = labeler(server).answers(few, settings, column="seen")
    for row in found.rows:
        assert row.status == "failed"
        assert "no such key: " in row.answer
        assert "***" in row.answer
        assert "ab" not in row.answer
        assert "ef" not in row.answer


@pytest.mark.parametrize("status", [400, 401, 500, 200])
def test_a_server_that_quotes_the_key_is_not_quoted(
    status: int, photos: Collection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLAB_API_KEY", "hunter2-" + "x" * 40)
    told = b'{"error": {"message": "%sno such key: hunter2-%s"}}' % (b"." * 120, b"x" * 40)
    with ChatServer(lambda _: Reply(told, status)) as server:
        if status in (400, 200):
            found = labeler(server, retries=0).answers(photos, settings, column="seen")
            said = " ".join(row.answer for row in found.rows)
        else:
            with pytest.raises(ComponentError) as failed:
                labeler(server, retries=0).answers(photos, settings, column="seen")
            said = str(failed.value)
    assert "hunter2" not in said
    assert "no such key: ***" in said


def test_a_key_that_is_missing_or_broken(
    photos: Collection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(bright) as server:
        with pytest.raises(ComponentError, match=r"MY_KEY, which labeler\.api_key_env names"):
            labeler(server, api_key_env="MY_KEY").answers(photos, settings, column="seen")
        for key in ("hunter2\nX-Admin: yes", "hunter2 x", "hunter2é"):
            monkeypatch.setenv("MY_KEY", key)
            with pytest.raises(ComponentError, match="no key has") as failed:
                labeler(server, api_key_env="MY_KEY").answers(photos, settings, column="seen")
            assert "hunter2" not in str(failed.value)
    assert not server.asked


def run_words(server: ChatServer, folder: Path, *more: str) -> list[str]:
    return [
        *("run", "dataset=folder", f"dataset.path={folder}", "labeler=server"),
        *(f"labeler.server.url={server.url}", "labeler.server.model=seer"),
        *("taxonomy.categories=[Plants,Animals]", *QUICK, *more),
    ]


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "clusterlab", *words],
        cwd=folder,
        env=environment(folder),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    )


def until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def n_stored(folder: Path) -> int:
    with sqlite3.connect(folder / "cache" / "store.sqlite") as store:
        return int(store.execute("SELECT count(*) FROM texts").fetchone()[0])


def test_a_killed_run_is_resumed_and_tells_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLAB_API_KEY", "hunter2-secret")
    photos = pictures(tmp_path / "photos", 30)
    with ChatServer(bright, delay=0.1) as server:
        words = run_words(server, photos, "labeler.server.concurrency=2")
        killed = start(words, tmp_path)
        until(lambda: server.answered >= 10, killed)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        answered, stored = server.answered, n_stored(tmp_path)
        assert answered - 4 <= stored < 30
        server.delay, before = 0.0, len(server.asked)
        done = clusterlab(*words, folder=tmp_path)
        folder = run_folder(done, tmp_path)
        assert len(server.asked) - before == 30 - stored
    table = pd.read_csv(folder / "assignments.csv")
    assert set(table.server) == {*WORDS}
    told = json.loads((folder / "timings.json").read_text())["label"]["store"]
    assert f"{stored} answers from the store, {30 - stored} computed" in told
    for file in (*folder.rglob("*"), *(tmp_path / "cache").rglob("*")):
        if file.is_file():
            assert b"hunter2" not in file.read_bytes(), file
    assert "hunter2" not in done.stdout + done.stderr
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer hunter2-secret"}


def test_an_interrupted_run_ends_at_once_and_keeps_its_answers(tmp_path: Path) -> None:
    """Although the server hangs."""
    photos = pictures(tmp_path / "photos", 12)
    hanging = Reply(completion("Plants"), delay=60)
    with ChatServer(lambda asked: "Plants" if asked.number < 6 else hanging) as server:
        process = start(run_words(server, photos), tmp_path)
        until(lambda: len(server.asked) == 10 and n_stored(tmp_path) == 6, process)
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - begin < 10
    assert process.returncode == 130, said
    assert n_stored(tmp_path) == 6
