"""A mail server (aiosmtpd) with STARTTLS and a log-in.

    mail_server.py FOLDER CERTIFICATE KEY [plain]

Prints its port, and appends each mail to mails.jsonl in FOLDER. It knows the user pantau with the
password "sandi aplikasi", refuses recipients whose name begins with "tolak" for good, and each
recipient whose name begins with "nanti" once. With `plain` it offers no STARTTLS.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder = pathlib.Path(sys.argv[1])
seen = set()


def note(**what):
    with open(folder / "mails.jsonl", "a") as file:
        file.write(json.dumps(what) + "\n")


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("tolak"):
            note(refused=address)
            return "550 5.1.1 no mailbox here by that name"
        if address.startswith("nanti") and address not in seen:
            seen.add(address)
            note(greylisted=address)
            return "451 4.7.1 greylisted, try again in some minutes"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        note(
            to=envelope.rcpt_tos,
            sender=envelope.mail_from,
            subject=mail["Subject"],
            id=mail["Message-ID"],
            date=mail["Date"],
            text=mail.get_content(),
            encrypted=session.ssl is not None,
        )
        return "250 OK"


def judge(server, session, envelope, mechanism, login):
    is_right = login.login == b"pantau" and login.password == b"sandi aplikasi"
    return AuthResult(success=is_right, handled=is_right)


def make_server():
    if "plain" in sys.argv:
        return SMTP(Mailbox(), hostname="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    return SMTP(
        Mailbox(),
        hostname="localhost",
        tls_context=context,
        require_starttls=True,
        authenticator=judge,
        auth_required=True,
    )


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make_server, "127.0.0.1", 0)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
