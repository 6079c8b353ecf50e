"""Headless Chromium, for what a person sees."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def executable() -> str:
    """Return the path of a browser; skip the test where there is none, unless REQUIRE_BROWSER says that there must be one."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        message = f"no browser: install one of {', '.join(NAMES)}, or name it in CHROMIUM"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextmanager
def page(folder: Path) -> Iterator[Page]:
    """Open a page in a new profile below `folder`."""
    browser = executable()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"), executable_path=browser, headless=True, args=QUIET, viewport={"width": 1280, "height": 800}
        )
        try:
            yield context.new_page()
        finally:
            context.close()
