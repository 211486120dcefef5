"""The window: the API, the pages, the live stream.

Reads the store, and asks the daemon for everything else through `backend.Backend`: knows no
protocol, no journal, no station. What peers have said leaves here as JSON only, never as markup.
Heavy: import `app` only where it is served.
"""
