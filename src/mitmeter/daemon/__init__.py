"""Where the rooms meet: what to build from a configuration, the I/O loop, stations, ingest,
control.
"""
