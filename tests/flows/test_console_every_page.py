"""Every page that has a route, over books with one of everything, in words of outsiders."""

import re

from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.console_pages import fill, one_of_each, page_routes
from tests.fixtures.superpay import SuperPay

NO_LISTS = {
    "/console",
    "/console/account",
    "/console/account/second-factor",
    "/console/checks",
    "/console/search",
}
"""Pages without a parameter that show one thing, or what was asked for."""
_INLINE = re.compile(
    r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
)


def check(path: str, page: Page) -> None:
    """What holds for each page: it is whole, and nothing of the hostile words is markup."""
    assert page.status == 200, (path, page.status, page.text[:300])
    assert page.html.count("<h1") == 1, path
    for word in ("<script>alert", "<img src=x", "alert(1)</script>"):
        assert word not in page.html, path
    # What stands in text and in values of attributes is no markup.
    tags = "".join(re.findall(r"<[^>]*>", re.sub(r'"[^"]*"', '""', page.html)))
    assert _INLINE.search(tags) is None, (path, _INLINE.search(tags))
    ids = re.findall(r'\sid="([^"]+)"', page.html)
    assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "no-store" in page.answer.headers["cache-control"]


async def test_every_page_is_whole_and_safe_and_every_list_has_its_csv(superpay: SuperPay) -> None:
    admin = await Console(superpay.http, superpay.platform).desk("root", "admin")
    await fill(superpay, admin)
    pages = await one_of_each(superpay, admin)
    assert set(pages) == set(page_routes())
    for route, path in pages.items():
        page = await admin.get(path)
        check(path, page)
        await check_csv(admin, route, page)


async def check_csv(admin: Desk, route: str, page: Page) -> None:
    """A list gives what it shows as CSV, whole."""
    is_list = "{" not in route and route not in NO_LISTS
    link = re.search(r'href="([^"]*format=csv[^"]*)"', page.html)
    assert (link is not None) or not is_list, f"{route} has no CSV"
    if link is not None:
        answer = await admin.get(link[1].replace("&amp;", "&"))
        assert answer.status == 200, route
        assert answer.answer.headers["content-type"].startswith("text/csv"), route
