"""Matching off chain: what whoever clears a frame, a round or a book has to compute."""
