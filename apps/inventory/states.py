"""States of an import, and the kinds of the inventory."""

from django.db import models

from apps.core.states import machine


class ImportState(models.TextChoices):
    """Where an import stands."""

    QUEUED = "queued", "Waiting"
    STAGING = "staging", "Reading"
    PREVIEWED = "previewed", "Ready to apply"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    REFUSED = "refused", "Refused"
    DISCARDED = "discarded", "Discarded"


IMPORT_MACHINE = machine(
    "import",
    {
        ImportState.QUEUED: [ImportState.STAGING, ImportState.DISCARDED, ImportState.REFUSED],
        ImportState.STAGING: [ImportState.PREVIEWED, ImportState.REFUSED, ImportState.QUEUED, ImportState.DISCARDED],
        ImportState.PREVIEWED: [ImportState.APPLYING, ImportState.DISCARDED],
        ImportState.APPLYING: [ImportState.APPLIED, ImportState.PREVIEWED, ImportState.REFUSED],
        ImportState.APPLIED: [],
        ImportState.REFUSED: [],
        ImportState.DISCARDED: [],
    },
)


class IdentityKind(models.TextChoices):
    """What stands behind an identity."""

    HUMAN = "human", "Human"
    GUEST = "guest", "Guest"
    SERVICE = "service", "Service account"
    WORKLOAD = "workload", "Workload"
    AGENT = "agent", "Agent"
    UNKNOWN = "unknown", "Not known"


class AssetKind(models.TextChoices):
    """Kinds of AI assets."""

    MODEL = "model", "Model"
    MODEL_VERSION = "model_version", "Model version"
    DATASET = "dataset", "Dataset"
    FEATURE_STORE = "feature_store", "Feature store"
    TRAINING_JOB = "training_job", "Training job"
    ENDPOINT = "endpoint", "Endpoint"
    NOTEBOOK = "notebook", "Notebook"
    VECTOR_STORE = "vector_store", "Vector store"
    REGISTRY = "registry", "Registry"
    AGENT = "agent", "Agent"
    MCP_SERVER = "mcp_server", "MCP server"
    API = "api", "Third-party API"


class UseState(models.TextChoices):
    """What is known of the last use: a time, never, or nothing."""

    USED = "used", "Used"
    NEVER = "never", "Never used"
    UNKNOWN = "unknown", "Not known"


class PersonStatus(models.TextChoices):
    """Whether a person works here."""

    ACTIVE = "active", "Active"
    LEFT = "left", "Left"
    UNKNOWN = "unknown", "Not known"
