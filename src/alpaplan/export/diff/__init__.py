"""What changes between two plans, and the steps in which it can be rolled out."""
