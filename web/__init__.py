"""The Flask front end: pages and HTTP API; takes pictures in at the door and asks the ledger."""
