"""OpenAI's Responses: what only that surface has."""
