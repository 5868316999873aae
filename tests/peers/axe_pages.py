"""Checks pages with axe-core in Chromium, at phone and desktop width, light and dark.

Usage: axe_pages.py ADDRESS PATH... Prints each serious or critical finding. Exit status 0
without any.
"""

import sys
from pathlib import Path

import axe_core_python
from selenium import webdriver

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--disable-default-apps",
]
AXE = next(Path(axe_core_python.__file__).parent.rglob("axe.min.js")).read_text()
GRAVE = ("serious", "critical")
# Links and buttons that a finger must hit on a phone; links within a sentence are text.
SMALL = """
const all = document.querySelectorAll('a, button, input:not([type=hidden]), select, summary');
const text = 'p, li, footer, dt, td, small, .steps, .skip';
return [...all].filter((node) => {
  const box = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  if (!box.width || style.position === 'absolute' || node.closest(text)) return false;
  return box.height < 43.5 && style.display !== 'inline';
}).map((node) => node.outerHTML.slice(0, 120));
"""
WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def browser(width, theme):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": theme}]})
    return driver


def findings(driver, path, width):
    # The policy of the pages forbids foreign scripts; the debugger's evaluation is not bound by it.
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    ran = driver.execute_cdp_cmd("Runtime.evaluate", {
        "expression": "axe.run().then((found) => found.violations)",
        "awaitPromise": True, "returnByValue": True})
    for rule in ran["result"]["value"]:
        if rule["impact"] in GRAVE:
            for node in rule["nodes"][:3]:
                yield f"{rule['id']} ({rule['impact']}): {node['html'][:160]}"
    over = driver.execute_script(WIDE)
    if over > 0:
        yield f"{over} px too wide"
    if width < 600:
        for node in driver.execute_script(SMALL)[:5]:
            yield f"target under 44 px: {node}"


def main():
    address, paths = sys.argv[1].rstrip("/"), sys.argv[2:]
    faults = 0
    for width, theme in ((360, "light"), (1280, "dark")):
        driver = browser(width, theme)
        try:
            for path in paths:
                driver.get(address + path)
                for finding in findings(driver, path, width):
                    faults += 1
                    print(f"{path} at {width} px, {theme}: {finding}", file=sys.stderr)
        finally:
            driver.quit()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
