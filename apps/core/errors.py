"""The four domain errors. Each is translated once for pages and once for the API."""


class DomainError(Exception):
    """A refusal with a reason that may be shown to the person who caused it, and what would help where known."""

    status = 400
    title = "Bad request"

    def __init__(self, reason: str, /, *, remedy: str = "", **fields: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.fields = fields


class Forbidden(DomainError):
    """The actor may see the subject but may not do this to it."""

    status = 403
    title = "Not allowed"


class Conflict(DomainError):
    """The state changed meanwhile, or something else already holds the place."""

    status = 409
    title = "Changed meanwhile"


class Invalid(DomainError):
    """The input does not describe a valid change; `fields` maps field names to what is wrong with them."""

    status = 400
    title = "Not valid"


class NotFound(DomainError):
    """The subject does not exist for this actor; absent and hidden are the same answer."""

    status = 404
    title = "Not found"
