"""What may be sent to the API of access. Rules are the services'; here are only types and sizes."""

from rest_framework import serializers

from apps.core.api.bodies import Body
from apps.governance.operations import OPERATIONS

#: More minutes than any tier allows; how many it allows is the plan's to say.
MOST_MINUTES = 60 * 24 * 31
LONGEST_TEXT = 2000


class Planned(Body):
    """An access that may be asked for. Without a beneficiary it is for the caller, without a start from now."""

    asset = serializers.UUIDField()
    operation = serializers.ChoiceField(choices=[(key, one.verb) for key, one in OPERATIONS.items()])
    minutes = serializers.IntegerField(min_value=1, max_value=MOST_MINUTES)
    start_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Without an offset it is UTC.")
    beneficiary = serializers.UUIDField(required=False, allow_null=True)


class Asked(Planned):
    """A request. With a payload the operation itself is asked for: it is held and run once, exactly as approved."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)
    ticket = serializers.CharField(required=False, allow_blank=True, max_length=60)
    payload = serializers.DictField(required=False, allow_null=True)


class DryRun(Asked):
    """The same body as that of a request, of which only the access matters."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)


class Nothing(Body):
    """No fields."""


class Reason(Body):
    """Why."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)


class Why(Body):
    """Why, where it need not be said."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class Text(Body):
    """A question."""

    text = serializers.CharField(max_length=LONGEST_TEXT)


class Answer(Body):
    """An answer. To accept the lesser access that was offered it may be left out."""

    text = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)


class Decided(Body):
    """A decision with its reason, about a request as it was shown: `digest` is that of its card."""

    digest = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=LONGEST_TEXT)


class Approved(Decided):
    """An approval, for fewer minutes if given."""

    minutes = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MOST_MINUTES)


class Offered(Body):
    """Less access that would do."""

    digest = serializers.CharField(max_length=64)
    operation = serializers.ChoiceField(choices=[(key, one.verb) for key, one in OPERATIONS.items()])
    minutes = serializers.IntegerField(min_value=1, max_value=MOST_MINUTES)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)


class Longer(Body):
    """More time for a grant."""

    minutes = serializers.IntegerField(min_value=1, max_value=MOST_MINUTES)
    reason = serializers.CharField(max_length=LONGEST_TEXT)


class Audience(Body):
    """Who is to take the token; left out, it is the asset."""

    audience = serializers.CharField(required=False, allow_blank=True, max_length=300)
