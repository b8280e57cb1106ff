"""E-mails a second from the queue to the record of their acceptance, against a bare aiosmtplib loop.

Both send to the same server, aiosmtpd in a process of its own, over as many connections. The bare loop makes a mail
for each recipient with the standard library and sends it; a second one sends the same bytes again and again, which no
program that writes to people can. The recipients are made up.

Usage: python benchmarks/sending.py [--mails 400] [--runs 3] [--connections 4]
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from servers.deliveries import issued, queued, recipient, rows, settings  # noqa: E402  after the path is set
from thammuu import bootstrap  # noqa: E402
from thammuu.delivery.channels.email import EmailChannel  # noqa: E402
from thammuu.delivery.composing import compose  # noqa: E402
from thammuu.delivery.dispatch import Sender  # noqa: E402
from thammuu.delivery.mail import mail_of, origin_of, wire_bytes  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Message

FROM = "bao-cao@thammuu.example"


@contextmanager
def server() -> Iterator[int]:
    """Run aiosmtpd in a process of its own; what comes is thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    line = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
    process = subprocess.Popen(line)
    try:
        for _turn in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


async def bare(port: int, message: Message, mail: bytes | None, mails: int, connections: int) -> float:
    """Send without queue and record; return the seconds.

    Args:
        port: Of the server.
        message: What is sent, made into a mail for each recipient by the standard library.
        mail: Send these bytes instead, again and again.
        mails: How many.
        connections: How many at once.
    """
    from aiosmtplib import SMTP

    left = iter(range(mails))

    async def one() -> None:
        async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
            for number in left:
                if mail is None:
                    await smtp.send_message(plain_mail(message, number))
                else:
                    await smtp.sendmail(FROM, [f"nguoi-{number}@so.example"], mail)

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _turn in range(connections)))
    return time.perf_counter() - begun


def plain_mail(message: Message, number: int) -> EmailMessage:
    """Return the message as a mail in as few lines as the standard library takes."""
    made = EmailMessage()
    made["From"], made["To"] = FROM, f"nguoi-{number}@so.example"
    made["Subject"], made["Message-ID"] = message.subject, f"<{message.delivery_id}-{number}@thammuu.example>"
    made.set_content(message.text)
    made.add_alternative(message.html, subtype="html")
    for one in message.attachments:
        kind, _slash, subtype = one.media_type.partition("/")
        made.add_attachment(one.content, maintype=kind, subtype=subtype, filename=one.name)
    return made


def own(context: Context, mails: int) -> float:
    """Send what waits; return the seconds."""
    channel = EmailChannel(context.settings, context.clock)
    sender = Sender(context, {"email": channel}, "benchmark", alone=True)
    begun = time.perf_counter()
    tally = asyncio.run(sender.run_until_idle(asyncio.Event()))
    took = time.perf_counter() - begun
    assert tally.accepted == mails, tally
    return took


def measured(context: Context, port: int, formats: str, chosen: Any) -> None:  # noqa: ANN401  arguments
    """Print the figures of one kind of mail."""
    made, sent, known = [], [], len(rows(context))
    message, mail = None, b""
    for run in range(chosen.runs + 1):
        first = known + run * chosen.mails
        names = queued(context, [recipient(first + one, formats=formats) for one in range(chosen.mails)])
        if message is None:
            with context.database.snapshot() as connection:
                message = compose(context, connection, names[0])
            mail = wire_bytes(mail_of(message, origin_of(FROM, None), context.clock()))
        loop = asyncio.run(bare(port, message, None, chosen.mails, chosen.connections))
        took = own(context, chosen.mails)
        same = asyncio.run(bare(port, message, mail, chosen.mails, chosen.connections))
        if run:  # the first warms everything up
            made.append(loop / took)
            sent.append(same / took)
            print(
                f"{formats or 'no files':9} {len(mail) / 1000:6.0f} kB  bare loop {chosen.mails / loop:5.0f}/s  "
                f"the same bytes {chosen.mails / same:5.0f}/s  sender {chosen.mails / took:5.0f}/s"
            )
    print(
        f"{formats or 'no files':9} sender / bare loop {statistics.median(made):.2f} (at least 0.8), "
        f"sender / the same bytes {statistics.median(sent):.2f}"
    )


def main() -> None:
    """Measure mails with both files and with none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, server() as port:
        folder = Path(name)
        where = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_from": FROM}
        with bootstrap.changing(settings(folder / "data", **where, smtp_connections=chosen.connections)) as program:
            issued(program, folder)
            for formats in ("pdf,docx", ""):
                measured(program.context, port, formats, chosen)


if __name__ == "__main__":
    main()
