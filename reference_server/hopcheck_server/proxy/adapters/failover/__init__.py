"""What happens while LiteLLM is down: requests are refused at once, or go to a direct provider."""
