"""Networks that are trained on a dataset as a whole: build, fit, judge, export, compare."""
