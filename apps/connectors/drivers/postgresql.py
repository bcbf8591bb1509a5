"""A PostgreSQL database. Sign-in follows libpq; the address is vetted and connected to by `hostaddr`."""

import re

from apps.connectors.drivers import fields
from apps.connectors.drivers.base import Driver, Probe, Settings, TestResult
from apps.core.outbound import Target

QUESTION = """
    SELECT current_user, rolsuper, rolsuper OR rolcreaterole,
           rolsuper OR pg_has_role(current_user, 'pg_signal_backend', 'MEMBER'), current_setting('server_version')
    FROM pg_roles WHERE rolname = current_user
"""
MODES = (
    ("verify-full", "TLS, certificate and name checked"),
    ("require", "TLS, certificate not checked (allow-listed targets only)"),
    ("disable", "No TLS (allow-listed targets only)"),
)


def identifier(text: str) -> str:
    """A database or role name; never a connection string, which libpq would take apart."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.@-]{0,62}", text.strip()):
        raise ValueError("At most 63 letters, digits and _ . @ -, starting with a letter.")
    return text.strip()


def target(settings: Settings) -> Target:
    """Where the database is, as the vetting reads it."""
    return Target("postgresql", settings["host"], int(settings["port"]))


def address(settings: Settings) -> str:
    """Host and port of the database."""
    return target(settings).origin


def test(probe: Probe) -> TestResult:
    """Sign in and read what the role may do."""
    with probe.postgresql() as database:
        row = database.execute(QUESTION).fetchone()
    if row is None:
        return TestResult(False, "The database answered, but not as PostgreSQL does.")
    user, superuser, may_create, may_end, version = row
    facts = [
        ("Signed in as", str(user)),
        ("PostgreSQL", str(version)),
        ("Creates roles", "yes" if may_create else "no"),
        ("Ends sessions", "yes" if may_end else "no"),
    ]
    if superuser:
        facts.append(("More than needed", "the role is a superuser"))
    if not may_create:
        return TestResult(False, "Signed in, but the role may not create roles (CREATEROLE).", tuple(facts))
    if not may_end:
        return TestResult(False, "Signed in, but the role may not end sessions (pg_signal_backend).", tuple(facts))
    return TestResult(True, "Signed in; the role may create roles and end sessions.", tuple(facts))


DRIVER = Driver(
    name="postgresql",
    title="PostgreSQL",
    summary="One login role per grant, with an end that the database itself enforces.",
    fields=(
        fields.Field("host", "Host", fields.host),
        fields.Field("port", "Port", fields.port, default="5432"),
        fields.Field("dbname", "Database", identifier),
        fields.Field("username", "Role", identifier, help="A role of the portal's own."),
        fields.Field(
            "sslmode",
            "Encryption",
            fields.one_of(*(name for name, _ in MODES)),
            default="verify-full",
            kind="choice",
            choices=MODES,
        ),
        fields.CA,
    ),
    secret_fields=(fields.Field("password", "Password", fields.password, kind="password"),),
    permissions=(
        "LOGIN and CREATEROLE, without SUPERUSER.",
        "ADMIN OPTION on each role that the portal gives out: GRANT the_role TO portal WITH ADMIN OPTION.",
        "Membership of pg_signal_backend, to end sessions when a grant ends.",
    ),
    native_expiry=True,
    address=address,
    test=test,
    server=("host", "port"),
)
