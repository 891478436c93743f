"""Inference: from the bytes of a picture to labels and scores."""
