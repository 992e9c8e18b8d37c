"""What is shown of scores and of evaluations: JSON lines, CSV, HTML, and text for a terminal."""
