"""How long things take, beside what one would do instead: `make bench`."""
