"""An organisation of a given size, made by the database from number series; the same one every time.

Per 1,000,000 identities: 200,000 assets, 5,000,000 entitlements, 500,000 people, and factors, keys, artifacts and
signatures in proportion. Rows get random-looking ids, as the product's have.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import connection, models

from apps.integrity.models import Artifact, Signature
from apps.inventory.models import (
    Asset,
    AssetObservation,
    Coverage,
    Credential,
    Entitlement,
    Factor,
    Identity,
    Import,
    Person,
    Source,
)

SOURCES = (
    ("aws", "aws-iam-credential-report", False, ("identity", "factor", "credential")),
    ("directory", "microsoft-graph", False, ("identity", "factor")),
    ("platform", "people-csv", True, ("identity", "credential", "entitlement")),
    ("registry", "mlflow", False, ("asset", "artifact")),
    ("signatures", "openssf-model-signing", False, ("signature",)),
)
SOURCE_OF_IDENTITY = "CASE WHEN i % 10 < 3 THEN 'aws' WHEN i % 10 < 9 THEN 'directory' ELSE 'platform' END"


def numbered(letter: str, number: str) -> str:
    """Return SQL for the id of row `number` (SQL) of the kind that a letter stands for."""
    return f"md5('{letter}' || {number})::uuid"


def generate(scale: float) -> dict[str, int]:
    """Fill the empty tables at this scale; return how many rows of each kind."""
    identities, assets = int(1_000_000 * scale), int(200_000 * scale) // 20 * 20
    people, entitlements = identities // 2, identities * 5
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'")
    _sources()
    steps = (
        (Person, f"generate_series(0, {people - 1}) p", PERSON),
        (Identity, f"generate_series(0, {identities - 1}) i", identity_columns(people)),
        (Factor, f"generate_series(0, {identities - 1}) i WHERE i % 10 > 2 AND i % 10 < 9 OR i % 7 = 0", FACTOR),
        (Credential, f"generate_series(0, {identities - 1}) i WHERE i % 2 = 0 OR i % 10 = 9", CREDENTIAL),
        (Asset, f"generate_series(0, {assets - 1}) a", asset_columns(people)),
        (AssetObservation, f"generate_series(0, {assets - 1}) a", OBSERVATION),
        (Artifact, f"generate_series(0, {assets - 1}) a WHERE a % 20 BETWEEN 4 AND 13", ARTIFACT),
        (Signature, f"generate_series(0, {assets - 1}) a WHERE a % 20 BETWEEN 4 AND 9", SIGNATURE),
        (Entitlement, f"generate_series(0, {entitlements - 1}) e", entitlement_columns(identities, assets)),
    )
    counts = {}
    for model, rows, columns in steps:
        with _indexed_afterwards(model):
            counts[model.__name__] = _fill(model, rows, columns)
    with connection.cursor() as cursor:
        cursor.execute("RESET session_replication_role; RESET synchronous_commit; RESET work_mem")
        cursor.execute("VACUUM ANALYZE")
    return counts


def _sources() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('second', now()) - interval '1 hour'")
        at = cursor.fetchone()[0]
    for number, (name, format, brings, kinds) in enumerate(SOURCES, 1):
        source = Source.objects.create(
            id=_uuid(name), name=name, format=format, brings_ai_entitlements=brings, observed_at=at, main_records=1
        )
        owner = Import.objects.create(
            id=_uuid(f"import {name}"), number=number, source=source, format=format, state="applied", observed_at=at
        )
        for kind in kinds:
            Coverage.objects.create(source=source, record_kind=kind, observed_at=at, complete=True, last_import=owner)


def _uuid(name: str) -> Any:
    return uuid5(NAMESPACE_URL, name)


def _of(name: str) -> dict[str, str]:
    """Return the columns that name a source (SQL) and its import, and the times of a row."""
    whens = " ".join(f"WHEN '{n}' THEN '{_uuid(n)}'::uuid" for n, *_ in SOURCES)
    imports = " ".join(f"WHEN '{n}' THEN '{_uuid(f'import {n}')}'::uuid" for n, *_ in SOURCES)
    return {
        "source_id": f"CASE {name} {whens} END",
        "last_import_id": f"CASE {name} {imports} END",
        "observed_at": "now() - interval '1 hour'",
        "first_seen_at": "now() - interval '90 days'",
    }


def days_ago(expression: str) -> str:
    """Return SQL for an instant this many days ago, well before or after the limits of checks."""
    return f"date_trunc('second', now()) - interval '2 hours' - ({expression}) * interval '1 day'"


PERSON = {
    "id": numbered("p", "p"),
    "name": "'Person ' || p",
    "email": "'p' || p || '@fenwick.example'",
    "status": "CASE WHEN p % 25 = 0 THEN 'left' WHEN p % 33 = 0 THEN 'unknown' ELSE 'active' END",
    "ended_on": "CASE WHEN p % 25 = 0 THEN current_date - 30 END",
}


def identity_columns(people: int) -> dict[str, str]:
    """Return the columns of identity `i`."""
    machine = "(ARRAY['service','workload','agent'])[1 + i % 3]"
    return {
        **_of(SOURCE_OF_IDENTITY),
        "id": numbered("i", "i"),
        "source_key": "'identity-' || i",
        "digest": "md5('d' || i) || md5('e' || i)",
        "raw": "jsonb_build_object('user', 'user-' || i, 'arn', 'arn:aws:iam::111122223333:user/user-' || i)",
        "kind": f"CASE WHEN i % 10 = 9 THEN {machine} WHEN i % 17 = 0 THEN 'guest' ELSE 'human' END",
        "name": "'User ' || i",
        "login": "'user-' || i",
        "email": "'user-' || i || '@fenwick.example'",
        "enabled": "CASE WHEN i % 23 = 0 THEN 'no' WHEN i % 29 = 0 THEN 'unknown' ELSE 'yes' END",
        "password_sign_in": "CASE WHEN i % 8 = 0 THEN 'no' WHEN i % 13 = 0 THEN 'unknown' ELSE 'yes' END",
        "mfa_known": "CASE WHEN i % 11 = 0 THEN 'unknown' ELSE 'yes' END",
        "use_state": "CASE WHEN i % 19 = 0 THEN 'never' WHEN i % 31 = 0 THEN 'unknown' ELSE 'used' END",
        "last_used_at": f"CASE WHEN i % 19 > 0 AND i % 31 > 0 THEN {days_ago('i % 61')} END",
        "created_on_source_at": f"CASE WHEN i % 37 > 0 THEN {days_ago('i % 1009')} END",
        "person_id": f"CASE WHEN i % 10 < 9 AND i % 12 > 0 THEN {numbered('p', f'i % {people}')} END",
    }


FACTOR = {
    **_of(SOURCE_OF_IDENTITY),
    "id": numbered("f", "i"),
    "source_key": "'identity-' || i || '#mfa'",
    "digest": "md5('d' || i) || md5('e' || i)",
    "identity_id": numbered("i", "i"),
    "identity_key": "'identity-' || i",
    "type": "'totp'",
    "strength": "CASE WHEN i % 16 = 0 THEN 'weak' WHEN i % 41 = 0 THEN 'not_a_factor' ELSE 'strong' END",
    "active": "CASE WHEN i % 43 = 0 THEN 'unknown' WHEN i % 47 = 0 THEN 'no' ELSE 'yes' END",
}
CREDENTIAL = {
    **_of(SOURCE_OF_IDENTITY),
    "id": numbered("c", "i"),
    "source_key": "'identity-' || i || '#key'",
    "digest": "md5('d' || i) || md5('e' || i)",
    "identity_id": numbered("i", "i"),
    "identity_key": "'identity-' || i",
    "kind": "CASE WHEN i % 10 = 9 THEN 'token' WHEN i % 3 = 0 THEN 'password' ELSE 'access_key' END",
    "name": "'Key 1'",
    "active": "CASE WHEN i % 14 = 0 THEN 'no' ELSE 'yes' END",
    "rotated_at": f"CASE WHEN i % 37 > 0 THEN {days_ago('i % 131')} END",
    "use_state": "CASE WHEN i % 19 = 0 THEN 'never' WHEN i % 31 = 0 THEN 'unknown' ELSE 'used' END",
    "last_used_at": f"CASE WHEN i % 19 > 0 AND i % 31 > 0 THEN {days_ago('i % 79')} END",
}
KIND_OF_ASSET = """CASE WHEN a % 20 < 4 THEN 'model' WHEN a % 20 < 16 THEN 'model_version'
WHEN a % 20 < 18 THEN 'dataset' WHEN a % 20 < 19 THEN 'endpoint' ELSE 'notebook' END"""


def asset_columns(people: int) -> dict[str, str]:
    """Return the columns of asset `a`: of twenty, four models with three versions each, two datasets, two others."""
    return {
        "id": numbered("a", "a"),
        "kind": KIND_OF_ASSET,
        "slug": "'asset-' || a",
        "name": "'Asset ' || a",
        "version": "CASE WHEN a % 20 BETWEEN 4 AND 15 THEN (a % 20 / 4)::text ELSE '' END",
        "version_number": "CASE WHEN a % 20 BETWEEN 4 AND 15 THEN a % 20 / 4 END",
        "parent_id": f"CASE WHEN a % 20 BETWEEN 4 AND 15 THEN {numbered('a', '(a - a % 20 + a % 4)')} END",
        "aliases": "CASE WHEN a % 20 = 5 THEN '[\"champion\"]'::jsonb ELSE '[]'::jsonb END",
        "stage": "CASE WHEN a % 20 = 6 THEN 'Production' ELSE '' END",
        "tier": "CASE WHEN a % 20 < 4 THEN 1 + a / 20 % 3 END",
        "runs_code": "CASE WHEN a % 3 = 0 THEN 'yes' WHEN a % 7 = 0 THEN 'unknown' ELSE 'no' END",
        "location": "CASE WHEN a % 9 = 0 THEN '' ELSE 's3://models/' || a END",
        "content_digest": "CASE WHEN a % 11 = 0 THEN '' ELSE md5('x' || a) END",
        "licence": "CASE WHEN a % 7 = 0 THEN '' ELSE 'Apache-2.0' END",
        "owner_id": f"CASE WHEN a % 3 > 0 THEN {numbered('p', f'a % {people}')} END",
        "owner_confirmed_at": f"CASE WHEN a % 3 > 0 AND a % 13 > 0 THEN {days_ago('20')} END",
        "first_seen_at": days_ago("90"),
        "last_seen_at": days_ago("a % 32"),
    }


OBSERVATION = {
    **_of("'registry'"),
    "id": numbered("a", "a"),
    "source_key": "'asset-' || a",
    "digest": "md5('d' || a) || md5('e' || a)",
    "kind": KIND_OF_ASSET,
    "name": "'Asset ' || a",
    "asset_id": numbered("a", "a"),
}
ARTIFACT = {
    **_of("'registry'"),
    "id": numbered("t", "a"),
    "source_key": "'artifact-' || a",
    "digest": "md5('d' || a) || md5('e' || a)",
    "asset_key": "'asset-' || a",
    "asset_id": numbered("a", "a"),
    "name": "'Asset ' || a",
    "files_digest": "CASE WHEN a % 27 = 0 THEN '' ELSE md5('t' || a) || md5('u' || a) END",
    "file_count": "3",
    "total_size": "1000",
}
SIGNATURE = {
    **_of("'signatures'"),
    "id": numbered("s", "a"),
    "source_key": "'signature-' || a",
    "digest": "md5('d' || a) || md5('e' || a)",
    "artifact_id": numbered("t", "a"),
    "artifact_key": "'artifact-' || a",
    "files_digest": "md5('t' || a) || md5('u' || a)",
    "method": "'key'",
    "state": "CASE WHEN a % 5 < 3 THEN 'valid_trusted' WHEN a % 5 = 3 THEN 'valid_unknown_signer' ELSE 'invalid' END",
    "judged_at": "now() - interval '1 hour'",
}


def entitlement_columns(identities: int, assets: int) -> dict[str, str]:
    """Return the columns of entitlement `e`; two of three name an asset."""
    identity, asset = f"(e % {identities})", f"(e::bigint * 7919 % {assets})"
    of_source = _of(SOURCE_OF_IDENTITY.replace("i % 10", f"{identity} % 10"))
    return {
        **of_source,
        "id": numbered("n", "e"),
        "source_key": "'entitlement-' || e",
        "digest": "md5('d' || e) || md5('e' || e)",
        "identity_id": numbered("i", identity),
        "identity_key": f"'identity-' || {identity}",
        "operation": "(ARRAY['data.read','data.write','model.deploy','model.invoke','artifact.read'])[1 + e % 5]",
        "scope": f"CASE WHEN e % 3 > 0 THEN 'asset-' || {asset} ELSE '' END",
        "asset_id": f"CASE WHEN e % 3 > 0 THEN {numbered('a', asset)} END",
        "on_ai": "CASE WHEN e % 3 > 0 THEN 'yes' ELSE 'no' END",
        "privileged": "CASE WHEN e % 50 = 0 THEN 'yes' ELSE 'no' END",
        "last_used_at": f"CASE WHEN e % 4 > 0 THEN {days_ago('e % 119')} END",
        "expires_at": "CASE WHEN e % 20 = 0 THEN now() + (e % 90) * interval '1 day' END",
    }


def _fill(model: type[models.Model], rows: str, columns: Mapping[str, str]) -> int:
    """INSERT … SELECT every column of the model; those not named get the model's default."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    values = ", ".join(columns.get(field.column) or _default(field) for field in fields)
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    unknown = set(columns) - {field.column for field in fields}
    if unknown:
        raise ValueError(f"{model.__name__} has no {sorted(unknown)}")
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {rows}")
        return cursor.rowcount


def _default(field: Any) -> str:
    if field.null:
        return "NULL"
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return f"'{'[]' if isinstance(value, list) else '{}'}'::jsonb"
    return str(value) if isinstance(value, bool | int) else f"'{value}'"


@contextmanager
def _indexed_afterwards(model: type[models.Model]) -> Iterator[None]:
    """Drop the table's plain indexes and unique keys for the block and make them again from the catalogue."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype = 'u'",
            [table],
        )
        unique = cursor.fetchall()
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = "
            "%s::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
            [table],
        )
        plain = cursor.fetchall()
        for name, _ in unique:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in plain:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for name, definition in unique:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for _, definition in plain:
            cursor.execute(definition)
