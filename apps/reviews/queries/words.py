"""Expressions that the snapshot of an item is made of, the same on SQLite and PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, CharField, F, Func, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Least, Length, Lower, NullIf, Replace, Substr, Trim

from apps.governance.operations import OPERATIONS
from apps.governance.tiers import SENSITIVE_WORDS, UNKNOWN_TIER

TEXT = CharField(max_length=700)


class Sha256(Func):
    """SHA-256 of a text's UTF-8 bytes in lower-case hexadecimal, without an extension of the database."""

    arity = 1
    output_field = CharField()
    function = "SHA256"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """PostgreSQL has sha256 over bytes."""
        return super().as_sql(
            compiler, connection, template="encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')", **context
        )


class Instant(Func):
    """An instant as `2026-11-20T06:12:00Z`, to the second; NULL stays NULL."""

    arity = 1
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """In UTC, whatever the session's zone."""
        template = """to_char(date_trunc('second', %(expressions)s AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
        return super().as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite keeps UTC; the text is cut, not rounded, as PostgreSQL's is."""
        template = "replace(substr(%(expressions)s, 1, 19), ' ', 'T') || 'Z'"
        return super().as_sql(compiler, connection, template=template, **context)


class Joined(Func):
    """Texts one after another, none of which is NULL. Flat, because many nested ones are too deep for SQLite."""

    output_field = TextField()
    template = "(%(expressions)s)"
    arg_joiner = " || "


def text(value: Any) -> Any:
    """Return an expression as text, the empty one for NULL."""
    return Coalesce(Cast(value, TextField()), Value("", output_field=TextField()))


def key(field: str) -> Any:
    """Return a primary key as text: a UUID as 32 hexadecimal digits on both databases, a number as it is."""
    return Replace(Cast(F(field), TextField()), Value("-"), Value(""))


def first(*values: Any, longest: int = 300) -> Any:
    """Return the first of the texts that is neither NULL nor empty, cut to `longest`."""
    blank = Value("", output_field=TEXT)
    filled = [NullIf(Cast(value, TextField()), Value("", output_field=TextField())) for value in values]
    return Substr(Coalesce(*filled, blank, output_field=TextField()), 1, longest, output_field=TEXT)


def lower(value: str) -> Any:
    """Return a text in lower case, the empty one for NULL."""
    return Coalesce(Lower(value), Value(""), output_field=TEXT)


def asset_words(asset: str) -> Any:
    """Return an asset's name and version; empty where there is none."""
    return text(Trim(Concat(F(f"{asset}__name"), Value(" "), F(f"{asset}__version"))))


def sensitive(path: str) -> Q:
    """Return whether a classification speaks of personal, regulated or customer data (`tiers.is_sensitive` in SQL)."""
    named = Q()
    for word in SENSITIVE_WORDS:
        named |= Q(**{f"{path}__icontains": word})
    for beginning in ("non ", "non-", "non_", "no ", "no-", "no_"):
        named &= ~Q(**{f"{path}__istartswith": beginning})
    return named


def asset_tier(asset: str) -> Any:
    """Return the tier an asset is treated as (`tiers.asset_tier` in SQL); NULL where there is no asset."""
    own, model = F(f"{asset}__tier"), F(f"{asset}__parent__tier")
    strictest = Least(Coalesce(own, model, Value(UNKNOWN_TIER)), Coalesce(model, own, Value(UNKNOWN_TIER)))
    return Case(
        When(Q(**{f"{asset}__isnull": True}), then=Value(None, output_field=IntegerField())),
        When(sensitive(f"{asset}__classification") & Q(**{f"{asset}__tier_confirmed": False}), then=Value(1)),
        default=strictest,
        output_field=IntegerField(),
    )


def operation_tier(operation: str) -> Any:
    """Return the least strict tier of an operation of the catalogue; 3 for words of a source."""
    strict = {tier: [o.key for o in OPERATIONS.values() if o.tier == tier] for tier in (1, 2)}
    whens = [When(**{f"{operation}__in": keys}, then=Value(tier)) for tier, keys in strict.items()]
    return Case(*whens, default=Value(3), output_field=IntegerField())


def netstring(parts: Sequence[Any]) -> Any:
    """Return texts as `length:text,` one after another: no text can be taken for two."""
    pieces: list[Any] = []
    for part in parts:
        pieces += [Cast(Length(part), TextField()), Value(":"), part, Value(",")]
    return Joined(*pieces)
