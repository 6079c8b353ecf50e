"""What `import mlp` does inside a notebook instance: train and deploy own code.

Runs on the notebook's own Python (3.10 or newer) with nothing but the standard library and boto3.
"""
