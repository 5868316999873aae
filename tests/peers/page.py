"""Opens the page in Chromium at phone and desktop width, in both languages, and says what is wrong.

Usage: page.py ADDRESS FOLDER. Screenshots go into FOLDER. Exit status 0 when all is well.
"""

import base64
import json
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--disable-default-apps",
    # A gateway's own authority is not known here.
    "--ignore-certificate-errors",
]
WAIT = 30
# Width in pixels, language, colours: every pair of the first two is seen.
VISITS = [
    (360, "id", "light"), (1280, "id", "dark"), (360, "en", "dark"), (1280, "en", "light"),
]
# Pixels of the plot's canvas that are not empty.
DRAWN = """
const canvas = document.querySelector('.plot canvas');
if (!canvas) return 0;
const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
let drawn = 0;
for (let i = 3; i < data.length; i += 4) if (data[i]) drawn += 1;
return drawn;
"""


class Browser:
    def __init__(self, address, folder, width, lang, theme):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS + [f"--lang={lang}", f"--accept-lang={lang}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=service)
        self.address, self.folder, self.lang = address, folder, lang
        self.faults = []
        self.look(width, theme)

    def look(self, width, theme):
        """A window of this width, in these colours."""
        height = 800 if width < 600 else 900
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.width, self.theme = width, theme

    def wait(self, what, condition):
        try:
            return WebDriverWait(self.driver, WAIT, 0.1).until(lambda _: condition())
        except Exception as fault:  # the message names what was waited for
            self.shot("fault")
            raise SystemExit(f"{self.lang} {self.width}: waited for {what}: {fault}") from fault

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def shot(self, name):
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        height = min(size["height"], 2400)
        clip = {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 1}
        image = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": clip})["data"]
        path = self.folder / f"{name}-{self.lang}-{self.width}-{self.theme}.png"
        path.write_bytes(base64.b64decode(image))

    def fits(self, what):
        over = self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            self.faults.append(f"{what} is {over} px too wide at {self.width}")

    def overview(self):
        self.driver.get(self.address + "/teknisi")
        shown = self.driver.find_element(By.TAG_NAME, "html").get_attribute("lang")
        if shown != self.lang:
            self.faults.append(f"asked for {self.lang}, shown {shown}")
        live = {"id": "terhubung", "en": "connected"}[self.lang]
        self.wait("the live connection", lambda: self.text("#live") == live)
        value = "[data-line='point:inverter.ac_power'] .value"
        # Only what is on the screen is sent.
        self.driver.execute_script(
            "arguments[0].scrollIntoView()", self.driver.find_element(By.CSS_SELECTOR, value))
        first = self.text(value)
        self.wait("a live value to change", lambda: self.text(value) != first)
        small = "const one = document.querySelector('img.spark'); return one?.naturalWidth > 0"
        self.wait("a small plot", lambda: self.driver.execute_script(small))
        self.fits("the devices")
        self.shot("technician")

    def plot(self, point, span):
        self.driver.get(f"{self.address}/points/{point}?span={span}")
        drawn = lambda: self.driver.execute_script(DRAWN) > 3000
        self.wait(f"the plot of {point} for a {span}", drawn)
        self.fits("the plot")
        self.shot(f"{point}-{span}")

    def health(self):
        self.driver.get(self.address + "/health")
        self.fits("the health page")
        self.shot("health")

    def logs(self):
        for entry in self.driver.get_log("browser"):
            # The test itself reads the canvas again and again, which Chromium remarks upon.
            is_own = "Canvas2D" in entry["message"]
            if entry["level"] in ("SEVERE", "WARNING") and not is_own:
                self.faults.append(f"console: {entry['message']}")
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            url = message["params"]["request"]["url"]
            if not url.startswith((self.address + "/", "data:", "chrome:", "about:")):
                self.faults.append(f"a request left this machine: {url}")

    def close(self):
        self.driver.quit()


def open_signed_in(browser, name, password):
    """Goes through the sign-in as a person does, from the home page."""
    browser.driver.get(browser.address + "/")
    browser.driver.find_element(By.CSS_SELECTOR, "a.tool[href^='/masuk']").click()
    browser.wait("the sign-in", lambda: browser.driver.find_elements(By.NAME, "sandi"))
    browser.driver.find_element(By.NAME, "nama").send_keys(name)
    browser.driver.find_element(By.NAME, "sandi").send_keys(password)
    browser.driver.find_element(By.CSS_SELECTOR, "form.fields button[type=submit]").click()
    browser.wait("the person's name", lambda: browser.driver.find_elements(
        By.CSS_SELECTOR, "details.who"))


def exit_status(faults):
    """Prints the faults that were found; the exit status is 0 without any."""
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def main():
    address, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    faults = []
    for width, lang, theme in VISITS:
        browser = Browser(address, folder, width, lang, theme)
        try:
            browser.overview()
            browser.plot("inverter.ac_power", "day")
            browser.plot("inverter.ac_power", "hour")
            browser.plot("inverter.ac_energy", "day")
            browser.health()
            browser.logs()
        finally:
            browser.close()
        faults += browser.faults
    return exit_status(faults)


if __name__ == "__main__":
    sys.exit(main())
