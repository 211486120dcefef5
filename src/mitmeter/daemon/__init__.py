"""Where the rooms meet: plans from a configuration, the I/O loop, stations, ingest, control."""
