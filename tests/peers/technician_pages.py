"""A technician with a phone of 390 px: finds a device, adds it, looks at registers and frames.

Usage: technician_pages.py ADDRESS FOLDER. PANTAU_CODE has the code of the first person. Screenshots
go into FOLDER. Exit status 0 when all is well.
"""

import os
import sys
from pathlib import Path

from page import Browser, exit_status
from selenium.webdriver.common.by import By

WIDTH = 390


class Technician(Browser):
    """One person in one language."""

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def open(self, path):
        self.driver.get(self.address + path)

    def look_at(self, name):
        self.fits(name)
        self.shot(name)

    def press(self, selector):
        self.driver.execute_script("arguments[0].click()", self.find(selector)[0])

    def type(self, name, text):
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def begin(self, code):
        self.open("/mulai" if code else "/masuk")
        if code:
            self.type("kode", code)
        self.type("nama", "budi")
        self.type("sandi", "pompa air desa 5")
        self.press("form.fields button[type=submit]")
        self.wait("the person", lambda: self.find("details.who"))

    def see_lines(self):
        self.open("/teknisi")
        self.wait("a busy line", lambda: self.find("[data-line='bus:lan'][data-state=ok]"))
        for button in self.find(".places .button"):
            if button.size["height"] < 44:
                self.faults.append("a button is too small for a finger")
        self.look_at("teknisi")

    def scan(self):
        self.open("/teknisi/cari")
        self.look_at("cari-awal")
        self.type("unit", "1-12")
        self.press("form.fields button[type=submit]")
        if self.find("progress"):
            self.look_at("cari-jalan")
        self.wait("the end of the scan", lambda: self.find("#hasil") and not self.find("progress"))
        self.look_at("cari-hasil")

    def add(self):
        self.press("a[href^='/teknisi/tambah']")
        self.wait("the form", lambda: self.find("select[name=profil]"))
        self.type("nama", "Meter rumah pompa")
        self.look_at("tambah")
        self.press("form.fields button[type=submit]")
        self.wait("the difference", lambda: self.find("#usul .difference"))
        self.look_at("usul")
        self.type("alasan", "meter baru")
        self.press("#usul form button[type=submit]")
        self.wait("what was done", lambda: self.find(".done a.button"))
        self.look_at("disimpan")
        self.press(".done a.button")
        self.wait("readings", lambda: self.find(".point[data-q=good]"))
        self.wait("the live connection", lambda: self.find("#live[data-state=ok]"))
        self.look_at("bacaan-pertama")

    def registers(self):
        self.open("/teknisi/register?jalur=lan&unit=1&alamat=0&banyak=1")
        self.wait("meanings", lambda: self.find(".meanings .value"))
        value = self.find(".meanings .value")[0].text
        self.type("tampilan", value)
        self.press("form.fields button[type=submit]")
        self.wait("a match", lambda: self.find(".meanings .agrees"))
        self.press(".meanings summary")
        self.look_at("register")

    def frames(self):
        self.open("/teknisi/bingkai?jalur=lan")
        first = "[data-line='frame:0:lan'] [data-field=at]"
        self.wait("a frame", lambda: self.text(first))
        before = self.text(first)
        self.wait("the next frame", lambda: self.text(first) != before)
        self.look_at("bingkai")


def main():
    address, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    faults = []
    for lang, code in (("id", os.environ["PANTAU_CODE"]), ("en", "")):
        person = Technician(address, folder, WIDTH, lang, "light")
        try:
            person.begin(code)
            person.see_lines()
            person.scan()
            if lang == "id":
                person.add()
            person.registers()
            person.frames()
            person.logs()
            faults += person.faults
        finally:
            person.close()
    return exit_status(faults)


sys.exit(main())
