"""A browser for the tests that ask for one: `make test-site` names it, and elsewhere they are skipped."""

import os

import pytest
from site_pages import built, every_listing

ARGUMENTS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    where = os.environ.get("BESTIARY_BROWSER")
    if not where:
        pytest.skip("runs in a browser: `make test-site`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=where, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(browser, tmp_path_factory):
    """The site on disk, as file://."""
    folder = tmp_path_factory.mktemp("site")
    for path, content in built(every_listing()).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder.as_uri()


@pytest.fixture
def visit(browser, address):
    """Open a page; at the end of the test nothing may have gone wrong in it."""
    contexts, wrong = [], []

    def opened(page, theme="light", width=1280, **more):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme, **more)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda e: wrong.append(str(e)))
        tab.on("requestfailed", lambda r: wrong.append(f"{r.url}: {r.failure}"))
        tab.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        tab.goto(page if "://" in page else f"{address}/{page}", wait_until="load")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
