"""Set-based statements from querysets, on SQLite and PostgreSQL: INSERT … SELECT, upsert, UPDATE … FROM, temporary
tables, several counts at once.

The one place of the portal that composes SQL around a compiled queryset. Columns are named as `{field of the target:
expression over the queryset}`, where an expression is a field path ("source__name") or a Django expression. Every
function runs in the caller's transaction, returns the number of rows written, and takes no model instance.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.models import F, Func, QuerySet, UUIDField, Value
from django.db.models.expressions import BaseExpression
from django.db.transaction import TransactionManagementError

Columns = Mapping[str, "str | BaseExpression | F"]


class RandomUUID(Func):
    """A random UUID made by the database, one per row."""

    output_field = UUIDField()
    function = "GEN_RANDOM_UUID"
    arity = 0

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite stores a UUID as 32 hexadecimal digits."""
        return super().as_sql(compiler, connection, template="LOWER(HEX(RANDOMBLOB(16)))", **context)


def compiled(queryset: QuerySet[Any], columns: Columns, *, ordered: bool = False) -> tuple[str, list[Any]]:
    """Return a SELECT of these columns with its parameters, to be put in brackets after FROM; see `column_name`.

    `ordered` sorts by the first column, and so the rows come out of the brackets.

    Neither database merges it into what stands around it, so each of its columns is computed once.
    """
    select, parameters = _select(queryset, columns)
    if ordered:
        select += " ORDER BY 1"
    return f"{select} {'OFFSET 0' if connection.vendor == 'postgresql' else 'LIMIT -1 OFFSET 0'}", list(parameters)


def column_name(number: int) -> str:
    """Return the quoted name that `compiled` gives to the column at this place."""
    return _alias(number)


def insert_from(model: type[models.Model], columns: Columns, queryset: QuerySet[Any], *, order: str = "") -> int:
    """`INSERT INTO model (columns) SELECT … FROM queryset`.

    `order` names one of the columns: rows of random ids go into an index over that column page by page, not anywhere.
    """
    select, parameters = _select(queryset, _typed(model, columns))
    if order:
        select += f" ORDER BY {list(columns).index(order) + 1}"
    return _run(f"INSERT INTO {_table(model)} ({_names(model, columns)}) {select}", parameters)


def upsert_from(
    model: type[models.Model],
    columns: Columns,
    queryset: QuerySet[Any],
    *,
    keys: Sequence[str],
    update: Sequence[str],
    differs: str = "digest",
    or_not_null: str = "",
) -> int:
    """Insert, or where `keys` are taken update the `update` columns of rows whose `differs` column differs.

    With `or_not_null` a row is also updated when that column of it is not null (a row that was gone comes back).
    Unchanged rows are not touched. A unique constraint on `keys` must exist.
    """
    select, parameters = _select(queryset, _typed(model, columns))
    table, column = _table(model), _column(model, differs)
    setting = ", ".join(f"{_column(model, name)} = excluded.{_column(model, name)}" for name in update)
    condition = f"{table}.{column} <> excluded.{column}"
    if or_not_null:
        condition += f" OR {table}.{_column(model, or_not_null)} IS NOT NULL"
    # SQLite cannot tell a join's ON from the upsert's without a WHERE (lang_upsert, "Parsing Ambiguity").
    values = ", ".join(_cast(model, name, f"source.{_alias(number)}") for number, name in enumerate(columns))
    source = f"SELECT {values} FROM ({select}) AS source WHERE true"
    return _run(
        f"INSERT INTO {table} ({_names(model, columns)}) {source}"
        f" ON CONFLICT ({_names(model, keys)}) DO UPDATE SET {setting} WHERE {condition}",
        parameters,
    )


def update_from(model: type[models.Model], columns: Columns, queryset: QuerySet[Any], *, on: Columns) -> int:
    """`UPDATE model SET columns FROM queryset WHERE model.on = queryset.on`, only rows in which a column changes.

    `on` names the fields of the model and the expressions of the queryset that must be equal; the queryset must give
    at most one row for each.
    """
    chosen = {f"set {name}": value for name, value in _typed(model, columns).items()}
    select, parameters = _select(queryset, {**chosen, **on})
    table = _table(model)
    values = [f"source.{_alias(number)}" for number in range(len(columns) + len(on))]
    pairs = [(_column(model, name), _cast(model, name, value)) for name, value in zip(columns, values, strict=False)]
    setting = ", ".join(f"{column} = {value}" for column, value in pairs)
    distinct = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(f"{table}.{column} {distinct} {value}" for column, value in pairs)
    keys = " AND ".join(
        f"{table}.{_column(model, name)} = {_cast(model, name, value)}"
        for name, value in zip(on, values[len(columns) :], strict=True)
    )
    return _run(f"UPDATE {table} SET {setting} FROM ({select}) AS source WHERE {keys} AND ({changed})", parameters)


@contextmanager
def temp_table(
    name: str,
    queryset: QuerySet[Any],
    columns: Columns,
    *,
    indexes: Sequence[Sequence[str]] = (),
    compared: Sequence[str] = (),
) -> Iterator[str]:
    """Keep the queryset's rows in a temporary table with these columns, for the block; yield its name.

    PostgreSQL's planner is told about the columns of the indexes and the `compared` ones, or about all where none is
    named; sampling wide ones such as JSON costs as much as filling a middling table.

    Read it through an unmanaged model whose `db_table` is the name. Needs an open transaction, which undoes the table
    when the block fails. Raises TransactionManagementError without one.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("temp_table needs an open transaction")
    select, parameters = _select(queryset, columns)
    table = connection.ops.quote_name(name)
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    _run(
        f"DROP TABLE IF EXISTS {table}" if connection.vendor == "postgresql" else f"DROP TABLE IF EXISTS temp.{table}",
        (),
    )
    _run(f"CREATE TEMPORARY TABLE {table} AS WITH source ({names}) AS ({select}) SELECT * FROM source", parameters)
    for number, index in enumerate(indexes):
        over = ", ".join(connection.ops.quote_name(column) for column in index)
        prefix = "" if connection.vendor == "postgresql" else "temp."
        _run(f"CREATE INDEX {prefix}{connection.ops.quote_name(f'{name}_{number}')} ON {table} ({over})", ())
    if connection.vendor == "postgresql":
        joined = dict.fromkeys([*compared, *(column for index in indexes for column in index)])
        told = ", ".join(connection.ops.quote_name(column) for column in joined)
        _run(f"ANALYZE {table} ({told})" if told else f"ANALYZE {table}", ())
    yield name
    _run(f"DROP TABLE {table}", ())


def counted(querysets: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Return how many rows each queryset has, by one statement; by none where all are known to be empty."""
    found = dict.fromkeys(querysets, 0)
    asked = {name: rows for name, rows in querysets.items() if not rows.query.is_empty()}
    if not asked:
        return found
    selects = [_select(rows, {"pk": "pk"}) for rows in asked.values()]
    sql = ", ".join(f"(SELECT COUNT(*) FROM ({select}) AS counted)" for select, _ in selects)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", [value for _, parameters in selects for value in parameters])
        return found | dict(zip(asked, cursor.fetchone(), strict=True))


def analyse(*tables: type[models.Model], columns: Sequence[str] = ()) -> None:
    """Tell PostgreSQL's planner what is in the tables now; it plans for what they held before. SQLite needs no telling.

    Without `columns` all are sampled but JSON and long texts: nothing joins on them, and reading them is most of the
    work.
    """
    if connection.vendor != "postgresql":
        return
    for model in tables:
        fields = model._meta.concrete_fields
        plain = [field.name for field in fields if not isinstance(field, models.JSONField | models.TextField)]
        names = ", ".join(_column(model, name) for name in columns or plain)
        _run(f"ANALYZE {_table(model)} ({names})", ())


def _typed(model: type[models.Model], columns: Columns) -> Columns:
    """Give a bare `Value(None)` the type of the column it goes into."""

    def typed(name: str, value: Any) -> Any:
        if isinstance(value, Value) and value.value is None and getattr(value, "_output_field_or_none", None) is None:
            return Value(None, output_field=_field(model, name))
        return value

    return {name: typed(name, value) for name, value in columns.items()}


def _select(queryset: QuerySet[Any], columns: Columns) -> tuple[str, Sequence[Any]]:
    """Compile the queryset to a SELECT of exactly these columns in this order, aliased c0, c1 …"""
    chosen = {
        _plain_alias(number): F(value) if isinstance(value, str) else value
        for number, value in enumerate(columns.values())
    }
    if not queryset.query.is_sliced:
        queryset = queryset.order_by()
    query = queryset.values(**chosen).query
    sql, parameters = query.get_compiler(connection.alias, elide_empty=False).as_sql()
    return sql, parameters


def _plain_alias(number: int) -> str:
    return f"c{number}_"


def _alias(number: int) -> str:
    return str(connection.ops.quote_name(_plain_alias(number)))


def _table(model: type[models.Model]) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model.__name__}.{name} is no column")
    return field


def _column(model: type[models.Model], name: str) -> str:
    return str(connection.ops.quote_name(_field(model, name).column or name))


def _names(model: type[models.Model], names: Columns | Sequence[str]) -> str:
    return ", ".join(_column(model, name) for name in names)


def _cast(model: type[models.Model], name: str, value: str) -> str:
    """Give a value of a sub-select the column's type: PostgreSQL takes an untyped NULL or literal there for text."""
    if connection.vendor != "postgresql":
        return value
    return f"CAST({value} AS {_field(model, name).cast_db_type(connection)})"


def _run(sql: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return max(cursor.rowcount, 0)
