"""Case 20 of the threat model: names from outside stay names in headers, text and HTML; links lead to this portal."""

import re

import pytest
from django.core import mail
from django.test import override_settings

from apps.core.notices import fact_text
from apps.notices.models import Delivery
from apps.notices.services import send_due
from tests.cast import Cast
from tests.notices.kinds import SYSTEM, tell

HOSTILE = [
    "a\r\nBcc: x@y",
    "a\nSubject: other",
    "<img src=https://evil.example/x.png>",
    "</p><script>alert(1)</script>",
    "\u202egnp.exe\u2066",
    "javascript:alert(1)",
    "https://evil.example/approve",
    "www.evil.example",
    "{who} {0} {{x}} {% now %}",
    "\x00\x1b[31m\u2028\u2029\u200b\ud800",
    "x" * 5000,
    "=?utf-8?q?evil?=",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_case_20_a_hostile_name_is_inert_everywhere(cast: Cast, name: str) -> None:
    tell([cast.users["manager"]], cast.users["engineer"], who=name, why=name, signals=[name, name])
    assert send_due(actor=SYSTEM) == 1
    (message,) = mail.outbox
    raw = message.message()
    head = raw.as_bytes().split(b"\n\n", 1)[0]
    assert [key for key in raw if key.lower() in ("bcc", "cc")] == [] and raw.get_all("Subject") is not None
    assert len(raw.get_all("Subject")) == len(raw.get_all("To")) == 1
    assert message.recipients() == ["manager@fenwick.example"] and b"\nBcc" not in head
    assert message.subject.startswith("Approve? ") and len(message.subject) <= 150
    for text in (message.subject, message.body):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029]", text)
    assert "\n" not in message.subject
    html = str(message.alternatives[0][0])
    assert not re.search(r"<(img|script|iframe|style|link)", html)
    for text in (message.body, html):
        links = re.findall(r"(?i)\b(?:https?|ftp|mailto|data|javascript):[^\s\"<]+|\bwww\.\w+", text)
        assert set(links) == {"http://localhost:8000/posture", "http://localhost:8000/account/notices"}
    assert re.findall(r'(?:src|href)="([^"]*)"', html) == [
        "http://localhost:8000/posture",
        "http://localhost:8000/account/notices",
    ]


def test_a_mail_says_the_fact_and_the_same_id_at_every_try(cast: Cast) -> None:
    tell([cast.users["manager"]], cast.users["engineer"], why="retrain & compare", signals=["2 findings"])
    send_due(actor=SYSTEM)
    (message,) = mail.outbox
    delivery = Delivery.objects.get()
    assert message.subject == "Approve? Jonas, deploy credit-risk-scorer, 4 h"
    assert (
        "Reason: retrain & compare\nLook at: 2 findings\n\nOpen in the portal: http://localhost:8000/posture"
        in message.body
    )
    assert "<p>Reason: retrain &amp; compare</p>" in str(message.alternatives[0][0])
    assert message.extra_headers["Message-ID"] == f"<{delivery.pk}@localhost>"
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert delivery.state == "sent" and delivery.ended_at is not None


@override_settings(ZTPORTAL_ORIGIN="https://portal.fenwick.example/")
def test_links_take_the_origin_of_the_installation(cast: Cast) -> None:
    tell([cast.users["manager"]], cast.users["engineer"])
    send_due(actor=SYSTEM)
    assert "https://portal.fenwick.example/posture\n" in mail.outbox[0].body


def test_facts_are_short_and_whole() -> None:
    assert fact_text("churn-gbm") == "churn-gbm" and fact_text(12345) == "12,345"
    assert fact_text("a\r\nb\tc") == "a⟨U+000D⟩ b c"
    assert len(fact_text("ab " * 200)) <= 80 and fact_text("x" * 81).endswith("…")
