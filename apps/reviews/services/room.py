"""Room for the planner of PostgreSQL in commands that write all items of a campaign."""

from django.db import connection


def give_room() -> None:
    """Until the transaction ends: sort and hash in memory, and compile no query to machine code.

    Compiling the reasons or the reviewers' ladder took longer than running them over 20,000 items. SQLite needs none.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute("SET LOCAL jit = off")
