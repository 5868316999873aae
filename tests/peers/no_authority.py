"""A web server that answers every request with a page. Prints its port."""

import http.server


class Page(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print("ready", server.server_port, flush=True)
server.serve_forever()
