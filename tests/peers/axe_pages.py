"""Opens every page in Chromium, at phone and desktop width, light and dark, in both languages.

Usage: axe_pages.py ADDRESS FOLDER PATH... Signs in first when `PANTAU_NAME` and `PANTAU_PASSWORD`
are set; the path `ORDER` is then that of a report which is ordered here. A path may be a whole
address. Screenshots go into FOLDER when `PANTAU_SHOTS` is set. Exit status 0 without any finding:
a serious or critical rule of axe-core, a level of headings left out, a page wider than its window,
a header of two lines, a target under 44 px on a phone, a fault in the console, a plot that is not
drawn, a number with a decimal point on an Indonesian page.
"""

import os
import re
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import axe_core_python
from page import Browser, exit_status, open_signed_in
from selenium.webdriver.common.by import By

AXE = next(Path(axe_core_python.__file__).parent.rglob("axe.min.js")).read_text()
RUN = """axe.run({ resultTypes: ['violations']RULES }).then((found) => found.violations
    .filter((rule) => ['serious', 'critical'].includes(rule.impact)
        || rule.id === 'heading-order')
    .flatMap((rule) => rule.nodes.slice(0, 3).map((node) =>
        `${rule.id} (${rule.impact}): ${node.html.slice(0, 160)} ${node.failureSummary}`)))"""
# Rules that depend on width and colours; all others say the same at the first look and the last.
OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
# Links and buttons that a finger must hit on a phone. A link within a sentence is text (WCAG
# 2.5.8); a box to tick is hit by its label, and a mark may reach beyond its drawing.
SMALL = """
// Without a style the browser decides the size.
if (!document.styleSheets.length) return [];
const all = 'a[href], button, summary, select, textarea, input:not([type=hidden])';
const inSentence = (node) => {
  let around = node.parentElement;
  while (getComputedStyle(around).display === 'inline') around = around.parentElement;
  const links = [...around.querySelectorAll('a')].map((one) => one.textContent).join('');
  const own = (text) => text.replace(/\\s/g, '').length;
  return getComputedStyle(node).display === 'inline' && own(around.textContent) > own(links);
};
const height = (node) => {
  const heights = [node.getBoundingClientRect().height];
  const label = node.closest('label');
  if (label && ['radio', 'checkbox'].includes(node.type)) heights.push(label.offsetHeight);
  const reach = getComputedStyle(node, '::after');
  if (reach.position === 'absolute') heights.push(parseFloat(reach.height));
  return Math.max(...heights);
};
return [...document.querySelectorAll(all)].filter((node) => {
  const hidden = !node.checkVisibility() || node.closest('.skip, .visually-hidden, .uplot');
  return !hidden && height(node) < 43.5 && !inSentence(node);
}).map((node) => `${Math.round(height(node))} px high: ${node.outerHTML.slice(0, 160)}`);
"""
# What sticks out of the window, not only that something does.
WIDE = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll('body *')]
  .filter((node) => node.getBoundingClientRect().right > width + 0.5)
  .slice(0, 4).map((node) => `${document.documentElement.scrollWidth} of ${width} px: ` +
      node.outerHTML.slice(0, 120));
"""
PLOTS = """
const plots = [...document.querySelectorAll('.plot')];
const next = plots.find((plot) => !plot.dataset.drawn);
if (next) next.scrollIntoView({ block: 'center' });
return next ? null : plots.filter((plot) => !plot.querySelector('canvas')).map((plot) =>
    `${plot.getAttribute('aria-label')}: ${plot.textContent}`);
"""
# Every text of a page but what is typed, computed by, or named for programs.
TEXTS = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const texts = [];
while (walker.nextNode()) {
  const skipped = 'code, pre, script, style, textarea, .uplot';
  if (!walker.currentNode.parentElement.closest(skipped)) texts.push(walker.currentNode.data);
}
return texts;
"""
DECIMAL_POINT = re.compile(r"(?<![\w.,/-])\d+\.\d{1,2}(?![\d.\w])")
# A time of day, which has a point in Indonesian: alone, behind a date or a dot, or before a zone.
CLOCK = re.compile(
    r"(?:^|(?<=\d{4} )|(?<=· ))[0-2]\d\.[0-5]\d(?=$|[\s,);:])|[0-2]\d\.[0-5]\d(?= WI)")
# Width and colours in each language: a page is loaded once a language.
LOOKS = {"id": [(360, "light"), (1440, "dark")], "en": [(360, "dark"), (1440, "light")]}
# Widths at which the navigation is in the header, which has one line then; the page has most tools.
HEADER_PAGE, HEADER_WIDTHS = "/teknisi", [1440, 1320, 1200, 1121, 1024, 961]
HEADER_HEIGHT_MAX = 80
# Pages of many parts are seen at a third width too.
ALSO_MIDDLE = ["/", "/plts", "/air", "/catat", "/laporan", "/dampak"]


def plot_faults(browser):
    """Scrolls to each plot, which are drawn when they come into view."""
    for _ in range(300):
        faults = browser.driver.execute_script(PLOTS)
        if faults is not None:
            return [f"no plot: {fault}" for fault in faults]
        time.sleep(0.1)
    return ["a plot is not drawn after 30 s"]


def digit_faults(browser):
    for text in browser.driver.execute_script(TEXTS):
        found = DECIMAL_POINT.search(CLOCK.sub("", text.strip()))
        if found:
            yield f"a decimal point: {text.strip()[:120]}"


def page_faults(browser, width, is_first):
    rules = "" if is_first else f", runOnly: {OF_LOOKS}"
    ran = browser.driver.execute_cdp_cmd("Runtime.evaluate", {
        "expression": RUN.replace("RULES", rules), "awaitPromise": True, "returnByValue": True})
    yield from ran["result"].get("value", ["axe-core did not run"])
    for node in browser.driver.execute_script(WIDE):
        yield f"too wide: {node}"
    if width < 600:
        yield from browser.driver.execute_script(SMALL)


def look_at(browser, path, lang):
    joint = "&" if "?" in path else "?"
    place = path if "://" in path else browser.address + path
    browser.driver.get(f"{place}{joint}lang={lang}")
    shown = browser.driver.execute_script("return document.documentElement.lang")
    if shown != lang:
        browser.faults.append(f"{path} {lang}: shown in {shown}")
    name = urlsplit(path).path.strip("/").replace("/", "-") or "home"
    # The policy of the pages forbids foreign scripts; the debugger's evaluation is not bound by it.
    browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    if lang == "id":
        faults = digit_faults(browser)
        browser.faults += [f"{path} {lang}: {fault}" for fault in faults]
    middle = [(768, "light")] if lang == "id" and path in ALSO_MIDDLE else []
    for number, (width, theme) in enumerate(LOOKS[lang] + middle):
        browser.look(width, theme)
        faults = plot_faults(browser) + list(page_faults(browser, width, number == 0))
        browser.faults += [f"{path} {lang} {width} px {theme}: {fault}" for fault in faults]
        if "PANTAU_SHOTS" in os.environ:
            browser.lang = lang
            browser.driver.execute_script("scrollTo(0, 0)")
            browser.shot(f"page-{name}")
    for width in HEADER_WIDTHS if path == HEADER_PAGE else []:
        browser.look(width, "light")
        height = browser.driver.execute_script(
            "return document.querySelector('header.top').offsetHeight")
        if height > HEADER_HEIGHT_MAX:
            browser.faults.append(f"{path} {lang} {width} px: a header of {height} px")
    for entry in browser.driver.get_log("browser"):
        if entry["level"] == "SEVERE":
            browser.faults.append(f"{path} {lang}: console: {entry['message']}")


def order_report(browser):
    """Orders a report on the page; returns the path of the order."""
    browser.driver.get(browser.address + "/laporan")
    button = browser.driver.find_element(By.CSS_SELECTOR, ".downloads button[value=json]")
    # The bar at the foot of a phone must not lie over it.
    browser.driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", button)
    button.click()
    browser.wait("the report", lambda: browser.driver.find_elements(
        By.CSS_SELECTOR, "a[href^='/laporan/berkas/']"))
    return urlsplit(browser.driver.current_url).path


def main():
    address, folder, paths = sys.argv[1].rstrip("/"), Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    browser = Browser(address, folder, 360, "id", "light")
    try:
        if "PANTAU_NAME" in os.environ:
            open_signed_in(browser, os.environ["PANTAU_NAME"], os.environ["PANTAU_PASSWORD"])
        ordered = order_report(browser) if "ORDER" in paths else ""
        for path in paths:
            for lang in LOOKS:
                look_at(browser, ordered if path == "ORDER" else path, lang)
    finally:
        browser.close()
    return exit_status(browser.faults)


if __name__ == "__main__":
    sys.exit(main())
