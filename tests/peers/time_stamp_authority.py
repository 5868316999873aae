"""A time-stamp authority (RFC 3161) of openssl behind a small HTTP server.

    time_stamp_authority.py FOLDER [key-id]

Makes an authority (ca.pem), another one (other.pem), and prints the port that it serves. With
key-id, its stamps name the key of the signer instead of the issuer (CMS version 3).
"""

import http.server
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
NAMES = "[req]\ndistinguished_name = d\n[d]\n"
EXTENSIONS = "basicConstraints = CA:FALSE\nkeyUsage = critical, digitalSignature\n"
EXTENSIONS += "extendedKeyUsage = critical, timeStamping\n"
EXTENSIONS += "subjectKeyIdentifier = hash\n"
SETTINGS = """[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def openssl(*words, data=None):
    run = ["openssl", *words]
    return subprocess.run(run, cwd=folder, input=data, check=True, capture_output=True).stdout


def make_files():
    (folder / "names.cnf").write_text(NAMES)
    (folder / "extensions.cnf").write_text(EXTENSIONS)
    (folder / "tsa.cnf").write_text(SETTINGS)
    (folder / "serial").write_text("01\n")
    for name in ("ca", "other"):
        own = ["-newkey", "rsa:2048", "-nodes", "-days", "3650", "-config", "names.cnf"]
        own += ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"]
        for extension in ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"):
            own += ["-addext", extension]
        openssl("req", "-x509", *own)
    own = ["-newkey", "rsa:2048", "-nodes", "-config", "names.cnf", "-subj", "/CN=tsa"]
    openssl("req", *own, "-keyout", "tsa.key", "-out", "tsa.csr")
    signed = ["-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    signed += ["-days", "3650", "-extfile", "extensions.cnf", "-out", "tsa.pem"]
    openssl("x509", "-req", *signed)


def by_key_id(answer):
    """The same stamp, signed again by a signer that is named by its key."""
    (folder / "answer.tsr").write_bytes(answer)
    openssl("ts", "-reply", "-in", "answer.tsr", "-token_out", "-out", "token.der")
    openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-out", "info.der")
    words = ["-keyid", "-binary", "-nodetach", "-md", "sha256", "-outform", "DER"]
    words += ["-econtent_type", "1.2.840.113549.1.9.16.1.4", "-in", "info.der"]
    token = openssl("cms", "-sign", *words, "-signer", "tsa.pem", "-inkey", "tsa.key")
    # TimeStampResp: the status "granted", then the token.
    body = bytes.fromhex("3003020100") + token
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


class Authority(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        (folder / "query.tsq").write_bytes(query)
        answer = openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq")
        if "key-id" in sys.argv:
            answer = by_key_id(answer)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


make_files()
server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
print("ready", server.server_port, flush=True)
server.serve_forever()
