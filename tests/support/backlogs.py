"""Insert many rows at once, for tests of performance."""

from sqlalchemy import text

from common.db.database import Database
from common.jobs.statements import JOBS, PARTS
from common.jobs.submission import NewJob
from tests.support.rows import submit


def queue_many(database: Database, job: NewJob, *, count: int) -> None:
    """Insert the job and `count` copies, each created a moment later."""
    submit(database, job, queue_max=10**6)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    ids = {"jobs": {"id": f"'{job.id[:24]}-' || i"}, "parts": {"id": f"'{job.id[:24]}-' || i || '.0'"}}
    ids["parts"]["job_id"] = ids["jobs"]["id"]
    with database.write() as connection:
        for table, key in ((JOBS, "id"), (PARTS, "job_id")):
            names = [column.name for column in table.columns]
            own = ids[table.name] | {"created_at": "created_at + i * 0.001"}
            values = ", ".join(own.get(name, name) for name in names)
            connection.execute(
                text(
                    f"{numbers} INSERT INTO {table.name} ({', '.join(names)})"
                    f" SELECT {values} FROM {table.name}, n WHERE {key} = :job_id"
                ),
                {"job_id": job.id},
            )
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
