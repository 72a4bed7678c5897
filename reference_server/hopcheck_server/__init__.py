"""The servers: the scripted upstream, the healthy relay, the reference proxy, and a launcher for a real LiteLLM."""
