"""A loopback server for a built book and a Chromium that can reach nothing else."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

__all__ = ["CHROMIUM_NAMES", "chromium", "find_chromium", "serve"]

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Luminance and overflow are measured: the same pixels on every machine.
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    # Chromium never sends loopback addresses through a proxy. Everything else goes to the discard port, where
    # nobody listens. Unlike request interception this keeps the cache, and it also holds for workers and sockets.
    "--proxy-server=http://127.0.0.1:9",
]


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


class _QuietHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the checks report failed requests themselves."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The browser opens more connections at once than the default backlog of 5 holds.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A page that is left while it loads drops its connections.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(root: Path) -> Iterator[str]:
    """Serve the folder ``root`` on a free loopback port; yields the origin, without a final slash."""
    with _Server(("127.0.0.1", 0), partial(_QuietHandler, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """A headless Chromium with a fresh profile and no network but loopback."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
