"""Raw bytes at rest, append-only: the source of truth, from which all else can be made again.

Writes, reads, seals, prunes, verifies, cuts and exports. Never decodes what it holds: it imports
model and errors only, and knows conversations and bytes, not protocols.
"""
