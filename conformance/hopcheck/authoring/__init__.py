"""What a case author imports; all of it is exported by `hopcheck`."""
