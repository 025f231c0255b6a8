"""Tables, connections, migrations, paging, bulk inserts, locks, and leases on rows.

May import no other folder of `common`.
"""
