"""Stands in for the package of AWS's scikit-learn image that no registry has: what AWS's toolkits call to train and to serve.

Imported under AWS's name by AWS's toolkits inside the image's environment, never by this project.
"""
