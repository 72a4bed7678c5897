"""The scripted provider: plays what a case's script says, and keeps the journal."""
