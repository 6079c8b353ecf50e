"""What a training pipeline's processing jobs run around a model's own scripts; packed into every code bundle.

Standard library only, and nothing newer than Python 3.9: this runs in AWS's framework images.
"""
