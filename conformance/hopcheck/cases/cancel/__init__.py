"""What happens to a request when its client leaves."""
