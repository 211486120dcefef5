"""Shipped for people who add a protocol: the laws as a suite, vectors, dialogues, nasty bytes.

`laws`, `streams` and `chunkings` need pytest and hypothesis; `dialogue`, `vectors`, `replay` and
`corpus` need neither. Nothing here is imported by the rest of mitmeter.
"""

import sys

# Inside pytest a broken law is explained like the failure of any test: what was compared with what.
if "pytest" in sys.modules:
    sys.modules["pytest"].register_assert_rewrite("mitmeter.testing.laws")
