"""HTTP/1.1 as a judge needs it: nothing is fixed, joined or retried, and every read has a time."""
