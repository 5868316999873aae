"""Records entries in Chromium as a person with a phone does, with and without a connection.

Usage: entry.py ADDRESS FOLDER. Screenshots go into FOLDER. Exit status 0 when all is well. Between
browser and gateway stands a relay of this program: it can cut the connection, and lose answers.
"""

import base64
import json
import os
import socket
import struct
import sys
import threading
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from page import Browser, exit_status
from selenium.webdriver.common.by import By


# A photo of twelve megapixels, as a phone takes it: noise, which no encoder makes small.
PHOTO = """
const done = arguments[0], canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [4000, 3000];
const ctx = canvas.getContext('2d'), noise = ctx.createImageData(canvas.width, canvas.height);
const pixels = new Uint32Array(noise.data.buffer);
for (let i = 0; i < pixels.length; i += 1) pixels[i] = 0xff000000 + Math.random() * 0xffffff;
ctx.putImageData(noise, 0, 0);
done(canvas.toDataURL('image/jpeg', 0.8).split(',')[1]);
"""


def png_picture(width, height):
    """A PNG of noise, larger than a form may be sent over a weak line."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg_size(data):
    """Width and height of a JPEG, from its frame header (ITU T.81, B.2.2)."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    height, width = struct.unpack(">HH", data[at + 5:at + 9])
    return width, height


class Relay:
    """TCP relay in one of three modes: `up`, `down`, and `lose` (requests pass, answers do not)."""

    def __init__(self, address):
        place = urlsplit(address)
        self.target = (place.hostname, place.port)
        self.mode = "up"
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"{place.scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def switch(self, mode):
        self.mode = mode
        with self.lock:
            left, self.open = self.open, set()
        for one in left:
            self.cut(one)

    @staticmethod
    def cut(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.mode == "down":
                self.cut(client)
                continue
            server = socket.create_connection(self.target)
            with self.lock:
                self.open |= {client, server}
            for pair in ((client, server, False), (server, client, True)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, sink, is_answer):
        try:
            while data := source.recv(65536):
                if is_answer and self.mode == "lose":
                    break
                sink.sendall(data)
        except OSError:
            pass
        self.cut(source)
        self.cut(sink)


class Person(Browser):
    """A person who taps: every tap is counted."""

    def __init__(self, relay, gateway, folder, lang, theme):
        super().__init__(relay.address, folder, 360, lang, theme)
        self.relay, self.gateway = relay, gateway
        self.taps = 0

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def seen(self, selector):
        """Texts of what is shown now; the list of what waits may change at any moment."""
        script = """return [...document.querySelectorAll(arguments[0])]
            .filter((node) => node.offsetParent).map((node) => node.innerText);"""
        return self.driver.execute_script(script, selector)

    def tap(self, selector):
        self.wait(selector, lambda: self.find(selector))
        one = self.find(selector)[0]
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
        one.click()
        self.taps += 1

    def open(self, path="/catat"):
        self.driver.get(self.address + path)

    def type_keys(self, number):
        for key in number:
            button = [one for one in self.find(".keys button") if one.text == key]
            button[0].click()

    def choose(self, indicator):
        if self.find(f".others input[value='{indicator}']"):
            self.tap(".others summary")
        self.tap(f"label.indicator:has(input[value='{indicator}'])")

    def entries(self, indicator=None):
        url = f"{self.gateway}/api/v1/ledger?superseded=true"
        with urllib.request.urlopen(url + (f"&indicator={indicator}" if indicator else "")) as said:
            return json.load(said)

    def expect(self, what, found, wanted):
        if found != wanted:
            self.faults.append(f"{self.lang}: {what}: {found!r}, not {wanted!r}")

    def waiting(self):
        return len(self.seen("#outbox li"))

    def usual_entry(self):
        mark = {"id": ",", "en": "."}[self.lang]
        self.open()
        self.fits("the form")
        self.choose("bsf-fed")
        self.driver.find_element(By.NAME, "who").send_keys("Siti")
        self.type_keys(f"12{mark}5")
        small = [one.text for one in self.find(".keys button") if one.size["height"] < 56]
        self.expect("keys below 56 px", small, [])
        self.shot("entry-keys")
        self.tap(".save")
        self.wait("the saved entry", lambda: self.find(".saved"))
        self.shot("entry-saved")
        # The name is known now: two taps, and the number.
        self.open()
        self.taps = 0
        self.choose("bsf-fed")
        self.type_keys("14")
        self.tap(".save")
        self.wait("the second entry", lambda: self.find(".saved"))
        self.expect("taps of a usual entry", self.taps, 2)
        self.expect("entries", [one["quantity"] for one in self.entries()], [12.5, 14])
        self.fits("the saved entry")

    def doubtful_entry(self):
        self.open()
        self.choose("bsf-fed")
        self.type_keys("50000")
        self.tap(".save")
        self.wait("the question", lambda: self.find(".ask button[name=confirm]"))
        self.shot("entry-question")
        self.expect("entries before the answer", len(self.entries()), 2)
        self.tap(".ask button[name=confirm]")
        self.wait("the confirmed entry", lambda: self.find(".saved"))
        self.expect("entries after the answer", self.entries()[-1]["quantity"], 50000)

    def correction(self):
        last = self.entries()[-1]["id"]
        self.open(f"/catat/entri/{last}")
        self.fits("the correction")
        self.shot("entry-correction")
        quantity = self.driver.find_element(By.ID, "quantity")
        quantity.clear()
        quantity.send_keys("15")
        self.driver.find_element(By.CSS_SELECTOR, "#perbaiki [name=reason]").send_keys("x")
        self.tap("#perbaiki button[type=submit]")
        self.wait("the corrected entry", lambda: self.find(".saved"))
        struck = self.find(f"#entri #entri-{last} s")
        self.expect("struck through", len(struck), 1)
        self.shot("entry-list")

    def large_photos(self):
        """A photo is made smaller on the phone, whatever the phone took."""
        self.open()
        jpeg = base64.b64decode(self.driver.execute_async_script(PHOTO))
        for name, data, size in [("nota.jpg", jpeg, (2048, 1536)),
                                 ("layar.png", png_picture(1500, 3000), (1024, 2048))]:
            self.expect(f"a large {name}", len(data) > 5_000_000, True)
            file = self.folder / name
            file.write_bytes(data)
            self.open()
            self.choose("bsf-fed")
            self.type_keys("13" if name == "nota.jpg" else "16")
            photo = self.driver.find_element(By.NAME, "photo")
            photo.send_keys(str(file))
            small = f"return document.querySelector('[name=photo]').files[0].size < {len(data)}"
            self.wait("a smaller photo", lambda: self.driver.execute_script(small))
            self.tap(".save")
            self.wait("the saved entry", lambda: self.find(".saved"))
            kept = self.entries()[-1]["attachments"][0]
            self.expect("its name", kept["name"], Path(name).stem + ".jpg")
            place = f"{self.gateway}/api/v1/ledger/attachments/{kept['sha256']}"
            with urllib.request.urlopen(place) as said:
                self.expect("its pixels", jpeg_size(said.read()), size)
            file.unlink()

    def ready(self):
        self.open()
        controlled = "return !!navigator.serviceWorker.controller"
        self.wait("the service worker", lambda: self.driver.execute_script(controlled))
        kept = """const done = arguments[0];
            caches.match('/catat/luring').then((page) => done(!!page));"""
        self.wait("the kept form", lambda: self.driver.execute_async_script(kept))

    def entry_without_connection(self, number):
        self.choose("jelantah")
        self.type_keys(number)
        self.tap(".save")

    def offline(self):
        self.ready()
        before = len(self.entries("jelantah"))
        # The gateway records this one, but its answer does not arrive.
        self.relay.switch("lose")
        self.entry_without_connection("3")
        self.wait("an entry that waits", lambda: self.waiting() == 1)
        self.expect("recorded", len(self.entries("jelantah")), before + 1)
        self.relay.switch("down")
        self.open()
        self.wait("the kept form", lambda: self.find("[data-offline=true]"))
        self.entry_without_connection("4")
        self.wait("two entries that wait", lambda: self.waiting() == 2)
        self.shot("entry-offline")
        self.fits("the form without a connection")
        self.expect("not recorded yet", len(self.entries("jelantah")), before + 1)
        # A page with figures is not shown as if it were new.
        self.open("/air")
        self.expect("old figures", len(self.find(".figure")), 0)
        self.shot("no-connection")
        self.relay.switch("up")
        self.open()
        self.wait("an empty outbox", lambda: not self.seen("#outbox"))
        self.wait("both", lambda: len(self.entries("jelantah")) == before + 2)
        self.open()
        found = [one["quantity"] for one in self.entries("jelantah")]
        self.expect("each exactly once", found, [3, 4])

    def refused_later(self):
        self.relay.switch("down")
        self.open()
        self.choose("jelantah")
        self.driver.find_element(By.ID, "quantity").send_keys("tiga")
        self.tap(".save")
        self.wait("an entry that waits", lambda: self.waiting() == 1)
        self.relay.switch("up")
        self.open()
        reason = lambda: "\"tiga\"" in "".join(self.seen("#outbox .state-line"))
        self.wait("the reason", reason)
        self.shot("entry-refused")
        self.tap("#outbox [data-act=drop]")
        self.wait("an empty outbox", lambda: not self.seen("#outbox"))
        self.expect("entries", len(self.entries("jelantah")), 2)


# Width in pixels, language, colours.
LOOKS = [(360, "en", "dark"), (768, "id", "dark"), (1440, "en", "light")]
PAGES = {
    "entry": "/catat", "entry-form": "/catat?isi=bsf-fed", "entry-target": "/catat/target",
    "entry-import": "/catat/impor", "entry-correction": "/catat/entri/1",
    "entry-kept": "/catat/luring",
}


def look(gateway, folder):
    """Every page at other widths, in the other language and colours."""
    faults = []
    for width, lang, theme in LOOKS:
        browser = Browser(gateway, folder, width, lang, theme)
        try:
            for name, path in PAGES.items():
                browser.driver.get(gateway + path)
                browser.fits(name)
                browser.shot(name)
        finally:
            browser.close()
        faults += browser.faults
    return faults


def main():
    gateway, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    person = Person(Relay(gateway), gateway, folder, "id", "light")
    try:
        person.usual_entry()
        person.doubtful_entry()
        person.correction()
        person.large_photos()
        person.offline()
        person.refused_later()
    finally:
        person.close()
    faults = person.faults + look(gateway, folder)
    return exit_status(faults)


if __name__ == "__main__":
    sys.exit(main())
