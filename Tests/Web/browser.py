"""A headless Chromium, driven over the DevTools protocol by a pipe: no port, no driver, nothing besides the browser itself."""

import base64
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ANSWER_SECONDS = 30


class BrowserError(AssertionError):
    pass


class Browser:
    """One Chromium with a profile of its own, in a directory that goes with it."""

    def __init__(self, profile: pathlib.Path | None = None):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert program, "chromium is not installed: scripts/install-browser.sh"
        self._own = tempfile.TemporaryDirectory(prefix="jetty-browser-") if profile is None else None
        profile = profile or pathlib.Path(self._own.name)
        (theirs_in, self._out), (self._in, theirs_out) = os.pipe(), os.pipe()
        # Above 3 and 4, which the browser reads and writes.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out)]
        os.close(theirs_in)
        os.close(theirs_out)

        def wire():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=wire, pass_fds=(3, 4),
            start_new_session=True, env=os.environ | {"HOME": str(profile)})  # fmt: skip
        for end in ends:
            os.close(end)
        self._lock, self._arrived = threading.Lock(), threading.Condition()
        self._answers: dict[int, dict] = {}
        self._events: list[dict] = []
        self._number = 0
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """As a crash or a pulled plug would."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait(10)
        for end in (self._out, self._in):
            try:
                os.close(end)
            except OSError:
                pass
        if self._own:
            shutil.rmtree(self._own.name, ignore_errors=True)

    def _read(self):
        rest = b""
        while True:
            try:
                piece = os.read(self._in, 1 << 16)
            except OSError:
                piece = b""
            with self._arrived:
                if not piece:
                    self._closed = True
                *messages, rest = (rest + piece).split(b"\0")
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self._events.append(message)
                self._arrived.notify_all()
            if not piece:
                return

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        with self._lock:
            self._number += 1
            number = self._number
            request = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
            os.write(self._out, json.dumps(request).encode() + b"\0")
        with self._arrived:
            if not self._arrived.wait_for(lambda: number in self._answers or self._closed, ANSWER_SECONDS):
                raise BrowserError(f"the browser does not answer {method}")
            answer = self._answers.pop(number, {"error": {"message": "the browser is gone"}})
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def events(self, session: str, method: str) -> list[dict]:
        with self._arrived:
            return [event["params"] for event in self._events if event.get("sessionId") == session and event["method"] == method]

    def open(self, url: str = "about:blank", width: int = 1100, height: int = 900, **media: str) -> "Tab":
        return Tab(self, url, width, height, media)

    def renderers(self) -> list[int]:
        """The processes that run pages."""
        return [process["id"] for process in self.call("SystemInfo.getProcessInfo")["processInfo"] if process["type"] == "renderer"]


class Tab:
    """One page. `media`: such as prefers_color_scheme="dark"."""

    def __init__(self, browser: Browser, url: str, width: int, height: int, media: dict[str, str]):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.go(url)

    def call(self, method: str, **parameters) -> dict:
        return self.browser.call(method, self.session, **parameters)

    def resize(self, width: int, height: int):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def go(self, url: str):
        if url == "about:blank":
            return
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'", 20)

    def reload(self):
        self.run("globalThis.isOld = true")
        self.call("Page.reload")
        self.wait("document.readyState === 'complete' && !globalThis.isOld", 20)

    def run(self, expression: str):
        """The value of a JavaScript expression; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if failure := answer.get("exceptionDetails"):
            raise BrowserError(failure.get("exception", {}).get("description", failure["text"]))
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 30, every: float = 0.05):
        """Waits until the expression is truthy, and gives its value."""
        deadline = time.monotonic() + seconds
        # An element is true; as a value it would arrive as an empty object.
        found = f"(() => {{ const found = ({expression}); return found instanceof Node ? true : found; }})()"
        while True:
            try:
                value, problem = self.run(found), None
            except BrowserError as error:  # the page is being replaced
                value, problem = None, error
            if value:
                return value
            if time.monotonic() > deadline:
                text = self.run("document.body?.innerText ?? ''") if problem is None else str(problem)
                raise BrowserError(f"never true: {expression}\nThe page says:\n{text}\nIts console: {self.complaints()}")
            time.sleep(every)

    def text(self, selector: str) -> str:
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def click(self, selector: str):
        """By the mouse, where the element is."""
        box = self.wait(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            node?.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const box = node?.getBoundingClientRect();
            return box && box.width > 0 && {{x: box.x + box.width / 2, y: box.y + box.height / 2}};
        }})()""", 10)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box["x"], y=box["y"], button="left", clickCount=1)

    def type(self, text: str):
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str | None = None, shift: bool = False):
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def choose(self, selector: str, *files: pathlib.Path):
        """Picks files in a file dialogue."""
        found = self.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]
        assert "objectId" in found, f"there is no {selector}"
        self.call("DOM.setFileInputFiles", files=[str(file) for file in files], objectId=found["objectId"])

    def slow_down(self, upload_bytes_per_second: int):
        """0: as fast as it goes."""
        self.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1,
                  uploadThroughput=upload_bytes_per_second or -1)

    def shot(self, path: pathlib.Path, whole: bool = True):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def complaints(self) -> list[str]:
        """Uncaught errors, and what the browser itself complains about: a breach of the page's policy, say. Not answers that are errors:
        pages live with them."""
        thrown = [event["exceptionDetails"] for event in self.browser.events(self.session, "Runtime.exceptionThrown")]
        logged = [event["entry"] for event in self.browser.events(self.session, "Log.entryAdded")]
        return [one.get("exception", {}).get("description", one["text"]) for one in thrown] + [
            f"{one['text']} {one.get('url', '')}" for one in logged if one["level"] == "error" and one["source"] != "network"
        ]

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
