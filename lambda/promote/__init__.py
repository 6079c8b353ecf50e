"""Serves the newest approved version of each model, through CloudFormation."""
