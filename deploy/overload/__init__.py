"""Sends a Spotter more than it can do, and tells what became of it."""
