"""The two logs: heads, entries, erasable details, inner nodes, signed checkpoints, and what verification last found.

Entries, inner nodes and checkpoints are append-only by trigger (migration 0002); a head only grows; details may only
be erased. An entry's truth is `body`, its exact RFC 8785 bytes: the other columns repeat parts of it for searching, and
verification compares them with it.
"""

from typing import Any, ClassVar

from django.db import connection, models
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Replace

from apps.core.actor import WIDE_ROLES, Actor
from apps.core.events import ACTIVITY, PRIVILEGED
from apps.core.subjects import SUBJECTS, SubjectKind

ID_WIDTH = 200
LABEL_WIDTH = 300
LOGS = (PRIVILEGED, ACTIVITY)
LOG_CHOICES = [(PRIVILEGED, "Privileged"), (ACTIVITY, "Activity")]


class Head(models.Model):
    """Where a log ends: its size, the right edge of its tree and its root."""

    log = models.CharField(max_length=16, primary_key=True, choices=LOG_CHOICES)
    origin = models.CharField(max_length=255, unique=True)
    size = models.BigIntegerField(default=0)
    edge = models.BinaryField(default=b"")
    root = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.origin} at {self.size}"


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries, as an actor may see them."""

    def visible_to(self, actor: Actor) -> "EntryQuerySet":
        """Return all for CISO, security administrator and auditor; else own acts and events of visible subjects."""
        if actor.kind == "system" or actor.has(*WIDE_ROLES):
            return self
        seen = Q(actor_kind=actor.kind, actor_id=actor.id)
        for kind in SUBJECTS:
            seen |= self._of_kind(kind, actor)
        return self.filter(seen)

    @staticmethod
    def _of_kind(kind: SubjectKind, actor: Actor) -> Q:
        """Events of the subjects of one kind that the actor sees, as one subquery; subject ids are text in the log."""
        visible = kind.visible(actor)
        key: Any = F("subject_id")
        if connection.vendor == "sqlite" and isinstance(visible.model._meta.pk, models.UUIDField):
            key = Replace(key, Value("-"), Value(""))  # SQLite keeps a UUID as 32 hexadecimal digits
        ids = visible.order_by().annotate(_text_id=Cast("pk", CharField())).values("_text_id")
        return Q(pk__in=Entry.objects.annotate(_key=key).filter(subject_kind=kind.kind, _key__in=ids).values("pk"))


class Entry(models.Model):
    """One event, at its place in its log."""

    log = models.CharField(max_length=16, choices=LOG_CHOICES)
    seq = models.BigIntegerField()
    body = models.BinaryField()
    leaf = models.BinaryField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=ID_WIDTH)
    action = models.CharField(max_length=ID_WIDTH)
    subject_kind = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=ID_WIDTH)
    outcome = models.CharField(max_length=16)
    request_id = models.CharField(max_length=ID_WIDTH, blank=True)
    late = models.CharField(max_length=36, null=True, blank=True, unique=True)

    objects: ClassVar[models.Manager["Entry"]] = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "seq"], name="entry_place_unique")]
        indexes = [
            models.Index(fields=["at", "id"], name="entry_at"),
            models.Index(fields=["actor_id", "at"], name="entry_actor"),
            models.Index(fields=["subject_kind", "subject_id", "at"], name="entry_subject"),
            models.Index(fields=["action", "at"], name="entry_action"),
            models.Index(fields=["request_id"], name="entry_request"),
        ]
        ordering = ["-at", "-id"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.log} {self.seq}"


class Details(models.Model):
    """What an entry tells about people and things: committed to by the entry, erasable without touching it."""

    entry = models.OneToOneField(Entry, primary_key=True, on_delete=models.PROTECT, related_name="details")
    content = models.BinaryField(null=True)
    salt = models.BinaryField(null=True)
    actor_label = models.CharField(max_length=LABEL_WIDTH, blank=True)
    subject_label = models.CharField(max_length=LABEL_WIDTH, blank=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "details"

    def __str__(self) -> str:
        return f"details of {self.entry_id}"


class Node(models.Model):
    """The hash of a complete subtree at every eighth level: 256 leaves, 65,536, …; it makes proofs quick."""

    log = models.CharField(max_length=16, choices=LOG_CHOICES)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    value = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "level", "index"], name="node_place_unique")]

    def __str__(self) -> str:
        return f"{self.log} level {self.level} node {self.index}"


class Checkpoint(models.Model):
    """A signed note of the notary: this log had this size and root at this time."""

    log = models.CharField(max_length=16, choices=LOG_CHOICES)
    size = models.BigIntegerField()
    root = models.BinaryField()
    edge = models.BinaryField()
    note = models.TextField()
    verifier_key = models.CharField(max_length=400)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "size", "verifier_key"], name="checkpoint_unique")]
        ordering = ["log", "size"]

    def __str__(self) -> str:
        return f"{self.log} at {self.size}"


class Verification(models.Model):
    """What notary and verifier last found in a log; shown on the audit page, never trusted by a verification."""

    key = models.CharField(max_length=40, primary_key=True)
    log = models.CharField(max_length=16, choices=LOG_CHOICES)
    size = models.BigIntegerField(default=0)
    verified_at = models.DateTimeField()
    ok = models.BooleanField()
    first_bad_seq = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.log}: {'verified' if self.ok else 'does not verify'} at {self.size}"
