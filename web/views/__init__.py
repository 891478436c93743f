"""The blueprints, one a module, each named `bp`."""
