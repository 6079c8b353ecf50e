"""What the scripts of all models share; packed into every code bundle, and into every artifact beside its serve.py."""
