"""How Spotter is installed, started and ended; the applications know nothing of it."""
