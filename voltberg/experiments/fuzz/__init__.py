"""Random calls to contracts and twin side by side: the generator, the comparison and the long campaign."""
