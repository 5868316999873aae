"""What each person does in the first ten minutes, in Chromium and in both languages.

Usage: stories.py STORY ADDRESS FOLDER. The story is `technician`, `installer`, `officer`,
`reporter` or `admin`.
Name and password are in `PANTAU_NAME` and `PANTAU_PASSWORD`; the technician has the code of a new
box in `PANTAU_CODE` instead; the installer also has what to add in `PANTAU_TABLES`, and the port of
the sensor in `PANTAU_MODBUS`. Screenshots go into FOLDER. Exit status 0 when all is well.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from pymodbus.client import ModbusTcpClient
from page import DRAWN, Browser, exit_status, open_signed_in
from selenium.webdriver.common.by import By

SESSION = "pantau_session"
# Stands in for the menu of the phone: what is shared is kept instead.
SHARE = "navigator.share = (what) => { window.shared = what.text; return Promise.resolve(); };"


class Person(Browser):
    """A person who looks, taps and types."""

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        script = """return [...document.querySelectorAll(arguments[0])]
            .map((node) => (node.innerText ?? node.textContent).trim());"""
        return self.driver.execute_script(script, selector)

    def see(self, selector):
        self.wait(selector, lambda: self.find(selector))
        return self.texts(selector)[0]

    def scroll_to(self, selector):
        self.wait(selector, lambda: self.find(selector))
        one = self.find(selector)[0]
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
        return one

    def tap(self, selector):
        self.scroll_to(selector).click()

    def go(self, selector):
        """Taps a link or a button that leads to another page."""
        here = self.find("html")[0]
        self.tap(selector)
        self.wait(f"the page of {selector}", lambda: self.find("html") != [here])
        self.fits(self.driver.current_url)

    def type(self, name, text):
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def expect(self, what, is_so):
        if not is_so:
            self.shot("unexpected")
            self.faults.append(f"{self.lang} {self.width} px: {what}")

    def open_place(self, place):
        """By the navigation: the bar at the foot of a phone, or the line at the top."""
        if self.width > 860:
            return self.go(f"nav.wide a[href='/{place}']")
        if not self.find(f"nav.bar > a[href='/{place}']"):
            self.tap("nav.bar summary")
        return self.go(f"nav.bar a[href='/{place}']")

    def speak(self, lang):
        if self.see("html") and self.find(f"a.tool[hreflang='{lang}']"):
            self.go(f"a.tool[hreflang='{lang}']")
        self.lang = lang

    def logs(self):
        super().logs()
        # The question about a second entry of 12 kg is a page with this status.
        self.faults = [one for one in self.faults if "/catat - " not in one or "422" not in one]

    def sign_out(self):
        self.tap("details.who summary")
        self.go("details.who form button")

    def plot_is_drawn(self):
        self.see(".plot")
        self.driver.execute_script(
            "document.querySelector('.plot').scrollIntoView({block: 'center'})")
        self.wait("the plot", lambda: self.driver.execute_script(DRAWN) > 1000)


def number_of(text):
    """Number that a page shows in either language; one decimal mark at most is expected."""
    return float(re.search(r"[\d.,]+", text)[0].replace(",", "."))


def technician(person):
    """A new box, with a phone beside it: the code, a sane number, the tank."""
    for lang in ("id", "en"):
        if lang == "id":
            person.driver.get(person.address + "/")
            person.go("a.tool[href^='/masuk']")
            person.type("kode", os.environ["PANTAU_CODE"])
            person.type("nama", "budi")
            person.type("sandi", "pompa air desa 5")
            person.shot("technician-code")
            person.go("form.fields button[type=submit]")
        else:
            person.driver.get(person.address + "/")
            person.go("a.tool[href^='/masuk']")
            person.speak(lang)
            person.type("nama", "budi")
            person.type("sandi", "pompa air desa 5")
            person.go("form.fields button[type=submit]")
        person.see("details.who")
        person.open_place("teknisi")
        live = {"id": "terhubung", "en": "connected"}[lang]
        person.wait("the live connection", lambda: person.texts("#live") == [live])
        level = "[data-line='point:level.level'] .value"
        person.wait("a level", lambda: any(digit.isdigit() for digit in person.see(level)))
        person.expect(f"a level of {person.see(level)} m", 0 <= number_of(person.see(level)) <= 5)
        person.expect("the state of the device", person.see(".card .state"))
        # Only lines on the screen are kept up to date.
        person.scroll_to(level)
        time_of = lambda: person.see("time[data-field=last]")
        first = time_of()
        person.wait("the next reading", lambda: time_of() != first)
        person.shot("technician-devices")
        person.go("[data-line='point:level.level'] dt a")
        # A reading is in the plot once it is on the card.
        kept = lambda: person.find(".point.big[data-kept=true]")
        person.wait("a reading that is kept", kept)
        person.driver.refresh()
        person.plot_is_drawn()
        person.shot("technician-point")
        person.open_place("air")
        unit = person.texts("[data-line='point:level.level'] .unit")
        person.expect(f"the level in {unit}", unit == ["m"])
        person.see("svg.tank")
        # How the litres come about: the shape of the tank and its calibration are in the steps.
        person.go("[data-figure='tank.volume_last'] a.info")
        person.expect("steps of the volume", len(person.find(".steps *")) > 3)
        person.shot("technician-volume")
        person.driver.get(person.address + "/")
        person.sign_out()
        person.see("a.tool[href^='/masuk']")


def paste(person, name, text):
    """Text from the clipboard of the phone."""
    script = "const one = document.getElementsByName(arguments[0])[0]; one.value = arguments[1];"
    person.driver.execute_script(script, name, text)


def choose(person, name, value):
    person.tap(f"[name={name}] option[value='{value}']")


def agree(person, who):
    """One of the two confirms the record of the hand-over."""
    form = f"form:has(input[name=siapa][value={who}])"
    if person.find(f"{form} [name=paham]"):
        person.tap(f"{form} [name=paham]")
    person.go(f"{form} button")


def set_level(person, millimetres):
    """Water for the simulated sensor, and a reading of it."""
    with ModbusTcpClient("127.0.0.1", port=int(os.environ["PANTAU_MODBUS"])) as sensor:
        sensor.write_register(0, millimetres, device_id=1)
    # Only what is on the screen is kept current.
    person.driver.execute_script("document.querySelector('.sensor-now').scrollIntoView()")
    shown = f"{millimetres / 1000:.3f}".replace(".", ",")
    person.wait(f"{shown} m", lambda: person.see(".sensor-now .value").startswith(shown))


def add_site(person):
    """A line, a level sensor and a tank, in a configuration that has none."""
    person.open_place("teknisi")
    person.go("a[href='/teknisi/konfigurasi']")
    text = person.find("textarea.source")[0].get_attribute("value")
    paste(person, "teks", text + os.environ["PANTAU_TABLES"])
    person.go("form:has(input[value=periksa]) button[type=submit]")
    person.see(".difference .added")
    person.shot("install-1-difference")
    person.type("alasan", "pemasangan sensor tandon")
    person.go("#usul button[type=submit]")
    person.see(".done")
    person.shot("install-2-taken-over")


def calibrate_tank(person):
    """Dry, then 1.5 m on the stick, where the sensor hangs 3 cm above the bottom."""
    person.driver.get(person.address + "/teknisi/tangki")
    set_level(person, 30)
    person.go("form:has(input[value=kering]) button")
    set_level(person, 1530)
    person.type("tinggi", "1,5")
    person.go("form:has(input[value=ukur]) button")
    person.see("svg.calibration")
    person.expect("litres before and after", "L" in person.see("table.changes"))
    person.shot("install-3-tank")
    person.type("nama", "Budi")
    person.type("alasan", "pemasangan")
    person.go("#pratinjau button[type=submit]")
    person.expect("a calibration", "1" in person.see(".done"))
    person.shot("install-4-tank-kept")


def soak(person):
    person.driver.get(person.address + "/teknisi/uji")
    choose(person, "lama", "singkat")
    person.type("nama", "Budi")
    person.go("form:has(input[value=mulai]) button")
    person.see("progress")
    person.shot("install-5-soak")
    # The page asks for itself again: what is found may be gone a moment later.
    person.wait("the end of the test", lambda: "hasil" in person.driver.page_source
                and "<progress" not in person.driver.page_source)
    person.driver.get(person.address + "/teknisi/uji")
    person.expect(f"a test that is passed: {person.see('#hasil')}", person.find("#hasil p.done"))
    person.shot("install-6-soak-passed")


def hand_over(person):
    person.driver.get(person.address + "/teknisi/waktu")
    if person.find("[data-state=fault]"):
        person.go("form:has(input[value=ponsel]) button")
    person.driver.get(person.address + "/teknisi/serah-terima")
    person.shot("install-7-checks")
    person.tap("#layar summary")
    person.type("layar-level.level", "1,52")
    person.go("#layar form button[type=submit]")
    photo = person.folder / "install-photo.png"
    person.driver.get_screenshot_as_file(str(photo))
    person.find("input[type=file]")[0].send_keys(str(photo.resolve()))
    time.sleep(1)
    person.go("#foto form[enctype] button[type=submit]")
    person.see(".photos img")
    person.type("teknisi", "Budi Santoso")
    person.type("jabatan-teknisi", "teknisi")
    person.type("penerima", "Siti Aminah")
    person.type("jabatan-penerima", "kepala desa")
    person.type("catatan", "Salinan harian menyusul")
    person.go("form:has(input[value=nama]) button[type=submit]")
    person.shot("install-8-names")
    agree(person, "teknisi")
    agree(person, "penerima")
    place = person.find("#ditandatangani a")[0].get_attribute("href")
    person.shot("install-9-signed")
    cookie = f"{SESSION}={person.driver.get_cookie(SESSION)['value']}"
    with urllib.request.urlopen(urllib.request.Request(place, headers={"Cookie": cookie})) as file:
        record = file.read()
    person.expect("a PDF", record.startswith(b"%PDF"))
    (person.folder / "install-record.pdf").write_bytes(record)


def installer(person):
    """From an empty box to a signed record of the hand-over, on a phone."""
    person.driver.get(person.address + "/")
    person.go("a.tool[href^='/masuk']")
    person.type("kode", os.environ["PANTAU_CODE"])
    person.type("nama", "budi")
    person.type("sandi", "pompa air desa 5")
    person.go("form.fields button[type=submit]")
    person.see("details.who")
    add_site(person)
    calibrate_tank(person)
    soak(person)
    hand_over(person)


def read_home(person):
    """Is my site well? Without a tap, on the first screen of a phone."""
    units = {"id": r"\d+ (jam|hari|minggu|bulan)", "en": r"\d+ (hour|day|week|month)s?"}
    person.see(".attention")
    foot = person.driver.execute_script(
        "return document.querySelector('.attention').getBoundingClientRect().bottom")
    person.expect(f"the warnings end at {foot} px", foot < 740)
    tank = person.see(".tank-card")
    person.expect(f"how long the water lasts: {tank}", re.search(units[person.lang], tank))
    person.expect("the bin's temperature", "°C" in person.see(".bin-card"))
    home = person.see("main")
    shown = [name for name in ("inverter", "bsf-core", "level.level") if name in home]
    person.expect(f"ids on the home page: {shown}", not shown)
    person.fits("the home page")
    person.shot("officer-home")


def officer(person):
    """The city, on a phone: today, 12 kg of maggot, and the text for the director."""
    person.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHARE})
    open_signed_in(person, os.environ["PANTAU_NAME"], os.environ["PANTAU_PASSWORD"])
    for lang in ("id", "en"):
        person.speak(lang)
        read_home(person)
        person.open_place("bsf")
        person.plot_is_drawn()
        person.shot("officer-bin")
        person.open_place("catat")
        # The two taps; between them is the number.
        person.tap("label.indicator:has(input[value='bsf-maggot'])")
        for key in "12":
            [one for one in person.find(".keys button") if one.text == key][0].click()
        person.go(".save")
        if person.find(".ask"):
            person.go(".ask button[value=anyway], .ask button[name=confirm]")
        person.expect("12 kg saved", "12 kg" in person.see(".saved"))
        person.shot("officer-saved")
        person.go("#entri .entry-acts a")
        person.type("quantity", "13")
        person.driver.find_element(By.CSS_SELECTOR, "#perbaiki [name=reason]").send_keys("13")
        person.go("#perbaiki button[type=submit]")
        person.expect("13 kg after the correction", "13 kg" in person.see(".saved"))
        person.expect("12 kg is struck through", "12 kg" in person.texts("#entri s"))
        person.open_place("laporan")
        sentence = person.driver.find_element(By.ID, "share-text").get_attribute("value")
        link = person.find("#share-whatsapp")[0].get_attribute("href")
        person.expect("the link to WhatsApp", link.startswith("https://wa.me/?text="))
        person.tap("#share-send")
        person.expect("the text to share", "Desa Impian" in sentence)
        shared = person.driver.execute_script("return window.shared")
        person.expect(f"the shared text: {shared}", shared.strip() == sentence.strip())
        person.shot("officer-share")
        person.open_place("")
    person.look(768, "dark")
    read_home(person)


def download(person, form, folder):
    """Orders a file on the page, waits for it, and fetches it."""
    before = set(folder.iterdir())
    person.go(f".downloads button[value={form}]")
    person.wait("the file", lambda: person.find("a[href^='/laporan/berkas/']"))
    # The page may load itself once more between two looks at it.
    time.sleep(0.2)
    person.tap("a[href^='/laporan/berkas/']")
    files = lambda: [one for one in folder.iterdir() if one.suffix == f".{form}"]
    new = lambda: [one for one in files() if one not in before]
    person.wait(f"the {form} file", new)
    content = new()[0].read_bytes()
    begin = {"pdf": b"%PDF-", "xlsx": b"PK", "csv": b"", "json": b"{"}[form]
    person.expect(f"{form} begins with {content[:8]}", content.startswith(begin) and content)
    if form == "json":
        json.loads(content)
    person.go("section.empty p:last-of-type a.button")


def reporter(person):
    """An office, once a quarter: four files, and one figure down to its readings."""
    open_signed_in(person, os.environ["PANTAU_NAME"], os.environ["PANTAU_PASSWORD"])
    for lang in ("id", "en"):
        person.speak(lang)
        person.open_place("laporan")
        quarter = {"id": "Triwulan", "en": "Quarter"}[lang]
        choices = person.find(".bar-period .choice a")
        chosen = [at for at, one in enumerate(choices) if one.text == quarter]
        person.expect(f"a quarter among {[one.text for one in choices]}", chosen)
        person.go(f".bar-period .choice a:nth-child({chosen[0] + 1})")
        person.expect("the short edition", "kWh" in person.see(".edition"))
        person.shot("reporter-edition")
        # A file of the same name would replace that of the other language.
        folder = person.folder / f"downloads-{lang}"
        folder.mkdir(exist_ok=True)
        person.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {
            "behavior": "allow", "downloadPath": str(folder)})
        forms = {"id": ("pdf", "xlsx", "csv", "json"), "en": ("pdf",)}[lang]
        for form in forms:
            download(person, form, folder)
        name = os.environ["PANTAU_NAME"]
        issued = [one for one in person.texts(".issued li") if name in one]
        person.expect(f"reports in the list: {issued}", len(issued) >= len(forms))
        trace(person)
        person.open_place("laporan")
        person.go(".issued a.button")
        person.see(".callout b")
        person.expect("the hash of the report", len(person.see(".facts code")) == 64)
        person.shot("reporter-issued")


def trace(person):
    """From a figure of the short edition to the plot of its readings."""
    person.go(".edition a[href*='plts.generation']")
    person.see(".steps")
    # All steps open, as a reader opens them one by one.
    person.driver.execute_script(
        "document.querySelectorAll('.steps details').forEach((one) => { one.open = true; })")
    person.shot("reporter-explanation")
    person.go(".steps a[href^='/points/']")
    person.plot_is_drawn()
    person.shot("reporter-readings")


def answer_of(address, headers):
    """Status of a request without the browser; redirects are not followed."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    try:
        request = urllib.request.Request(address, headers=headers)
        return urllib.request.build_opener(Stay).open(request).status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def admin(person):
    """People and programs: a user, a token, the audit log, and the end of a session."""
    for lang, role in (("id", "technician"), ("en", "viewer")):
        open_signed_in(person, os.environ["PANTAU_NAME"], os.environ["PANTAU_PASSWORD"])
        person.speak(lang)
        person.tap("details.who summary")
        person.go("details.who a[href='/pengguna']")
        form = "form.fields:has(input[value=tambah])"
        name = f"rina-{lang}"
        person.driver.find_element(By.CSS_SELECTOR, f"{form} [name=nama]").send_keys(name)
        choice = f"{form} [name=peran] option[value={role}]"
        person.driver.find_element(By.CSS_SELECTOR, choice).click()
        password = f"{form} [name=sandi]"
        person.driver.find_element(By.CSS_SELECTOR, password).send_keys("angin dari laut 8")
        person.go(f"{form} button[type=submit]")
        person.see(f"[data-user='{name}']")
        person.shot("admin-users")
        person.tap("details.who summary")
        person.go("details.who a[href='/akun']")
        form = "form.fields:has(input[value=token])"
        person.driver.find_element(By.CSS_SELECTOR, f"{form} [name=nama]").send_keys(f"wa-{lang}")
        person.go(f"{form} button[type=submit]")
        token = person.see(".secret code")
        bearer = {"Authorization": f"Bearer {token}"}
        users = answer_of(f"{person.address}/api/v1/users", bearer)
        person.expect(f"a token lists people: {users}", users == 403)
        points = answer_of(f"{person.address}/api/v1/points", bearer)
        person.expect(f"the token reads: {points}", points == 200)
        person.tap("details.who summary")
        person.go("details.who a[href='/riwayat']")
        log = person.see("table.audit")
        person.expect(f"{name} and the token in the log", name in log and f"wa-{lang}" in log)
        person.shot("admin-log")
        cookie = {"Cookie": f"{SESSION}={person.driver.get_cookie(SESSION)['value']}"}
        before = answer_of(f"{person.address}/riwayat", cookie)
        person.sign_out()
        after = answer_of(f"{person.address}/riwayat", cookie)
        person.expect(f"the old cookie: {before}, then {after}", (before, after) == (200, 303))
        person.driver.get(person.address + "/riwayat")
        person.expect("the sign-in instead of the log", person.find("input[name=sandi]"))


STORIES = {
    "technician": (technician, 360), "installer": (installer, 390), "officer": (officer, 360),
    "reporter": (reporter, 1440), "admin": (admin, 1440),
}


def main():
    story, address, folder = sys.argv[1], sys.argv[2].rstrip("/"), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    tell, width = STORIES[story]
    person = Person(address, folder, width, "id", "light")
    try:
        tell(person)
        person.logs()
    finally:
        person.close()
    return exit_status(person.faults)


if __name__ == "__main__":
    sys.exit(main())
