"""One folder per device protocol, islands that never import each other."""
