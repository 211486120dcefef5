"""How the makes say it: requests to build and answers to parse, pure, one module per make.

No module here knows of logins, connections or the order of a visit.
"""
