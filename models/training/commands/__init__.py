"""The commands of `python -m models.training`: options, and what is called with them."""
