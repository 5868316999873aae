"""Opens pages of other origins in Chromium and has them send requests to the gateway.

Usage: foreign_page.py GATEWAY PATH. GATEWAY is http://127.0.0.1:PORT, PATH a route that takes POST
and DELETE. Says what a page of the gateway itself gets, as JSON: {"own": STATUS}. What the others
get they may not read.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from selenium import webdriver

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-default-apps",
]
# A plain request as a form would send it, one that asks first, and the form itself in a frame.
ATTACK = """
const [target, done] = arguments;
const form = document.createElement('form');
const frame = document.createElement('iframe');
frame.name = 'frame';
Object.assign(form, {action: target, method: 'post', target: 'frame'});
document.body.append(frame, form);
const framed = new Promise(resolve => { frame.onload = resolve; setTimeout(resolve, 2000); });
form.submit();
const send = options => fetch(target, options).catch(() => null);
Promise.all([
  send({method: 'POST', mode: 'no-cors'}),
  send({method: 'POST', mode: 'no-cors', body: 'x=1', headers: {'content-type': 'text/plain'}}),
  send({method: 'DELETE'}),
  framed,
]).then(() => done());
"""
OWN = "const [target, done] = arguments; fetch(target).then(answer => done(answer.status));"


class Foreign(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title><body>")

    def log_message(self, *words):
        pass


def main():
    gateway, path = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_script_timeout(20)
        # Another port of the same machine is the same site; another name of it is another site.
        for host in ["127.0.0.1", "localhost"]:
            driver.get(f"http://{host}:{server.server_port}/")
            driver.execute_async_script(ATTACK, gateway + path)
        driver.get(gateway + "/")
        own = driver.execute_async_script(OWN, path.removesuffix("/continue"))
        print(json.dumps({"own": own}))
    finally:
        driver.quit()


main()
