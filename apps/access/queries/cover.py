"""Which binding carries an operation on an asset, for which account, and which other grants cover the same access."""

from datetime import datetime

from django.db.models import Q, QuerySet

from apps.access.models import Binding, Grant
from apps.access.states import WANTED_GRANTS, GrantState
from apps.accounts.models import User
from apps.connectors.queries import same_server
from apps.inventory.models import Asset, Identity

PORTAL = "portal"


def binding_for(asset: Asset, operation: str) -> Binding | None:
    """Return the most specific enabled binding that knows the operation: the asset's, its kind's, the default.

    A binding of the portal itself carries every operation; any other only those that its `levels` name. None where
    nothing carries it. One query.
    """
    kinds = Q(asset__isnull=True, asset_kind__in=[asset.kind, ""])
    found = Binding.objects.filter(kinds | Q(asset=asset), enabled=True).order_by("pk")
    ranked = sorted(found, key=lambda binding: (binding.asset_id is None, not binding.asset_kind, binding.pk))
    for binding in ranked:
        if binding.provisioner == PORTAL or binding.levels.get(operation):
            return binding
    return None


def account_for(binding: Binding, user: User) -> str:
    """Return the user's account at the binding's target, empty where it is not known.

    `settings["account"]` says how: `email` (default), or `identity`: the login of the one identity the user's person
    has in the source `settings["source"]`. At the portal it is the user.
    """
    if binding.provisioner == PORTAL:
        return str(user.pk)
    if binding.settings.get("account", "email") == "email":
        return user.email
    identities = Identity.objects.present().filter(person__user=user, source_id=binding.settings.get("source"))
    logins = list(identities.values_list("login", flat=True)[:2])
    return logins[0] if len(logins) == 1 else ""


def resource_of(binding: Binding, asset: Asset) -> str:
    """Return the asset's name at the target."""
    return str(binding.settings.get("resource") or asset.name)


def place_of(grant: Grant) -> str:
    """Return the name at the target for which the grant was carried: another name of the asset since moves nothing."""
    return grant.resource or resource_of(grant.binding, grant.asset)


def level_of(grant: Grant) -> str:
    """Return what the grant's operation means at its target."""
    return str(grant.binding.levels.get(grant.operation, grant.operation))


def same_target(binding: Binding) -> QuerySet[Binding]:
    """Return the bindings that lead to the target of this one, it among them: those of its server."""
    rows = Binding.objects.filter(provisioner=binding.provisioner)
    if binding.connection is None:
        return rows.filter(connection__isnull=True)
    return rows.filter(connection__in=same_server(binding.connection))


def cover_of(grant: Grant) -> QuerySet[Grant]:
    """Return the other grants for the same account and resource at the same target, whichever binding carries them."""
    same = Grant.objects.filter(binding__in=same_target(grant.binding), account=grant.account, resource=place_of(grant))
    return same.exclude(pk=grant.pk)


def is_carried_elsewhere(binding: Binding, number: int) -> bool:
    """Return whether access with a grant's mark, found at a binding's server, is another binding's to look after.

    What no grant explains belongs to the oldest binding of the server, so that it is listed once. Two queries.
    """
    grant = Grant.objects.select_related("binding").filter(pk=number).first()
    if grant is not None and grant.binding_id != binding.pk:
        return grant.binding.enabled or grant.state != GrantState.ENDED
    if grant is not None:
        return False
    return same_target(binding).filter(enabled=True, pk__lt=binding.pk).exists()


def keep_levels(grant: Grant, now: datetime) -> tuple[str, ...]:
    """Return the levels that other live grants give to the same account there: they stay when this one ends.

    One query. Suspended and ending ones do not count, nor do those whose time is over.
    """
    live = cover_of(grant).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), state__in=WANTED_GRANTS)
    return tuple(sorted({level_of(other) for other in live.select_related("binding")}))


def granted_levels(binding: Binding, account: str, resource: str, now: datetime) -> tuple[str, ...]:
    """Return the levels that live grants give to an account on a resource of the target. One query."""
    live = Grant.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), account=account, resource=resource)
    rows = live.filter(state__in=WANTED_GRANTS, binding__in=same_target(binding)).select_related("binding")
    return tuple(sorted({level_of(grant) for grant in rows}))


def known_baseline(grant: Grant) -> dict[str, object]:
    """Return the baseline that an earlier, not yet ended grant read for the same access; empty where none did.

    While any grant may have changed the target, only what was read before the first of them is a baseline.
    """
    unended = [GrantState.ACTIVATING, GrantState.ACTIVE, GrantState.SUSPENDED, GrantState.ENDING]
    unended.append(GrantState.ACTIVATION_FAILED)
    earlier = cover_of(grant).filter(state__in=unended).exclude(baseline={}).order_by("number").first()
    return dict(earlier.baseline) if earlier else {}
