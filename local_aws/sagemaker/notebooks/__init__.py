"""Notebook instances that are real: a root folder, JupyterLab, lifecycle scripts, instance metadata, the role's credentials.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/nbi.html
"""
