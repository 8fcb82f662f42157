"""Uploads by the page, against the real stack."""

import os
import signal
import time

from browser import Browser
from command import Command, stopped
from page import UploadPage, sha256

MIB = 1 << 20


def in_progress(client, user: str) -> list[dict]:
    sessions = client.get(f"/api/jetty/stats?userId={user}").json()["recentSessions"]
    return [one for one in sessions if one["status"] == "in_progress"]


def settled(client, user: str, file_id: str) -> list[int]:
    """What is stored, once the edges have recorded what was on its way when the sender was killed."""
    before = None
    while True:
        stored = client.get(f"/api/jetty/get-state/{user}/{file_id}").json()["state"]["chunksUploaded"]
        if stored == before:
            return stored
        before = stored
        time.sleep(2)


def test_upload_over_several_edges_then_a_duplicate(page, file):
    path = file(64 * MIB)
    page.upload(path)
    page.wait_state("done")
    assert page.stored_hash() == sha256(path) == page.tab.text("[data-testid=hash]")
    edges = page.tab.run("[...document.querySelectorAll('.edge')].filter((row) => / [1-9]\\d* chunk/.test(row.innerText)).length")
    assert edges >= 2, page.words

    page.upload(path)
    page.tab.wait("document.querySelectorAll('[data-testid=upload]').length === 2")
    page.wait_state("done")
    assert "Already stored" in page.words and "nothing was sent" in page.words
    assert page.tab.complaints() == []


def test_killed_tab_then_resumed(browser, page, client, file):
    """200 MB; the process of the page is killed half-way; a new tab goes on after the same file was chosen again."""
    path = file(200 * 1_000_000)
    page.tab.slow_down(40_000_000)
    page.upload(path)
    page.wait_sent(35)
    file_id = in_progress(client, page.user)[0]["fileId"]
    for process in browser.renderers():
        os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not browser.events(page.tab.session, "Inspector.targetCrashed"):
        assert time.monotonic() < deadline, "the page did not die"
        time.sleep(0.05)
    page.tab.close()
    settled(client, page.user, file_id)
    before = client.get(f"/api/jetty/get-state/{page.user}/{file_id}").json()["state"]
    assert 0 < len(before["chunksUploaded"]) and before["progress"] < path.stat().st_size

    # Another tab has a session of its own: the key is asked for again, and what was begun is listed with its name.
    again = UploadPage(browser, page.stack)
    again.sign_in()
    again.open_upload(file_id)
    assert path.name in again.tab.text("[data-testid=open]")
    again.go_on(file_id, path)
    again.wait_state("done")
    assert again.stored_hash() == sha256(path)
    sent = again.tab.run("[...document.querySelectorAll('.edge-words')].map((node) => Number(node.innerText.match(/(\\d+) chunk/)[1]))")
    state = client.get(f"/api/jetty/get-state/{page.user}/{file_id}").json()["state"]
    assert sum(sent) == len(state["chunksUploaded"]) - len(before["chunksUploaded"])


def test_upload_begun_by_the_command_and_a_wrong_file(stack, client, file, tmp_path, browser):
    path = file(160 * MIB)
    command = Command(stack.url, stack.api_key, tmp_path, user="usr_cli")
    with command.half_way(client, "upload", "--threads", "1", path) as (process, file_id):
        stopped(process, signal.SIGKILL)
    stored = settled(client, "usr_cli", file_id)
    page = UploadPage(browser, stack, user="usr_other")
    page.sign_in()

    # As many bytes, others: refused by samples, before anything is sent.
    page.go_on(file_id, file(160 * MIB, "other.bin"))
    page.wait_state("failed")
    assert "not the file that was begun" in page.words and "contents differ" in page.words
    # Another size.
    page.go_on(file_id, file(3 * MIB, "short.bin"))
    page.tab.wait("document.querySelectorAll('[data-testid=upload]').length === 2")
    page.wait_state("failed")
    assert "another size" in page.words
    assert client.get(f"/api/jetty/get-state/usr_cli/{file_id}").json()["state"]["chunksUploaded"] == stored

    page.go_on(file_id, path)
    page.wait_state("done")
    assert page.stored_hash() == sha256(path)


def test_a_file_that_differs_only_where_no_sample_is(stack, client, file, page):
    """The whole digest is compared before the upload is completed."""
    path = file(96 * MIB)
    page.tab.slow_down(30_000_000)
    page.upload(path)
    page.wait_sent(35)
    page.tab.click(".upload .actions button")
    page.wait_state("paused")
    page.tab.slow_down(0)
    file_id = in_progress(client, page.user)[0]["fileId"]
    other = UploadPage(page.browser, stack)
    other.sign_in()
    changed = file(1, "changed.bin")
    data = bytearray(path.read_bytes())
    # In the last chunk, which is not sent yet.
    data[-1] ^= 1
    changed.write_bytes(data)
    other.go_on(file_id, changed)
    other.wait_state("failed")
    assert "contents differ" in other.words
    assert client.get(f"/api/jetty/stats?userId={page.user}").json()["recentSessions"][0]["status"] == "in_progress"
    client.post("/api/jetty/abort-upload", json={"userId": page.user, "fileId": file_id}).raise_for_status()


def test_pause_reload_and_go_on(page, client, file):
    path = file(64 * MIB)
    page.tab.slow_down(20_000_000)
    page.upload(path)
    page.wait_sent(20)
    page.tab.click(".upload .actions button")
    page.wait_state("paused")
    file_id = in_progress(client, page.user)[0]["fileId"]
    stored = client.get(f"/api/jetty/get-state/{page.user}/{file_id}").json()["state"]["progress"]
    time.sleep(1)
    assert client.get(f"/api/jetty/get-state/{page.user}/{file_id}").json()["state"]["progress"] == stored
    page.tab.reload()
    # Signed in still: the key outlives a reload where that was asked for.
    page.tab.slow_down(0)
    page.go_on(file_id, path)
    page.wait_state("done")
    assert page.stored_hash() == sha256(path)


def test_an_edge_that_dies_is_done_without(stack, page, file):
    path = file(96 * MIB)
    page.tab.slow_down(25_000_000)
    page.upload(path)
    page.wait_sent(15)
    with stack.without(f"edge-{stack.env['JETTY_EDGE_IDS'].split(',')[0]}"):
        page.wait_state("done", seconds=120)
    assert page.stored_hash() == sha256(path)


def test_another_device_sees_progress(stack, client, page, file):
    """The list of unfinished uploads moves while somebody else sends."""
    path = file(96 * MIB)
    page.tab.slow_down(4_000_000)
    page.upload(path)
    page.wait_sent(1)
    file_id = in_progress(client, page.user)[0]["fileId"]
    with Browser() as elsewhere:
        watching = UploadPage(elsewhere, stack)
        watching.sign_in()
        watching.open_upload(file_id)
        value = f"Number(document.querySelector('[data-file-id={file_id}] .bar').getAttribute('aria-valuenow'))"
        first = watching.tab.run(value)
        watching.tab.wait(f"{value} > {first}", 20)
        page.tab.slow_down(0)
        page.wait_state("done")
        # Done is done everywhere.
        watching.tab.wait(f"!document.querySelector('[data-file-id={file_id}]')", 20)
    assert page.stored_hash() == sha256(path)
