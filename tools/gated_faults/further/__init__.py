"""Relays with eight faults each, of requests, streams and answers: most show under one condition alone."""
