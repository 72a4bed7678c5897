"""A proxy under mixed traffic for half an hour: does it leak, and does it fail by itself?"""
