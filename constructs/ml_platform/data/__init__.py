"""Where data lies: buckets, key, tables."""
