"""The queue server of `make up`: a Valkey or Redis binary with our own files, lock and launcher."""
