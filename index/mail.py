"""What saved e-mail messages say."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from index.archive import reason
from index.dates import normalise
from index.decode import decode
from index.errors import ReadError
from index.formats import Extract, all_text, parsed, plain, tidy

__all__ = ["from_eml"]

_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def from_eml(data: bytes) -> Extract:
    """A message: its head, its text (else its HTML as text) and the names of its attachments.

    Raises `ReadError` for what is not a message.
    """
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        head = {name: plain(str(message[name])) for name in _SHOWN if message[name]}
        senders = message["From"].addresses if message["From"] else ()
        author = ", ".join(each.display_name or each.addr_spec for each in senders)
        body = _body(message)
        attached = [name for name in map(_name, message.iter_attachments()) if name]
    except ReadError:
        raise
    except Exception as exc:  # its parser trips over odd headers in many ways
        raise ReadError(
            f"is not an e-mail message, or is damaged ({reason(exc)}): save it again as .eml"
        ) from exc
    if not head:
        raise ReadError("is not an e-mail message (it has no sender or subject): save it as .eml")
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    blocks = ["\n".join(lines), body]
    if attached:
        blocks.append(f"Attachments (not read here): {', '.join(attached)}.")
    return Extract(
        text=tidy("\n\n".join(filter(None, blocks))),
        title=head.get("Subject"),
        author=plain(author),
        date=normalise(head.get("Date")),
    )


def _body(message: EmailMessage) -> str:
    chosen = message.get_body(preferencelist=("plain", "html"))
    if chosen is None:
        return ""
    data = chosen.get_payload(decode=True)
    text = decode(data, chosen.get_content_charset()) if isinstance(data, bytes) else ""
    if chosen.get_content_subtype() == "html":
        # All of it, because a message has no menu around an article.
        text = all_text(parsed(text))
    return text.strip()


def _name(attachment: object) -> str | None:
    if not isinstance(attachment, EmailMessage):
        return None
    if attachment.get_content_type() == "message/rfc822" and not attachment.get_filename():
        subjects = [each["Subject"] for each in attachment.iter_parts()]
        return plain(f"the message “{next(filter(None, subjects), 'without a subject')}”")
    return plain(attachment.get_filename())
