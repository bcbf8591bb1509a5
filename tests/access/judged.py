"""Grants, votes and uses of emergency access as the checks judge them, written past the services that refuse them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from apps.access.models import AfterReview, Binding, BreakGlass, Grant, Vote
from apps.accounts.models import User
from apps.inventory.models import Asset
from tests.access.grants import make_request


def someone() -> User:
    """Return a new user."""
    return User.objects.create_user(f"{uuid4().hex}@fenwick.example", name="Somebody")


def given(asset: Asset, at: datetime, **fields: Any) -> Grant:
    """Return a grant of an hour's `eval.run`, activated at `at` and live; with a request unless it is an emergency."""
    holder = fields.pop("holder", None) or someone()
    operation, minutes = fields.pop("operation", "eval.run"), fields.pop("minutes", 60)
    binding, _ = Binding.objects.get_or_create(provisioner="portal", defaults={"created_at": at})
    request = None
    if not fields.get("emergency"):
        request = make_request(holder, asset, operation=operation, minutes=minutes, now=at)
    window = {"activated_at": at, "expires_at": at + timedelta(minutes=minutes), "created_at": at, "start_at": at}
    common: dict[str, Any] = {
        "holder": holder, "asset": asset, "asset_label": str(asset), "operation": operation, "minutes": minutes,
        "tier": 2, "request": request, "binding": binding, "state": "active", "observed": "present",
        "desired": "present", "activate_by": at + timedelta(hours=24), **window,
    }  # fmt: skip
    return Grant.objects.create(**{**common, **fields})


def approved(grant: Grant, voter: User, strength: str = "second_factor") -> Vote:
    """Return an approving vote on the grant's request."""
    told = {"choice": "approve", "digest": "0" * 64, "strength": strength, "at": grant.created_at}
    return Vote.objects.create(request=grant.request, stage=1, voter=voter, **told)


def broken_glass(asset: Asset, at: datetime, **review: Any) -> Grant:
    """Return emergency access used at `at`, with its review (open unless told otherwise)."""
    grant = given(asset, at, emergency=True, state="ended", observed="absent", ended_at=at)
    used = BreakGlass.objects.create(grant=grant, user=grant.holder, reason="Leak", at=at)
    AfterReview.objects.create(break_glass=used, holder=grant.holder, due_at=at + timedelta(days=1), **review)
    return grant


def misuse(asset: Asset, now: datetime) -> None:
    """Make the asset fail every check about access."""
    holder = someone()
    own = given(asset, now - timedelta(hours=12), holder=holder, operation="train.run", minutes=600)
    approved(own, holder, "password")
    shipped = given(asset, now - timedelta(hours=11), holder=holder, operation="model.deploy")
    approved(shipped, someone(), "password")
    broken_glass(asset, now - timedelta(days=3))
