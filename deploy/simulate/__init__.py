"""A simulation of Spotter under load: web, ledger, workers, and each platform's scaling rule."""
