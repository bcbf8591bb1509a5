"""Pages through the WSGI application as a signed-in CISO, beside an empty view of the same person.

A page is measured warm: what it keeps until something changes (`apps.inventory.queries.kept`) is kept. Beside it stands
the same page with an empty cache, as the first one to ask after a change gets it.
"""

from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Role, system
from apps.insights.services.snapshots import take_snapshots
from apps.inventory.models import Asset
from apps.posture.models import Finding, Run
from apps.posture.services.rollups import keep_furthest
from bench.measure import Ratio, seconds
from bench.runs import execute

REQUESTS = 15
PAIRS = 7


def pages() -> list[Ratio]:
    """Measure /posture in turns with the empty view, warm; print what each main page asks the database."""
    run = Run.objects.filter(state="published").order_by("-number").first() or execute()
    take_snapshots(actor=system("bench"), run_number=run.pk, now=clock.now())
    if not run.furthest.exists():  # a database that was kept from before runs kept them
        keep_furthest(run)
    get = browser()
    empty = Ratio("/posture / empty signed-in view", 5)
    shell = Ratio("/posture / the page around every page, without content", 0)
    for path in ("/posture", "/bench/empty", "/bench/shell") * 3:
        get(path)
    for _ in range(REQUESTS):
        nothing, frame, ours = (seconds(lambda p=path: get(p)) for path in ("/bench/empty", "/bench/shell", "/posture"))
        empty.add(ours, nothing)
        shell.add(ours, frame)
    _print_queries(get)
    return [empty, shell]


def _print_queries(get: Callable[[str], bytes]) -> None:
    asset = Asset.objects.filter(kind="model", gone_at__isnull=True).order_by("slug").first()
    finding = Finding.objects.order_by("number").first()
    addresses = ["/bench/empty", "/bench/shell", "/posture", "/assets", "/identities", "/findings", "/posture/identity"]
    addresses += [f"/assets/{asset.kind}/{asset.slug}"] if asset else []
    addresses += [f"/findings/{finding.name}"] if finding else []
    addresses += ["/audit"]
    print(f"  {'':28} {'queries':>8} {'times the empty view':>22} {'with an empty cache':>22}")
    for address in addresses:
        get(address)
        warm, cold = Ratio(address, 0), Ratio(address, 0)
        for _ in range(PAIRS):
            warm.add(_least(address, get), _least("/bench/empty", get))
            cache.clear()
            cold.add(seconds(lambda p=address: get(p)), _least("/bench/empty", get))
        with _Counter() as counter:
            get(address)
        print(f"  {address:28} {counter.queries:8} {warm.median:22.1f} {cold.median:22.1f}")


def _least(address: str, get: Callable[[str], bytes]) -> float:
    """Return the least of three times: the divisor of each pair is taken beside it."""
    return min(seconds(lambda: get(address)) for _ in range(3))


class _Counter:
    """Counts statements of a block."""

    def __init__(self) -> None:
        self.queries = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.queries += 1
        return execute(sql, params, many, context)

    def __enter__(self) -> "_Counter":
        self._wrapper = connection.execute_wrapper(self)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self._wrapper.__exit__(*problem)


def browser(user: User | None = None) -> Callable[[str], bytes]:
    """Sign somebody in, a CISO, and return a function that gets a page. Any answer but 200 ends the benchmark."""
    application = get_wsgi_application()
    cookie = _signed_in(user or _ciso())

    def get(path: str) -> bytes:
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        path, _, query = path.partition("?")
        environ |= {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_COOKIE": cookie, "HTTP_HOST": "localhost"}
        environ["REMOTE_ADDR"] = "127.0.0.1"
        said: list[str] = []
        answer = application(environ, lambda status, headers, problem=None: said.append(status))
        body = b"".join(answer)
        answer.close()
        if not said[0].startswith("200"):
            raise SystemExit(f"{path} answered {said[0]}")
        return body

    return get


def _ciso() -> User:
    user, new = User.objects.get_or_create(email="ciso@fenwick.example", defaults={"name": "Dana Whitlock"})
    if new:
        user.groups.add(Group.objects.get_or_create(name=Role.CISO)[0])
    return user


def _signed_in(user: User) -> str:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    at = clock.now().timestamp()
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": at, "email": user.email},
        {"method": "mfa", "at": at, "type": "totp"},
    ]
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
