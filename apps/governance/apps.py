"""Registrations of the governance app."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The governance app."""

    name = "apps.governance"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.accounts.participants import PARTICIPANTS
        from apps.core.jobs import RECONCILERS
        from apps.core.notices import register_kind
        from apps.core.persons import SAME_PERSON
        from apps.core.ui.words import VERBS
        from apps.governance import events  # noqa: F401  (declares itself)
        from apps.governance.operations import verb_of
        from apps.governance.queries.people import same_persons
        from apps.governance.services import ending, telling
        from apps.governance.web import cells, registrations

        for kind in telling.KINDS:
            register_kind(kind)
        RECONCILERS.register("governance.end_exceptions", ending.end_due)
        VERBS.register("governance.operations", verb_of)
        SAME_PERSON.register("governance.people", same_persons)
        PARTICIPANTS.register("governance.exceptions", ending.offboard)
        registrations.register()
        cells.register()
