"""Who may certify what (governance.md §5, invariant 17): nobody certifies access they hold, by whatever account, nor a
grant for which theirs was the only approval.

One predicate for assignment (over all items of a campaign) and for a decision (over the items decided). It asks for
persons, not for sign-ins: the linked person, its identities with their mails and logins, unlinked second accounts that
bear one of these addresses, and the service accounts whose tokens somebody made. A delegate inherits the conflicts of
both.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from apps.accounts.models import ApiToken, User
from apps.inventory.models import Identity, Person
from apps.reviews.models import Item

HOLDS = "They hold this access themselves, by this or another account of theirs."
KEEPS = "They made a key of the service account that holds this access."
APPROVED = "Theirs was the only approval of this grant."


def _item(field: str, depth: int = 1) -> OuterRef:
    """Return a column of the item from inside `depth` sub-queries."""
    ref = OuterRef(field)
    for _ in range(depth - 1):
        ref = OuterRef(ref)
    return ref


def _addressed(depth: int) -> Q:
    """Return whether an identity, annotated with `bears` and `signs`, bears one of the item's addresses."""
    found = Q()
    for column in ("holder_login", "holder_email"):
        # An empty login is nobody's: it equals no empty login of another.
        found |= (Q(bears=_item(column, depth)) & ~Q(bears="")) | (Q(signs=_item(column, depth)) & ~Q(signs=""))
    return found


def _identities() -> QuerySet[Identity]:
    return Identity.objects.present().annotate(bears=Lower("email"), signs=Lower("login"))


def _with_mail(users: QuerySet[User]) -> QuerySet[User]:
    return users.annotate(mail=Lower("email"))


def _is_holder(depth: int = 1) -> Q:
    """Return whether a user (of a queryset `depth` inside an item's) is the person who holds the item."""
    theirs = _identities().filter(_addressed(depth + 1), person__user_id=OuterRef("pk"))
    other = _identities().filter(person_id=_item("holder_person_id", depth + 1))
    other = other.filter(Q(bears=OuterRef("mail")) | Q(signs=OuterRef("mail")))
    person = Person.objects.annotate(bears=Lower("email")).filter(pk=_item("holder_person_id", depth + 1))
    return (
        Q(pk=_item("holder_user_id", depth))
        | Q(person__pk=_item("holder_person_id", depth))
        | Q(mail=_item("holder_email", depth))
        | Q(mail=_item("holder_login", depth))
        | Q(Exists(theirs))
        | Q(Exists(other))
        | Q(Exists(person.filter(bears=OuterRef("mail"))))
    )


def _keeps(depth: int = 1) -> Q:
    made = ApiToken.objects.filter(user_id=_item("holder_user_id", depth + 1), created_by_id=OuterRef("pk"))
    return Q(Exists(made.exclude(user_id=F("created_by_id"))))


def _approved_alone(depth: int = 1) -> Q:
    own = Q(pk=_item("sole_approver_id", depth)) | Q(pk=_item("sole_principal_id", depth))
    second = _identities().filter(person__user_id=_item("sole_approver_id", depth + 1))
    return own | Q(Exists(second.filter(Q(bears=OuterRef("mail")) | Q(signs=OuterRef("mail")))))


def _bound(depth: int = 1) -> Q:
    return _is_holder(depth) | _keeps(depth) | _approved_alone(depth)


def independent(users: QuerySet[User]) -> QuerySet[User]:
    """Return those who may certify the item of the query around; to be used inside Exists or Subquery only."""
    # EXISTS is never unknown: `exclude` would take a comparison with what is not known for a conflict.
    same = _with_mail(User.objects.filter(pk=OuterRef("pk")))
    return users.filter(~Exists(same.filter(_bound(2))))


def conflicted(items: QuerySet[Item], user_ids: Iterable[UUID]) -> QuerySet[Item]:
    """Return the items that any of these users must not certify. One statement."""
    users = _with_mail(User.objects.filter(pk__in=list(user_ids)))
    return items.filter(Exists(users.filter(_bound())))


def reviewer_conflicted(items: QuerySet[Item]) -> QuerySet[Item]:
    """Return the items whose own reviewer must not certify them. One statement."""
    reviewer = _with_mail(User.objects.filter(pk=OuterRef("reviewer_id")))
    return items.filter(Exists(reviewer.filter(_bound())))


def conflict_of(item: Item, user_ids: Iterable[UUID]) -> str:
    """Return in words why one of these users must not certify an item; empty when all may. At most three queries."""
    users = _with_mail(User.objects.filter(pk__in=list(user_ids)))
    rows = Item.objects.filter(pk=item.pk)
    for clause, words in ((_is_holder(), HOLDS), (_keeps(), KEEPS), (_approved_alone(), APPROVED)):
        if rows.filter(Exists(users.filter(clause))).exists():
            return words
    return ""
