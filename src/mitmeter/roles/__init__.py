"""Which side we play and who dials; no protocol knowledge, no I/O."""
