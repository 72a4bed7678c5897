"""What people and machines read of a report. Every renderer is a function of the report document alone."""
