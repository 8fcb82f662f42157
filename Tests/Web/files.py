"""The project's modules and their tests on an origin of their own, without a gateway."""

import contextlib
import functools
import http.server
import pathlib
import threading

HERE = pathlib.Path(__file__).parent
WEB = HERE.parents[1] / "web"


class Files(http.server.SimpleHTTPRequestHandler):
    """/js/… is the project's, /unit/… are the tests."""

    extensions_map = {".js": "text/javascript", ".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}

    def translate_path(self, path: str) -> str:
        path = path.split("?")[0]
        return str(HERE / path.lstrip("/") if path.startswith("/unit/") else WEB / path.lstrip("/"))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served():
    """The address of the origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(WEB)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
