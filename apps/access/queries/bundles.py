"""What programs asked for together, and what a denial names."""

from uuid import UUID

from apps.access.models import AccessRequest, Bundle
from apps.accounts.models import User
from apps.inventory.models import Asset


def own_bundle(user_id: UUID | None, pk: str) -> Bundle | None:
    """Return the bundle if this user asked for it. One query."""
    return Bundle.objects.filter(pk=pk, requester_id=user_id).first()


def requests_of(bundle: Bundle) -> list[AccessRequest]:
    """Return its requests in the order asked, with their grants. One query."""
    return list(AccessRequest.objects.filter(bundle=bundle).select_related("grant").order_by("number"))


def subject_and_asset(subject_id: str, asset_id: str) -> tuple[User | None, Asset | None]:
    """Return the user and asset of these ids, which a denial of ours has named to its caller. Two queries."""
    return User.objects.filter(pk=subject_id).first(), Asset.objects.filter(pk=asset_id).first()
