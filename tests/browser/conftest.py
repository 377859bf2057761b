"""People at real browsers: Chromium, the real application on a port, SuperPay's simulator."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Dialog, Page, async_playwright

from tests.browser.chromium import find
from tests.fixtures.console import Console, Desk
from tests.fixtures.superpay import SuperPay

SCREENSHOTS: Final = "PAYMENTS_TEST_SCREENSHOTS"
"""A folder that pictures for docs/console.md are written to."""
WIDTH, HEIGHT = 1200, 780
SERIOUS: Final = {"serious", "critical"}


class Person:
    """An operator at a browser. Whatever the pages do, no script of others runs."""

    def __init__(self, desk: Desk, page: Page) -> None:
        self.desk = desk
        self.page = page
        self.troubles: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._console)

    async def _dialog(self, dialog: Dialog) -> None:
        self.troubles.append(f"a dialog opened: {dialog.message}")
        await dialog.dismiss()

    def _console(self, message: Any) -> None:
        is_answer = "Failed to load resource" in message.text  # a 403 that a test asked for
        if message.type == "error" and not is_answer:
            self.troubles.append(message.text)

    async def open(self, path: str) -> None:
        """Go to a page by its address."""
        await self.page.goto(path)

    async def follow(self, name: str) -> None:
        """Follow a link by what it says, and wait for the page."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=name).first.click()

    async def follow_first(self) -> bool:
        """Follow the first link of the table; False when there is none."""
        link = self.page.locator("tbody a").first
        if not await link.count():
            return False
        async with self.page.expect_navigation():
            await link.click()
        return True

    async def press(self, name: str) -> None:
        """Press a button and wait for the page that answers."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=name).first.click()

    async def unfold(self, name: str) -> None:
        """Open a form that is folded."""
        await self.page.locator("summary", has_text=name).first.click()

    async def fill(self, label: str, value: str) -> None:
        """Type into a field that is seen."""
        field = self.page.get_by_label(label).locator("visible=true")
        await field.first.fill(value)

    async def choose(self, label: str, value: str) -> None:
        """Choose in a list that is seen."""
        field = self.page.get_by_label(label).locator("visible=true")
        await field.first.select_option(value)

    async def search(self, text: str) -> None:
        """Use the box at the top."""
        await self.page.get_by_role("searchbox").fill(text)
        async with self.page.expect_navigation():
            await self.page.get_by_role("searchbox").press("Enter")

    async def reads(self) -> str:
        """What stands on the page."""
        return " ".join((await self.page.locator("body").inner_text()).split())

    async def shot(self, name: str) -> None:
        """A picture for the documents, when a folder is named."""
        folder = os.environ.get(SCREENSHOTS)
        if folder:
            await self.page.screenshot(path=Path(folder) / f"{name}.png")

    async def check(self) -> None:
        """Nothing serious hinders people with this page, and nothing strange happened on it."""
        results = await Axe().run(self.page)
        found = [
            f"{v['id']}: {v['help']} {[n['html'][:200] for n in v['nodes'][:3]]}"
            for v in results.response["violations"]
            if v["impact"] in SERIOUS
        ]
        assert found == [], (self.page.url, found)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        needed = await self.page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, (self.page.url, f"{needed} pixels wide")
        assert self.troubles == []


Sits = Callable[..., Awaitable[Person]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    path = find()
    assert path is not None, "make test-browser installs Chromium, or says how"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def sits(superpay: SuperPay, browser: Browser) -> Sits:
    """New operators, each logged in at a browser of its own."""
    console = Console(superpay.http, superpay.platform)

    async def person(
        login: str, role: str = "operator", *, width: int = WIDTH, dark: bool = False
    ) -> Person:
        desk = await console.desk(login, role)
        context = await browser.new_context(
            base_url=str(superpay.http.base_url),
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
        )
        await context.add_cookies(
            [{"name": "console", "value": desk.token, "url": str(superpay.http.base_url)}]
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        return Person(desk, page)

    return person
