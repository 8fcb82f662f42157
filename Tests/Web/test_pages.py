"""The pages themselves: looks, keyboard, screen readers, what they are allowed to do. Screenshots go to .jetty/webtest."""

import pathlib
import re

import httpx
import pytest
from page import UploadPage

MIB = 1 << 20
CHECK = (pathlib.Path(__file__).parent / "accessibility.js").read_text()
LOOKS = {
    "light": {"width": 1100, "height": 900, "prefers_color_scheme": "light"},
    "dark": {"width": 1100, "height": 900, "prefers_color_scheme": "dark"},
    "narrow": {"width": 360, "height": 740, "prefers_color_scheme": "light"},
    "narrow-dark": {"width": 360, "height": 740, "prefers_color_scheme": "dark", "prefers_reduced_motion": "reduce"},
}


def check(tab):
    assert tab.run(CHECK) == []
    assert tab.complaints() == []


@pytest.fixture(params=LOOKS)
def look(request):
    return request.param


def test_upload_page(browser, stack, file, shots, look):
    page = UploadPage(browser, stack, **LOOKS[look])
    page.tab.wait("document.querySelector('#key')")
    page.tab.shot(shots / f"sign-in-{look}.png")
    check(page.tab)
    page.sign_in()
    page.tab.shot(shots / f"empty-{look}.png")
    check(page.tab)
    page.tab.slow_down(8_000_000)
    page.upload(file(24 * MIB, "Summer holidays in the mountains, uncut.mov"))
    page.wait_sent(20)
    page.tab.shot(shots / f"sending-{look}.png")
    check(page.tab)
    page.tab.click(".upload .actions button")
    page.wait_state("paused")
    check(page.tab)
    page.tab.slow_down(0)
    page.tab.click(".upload .actions .primary")
    page.wait_state("done")
    page.upload(file(6 * MIB, "notes.bin"))
    page.tab.wait("document.querySelectorAll('[data-testid=link]').length === 2")
    page.tab.shot(shots / f"done-{look}.png")
    check(page.tab)


def test_dashboard(browser, stack, client, file, shots, look):
    page = UploadPage(browser, stack, **LOOKS[look])
    page.sign_in()
    page.upload(file(12 * MIB, "clip.bin"))
    page.wait_state("done")
    # The session of the tab holds on both pages.
    page.tab.go(f"{stack.url}/dashboard")
    page.tab.wait("document.querySelectorAll('#edges tr').length >= 5 && document.querySelector('#sessions th')")
    assert page.tab.text("#fresh") == "Live"
    words = page.tab.text("#tiles")
    for name in ("Speed", "Saved", "Duplicates found", "Sent", "Uploads"):
        assert name in words
    edges = page.tab.text("#edges")
    assert all(edge in edges for edge in stack.env["JETTY_EDGE_IDS"].split(",")) and re.search(r"\d+ ms", edges) and "%" in edges
    assert "clip.bin" in page.tab.text("#sessions")
    # Live: what happens elsewhere appears by itself.
    before = client.get("/api/jetty/stats").json()["uploadsInProgress"]
    opened = client.plan(b"x" * (6 * MIB + len(look)), user="usr_live", fileName=f"live-{look}.bin")
    page.tab.wait(f"document.querySelector('#sessions').innerText.includes('live-{look}.bin')", 10)
    assert f"{before + 1} under way" in page.tab.text("#tiles")
    page.tab.shot(shots / f"dashboard-{look}.png")
    check(page.tab)
    client.post("/api/jetty/abort-upload", json={"userId": "usr_live", "fileId": opened["fileId"]}).raise_for_status()


def test_a_key_that_is_not_valid(browser, stack, shots):
    page = UploadPage(browser, stack)
    page.sign_in(key="jetty_" + "0" * 32)
    page.tab.wait("!document.querySelector('#sign-in-problem').hidden")
    assert "not valid" in page.tab.text("#sign-in-problem")
    assert page.tab.run("document.activeElement.id") == "key"
    assert page.tab.run("document.querySelector('#key').getAttribute('aria-invalid')") == "true"
    page.tab.shot(shots / "wrong-key.png")
    assert page.tab.run(CHECK) == []


def test_the_key_is_kept_as_the_person_chose(browser, stack):
    page = UploadPage(browser, stack)
    page.sign_in(keep=False)
    assert page.tab.run("JSON.stringify([{...sessionStorage}, {...localStorage}])").count(stack.api_key) == 0
    page.tab.reload()
    page.tab.wait("!document.querySelector('#sign-in').hidden")
    page.sign_in()
    assert page.tab.run("JSON.stringify({...sessionStorage})").count(stack.api_key) == 1
    assert page.tab.run("JSON.stringify({...localStorage})").count(stack.api_key) == 0
    page.tab.click("#sign-out")
    page.tab.wait("!document.querySelector('#sign-in').hidden")
    assert page.tab.run("JSON.stringify({...sessionStorage})").count(stack.api_key) == 0


def test_by_keyboard_alone(browser, stack, file):
    page = UploadPage(browser, stack)
    page.tab.wait("document.querySelector('#key')")
    order = []

    def tab(times: int = 1):
        for _ in range(times):
            page.tab.press("Tab", 9)
            order.append(page.tab.run("document.activeElement.id || document.activeElement.textContent.trim()"))

    tab(5)
    assert order == ["Skip to content", "AgentCache Jetty", "Upload", "Dashboard", "key"], order
    outline = page.tab.run("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "solid3px"
    page.tab.type(stack.api_key)
    tab(3)
    assert order[-3:] == ["user", "keep", "Sign in"]
    page.tab.press("Enter", 13, "\r")
    page.tab.wait("!document.querySelector('#workspace').hidden && document.activeElement.id === 'main'")
    tab()
    assert order[-1] == "file"
    # The focus of the hidden input shows at its label.
    assert page.tab.run("getComputedStyle(document.querySelector('label[for=file]')).outlineWidth") == "3px"
    page.tab.slow_down(4_000_000)
    page.upload(file(24 * MIB))
    page.wait_sent(5)
    tab()
    assert page.tab.run("document.activeElement.getAttribute('aria-label')") == "Pause holiday.bin"
    page.tab.press("Enter", 13, "\r")
    page.wait_state("paused")
    page.tab.wait("document.querySelector('#live').textContent === 'holiday.bin is paused'")


def test_what_screen_readers_are_told(page, file):
    tree = page.tab.call("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")}
    for role, name in [("main", ""), ("navigation", "Pages"), ("heading", "Upload a file"), ("button", "Choose files"), ("status", "")]:
        assert any(found == role and name in text for found, text in named), (role, name, sorted(named))
    page.upload(file(6 * MIB))
    page.wait_state("done")
    page.tab.wait("document.querySelector('#live').textContent === 'holiday.bin is stored'")


def test_how_pages_are_served(stack, either):
    for path in ("/", "/dashboard", "/js/upload-page.js", "/js/hash-worker.js", "/css/base.css", "/icon.svg"):
        answer = either.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-cache"
        again = either.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content
        text = answer.text
        assert "innerHTML" not in text and "eval(" not in text and not re.search(r"""(src|href)=["']https?:""", text)
    for path in ("/js/..%2f..%2fREADME.md", "/../README.md", "/js/", "/web/index.html", "/index.htm"):
        assert either.get(path).status_code in (400, 404), path


@pytest.fixture(params=["http1", "http2"])
def either(request, stack):
    with httpx.Client(base_url=stack.url, http1=request.param == "http1", http2=request.param == "http2", trust_env=False) as client:
        yield client


def test_nothing_from_outside_runs(page):
    """The policy holds: no inline script, no other origin's, no page inside a frame."""
    page.tab.run("""(() => {
      globalThis.broken = [];
      document.addEventListener('securitypolicyviolation', (event) => broken.push(event.effectiveDirective));
      const inline = document.createElement('script');
      try { inline.textContent = 'globalThis.pwned = true'; } catch { broken.push('trusted-types'); }
      document.body.append(inline);
      const image = document.createElement('img');
      image.src = 'https://example.org/x.png';
      document.body.append(image);
      const frame = document.createElement('iframe');
      frame.src = '/dashboard';
      document.body.append(frame);
    })()""")
    page.tab.wait("globalThis.broken.includes('img-src') && globalThis.broken.includes('frame-src')")
    assert page.tab.run("globalThis.pwned") is None
