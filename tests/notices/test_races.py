"""Several senders and several owners at once, on PostgreSQL: once per fact, one sender per message."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connections

from apps.notices.models import Delivery, Notice
from apps.notices.services import send_due
from apps.notices.services import sending as module
from tests.cast import Cast, assemble
from tests.notices.kinds import SYSTEM, tell


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """Run the work on that many connections at the same moment; return what each answered."""
    barrier, answers = threading.Barrier(count), []

    def run() -> None:
        try:
            barrier.wait(timeout=60)
            answers.append(work())
        except BaseException as problem:
            answers.append(problem)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


@pytest.fixture
def people(postgres: None) -> Cast:
    """The cast, committed."""
    return assemble()


@pytest.mark.postgres
def test_four_senders_send_each_message_once(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Counter[str] = Counter()
    lock = threading.Lock()

    def send(delivery: Delivery) -> None:
        with lock:
            sent[str(delivery.pk)] += 1

    monkeypatch.setattr(module.mail, "send", send)
    for number in range(30):
        tell([people.users["manager"]], people.users["engineer"], once_key=f"fact-{number}")
    answers = at_once(4, lambda: send_due(actor=SYSTEM))
    assert sum(answers) == 30  # type: ignore[arg-type]
    assert len(sent) == 30 and set(sent.values()) == {1}
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.postgres
def test_a_fact_owed_by_six_at_once_is_owed_once(people: Cast) -> None:
    to = [people.users["manager"], people.users["ciso"]]
    answers = at_once(6, lambda: tell(to, people.users["engineer"]))
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert Notice.objects.count() == Delivery.objects.count() == 2


@pytest.mark.postgres
def test_the_constraints_hold_without_the_code(people: Cast) -> None:
    tell([people.users["manager"]], people.users["engineer"])
    row = Delivery.objects.get()
    wrong = ({"state": "sent"}, {"user": None}, {"medium": "chat"}, {"give_up_at": row.created_at})
    for change in wrong:
        with pytest.raises(Exception, match="delivery_"):
            Delivery.objects.filter(pk=row.pk).update(**change)
