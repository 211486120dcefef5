"""Bricks for codecs, sans-IO: stream framing, checksums, HTTP messages. Knows no device."""
