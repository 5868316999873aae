"""The services that carry messages of alarms, behind HTTPS: webhook, Telegram, WhatsApp.

    message_services.py FOLDER CERTIFICATE KEY PORT

Serves /hook, /bot.../sendMessage and /v23.0/.../messages, prints the port (0: any), and appends
each request to heard.jsonl in FOLDER. The files script-hook, script-telegram and script-whatsapp
there have a word a line: how the next requests are answered. The last line stays; without a file
all goes well.
"""

import hashlib
import hmac
import http.server
import json
import pathlib
import ssl
import sys
import time

folder = pathlib.Path(sys.argv[1])
SIGNING_KEY = b"kunci tanda"
PAGE = b"<html><title>Hotspot</title><body>Silakan masuk</body></html>"


def bot(code, words, **more):
    return {"ok": False, "error_code": code, "description": words, **more}


def graph(code, words):
    return {"error": {"message": f"(#{code}) {words}", "code": code, "type": "OAuthException"}}


# Words of any service: status, headers, body.
COMMON = {
    "500": (500, {}, b"oops"),
    "429-header": (429, {"Retry-After": "2"}, b""),
    "redirect": (302, {"Location": "http://login.hotspot.lan/"}, b""),
    "portal": (200, {"Content-Type": "text/html"}, PAGE),
}
OWN = {
    "hook": {
        "ok": (204, None),
        "401": (401, None),
        "404": (404, None),
        "422": (422, {"error": "no"}),
    },
    "telegram": {
        "ok": (200, {"ok": True, "result": {"message_id": 7}}),
        "ok-false": (200, {"ok": False}),
        "429": (
            429,
            bot(429, "Too Many Requests: retry after 1", parameters={"retry_after": 1}),
        ),
        "401": (401, bot(401, "Unauthorized")),
        "400": (400, bot(400, "Bad Request: chat not found")),
        "403": (403, bot(403, "Forbidden: bot was kicked from the group chat")),
    },
    "whatsapp": {
        "ok": (200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.7"}]}),
        "401": (401, graph(190, "Invalid OAuth access token")),
        "template": (404, graph(132001, "Template name does not exist in the translation")),
        "recipient": (400, graph(131026, "Message undeliverable")),
        "429": (400, graph(130429, "Rate limit hit")),
    },
}


def service_of(path):
    if path.startswith("/bot"):
        return "telegram"
    return "whatsapp" if path.endswith("/messages") else "hook"


def next_word(service):
    file = folder / f"script-{service}"
    lines = file.read_text().split() if file.exists() else ["ok"]
    if len(lines) > 1:
        file.write_text("\n".join(lines[1:]))
    return lines[0]


class Services(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = service_of(self.path)
        word = next_word(service)
        sign = "sha256=" + hmac.new(SIGNING_KEY, body, hashlib.sha256).hexdigest()
        heard = {
            "service": service,
            "path": self.path,
            "answered": word,
            "bearer": self.headers.get("Authorization"),
            "key": self.headers.get("Idempotency-Key"),
            "signed": self.headers.get("X-Pantau-Signature") == sign,
            "body": json.loads(body),
        }
        with open(folder / "heard.jsonl", "a") as file:
            file.write(json.dumps(heard) + "\n")
        if word == "hang":
            time.sleep(120)
            return
        if word in COMMON:
            status, headers, text = COMMON[word]
        else:
            status, said = OWN[service][word]
            text = b"" if said is None else json.dumps(said).encode()
            headers = {"Content-Type": "application/json"}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[4])), Services)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("ready", server.server_address[1], flush=True)
server.serve_forever()
