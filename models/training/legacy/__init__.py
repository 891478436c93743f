"""Takes over models of other systems: inspects a file before anything in it is believed."""
