"""Tables, connections, migrations, paging and leases on rows. May import no other folder of `common`."""
