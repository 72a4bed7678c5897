"""Control of the upstream, in the same process or over HTTP: scripts in, journal out."""
