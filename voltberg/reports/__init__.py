"""What a finished run shows: statistics of its tables, plots, and one HTML file that needs no network."""
