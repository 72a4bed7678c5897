"""The fields of a request body that control LiteLLM.

LiteLLM reads them from every client's body. A proxy that relays unknown fields would hand every client its
operator's controls: where requests go and with which key, how often they are retried, what is charged, whether it is
logged, even what the response is. So in front of LiteLLM they are refused, by name, with a 400. In front of a provider
they have no meaning and pass like any unknown field.

Collected from LiteLLM 1.106.2: `litellm.types.utils.all_litellm_params`, `GenericLiteLLMParams`, the proxy's own list
of banned parameters, and what router and proxy take from the body. What LiteLLM merely swallows (`client`, `id`,
`roles`) is refused too: refused is honest, silently dropped is not. OpenAI's own fields stay allowed, `metadata` and
`user` among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck_server.proxy.errors import ProxyError, bad_request

# Where the request is sent, and with which credentials.
_DESTINATION = """
    api_base base_url api_key api_version api_type organization custom_llm_provider model_list model_info
    model_config user_config deployment specific_deployment model_id model_group region_name allowed_model_region
    data_residency bucket_name client client_id client_secret tenant_id workspace_id anthropic-workspace-id
    configurable_clientside_auth_params extra_headers extra_body extra_query headers provider_specific_header
    default_headers ssl_verify shared_session sagemaker_base_url deployment_url agentcore_runtime_session_id
    nvcf_function_id use_ssl base_model hf_model_name credentials vector_store_id search_tool_name use_litellm_proxy
    use_chat_completions_api use_in_pass_through use_xai_oauth use_client passthrough proxy_server_request
    secret_fields rust
"""

# Retries, timeouts and fallbacks.
_ROUTING = """
    num_retries max_retries retry_policy retry_strategy fallbacks context_window_fallbacks content_policy_fallbacks
    context_window_fallback_dict disable_fallbacks max_fallbacks fallback_depth attempted_targets
    include_fallback_errors timeout stream_timeout request_timeout force_timeout client_side_timeout
    timeout_by_service_tier stream_timeout_by_service_tier cooldown_time routing_strategy routing_strategy_args
    routing_groups priority order weight tags tag_regex enable_tag_filtering caching_groups fastest_response
    silent_model model_alias_map model_file_id_mapping rpm tpm itpm otpm max_parallel_requests max_budget
    budget_duration model_group_retry_policy default_api_key_rpm_limit default_api_key_tpm_limit keepalive_seconds
    allow_client_keepalive_override provider_affinity_header
"""

# What is answered, from which cache, and how the request is changed before.
_ANSWER = """
    cache caching cache_key preset_cache_key ttl enable_prompt_caching guardrails guardrail_config policies
    disable_global_guardrails opted_out_global_guardrails prompt_id prompt_label prompt_variables prompt_version
    prompt_environment custom_prompt_dict initial_prompt_value final_prompt_value bos_token eos_token roles
    user_continue_message assistant_continue_message ensure_alternating_roles supports_system_message
    merge_reasoning_content_in_choices enable_json_schema_validation drop_params additional_drop_params
    allowed_openai_params disable_add_transform_inline_image_block stream_response stream_chunk_size
    complete_response max_agentic_loops max_file_size_mb
"""

# What is logged, and who pays.
_BOOKS = """
    no-log id completion_call_id logger_fn verbose callbacks success_callback failure_callback
    turn_off_message_logging log_client_error_tracebacks spend_logs_metadata standard_logging_object cost_per_query
    cost_per_second citation_cost_per_token annotation_cost_per_page annotation_cost_per_page_batches
    ocr_cost_per_credit ocr_cost_per_page ocr_cost_per_page_batches output_vector_size search_context_cost_per_query
    google_maps_grounding_cost_per_query regional_endpoint_uplift_multiplier tiered_pricing user_api_key_auth
    user_api_key_hash user_api_key_end_user_id original_function original_model_group self azure acompletion
    aembedding atext_completion text_completion async_call aimg_generation allm_passthrough_route
"""

CONTROL_FIELDS = frozenset(f"{_DESTINATION} {_ROUTING} {_ANSWER} {_BOOKS}".split())

# Whole families: providers' credentials and addresses, observability targets, prices, test hooks, private names.
_FAMILIES = """
    _ litellm_ mock_ aws_ azure_ vertex_ watsonx_ gigachat_ bedrock_ s3_ gcs_ valkey_ milvus_ anthropic_
    openai_identity_ openai_service_account_ fireworks_forward_ langfuse_ langsmith_ arize_ dd_ humanloop_ posthog_
    wandb_ weave_ newrelic_ signoz_ input_cost_per_ output_cost_per_ cache_creation_input_ cache_read_input_
    regional_processing_ auto_router_ complexity_router_ quality_router_ adaptive_router_
"""
CONTROL_PREFIXES = tuple(_FAMILIES.split())


def is_control_field(name: str) -> bool:
    """Whether LiteLLM takes a body's field as an instruction to itself."""
    return name in CONTROL_FIELDS or name.startswith(CONTROL_PREFIXES)


def refuse_control_fields(body: Mapping[str, Any]) -> None:
    """Let a request pass that holds no control field.

    Raises:
        ProxyError: 400 with `param` naming the first one.
    """
    for name in body:
        if is_control_field(name):
            raise _refusal(name)
    _refuse_steering_metadata(body.get("metadata"))


def _refusal(name: str) -> ProxyError:
    message = f"The field '{name[:100]}' steers the gateway and is not accepted from clients."
    return bad_request(message, name[:100], "unsupported_parameter")


def _refuse_steering_metadata(metadata: Any) -> None:
    """OpenAI's metadata is a flat map of strings; lists and objects in it (tags, guardrails) control LiteLLM."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise bad_request("'metadata' must be an object whose values are strings.", "metadata", "invalid_type")
    for name in metadata:
        if is_control_field(name):
            raise _refusal(f"metadata.{name}")
