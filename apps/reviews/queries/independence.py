"""Who may certify what (governance.md §5, invariant 17): nobody certifies access they hold, by whatever account, nor a
grant for which theirs was the only approval.

One predicate for assignment (over all items of a campaign) and for a decision (over the items decided). It asks for
persons, not for sign-ins: the linked person, its identities with their mails and logins, unlinked second accounts that
bear one of these addresses, and the service accounts whose tokens somebody made. A delegate inherits the conflicts of
both.

Every sub-query compares plain columns of one item with plain columns of its own: the database then looks each up by an
index for a few items, and by a hash for many.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField, Value, When
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from apps.accounts.models import ApiToken, User
from apps.inventory.models import Identity, Person
from apps.reviews.models import Item

HOLDS = "They hold this access themselves, by this or another account of theirs."
KEEPS = "They made a key of the service account that holds this access."
APPROVED = "Theirs was the only approval of this grant."

#: Where a user is found from an item: a path of fields, for example `reviewer`, or the same one for all.
Who = str | UUID
#: Who gave a grant alone, and in whose name.
APPROVERS = ("sole_approver", "sole_principal")


def facing(items: QuerySet[Item], who: Who) -> QuerySet[Item]:
    """Return the items beside a user (`who`) and their mail (`mail`, lower case), to be asked whether they may."""
    items = items.alias(**{f"{path}_mail": Lower(f"{path}__email") for path in APPROVERS})
    if isinstance(who, str):
        return items.alias(who=F(f"{who}__pk"), mail=Lower(f"{who}__email"))
    mail = Subquery(User.objects.filter(pk=who).values("email")[:1], output_field=CharField())
    return items.alias(who=Value(who, output_field=UUIDField()), mail=Lower(mail))


def _equal(left: str, right: Any) -> Q:
    return Q(Exact(F(left), F(right) if isinstance(right, str) else right))


def _identity(**condition: Any) -> Q:
    """Return whether an identity that is still there meets the condition; two, each of one comparison, for a mail or a
    login: `address` is what it bears."""
    address = condition.pop("address")
    rows = Identity.objects.present().filter(**condition).annotate(bears=Lower("email"), signs=Lower("login"))
    if "person__user_id" in condition:
        # Said again for the planner: few persons sign in, and it looks only at their identities.
        rows = rows.filter(person__user__isnull=False)
    # An empty login is nobody's: it equals no empty login of another.
    return Q(Exists(rows.filter(bears=address).exclude(bears=""))) | Q(
        Exists(rows.filter(signs=address).exclude(signs=""))
    )


def _is_holder() -> Q:
    """Return whether the user is the person who holds the item."""
    found = _equal("who", "holder_user_id") | _equal("who", "holder_person__user_id")
    found |= _equal("mail", Lower("holder_person__email"))
    for column in ("holder_login", "holder_email"):
        found |= _equal("mail", column) | _identity(person__user_id=OuterRef("who"), address=OuterRef(column))
        theirs = Person.objects.filter(user_id=OuterRef("who")).annotate(bears=Lower("email")).exclude(bears="")
        found |= Q(Exists(theirs.filter(bears=OuterRef(column))))
    return found | _identity(person_id=OuterRef("holder_person_id"), address=OuterRef("mail"))


def _keeps() -> Q:
    made = ApiToken.objects.filter(user_id=OuterRef("holder_user_id")).exclude(user_id=F("created_by_id"))
    made = made.annotate(maker=Lower("created_by__email"))
    other = Identity.objects.present().filter(person__user_id=OuterRef("created_by_id"))
    mine = Identity.objects.present().filter(person__user_id=OuterRef(OuterRef("who")))
    found = Q(created_by_id=OuterRef("who"))
    for address in ("email", "login"):
        found |= Q(Exists(other.annotate(bears=Lower(address)).filter(bears=OuterRef(OuterRef("mail")))))
        found |= Q(Exists(mine.annotate(bears=Lower(address)).filter(bears=OuterRef("maker"))))
    # Asked only of the few items that a user of the portal holds.
    return Q(holder_user__isnull=False) & Q(Exists(made.filter(found)))


def _approved_alone() -> Q:
    found = Q()
    for path in APPROVERS:
        found |= _equal("who", f"{path}_id")
        found |= _identity(person__user_id=OuterRef(f"{path}_id"), address=OuterRef("mail"))
        found |= _identity(person__user_id=OuterRef("who"), address=OuterRef(f"{path}_mail"))
    return found


CLAUSES = ((_is_holder, HOLDS), (_keeps, KEEPS), (_approved_alone, APPROVED))


def _bound() -> Q:
    return reduce(or_, (clause() for clause, _ in CLAUSES))


def _any_bound(items: QuerySet[Item], user_ids: Iterable[UUID], clause: Callable[[], Q]) -> QuerySet[Item]:
    found = [Q(pk__in=facing(items, user).filter(clause()).values("pk")) for user in user_ids]
    return items.filter(reduce(or_, found, Q(pk__in=[])))


def free(items: QuerySet[Item]) -> QuerySet[Item]:
    """Return those of the items `facing` a user that this user may certify."""
    # A comparison with what is not known is no conflict, and neither is its negation true.
    return items.filter(Case(When(_bound(), then=Value(False)), default=Value(True)))


def conflicted(items: QuerySet[Item], user_ids: Iterable[UUID]) -> QuerySet[Item]:
    """Return the items that any of these users must not certify. One statement."""
    return _any_bound(items, user_ids, _bound)


def conflict_of(item: Item, user_ids: Iterable[UUID]) -> str:
    """Return in words why one of these users must not certify an item; empty when all may. At most three queries."""
    rows, users = Item.objects.filter(pk=item.pk), list(user_ids)
    for clause, words in CLAUSES:
        if _any_bound(rows, users, clause).exists():
            return words
    return ""
