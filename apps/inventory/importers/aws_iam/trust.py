"""Who may take a role: the trust policy (`AssumeRolePolicyDocument`) with accounts, services and federation.

IAM User Guide, "AWS JSON policy elements: Principal". Within one account a trust policy that names a user or role is
enough; one that names the account leaves it to the policies of its users and roles.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from apps.core.facts import Fact
from apps.inventory.importers.aws_iam.actions import AI_PRINCIPALS
from apps.inventory.importers.aws_iam.documents import Statement
from apps.inventory.importers.aws_iam.evaluate import about_action
from apps.inventory.states import IdentityKind

_ACCOUNT = re.compile(r"^(?:arn:[\w-]+:(?:iam|sts)::(\d{12}):(.+)|(\d{12}))$")
_WAYS = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
#: Identity providers at which anybody can have an account (IAM User Guide, web identity federation).
_PUBLIC = ("accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com")
#: Names that AWS documents for the roles its consoles make.
_AGENT_ROLE = "AmazonBedrockExecutionRoleForAgents_"
_SERVICE_LINKED = "/aws-service-role/"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a trust policy says, sorted by who.

    `services` are AWS services; `named` users and roles of the own account by ARN; `account` says that the own account
    as a whole is trusted; `outside` is who stands outside; `doubtful` who may. `notes` are what is not evaluated.
    """

    services: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    account: bool = False
    outside: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def external(self) -> Fact:
        """Return whether somebody outside may take the role."""
        if self.outside:
            return Fact.YES
        return Fact.UNKNOWN if self.doubtful else Fact.NO


def read_trust(statements: Collection[Statement], account: str, own: Collection[str]) -> Trust:
    """Return who a role of this account trusts; `own` are further accounts of the organisation."""
    services: set[str] = set()
    named: set[str] = set()
    outside: set[str] = set()
    doubtful: set[str] = set()
    notes: set[str] = set()
    whole = False
    for statement in (s for s in statements if any(about_action(s, way) for way in _WAYS)):
        if not statement.allow or statement.not_principals:
            notes.add("a denial in the trust policy" if not statement.allow else "NotPrincipal in the trust policy")
            if statement.allow:
                outside.add("everybody but those it names")
            continue
        notes |= {f"a condition of the trust policy on {key}" for key in statement.conditions}
        for kind, value in statement.principals:
            if kind == "Service":
                services.add(value.lower())
            elif kind == "AWS" and (found := _ACCOUNT.match(value)) and (found[1] or found[3]) == account:
                whole = whole or found[2] in (None, "root")
                named |= {value} if found[2] not in (None, "root") else set()
            else:
                _sort(kind, value, own, outside, doubtful)
    outsiders, perhaps = tuple(sorted(outside)), tuple(sorted(doubtful))
    return Trust(frozenset(services), frozenset(named), whole, outsiders, perhaps, tuple(sorted(notes)))


def _sort(kind: str, value: str, own: Collection[str], outside: set[str], doubtful: set[str]) -> None:
    """Put a principal that is neither a service nor of the own account where it belongs."""
    found = _ACCOUNT.match(value)
    if kind == "Federated":
        known = outside if value.lower() in _PUBLIC else doubtful
        known.add(f"identity provider {value}"[:200])
    elif value == "*":
        outside.add("everybody")
    elif found:
        if (found[1] or found[3]) not in own:
            outside.add(f"AWS account {found[1] or found[3]}")
    else:
        # A deleted user or role shows as its id (AIDA…, AROA…); a canonical user id names some account.
        doubtful.add(f"{kind} {value}"[:200])


def kind_of_role(name: str, path: str, trust: Trust) -> IdentityKind:
    """Return what stands behind a role: a service, a workload, an agent, or what cannot be told: people can take it."""
    if path.startswith(_SERVICE_LINKED):
        return IdentityKind.SERVICE
    if name.startswith(_AGENT_ROLE):
        return IdentityKind.AGENT
    others = trust.named or trust.account or trust.outside or trust.doubtful
    return IdentityKind.WORKLOAD if trust.services and not others else IdentityKind.UNKNOWN


def ai_services(trust: Trust) -> Iterator[str]:
    """Yield the AI services that may take the role."""
    yield from (service for service in trust.services if service in AI_PRINCIPALS)
