"""Stops notebook instances that their own idle agent has left running, and deletes endpoints made from them that have expired."""
