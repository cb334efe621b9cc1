"""Integer-exact twins of the contracts: same checks, same order, same errors, same rounding."""
