"""The platform itself: the embedded AWS started and stopped, the CDK run, and what a deployment would change."""
