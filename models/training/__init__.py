"""Training: the only folder that imports TensorFlow; nobody imports it."""
