"""The Celery side: pool children that lease jobs from the ledger and run the cascades on them."""
