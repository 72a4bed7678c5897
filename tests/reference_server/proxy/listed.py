"""Models as LiteLLM lists them."""

LISTED = {
    "object": "list",
    "data": [{"id": name, "object": "model", "created": 1, "owned_by": "o"} for name in ["m", "n", "a/b"]],
}
INFO = {
    "data": [
        {
            "model_name": "m",
            "litellm_params": {"model": "openai/x", "api_base": "http://inside"},
            "model_info": {"max_input_tokens": 9000},
        },
        {
            "model_name": "m",
            "litellm_params": {"model": "openai/y"},
            "model_info": {"max_tokens": 4000, "max_input_tokens": None},
        },
        {"model_name": "n", "litellm_params": {"model": "azure/x"}, "model_info": {"litellm_provider": "azure"}},
        {"model_name": "n", "litellm_params": {"model": "openai/x"}, "model_info": {}},
    ]
}
