"""Mail: plain text and simple HTML, no image, no secret; the link opens a page and acts on nothing."""

from smtplib import SMTPException, SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import BadHeaderError
from django.template.loader import render_to_string

from apps.notices.models import Delivery
from apps.notices.services.media import NotSent, words_of


def send(delivery: Delivery) -> None:
    """Hand one message to the mail server. Raises NotSent.

    `Message-ID` is the same at every try, so that mailboxes can tell a doubled one; `Auto-Submitted` (RFC 3834) keeps
    absence notes away.
    """
    if delivery.user is None:
        raise NotSent("The message has no recipient.", final=True)
    words = words_of(delivery)
    context = {"words": words, "portal_name": settings.ZTPORTAL_NAME}
    host = urlsplit(settings.ZTPORTAL_ORIGIN).hostname or "localhost"
    message = EmailMultiAlternatives(
        words.title,
        words.plain,
        settings.DEFAULT_FROM_EMAIL,
        [delivery.user.email],
        headers={"Message-ID": f"<{delivery.pk}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(),
    )
    message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    try:
        message.send()
    except BadHeaderError:
        raise NotSent("The message cannot be written as a mail.", final=True) from None
    except SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        final = bool(codes) and all(500 <= code < 600 for code in codes)
        raise NotSent("The mail server refused the recipient.", final=final) from None
    except SMTPException as problem:
        raise NotSent(f"The mail server refused: {type(problem).__name__}.") from None
    except OSError:
        raise NotSent("The mail server could not be reached.") from None
