"""mitmeter.toml → typed values, and errors that name the key.

Imports pydantic only in the modules that read a whole file (`values`, `load`, `dump`, `schema`);
endpoints, durations, sizes, zones and places are cheap to import.
"""
