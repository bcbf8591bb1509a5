"""Columns that observed rows and their staged twins share, so that an apply is one INSERT … SELECT."""

import uuid

from django.db import models

from apps.core.facts import FactField
from apps.inventory.states import AssetKind, IdentityKind, PersonStatus, UseState


class Observed(models.Model):
    """What every observed row carries. `digest` is over its facts: equal digest means unchanged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source_key = models.CharField(max_length=700)
    digest = models.CharField(max_length=64)
    raw = models.JSONField(default=dict, help_text="The record as it came, secrets removed")

    class Meta:
        abstract = True


class IdentityFacts(Observed):
    """An account at one source that can act."""

    kind = models.CharField(max_length=8, choices=IdentityKind.choices, default=IdentityKind.UNKNOWN)
    name = models.CharField(max_length=300, blank=True)
    login = models.CharField(max_length=320, blank=True)
    email = models.CharField(max_length=320, blank=True)
    employee_id = models.CharField(max_length=100, blank=True)
    enabled = FactField()
    is_admin = FactField()
    external = FactField(help_text="Yes when somebody outside the organisation acts as it or may take it")
    password_sign_in = FactField(help_text="Can sign in with a password")
    mfa_known = FactField(help_text="Yes when the source tells which factors are registered, also that there are none")
    created_on_source_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    use_state = models.CharField(max_length=7, choices=UseState.choices, default=UseState.UNKNOWN)
    department = models.CharField(max_length=200, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    manager_key = models.CharField(max_length=320, blank=True)

    class Meta(Observed.Meta):
        abstract = True


class FactorFacts(Observed):
    """A registered second factor. Types: see `apps.inventory.factors`."""

    identity_key = models.CharField(max_length=700)
    type = models.CharField(max_length=60)
    strength = models.CharField(max_length=20, help_text="phishing_resistant, strong, weak, not_a_factor")
    active = FactField()

    class Meta(Observed.Meta):
        abstract = True


class CredentialFacts(Observed):
    """A password, access key, token, certificate or API key. Never its value."""

    identity_key = models.CharField(max_length=700)
    kind = models.CharField(max_length=20, help_text="password, access_key, certificate, api_key, token")
    name = models.CharField(max_length=200, blank=True)
    active = FactField()
    created_on_source_at = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    use_state = models.CharField(max_length=7, choices=UseState.choices, default=UseState.UNKNOWN)
    expires_at = models.DateTimeField(null=True)

    class Meta(Observed.Meta):
        abstract = True


class EntitlementFacts(Observed):
    """Observed access: an identity may do something. `on_ai` when it reaches an AI asset or service.

    `via` is the way it comes (groups, roles, policies); `not_evaluated` says in words what was left open about it.
    """

    identity_key = models.CharField(max_length=700)
    operation = models.CharField(max_length=200)
    scope = models.CharField(max_length=700, blank=True)
    how = models.CharField(max_length=20, default="direct")
    via = models.CharField(max_length=700, blank=True)
    not_evaluated = models.TextField(blank=True)
    privileged = FactField()
    on_ai = FactField()
    full_access = FactField(help_text="Yes when every operation of an AI service is given on everything")
    granted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta(Observed.Meta):
        abstract = True


class PersonFacts(Observed):
    """A person as an HR export shows them."""

    name = models.CharField(max_length=300)
    email = models.CharField(max_length=320, blank=True)
    login = models.CharField(max_length=320, blank=True)
    manager_key = models.CharField(max_length=320, blank=True, help_text="Employee id, mail or unique name")
    team_name = models.CharField(max_length=200, blank=True)
    business_unit = models.CharField(max_length=200, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=7, choices=PersonStatus.choices, default=PersonStatus.UNKNOWN)
    started_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)

    class Meta(Observed.Meta):
        abstract = True


class AssetFacts(Observed):
    """An AI asset as one source shows it."""

    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    name = models.CharField(max_length=300)
    slug = models.CharField(max_length=320, blank=True, help_text="Derived from name and version while staging")
    version = models.CharField(max_length=100, blank=True)
    version_number = models.PositiveBigIntegerField(null=True)
    parent_key = models.CharField(max_length=700, blank=True, help_text="Source key of the model of a version")
    stage = models.CharField(max_length=60, blank=True)
    aliases = models.JSONField(default=list)
    description = models.TextField(blank=True)
    environment = models.CharField(max_length=60, blank=True)
    classification = models.CharField(max_length=60, blank=True)
    claimed_tier = models.PositiveSmallIntegerField(null=True)
    business_unit = models.CharField(max_length=200, blank=True)
    serialisation = models.CharField(max_length=60, blank=True, help_text="File format of the weights")
    runs_code = FactField(help_text="Loading the format can run code")
    location = models.CharField(max_length=2000, blank=True)
    content_digest = models.CharField(max_length=128, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    created_on_source_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=dict)

    class Meta(Observed.Meta):
        abstract = True


class LinkFacts(Observed):
    """A relation between two assets of one source, left to right: the left one goes into the right one."""

    left_key = models.CharField(max_length=700)
    right_key = models.CharField(max_length=700)
    relation = models.CharField(max_length=20, help_text="trained_on, produced, version_of, serves, based_on")

    class Meta(Observed.Meta):
        abstract = True


class OwnerClaimFacts(Observed):
    """What a source says about the owner of an asset: a mail address, a login or a name."""

    asset_key = models.CharField(max_length=700)
    claim = models.CharField(max_length=320)

    class Meta(Observed.Meta):
        abstract = True
