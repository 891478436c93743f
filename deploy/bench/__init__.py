"""What Spotter costs beside the bare models: `make bench`. Linux alone, as it reads /proc."""
