"""`oratio migrate`: updates the database schema, or checks that it is up to date."""

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from cli.output.console import make_console
from cli.program_name import program_name
from common.db.migration import check as check_tables
from common.db.migration import migrate
from common.settings import Settings


def migrate_or_check(settings: Settings, *, check: bool) -> int:
    """Return the exit status: 1 if the database does not answer or its schema is not up to date."""
    console = make_console(stderr=True)
    try:
        if check:
            check_tables(settings.database)
        else:
            migrate(settings.database)
    except CommandError as error:
        console.print(
            f"The database schema is out of date. Update it with `{program_name()} migrate`. ({error})"
        )
        return 1
    except (SQLAlchemyError, OSError) as error:
        console.print(f"The database does not answer: {type(error).__name__}: {_first_line(error)}")
        return 1
    return 0


def _first_line(error: Exception) -> str:
    """Return the message without the statement and its parameters, which SQLAlchemy puts on further lines."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
