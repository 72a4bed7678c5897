"""Builds the images with Debian's buildah, without a daemon, and runs what they hold: `python -m tools.images`.

The base image's place is taken by a Debian with its own Python, made by mmdebstrap and tagged as the Dockerfiles name
it: no registry is needed. So the Python in these images is Debian's, and not the version that the Dockerfiles name.
"""
