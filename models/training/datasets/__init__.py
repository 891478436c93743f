"""Datasets: folders of checked pictures in named splits, and how they come about."""
