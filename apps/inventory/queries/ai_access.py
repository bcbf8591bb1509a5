"""Who may reach AI: the accounts in scope of checks, and the observed access that counts as reaching it."""

from django.db.models import BooleanField, CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from apps.core.facts import Fact
from apps.inventory.models import Entitlement, Identity
from apps.inventory.states import IdentityKind

MACHINES = (IdentityKind.SERVICE, IdentityKind.WORKLOAD, IdentityKind.AGENT)
#: The first that there is of an identity's name, login and key.
LABEL = Coalesce(NullIf("name", Value("")), NullIf("login", Value("")), "source_key", output_field=CharField())


def ai_identities() -> QuerySet[Identity]:
    """Return the identities in scope: those with AI access, and all people of a source that does not tell access.

    Disabled and gone identities are in no count; an identity of which it is not known whether it is enabled is.
    """
    access = Entitlement.objects.present().filter(identity_id=OuterRef("pk"), on_ai=Fact.YES)
    # No EXISTS: PostgreSQL would read all entitlements of everybody first. This asks by index, and only for those of
    # whom the first condition does not decide.
    has_access = Subquery(access.values(yes=Value(True, output_field=BooleanField()))[:1])
    untold = Q(source__brings_ai_entitlements=False) & ~Q(kind__in=MACHINES)
    return Identity.objects.counted().filter(untold | Q(has_access), source__retired_at__isnull=True)


def reaching_ai() -> QuerySet[Entitlement]:
    """Return the present entitlements that reach AI, or may; those of retired sources are in no count.

    An entitlement counts unless its source says that it reaches none. In a directory that does not tell AI access
    apart, a role that is (or may be) privileged counts whatever it is named after: who holds it can hand out access,
    and so reach everything that trusts the directory.
    """
    handing_out = Q(source__brings_ai_entitlements=False) & ~Q(privileged=Fact.NO)
    return Entitlement.objects.present().filter(~Q(on_ai=Fact.NO) | handing_out, source__retired_at__isnull=True)


def reaching_and_privileged() -> QuerySet[Entitlement]:
    """Return those of `reaching_ai` that are privileged, and those of which no source tells whether they are."""
    return reaching_ai().exclude(privileged=Fact.NO)
