"""The doctor's rules, a module for each thing that they are about."""
