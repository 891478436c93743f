"""Tries docker-compose.yml for real, on an engine: `python -m deploy.compose_check`."""
