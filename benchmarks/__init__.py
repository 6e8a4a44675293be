"""How fast the commands are, beside what the engine itself needs for the same: `make bench`."""
