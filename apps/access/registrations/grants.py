"""What grants tell core at start-up: provisioners, steps of the reconciler, notices, subjects, sealed columns."""

from apps.access.models import Grant, GrantPassword, ManualTask, SigningKey
from apps.access.provisioning.contract import Provisioner
from apps.access.provisioning.manual import ManualProvisioner
from apps.access.provisioning.mlflow import MlflowProvisioner
from apps.access.provisioning.portal import PortalProvisioner
from apps.access.provisioning.postgresql import PostgresqlProvisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.provisioning.webhook import WebhookProvisioner
from apps.access.services import held, orphans, reconciling, signing, suspension
from apps.access.services.grants import offboard
from apps.access.services.telling import KINDS
from apps.accounts.participants import PARTICIPANTS
from apps.core.actor import Actor
from apps.core.jobs import RECONCILERS
from apps.core.notices import SEEN, register_kind
from apps.core.sealed import SEALED, SealedColumn

CARRIERS: tuple[Provisioner, ...] = (
    PortalProvisioner(),
    ManualProvisioner(),
    WebhookProvisioner(),
    PostgresqlProvisioner(),
    MlflowProvisioner(),
)
STEPS = (
    ("access.expire_due", reconciling.expire_due),
    ("access.end_unstarted", reconciling.end_unstarted),
    ("access.end_here", reconciling.end_here),
    ("access.judge_conditions", suspension.judge_conditions),
    ("access.carry_due", reconciling.carry_due),
    ("access.scan_due", orphans.scan_due),
    ("access.run_held", held.run_due),
    ("access.alarm_overdue", reconciling.alarm_overdue),
    ("access.warn_due", reconciling.warn_due),
    ("access.rotate_signing_key", signing.rotate_due),
)


def sees_grant(actor: Actor, number: str) -> bool:
    """Return whether the actor sees a grant."""
    return number.isdigit() and Grant.objects.visible_to(actor).filter(pk=int(number)).exists()


def sees_task(actor: Actor, number: str) -> bool:
    """Return whether the actor sees a task by hand."""
    return number.isdigit() and ManualTask.objects.visible_to(actor).filter(pk=int(number)).exists()


def register_grants() -> None:
    """Make all registrations; a name taken by another stops the start."""
    for carrier in CARRIERS:
        PROVISIONERS.register(carrier.key, carrier)
    for kind in KINDS:
        register_kind(kind)
    for name, step in STEPS:
        RECONCILERS.register(name, step)
    PARTICIPANTS.register("access.grants", offboard)
    SEEN.register("grant", sees_grant)
    SEEN.register("manual_task", sees_task)
    SEALED.register("access.signing_key", SealedColumn(SigningKey, "sealed_private", "kid"))
    SEALED.register("access.grant_password", SealedColumn(GrantPassword, "sealed", "grant_id"))
