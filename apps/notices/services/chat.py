"""Chat through apprise, narrowed to services that are reached over https.

apprise sends by its own HTTP library, which goes around the portal's client. So an address is read strictly: a schema
of the list, nothing after a `?` (there apprise takes switches that turn certificates off, follow redirects or read
local files), and a host that a person chose must be a public one before each use. What remains: apprise resolves that
name once more (a name server could answer differently the second time) and obeys proxy variables of the environment.
"""

import re
from urllib.parse import unquote

import apprise

from apps.core.outbound import OutboundError, OutboundRefused, Target, parse_host, route_to
from apps.core.outbound.target import checked_port
from apps.notices.services.media import NotSent, Words

#: Services with an address of their own, written into apprise.
FIXED = {
    "slack": "hooks.slack.com",
    "discord": "discord.com",
    "gchat": "chat.googleapis.com",
    "tgram": "api.telegram.org",
}
#: Services whose host is part of the address; each speaks https only.
HOSTED = frozenset({"mmosts", "rockets", "workflow", "workflows"})
ADDRESS = re.compile(r"([a-z]+)://([!-~]{3,1000})")
SECONDS = 15.0


def place_of(address: str) -> str:
    """Return the host that a chat address leads to. Raises NotSent (final) for one that is not taken."""
    found = ADDRESS.fullmatch(address)
    if found is None or found[1] not in FIXED.keys() | HOSTED:
        known = ", ".join(sorted(FIXED.keys() | HOSTED))
        raise NotSent(f"A chat address starts with one of: {known}.", final=True)
    if any(mark in unquote(found[2]) for mark in "?\\&"):
        raise NotSent("A chat address has nothing after a question mark.", final=True)
    if found[1] in FIXED:
        return FIXED[found[1]]
    target = _target(found[2])
    return target.host if target.port == 443 else f"{target.host}:{target.port}"


def _target(rest: str) -> Target:
    place = rest.partition("/")[0].rpartition("@")[2]
    host, _, port = place.partition(":") if not place.startswith("[") else (place, "", "")
    try:
        return Target("https", parse_host(host), checked_port(int(port)) if port else 443)
    except (OutboundRefused, ValueError):
        raise NotSent("The chat address names no plain host.", final=True) from None


def connected(address: str) -> apprise.NotifyBase:
    """Return apprise's object for an address, its host vetted now. Raises NotSent."""
    place_of(address)
    schema, _, rest = address.partition("://")
    if schema in HOSTED:
        try:
            route_to(_target(rest))
        except OutboundRefused as problem:
            raise NotSent(problem.reason, final=True) from None
        except OutboundError as problem:
            raise NotSent(problem.reason) from None
    asset = apprise.AppriseAsset(
        plugin_paths=[], storage_mode=apprise.PersistentStoreMode.MEMORY, service_timeout=SECONDS
    )
    made = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if not isinstance(made, apprise.NotifyBase) or (schema in HOSTED and not made.secure):
        raise NotSent("The chat address is not complete.", final=True)
    return made


def send(address: str, words: Words) -> None:
    """Post one message. Raises NotSent; apprise does not tell why a service refused."""
    service = connected(address)
    title, body = (_unmentioned(text) for text in (words.title, "\n".join(words.lines)))
    text = "\n".join(filter(None, [body, f"{words.action}: {words.link}"]))
    try:
        done = service.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
    except (OSError, TypeError, ValueError):
        done = False
    if not done:
        raise NotSent("The chat service did not take the message.")


def _unmentioned(text: str) -> str:
    """Return text that calls nobody: `@everyone`, `<!channel>` and formatting marks come from foreign names."""
    return text.translate(dict(zip(map(ord, "@<>*`[]"), "＠‹›∗ˋ［］", strict=True)))
