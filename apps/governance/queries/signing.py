"""Where one exception stands for one person who would sign it: everything the rule asks, read at once."""

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.governance.models import RiskException
from apps.governance.queries.people import Who, who_are
from apps.governance.references import Reference, reference_of
from apps.governance.states import Vote


@dataclass(frozen=True, slots=True)
class Standing:
    """Who would sign, who asked, who owns, gains or decided, who signed, the administrators, what it is about."""

    me: Who | None
    asker: Who | None
    parties: tuple[Who, ...]
    voted: tuple[Who, ...]
    editors: tuple[Who, ...]
    by_ciso: bool
    reference: Reference | None
    now: datetime

    def is_me(self, others: tuple[Who, ...]) -> bool:
        """Return whether the person is one of these, by any account that is known to be theirs."""
        return self.me is not None and any(self.me.same_as(other) for other in others)


def standing(row: RiskException, actor: Actor, now: datetime) -> Standing:
    """Return where it stands; at most eight queries beside those of its reference."""
    reference = reference_of(row)
    involved = (reference.owners | reference.holders | reference.deciders) if reference else frozenset()
    signed = list(row.votes.filter(choice=Vote.SIGN).values_list("voter_id", "as_ciso"))
    admins = set(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))
    mine = {actor.user_id} if actor.user_id else set()
    people = who_are({row.asked_by_id, *involved, *(voter for voter, _ in signed), *admins, *mine})
    # Who made the tokens of a service account can act as it, and the other way round.
    keepers = {keeper for key in involved | {row.asked_by_id} if key in people for keeper in people[key].keepers}
    kept = who_are(keepers - people.keys())
    return Standing(
        me=people.get(actor.user_id) if actor.user_id else None,
        asker=people.get(row.asked_by_id),
        parties=tuple({**people, **kept}[key] for key in (involved | keepers) if key in people or key in kept),
        voted=tuple(people[voter] for voter, _ in signed if voter in people),
        editors=tuple(people[key] for key in admins if key in people),
        by_ciso=any(as_ciso for _, as_ciso in signed),
        reference=reference,
        now=now,
    )
