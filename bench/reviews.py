"""A review of about 100,000 accesses, step by step, each beside plain SQL that does the same in equal tables."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Role, system
from apps.reviews.models import Campaign
from apps.reviews.queries.bulk import preview
from apps.reviews.services.bulk import bulk_decide
from apps.reviews.services.campaigns import draft, open_campaign
from apps.reviews.services.sealing import escalate, seal
from apps.reviews.services.staging import stage
from apps.reviews.services.verifying import verify
from bench import plain_reviews as plain
from bench.measure import Ratio, seconds, timed
from bench.pages import browser
from bench.review_world import World, build

RECONCILER = system("reconciler")
STAGES = [{"reviewer": "manager", "days": 14}]
#: What both sides must have written alike, by step.
STAGED = "subject_id, holder_label, tier, reasons, pile, digest, reviewer_id"
MOVED = "number, state, decision, reviewer_id, defaulted"
LISTS = 7


def reviews(pairs: int) -> list[Ratio]:
    """Measure a whole review in turns with plain SQL: previewed, opened, listed, answered, put to others, sealed, seen
    gone."""
    world = build()
    names = {
        "stage": "review: previewed / one INSERT … SELECT of the same items",
        "open": "review: opened, people told / INSERT of the sheets",
        "bulk": "review: a sheet's pile revoked at once / INSERT and UPDATE of the same",
        "escalate": "review: unanswered items put to others / INSERT and UPDATE of the same",
        "seal": "review: defaults, seal, removals begun / INSERT and UPDATE of the same",
        "verify": "review: removal of all seen / INSERT and UPDATE of the same",
    }
    figures = {step: Ratio(name, 10) for step, name in names.items()}
    lists = {path: Ratio(f"review: {path} / empty signed-in view", 0) for path in ("the sheet", "the API's list")}
    for _ in range(pairs):
        _Round(world, figures).run(lists)
    _drop()
    return [*figures.values(), *lists.values()]


class _Round:
    """One review and its plain twin."""

    def __init__(self, world: World, figures: dict[str, Ratio]) -> None:
        self._world, self._figures, self._actor = world, figures, world.actor(world.ciso)
        made = draft(
            actor=self._actor, name="Bench", scope={"teams": [world.team.pk]}, stages=STAGES, now=clock.now()
        )  # fmt: skip
        self._row: Campaign = made.value
        admin = User.objects.filter(groups__name=Role.SECURITY_ADMIN.value).order_by("created_at", "pk").first()
        self._facts: dict[str, Any] = {"campaign": self._row.pk, "team": world.team.pk, "ciso": world.ciso.pk}
        self._facts |= {"admin": admin.pk if admin else None, "now": self._row.created_at}

    def run(self, lists: dict[str, Ratio]) -> None:
        """Take it through all steps; stop the benchmark where the two sides differ."""
        self._tables(filled=False)
        self._step("stage", lambda: stage(actor=self._actor, campaign=self._row, now=self._now()), plain.STAGE, STAGED)
        self._tables()
        opening = {"snapshot_hash": self._row.snapshot_hash, "now": self._now()}
        self._step("open", lambda: open_campaign(actor=self._actor, campaign=self._row, **opening), plain.OPEN, MOVED)
        self._lists(lists)
        self._decide()
        self._tables()
        self._step("escalate", lambda: self._due(escalate), plain.ESCALATE, MOVED)
        self._tables()
        self._step("seal", lambda: self._due(seal), plain.SEAL, MOVED)
        self._tables()
        self._shown("now()")
        self._step("verify", lambda: verify(actor=RECONCILER, now=self._now()), plain.VERIFY, MOVED)
        self._shown("NULL")

    def _now(self) -> Any:
        return self._facts["now"]

    def _due(self, command: Callable[..., Any]) -> None:
        command(actor=RECONCILER, campaign=self._row, now=self._now())

    def _step(self, name: str, ours: Callable[[], Any], statement: str, told: str) -> None:
        took = seconds(ours)
        with timed() as peer, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
            cursor.execute(statement, self._facts)
        self._figures[name].add(took, peer.seconds)
        self._row.refresh_from_db()
        print(f"  {name}: {took:.1f} s, plain {peer.seconds:.1f} s", flush=True)
        self._compare(told)

    def _compare(self, told: str) -> None:
        tables = ("reviews_item", "bench_item")
        both = [f"SELECT {told} FROM {table} WHERE campaign_id = {self._row.pk}" for table in tables]
        with connection.cursor() as cursor:
            for left, right in (both, both[::-1]):
                cursor.execute(f"SELECT * FROM ({left} EXCEPT {right}) AS d LIMIT 3")
                different = cursor.fetchall()
                if different:
                    raise SystemExit(f"one side says: {different}")

    def _decide(self) -> None:
        """Let every manager revoke the pile of what is probably not needed."""
        for user in self._world.managers:
            found = preview(self._row, user.pk, "revoke")
            if not found.count:
                continue
            answer = {"choice": "revoke", "digest": found.digest, "now": self._now()}
            took = seconds(lambda u=user, a=answer: bulk_decide(actor=self._world.actor(u), campaign=self._row, **a))
            self._facts |= {"reviewer": user.pk, "choice": "revoke", "pile": "unneeded"}
            with timed() as peer, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(plain.DECIDE, self._facts)
            self._figures["bulk"].add(took, peer.seconds)
        self._compare(MOVED)

    def _lists(self, lists: dict[str, Ratio]) -> None:
        get = browser(self._world.managers[0])
        addresses = (f"/reviews/{self._row.pk}", f"/api/v1/review-items?campaign={self._row.pk}")
        for address, figure in zip(addresses, lists.values(), strict=True):
            get(address)
            for _ in range(LISTS):
                figure.add(seconds(lambda a=address: get(a)), seconds(lambda: get("/bench/empty")))

    def _shown(self, gone: str) -> None:
        """Let the source show no longer, or again, what is removed."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE inventory_entitlement e SET gone_at = {gone} FROM reviews_item i WHERE i.campaign_id = %s"
                " AND i.decision = 'revoke' AND e.id = i.subject_id::uuid",
                [self._row.pk],
            )

    def _tables(self, *, filled: bool = True) -> None:
        """Make the plain tables anew, holding what the product's hold of this review now."""
        _drop()
        with connection.cursor() as cursor:
            for table, other in plain.TABLES.items():
                cursor.execute(f"CREATE TABLE {other} (LIKE {table} INCLUDING ALL)")
            if filled:
                mine = "SELECT number FROM reviews_item WHERE campaign_id = %s"
                copies = {"item": "campaign_id = %s", "removal": f"item_id IN ({mine})"}
                for name, condition in copies.items():
                    rows = f"SELECT * FROM reviews_{name} WHERE {condition}"
                    cursor.execute(f"INSERT INTO bench_{name} OVERRIDING SYSTEM VALUE {rows}", [self._row.pk])
            for other in plain.TABLES.values():
                cursor.execute(f"ANALYZE {other}")


def _drop() -> None:
    with connection.cursor() as cursor:
        for other in plain.TABLES.values():
            cursor.execute(f"DROP TABLE IF EXISTS {other}")
