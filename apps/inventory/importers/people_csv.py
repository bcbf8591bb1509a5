"""People from an HR export (CSV): columns by name or as given; leaving by date, status or absence."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from apps.inventory.formats import Format, InputFile, Recognition
from apps.inventory.importers.csv_files import CsvFile, Row
from apps.inventory.importers.total_lines import TotalLine, total_line
from apps.inventory.importing.times import day
from apps.inventory.records import PERSON, Covered, Item, Record, Rejected, UnrecognisedInput
from apps.inventory.states import PersonStatus

#: Field → the headers that mean it, best first, in lower case with `_` between words.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "employee_id": ("employee_id", "employee_number", "employeeid", "worker_id", "personnel_number",
                    "staff_id", "person_id"),
    "name": ("name", "employee_name", "full_name", "display_name", "displayname", "preferred_name", "worker"),
    "first_name": ("first_name", "given_name", "givenname", "firstname", "legal_first_name"),
    "last_name": ("last_name", "family_name", "surname", "lastname", "legal_last_name"),
    "email": ("email", "mail", "e_mail", "email_address", "work_email", "email_work", "primary_work_email"),
    "login": ("login", "user_id", "username", "user_name", "user_principal_name", "userprincipalname",
              "samaccountname"),
    "manager": (
        "manager_id", "manager_employee_id", "manager_email", "supervisor_id", "supervisor", "manager", "reports_to",
        "manager_name",
    ),
    "team": ("team", "team_name", "department", "department_name", "cost_center_name"),
    "business_unit": ("business_unit", "division", "unit", "company", "organisation", "organization"),
    "job_title": ("job_title", "title", "business_title", "position", "role", "jobtitle"),
    "status": ("status", "employment_status", "worker_status", "employee_status", "active", "active_status"),
    "start_date": ("start_date", "hire_date", "started_on", "date_of_joining", "original_hire_date"),
    "end_date": ("end_date", "termination_date", "ended_on", "last_day", "last_day_of_work", "leaving_date"),
}  # fmt: skip
OPTIONS = {
    **{field: f"Header of the column with the {field.replace('_', ' ')}" for field in SYNONYMS},
    "date_order": "day or month: which comes first in dates such as 03/04/2026",
}
EXPECTED = "a CSV file of people with a name and an employee id, login or e-mail column"
LEFT = frozenset(
    {"terminated", "left", "inactive", "leaver", "former", "retired", "deceased", "false", "no", "0", "offboarded"}
)
HERE = frozenset({
    "", "active", "employed", "current", "on leave", "leave", "true", "yes", "1", "suspended", "notice", "on notice",
})  # fmt: skip
_NUMERIC = re.compile(r"^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})$")


@dataclass(frozen=True, slots=True)
class Columns:
    """Field → position of its column."""

    places: Mapping[str, int]
    date_order: str

    def text(self, cells: Sequence[str], field: str) -> str:
        """Return the cell of a field, "" where there is no such column."""
        place = self.places.get(field)
        return "" if place is None else cells[place].strip()


def detect(files: Sequence[InputFile]) -> Recognition:
    """A table with people in it, judged by its header."""
    fields: set[str] = set()
    for file in files:
        places = _places(CsvFile(file).header, {})
        if _is_people(places):
            fields = set(places)
    if not fields:
        return Recognition(0)
    return Recognition(min(40 + 5 * len(fields), 90), "", "a CSV file of people")


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield a person per row. Raises UnrecognisedInput where no file has the columns, or a mapped one is missing."""
    tables = [(table, _places(table.header, options)) for table in map(CsvFile, files)]
    for table, _ in tables:
        missing = [column for field, column in options.items() if field in SYNONYMS and not _find(table.header, column)]
        if missing and len(tables) == 1:
            raise UnrecognisedInput(f"a CSV file without the column {missing[0]}", "the columns of the mapping")
    people = [(table, places) for table, places in tables if _is_people(places)]
    if not people:
        header = tables[0][0].header
        seen = f"a CSV file with the columns {', '.join(header[:8])}"[:400] if len(header) > 1 else "no table"
        raise UnrecognisedInput(seen, EXPECTED)
    whole = True
    for table, places in tables:
        if not _is_people(places):
            yield Rejected(table.name, "file", "it has no columns of people")
            continue
        mapping = Columns(places, str(options.get("date_order", "")))
        before = 0
        for row, is_last in _with_last(table.rows()):
            total = total_line(row.cells) if is_last and before else None
            if total is not None and total.fits(before):
                yield Rejected(table.name, row.where, "it is the line of totals, no person; the table ends there")
                continue
            whole = whole and total is None and not (row.spans_lines or row.cut_off)
            yield _person(table, row, mapping) if total is None else _contradicted(table, row, total, before)
            before += 1
    yield Covered(PERSON, complete=whole)


def _with_last(rows: Iterator[Row]) -> Iterator[tuple[Row, bool]]:
    """Yield each row and whether it is the last."""
    row = next(rows, None)
    while row is not None:
        following = next(rows, None)
        yield row, following is None
        row = following


def _contradicted(table: CsvFile, row: Row, total: TotalLine, rows: int) -> Rejected:
    said = " and ".join(f"{number:,}" for number in total.numbers[:3])
    reason = f"it is the line of totals and says {said}, but {rows:,} rows stand above it: nothing counts as gone"
    return Rejected(table.name, row.where, reason, PERSON)


def _is_people(places: Mapping[str, int]) -> bool:
    named = "name" in places or {"first_name", "last_name"} <= set(places)
    return named and not {"employee_id", "login", "email"}.isdisjoint(places)


def _places(header: Sequence[str], options: Mapping[str, Any]) -> dict[str, int]:
    """Return where each field stands: as mapped by the user, else by synonym; a column serves one field."""
    words = [_word(name) for name in header]
    places: dict[str, int] = {}
    for field in SYNONYMS:
        if options.get(field) and (found := _find(header, options[field])):
            places[field] = header.index(found)
    taken = set(places.values())
    for field, synonyms in SYNONYMS.items():
        free = (words.index(word) for word in synonyms if word in words and words.index(word) not in taken)
        if field not in places and (place := next(free, None)) is not None:
            places[field] = place
            taken.add(place)
    return places


def _find(header: Sequence[str], column: Any) -> str:
    return next((name for name in header if name == column or _word(name) == _word(str(column))), "")


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _person(table: CsvFile, row: Row, mapping: Columns) -> Item:
    if row.problem:
        return Rejected(table.name, row.where, row.problem, PERSON, row.told(mapping.places.get("employee_id"))[:700])
    cells = row.cells
    email, login = mapping.text(cells, "email"), mapping.text(cells, "login")
    key = mapping.text(cells, "employee_id") or login or email
    if not key:
        return Rejected(table.name, row.where, "it has no employee id, login or e-mail", PERSON)
    try:
        started, ended = (_day(mapping, cells, field) for field in ("start_date", "end_date"))
    except ValueError as problem:
        return Rejected(table.name, row.where, str(problem), PERSON, key[:700])
    name = (
        mapping.text(cells, "name") or f"{mapping.text(cells, 'first_name')} {mapping.text(cells, 'last_name')}".strip()
    )
    facts = {
        "name": name or email or key,
        "email": email,
        "login": login,
        "manager_key": mapping.text(cells, "manager"),
        "team_name": mapping.text(cells, "team"),
        "business_unit": mapping.text(cells, "business_unit"),
        "job_title": mapping.text(cells, "job_title"),
        "status": _status(mapping.text(cells, "status")),
        "started_on": started,
        "ended_on": ended,
    }
    return Record(PERSON, key, facts, dict(zip(table.header, cells, strict=True)), table.name, row.where)


def _status(text: str) -> PersonStatus:
    """Return what the status column says; a person without one works here, because leaving is absence."""
    word = text.lower()
    if word in LEFT:
        return PersonStatus.LEFT
    return PersonStatus.ACTIVE if word in HERE else PersonStatus.UNKNOWN


def _day(mapping: Columns, cells: Sequence[str], field: str) -> date | None:
    """Return a day; numbers with slashes only where their order is certain or given. Raises ValueError."""
    text = mapping.text(cells, field)
    if not text:
        return None
    try:
        if found := _NUMERIC.match(text):
            return _numeric(int(found[1]), int(found[3]), int(found[4]), found[2], mapping.date_order)
        for form in ("%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y"):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007
            except ValueError:
                continue
        return day(text)
    except ValueError as problem:
        reason = str(problem) if "order" in str(problem) else "not a day such as 2026-11-20"
        raise ValueError(f"{field} is {text[:40]!r}, {reason}") from None


def _numeric(first: int, second: int, year: int, mark: str, order: str) -> date:
    if order == "month" or (not order and second > 12):
        return date(year, first, second)
    if order == "day" or mark == "." or first > 12 or first == second:
        return date(year, second, first)
    raise ValueError("of which the order is not certain; say date_order=day or date_order=month")


FORMAT = Format(
    name="people-csv",
    title=EXPECTED,
    main_kinds=(PERSON,),
    detect=detect,
    parse=parse,
    describes="One row per person with id, name, e-mail, manager, team, start and end; the header may be mapped.",
    options=OPTIONS,
)
