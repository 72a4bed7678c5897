"""What differs on the surfaces whose streams have typed events: Anthropic's Messages and OpenAI's Responses."""
