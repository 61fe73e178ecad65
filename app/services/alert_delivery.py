"""One alert to one destination: a webhook (JSON), a Slack-compatible URL, or e-mail by SMTP.

An address is resolved first, judged, and then the very address that was judged is connected to, so that a name that changes its
mind in between reaches nothing else. Redirects are not followed. What an error says never holds the target, which is a secret.
Text of strangers goes out as plain text: cut to a length, without control characters, and marked so that no chat reads it as
markup or as a mention.
"""

import http.client
import ipaddress
import json
import os
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from threading import Timer
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from app.domain import InvalidInput
from app.storage.alerts import Destination, Message
from models.text.decode import clean

WEBHOOK, SLACK, EMAIL = "webhook", "slack", "email"
KINDS: Final = (WEBHOOK, SLACK, EMAIL)
#: Seconds for a whole delivery.
TIMEOUT: Final = 10.0
#: Characters of a title, of a text, and of a target.
TITLE: Final = 300
TEXT: Final = 2_000
TARGET: Final = 2_000
#: Answers that say "later", not "never".
_LATER: Final = frozenset({408, 425, 429})
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_PORTS: Final = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended, in words without the target. `final`: another try would end the same way."""

    sent: bool
    final: bool
    said: str


class Refused(Exception):  # noqa: N818 - reads as what happened
    """An address that nothing is sent to."""


def host_of(target: str) -> str:
    """The only part of a target that is shown."""
    try:
        return urlsplit(target).hostname or "?"
    except ValueError:
        return "?"


def check(kind: str, target: str) -> None:
    """InvalidInput, which does not repeat the target, where nothing could be sent there."""
    if kind not in KINDS:
        raise InvalidInput(f"unknown kind of destination {kind!r}; one of {', '.join(KINDS)}")
    if len(target) > TARGET or not target.isascii() or any(one.isspace() or not one.isprintable() for one in target):
        raise InvalidInput(f"an address is at most {TARGET:,} ASCII characters, without spaces")
    try:
        parts = urlsplit(target)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    wanted = ("smtp", "smtps") if kind == EMAIL else ("http", "https")
    if not usable or parts.scheme not in wanted:
        raise InvalidInput(f"the address of a {kind} starts with {wanted[0]}:// or {wanted[1]}:// and names a host")
    if kind == EMAIL and not _recipients(parts):
        raise InvalidInput("an e-mail address names the recipient: smtp://user:password@host:587/?to=team@example.org")


def deliver(destination: Destination, message: Message, link: str, now: float) -> Outcome:
    """Tries once, for at most about TIMEOUT seconds. `link` goes with the message; `now` in UTC seconds."""
    parts = urlsplit(destination.target)
    try:
        address = resolve(parts)
        if destination.kind == EMAIL:
            return _mail(parts, address, message, link)
        payload = slack(message, link) if destination.kind == SLACK else webhook(message, link, now)
        return _post(parts, address, json.dumps(payload).encode())
    except (Refused, OSError, http.client.HTTPException, smtplib.SMTPException, ValueError) as error:
        return _ended_by(error)


def _ended_by(error: Exception) -> Outcome:
    """In words of our own: what an exception says may hold the target."""
    if isinstance(error, smtplib.SMTPResponseException):
        return Outcome(False, error.smtp_code >= 500, f"the mail server answered {error.smtp_code}")
    for kind, final, said in (
        (Refused, True, str(error)),
        (smtplib.SMTPRecipientsRefused, True, "the mail server refused the recipient"),
        (ssl.SSLError, False, "no secure connection: the certificate or the protocol does not fit"),
        (socket.gaierror, False, "the name of the host is not known"),
        (TimeoutError, False, f"no answer within {TIMEOUT:.0f} s"),
    ):
        if isinstance(error, kind):
            return Outcome(False, final, said)
    return Outcome(False, False, f"no answer ({type(error).__name__})")


def webhook(message: Message, link: str, now: float) -> dict[str, Any]:
    """What a webhook gets: texts as plain strings, `at` in UTC seconds."""
    return {
        "source": "stacklens", "rule": message.rule, "issue": message.issue_id, "severity": message.severity,
        "service": _plain(message.service, TITLE), "title": _plain(message.title, TITLE),
        "text": _plain(message.text, TEXT), "url": link, "at": now,
    }  # fmt: skip


def slack(message: Message, link: str) -> dict[str, Any]:
    """Plain text blocks and a button; `text` for clients that show no blocks, in which nothing of a stranger is a mention."""
    title, text = _plain(message.title, TITLE), _plain(message.text, TEXT)
    return {
        "text": f"{_unmarked(title)}\n{_unmarked(text)}\n{link}",
        "mrkdwn": False, "unfurl_links": False, "link_names": False,
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": f"{title}\n{text}", "emoji": False}},
            {"type": "actions", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Open in StackLens"}, "url": link}]},
        ],
    }  # fmt: skip


def resolve(parts: SplitResult) -> tuple[str, int]:
    """The numeric address and port to connect to. Refused: one of the host's addresses is in a forbidden range."""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not addresses or any(_forbidden(one) for one in addresses):
        raise Refused(
            "the host is at an address of the machine's own network link or of cloud metadata: nothing is sent there"
        )
    return addresses[0], port


def _forbidden(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = (
            ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        )
        if inner is not None:
            return _forbidden(str(inner))
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA


def _post(parts: SplitResult, address: tuple[str, int], body: bytes) -> Outcome:
    connection = http.client.HTTPConnection(parts.netloc.rpartition("@")[2], timeout=TIMEOUT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _connected(address) as plain:
        connection.sock = plain if parts.scheme == "http" else _secure(plain, parts)
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "stacklens", "Connection": "close"}
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    if 200 <= status < 300:
        return Outcome(True, True, f"answered {status}")
    if 300 <= status < 400:
        return Outcome(False, True, f"answered {status}, a redirect, which is not followed")
    return Outcome(False, status < 500 and status not in _LATER, f"answered {status}")


def _mail(parts: SplitResult, address: tuple[str, int], message: Message, link: str) -> Outcome:
    secure = parts.scheme == "smtps"
    with _mail_server(secure) as server:
        # what the certificate is checked against; the connection is to the judged address
        server._host = parts.hostname or ""  # type: ignore[attr-defined]
        server.connect(*address)
        with _limit(server.sock):
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                secure = True
            if parts.username:
                if not secure and not ipaddress.ip_address(address[0]).is_loopback:
                    raise Refused("the mail server offers no encryption: the password is not sent")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(_letter(parts, message, link))
    return Outcome(True, True, "the mail server took it")


def _mail_server(secure: bool) -> smtplib.SMTP:
    if secure:  # its own default checks no certificate
        return smtplib.SMTP_SSL(timeout=TIMEOUT, local_hostname="stacklens", context=ssl.create_default_context())
    return smtplib.SMTP(timeout=TIMEOUT, local_hostname="stacklens")


def _letter(parts: SplitResult, message: Message, link: str) -> EmailMessage:
    letter = EmailMessage()
    sender = parse_qs(parts.query).get("from", [f"stacklens@{parts.hostname}"])[0]
    letter["From"], letter["To"] = sender, ", ".join(_recipients(parts))
    letter["Subject"] = _plain(f"StackLens: {message.title}", TITLE)
    letter.set_content(f"{_plain(message.title, TITLE)}\n\n{_plain(message.text, TEXT)}\n\n{link}\n")
    return letter


def _recipients(parts: SplitResult) -> list[str]:
    given = [one for value in parse_qs(parts.query).get("to", []) for one in value.split(",")]
    return [one for one in given if one.isascii() and one.isprintable() and 0 < one.find("@") < len(one) - 1]


@contextmanager
def _connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, TIMEOUT) as plain, _limit(plain):
        yield plain


def _secure(plain: socket.socket, parts: SplitResult) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)


@contextmanager
def _limit(connection: Any) -> Iterator[None]:
    """Ends a conversation that drips: a socket's own time-out counts each read anew."""
    # A handle of its own: TLS takes the socket's number along, and a number may be given anew once it is closed.
    with socket.socket(fileno=os.dup(connection.fileno())) as other:
        timer = Timer(TIMEOUT, _end, (other,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # over already


def _plain(text: str, limit: int) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _unmarked(text: str) -> str:
    """Nothing that a chat could take for a link, a channel or a person."""
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "@\u2060")):
        text = text.replace(mark, instead)
    return text
