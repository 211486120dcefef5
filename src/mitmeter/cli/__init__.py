"""The command line: one file per command group. Parses, calls a room, prints; holds no logic."""
