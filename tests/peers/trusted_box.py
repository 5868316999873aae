"""Records over HTTPS in Chromium, once it trusts the authority of a new box, as a phone does.

Usage: trusted_box.py ADDRESS FOLDER. The set-up code is in `PANTAU_CODE`. FOLDER is the browser's
home, with its list of authorities (NSS). Exit status 0 when all is well.
"""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import page
from entry import Person, Relay
from selenium.webdriver.common.by import By

COUNT = """
const done = arguments[0];
fetch('/api/v1/ledger').then((said) => said.json()).then((all) => done(all.length));
"""


def trust(address, home):
    """Adds the authority that the box hands out to the list of this home."""
    certificate = home / "ca.crt"
    with urllib.request.urlopen(address.replace("https://", "http://") + "/ca.crt") as said:
        certificate.write_bytes(said.read())
    form = ["-a"] if certificate.read_bytes().startswith(b"-----") else []
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    words = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*words, "-N", "--empty-password"], check=True)
    subprocess.run([*words, "-A", "-t", "C,,", "-n", "pantau", *form, "-i", certificate],
                   check=True)


class Trusting(Person):
    """The first person of a new box."""

    def count(self):
        return self.driver.execute_async_script(COUNT)

    def is_refused(self):
        self.driver.get(self.address + "/")
        return "ERR_CERT_AUTHORITY_INVALID" in self.driver.page_source

    def set_up(self):
        self.driver.get(self.address + "/mulai")
        for name, text in [("kode", os.environ["PANTAU_CODE"]), ("nama", "budi"),
                           ("sandi", "pompa air desa 5")]:
            self.driver.find_element(By.NAME, name).send_keys(text)
        self.tap("form.fields button[type=submit]")
        self.wait("the person's name", lambda: self.find("details.who"))

    def record(self, number):
        self.choose("jelantah")
        for who in self.find("label.who input[name=who]"):
            who.send_keys("Budi")
        self.type_keys(number)
        self.tap(".save")

    def story(self):
        self.set_up()
        secure = self.driver.execute_script("return isSecureContext && location.protocol")
        self.expect("a secure page", secure, "https:")
        self.ready()
        self.record("3")
        self.wait("the saved entry", lambda: self.find(".saved"))
        self.relay.switch("down")
        self.open()
        self.wait("the kept form", lambda: self.find("[data-offline=true]"))
        self.record("4")
        self.wait("an entry that waits", lambda: self.waiting() == 1)
        self.shot("https-offline")
        self.relay.switch("up")
        self.open()
        self.wait("an empty outbox", lambda: not self.seen("#outbox"))
        self.wait("both entries", lambda: self.count() == 2)


def main():
    gateway, home = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    page.FLAGS.remove("--ignore-certificate-errors")
    os.environ["HOME"] = str(home)
    relay = Relay(gateway)
    faults = []
    for is_trusted in (False, True):
        if is_trusted:
            trust(gateway, home)
        person = Trusting(relay, gateway, home, "id", "light")
        try:
            if is_trusted:
                person.story()
            else:
                person.expect("refused before it is trusted", person.is_refused(), True)
        finally:
            person.close()
        faults += person.faults
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
