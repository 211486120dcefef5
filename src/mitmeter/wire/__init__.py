"""Bricks for codecs, sans-IO: stream framing, checksums. Knows no device."""
