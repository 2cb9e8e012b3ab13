"""What TorchServe's worker passes to a handler beside the data.

pytorch/serve 0.12, ts/context.py, and what ts/service.py and ts/model_service_worker.py set of it.
"""

SYSTEM_PROPERTIES = (
    *("model_dir", "gpu_id", "batch_size", "server_name", "server_version", "limit_max_image_pixels"),
)

CONTEXT_ATTRIBUTES = (
    *("model_name", "manifest", "system_properties", "_system_properties", "model_yaml_config"),
    *("request_ids", "request_processor", "_request_processor", "metrics", "_metrics"),
    *("_limit_max_image_pixels", "stopping_criteria", "cl_socket"),
    *("header_key_sequence_id", "header_key_sequence_start", "header_key_sequence_end"),
    *("get_request_id", "get_request_header", "get_all_request_header", "get_sequence_id"),
    *("set_response_content_type", "get_response_content_type", "get_response_headers"),
    *("set_response_header", "get_response_status", "set_response_status", "set_all_response_status"),
    *("__dict__", "__class__"),
)
