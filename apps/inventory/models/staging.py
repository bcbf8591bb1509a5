"""Staged twins: rows of an import that is not applied yet, invisible to every page."""

from django.db import models

from apps.inventory.models import facts
from apps.inventory.models.source import Import


class Staged(models.Model):
    """A row staged for an import. No unique key here: duplicates are rejected while parsing.

    `row` is the id that the applied row has or gets, `parent` that of the row it hangs on; both follow from source,
    kind and key, so that applying needs no look-up. Nothing but the engine writes here, so a reference is not checked
    again for each row.
    """

    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    row = models.UUIDField()
    parent = models.UUIDField(null=True)

    class Meta:
        abstract = True
        indexes = (models.Index(fields=["owner", "source_key"]),)


class StagedIdentity(facts.IdentityFacts, Staged):
    """A staged identity."""

    class Meta(Staged.Meta):
        pass


class StagedFactor(facts.FactorFacts, Staged):
    """A staged factor."""

    class Meta(Staged.Meta):
        pass


class StagedCredential(facts.CredentialFacts, Staged):
    """A staged credential."""

    class Meta(Staged.Meta):
        pass


class StagedEntitlement(facts.EntitlementFacts, Staged):
    """A staged entitlement."""

    class Meta(Staged.Meta):
        pass


class StagedPersonRecord(facts.PersonFacts, Staged):
    """A staged person record."""

    class Meta(Staged.Meta):
        pass


class StagedAsset(facts.AssetFacts, Staged):
    """A staged asset observation."""

    class Meta(Staged.Meta):
        pass


class StagedLink(facts.LinkFacts, Staged):
    """A staged asset link."""

    class Meta(Staged.Meta):
        pass


class StagedOwnerClaim(facts.OwnerClaimFacts, Staged):
    """A staged owner claim."""

    class Meta(Staged.Meta):
        pass
