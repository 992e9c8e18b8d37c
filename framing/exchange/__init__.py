"""Other forms of labels: one small module each."""
