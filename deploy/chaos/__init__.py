"""`make chaos`: faults of every kind against a running Spotter, and a checker that keeps the books.

It knows the product as its users and the operating system do: by HTTP, by processes and by files.
"""
