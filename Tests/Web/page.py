"""The upload page as a person uses it."""

import hashlib
import pathlib

import httpx
from browser import Browser, Tab


class UploadPage:
    def __init__(self, browser: Browser, stack, user: str = "usr_web", **how):
        self.browser, self.stack, self.user = browser, stack, user
        self.tab: Tab = browser.open(f"{stack.url}/", **how)

    def sign_in(self, key: str | None = None, keep: bool = True):
        self.tab.wait("document.querySelector('#key')")
        self.tab.run("document.querySelector('#key').focus()")
        self.tab.type(key or self.stack.api_key)
        self.tab.run("document.querySelector('#user').select()")
        self.tab.run("document.querySelector('#user').focus()")
        self.tab.type(self.user)
        if not keep:
            self.tab.click("#keep")
        self.tab.press("Enter", 13, "\r")
        if key is None:
            self.tab.wait("!document.querySelector('#workspace').hidden")

    @property
    def state(self) -> str:
        """Of the newest upload."""
        return self.tab.run("document.querySelector('[data-testid=upload]')?.dataset.state ?? ''")

    def wait_state(self, *states: str, seconds: float = 90) -> str:
        wanted = " || ".join(f"state === '{state}'" for state in states)
        return self.tab.wait(f"""(() => {{
            const state = document.querySelector('[data-testid=upload]')?.dataset.state;
            return ({wanted}) && state;
        }})()""", seconds)

    def wait_sent(self, percent: int, seconds: float = 90):
        self.tab.wait(
            f"Number(document.querySelector('[data-testid=upload] .bar')?.getAttribute('aria-valuenow')) >= {percent} "
            "&& document.querySelector('[data-testid=upload]').dataset.state === 'sending'", seconds)

    def upload(self, *files: pathlib.Path):
        self.tab.choose("#file", *files)

    def open_upload(self, file_id: str, seconds: float = 30):
        """Waits until the upload is listed as unfinished."""
        self.tab.wait(f"document.querySelector('[data-testid=open][data-file-id={file_id}]')", seconds)

    def go_on(self, file_id: str, file: pathlib.Path):
        self.open_upload(file_id)
        self.tab.choose(f"#go-on-{file_id}", file)

    @property
    def words(self) -> str:
        return self.tab.text("[data-testid=upload]")

    def stored_hash(self) -> str:
        """SHA-256 of what the page's link fetches."""
        link = self.tab.run("document.querySelector('[data-testid=link]').href")
        digest = hashlib.sha256()
        with httpx.stream("GET", link, trust_env=False, timeout=60) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_bytes():
                digest.update(piece)
        return digest.hexdigest()


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
