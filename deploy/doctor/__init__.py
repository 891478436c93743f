"""The doctor: reads every file that a deployment is made of, and says what is wrong, offline."""
