"""Requests, approvals, grants and what carries them."""

from apps.access.models.emergency import AfterReview, BreakGlass, EmergencyPermit
from apps.access.models.forgotten import Forgotten
from apps.access.models.grant import Grant, Receipt
from apps.access.models.held import HeldOperation
from apps.access.models.manual import ManualTask
from apps.access.models.password import GrantPassword
from apps.access.models.policy import Policy, PolicyChange, PolicyVersion
from apps.access.models.request import AccessRequest, Asked, Bundle, RequestMessage, Vote
from apps.access.models.route import Delegation, RouteStage
from apps.access.models.route_version import Route, RouteChange, RouteVersion, Stage, Tiers
from apps.access.models.signing import SigningKey
from apps.access.models.target import Binding, Orphan

__all__ = [
    "AccessRequest",
    "AfterReview",
    "Asked",
    "Binding",
    "BreakGlass",
    "Bundle",
    "Delegation",
    "EmergencyPermit",
    "Forgotten",
    "Grant",
    "GrantPassword",
    "HeldOperation",
    "ManualTask",
    "Orphan",
    "Policy",
    "PolicyChange",
    "PolicyVersion",
    "Receipt",
    "RequestMessage",
    "Route",
    "RouteChange",
    "RouteStage",
    "RouteVersion",
    "SigningKey",
    "Stage",
    "Tiers",
    "Vote",
]
