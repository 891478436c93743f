"""Tries the images one by one against what a container platform demands of them."""
