"""What is shown of a report: all of it is a function of the document."""
