"""What a model is: the catalogue of pipelines, and inference and training behind it."""
