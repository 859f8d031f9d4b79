"""A dashboard in the browser, and what its charts were answered."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Response, ViewportSize, sync_playwright

TALL: ViewportSize = {"width": 1400, "height": 5000}
"""Charts load when they come into view: here all are."""

MILLISECONDS = 90_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, kept off the network."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "a browser is needed: apt-get install chromium"
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*flags, "--no-first-run"])
        yield browser
        browser.close()


def log_in(browser: Browser, url: str, password: str, viewport: ViewportSize, scale: float = 1) -> BrowserContext:
    """Superset's administrator in a window of this size, in CSS pixels, each of so many points of the screen."""
    context = browser.new_context(viewport=viewport, device_scale_factor=scale, locale="id-ID")
    page = context.new_page()
    page.goto(f"{url}/login/")
    page.fill("input[name=username], #username", "admin")
    page.fill("input[type=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url, timeout=MILLISECONDS)
    page.close()
    return context


@dataclass
class Opened:
    """A dashboard in the browser, and what its charts were answered by the page's own queries."""

    page: Page
    responses: list[Response] = field(default_factory=list)

    def answers(self) -> dict[int, dict[str, Any]]:
        """Number of the chart → its answer."""
        found = {}
        for response in self.responses:
            asked = re.search(r"slice_id%22%3A(\d+)", response.url)
            if "/api/v1/chart/data" in response.url and asked:
                failed = {"rowcount": 0, "data": [], "error": f"HTTP {response.status}"}
                found[int(asked.group(1))] = response.json()["result"][0] if response.ok else failed
        return found


def open_dashboard(context: BrowserContext, url: str, name: str, charts: int, chosen: str = "") -> Opened:
    """Open it, with filters chosen (Rison), and wait until every chart stands there and none is still loading."""
    opened = Opened(context.new_page())
    opened.page.on("response", lambda response: opened.responses.append(response))
    opened.page.goto(f"{url}/superset/dashboard/{name}/?standalone=2&native_filters={chosen}")
    opened.page.wait_for_function(
        "charts => document.querySelectorAll('.dashboard-component-chart-holder .slice_container').length === charts"
        " && !document.querySelector('.loading, [data-test=loading-indicator]')",
        arg=charts,
        timeout=MILLISECONDS,
    )
    opened.page.wait_for_load_state("networkidle", timeout=MILLISECONDS)
    return opened
