"""The contract between web and worker: what is asked, what is answered, and the ledger of both."""
