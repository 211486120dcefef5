"""Speed, memory and size, measured from outside: `make bench`. Prints figures, asserts none."""
