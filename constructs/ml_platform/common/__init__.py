"""What all constructs are made with: rights, roles, functions, images, alarms, acknowledgements."""
