"""The report in a real browser: no network, no errors, no sideways scrolling, every plot drawn."""

import html.parser
import shutil

import pytest

from voltberg.reports.replay_report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
PLOTS = 9
LARGEST_BYTES = 6 * 10**6
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (CI installs it)")


@pytest.fixture(scope="module")
def report(run_folder):
    return write_report(run_folder)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [1280, 390])
def test_report_opens_quietly_and_fits(report, browser, width_px, scheme):
    page = browser.new_page(viewport={"width": width_px, "height": 900}, color_scheme=scheme)
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    page.wait_for_function(
        "document.querySelectorAll('script.figure').length === "
        "document.querySelectorAll('.plot:has(.main-svg)').length"
    )
    assert page.locator(".plot:has(.main-svg)").count() == PLOTS
    # each of them draws something within its axes
    assert page.locator(".plot:has(.cartesianlayer .trace)").count() == PLOTS
    assert requests == [report.as_uri()]
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    assert page.evaluate("document.body.scrollWidth") <= width_px
    # no card reaches beyond the page either, where a parent might cut it off
    cards = "[...document.querySelectorAll('.card, .tile, .verdict, h1')]"
    rights = page.evaluate(f"{cards}.map(card => card.getBoundingClientRect().right)")
    assert max(rights) <= width_px
    assert "Every check holds." in page.inner_text(".verdict")
    page.close()


class _Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_report_is_one_small_file_that_refers_to_nothing(report):
    assert report.stat().st_size < LARGEST_BYTES
    links = _Links()
    links.feed(report.read_text(encoding="utf-8"))
    assert [link for link in links.found if not link.startswith("data:")] == []


def test_notes_of_inputs_cannot_bring_in_markup(run_folder, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    path = folder / "run.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("feeder.json", "<script>alert(1)</script>"), encoding="utf-8"
    )
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_report_is_the_same_every_time(report, run_folder):
    first = report.read_bytes()
    assert write_report(run_folder).read_bytes() == first
