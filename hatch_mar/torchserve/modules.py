"""The modules of TorchServe's wheel, and the names that each has once it is imported.

A test compares them with the TorchServe that is installed. Names that begin with two underscores are
left out.
"""

from __future__ import annotations

from functools import cache

VERSION = "0.12"

TABLE = """\
ts: version
ts.arg_parser: ArgParser argparse
ts.async_service: AsyncQueue AsyncService Empty PREDICTION_METRIC PredictionException Queue Service Thread
    ThreadPoolExecutor asyncio copy create_predict_response logger logging partial predict retrieve_msg sys
    time traceback types
ts.context: Context Dict Optional RequestProcessor Tuple os
ts.handler_utils:
ts.handler_utils.distributed:
ts.handler_utils.distributed.deepspeed: Context Path create_checkpoints_json deepspeed get_ds_engine json
    logging os
ts.handler_utils.distributed.pt_pippy: PiPPyHFTracer get_pipeline_driver importlib initialize_rpc_workers
    inject_pipeline_forward inspect logger logging os pippy pippy_installed rpc split_into_equal_size torch
ts.handler_utils.hf_batch_streamer: AutoTokenizer BaseStreamer Optional TextIteratorStreamer
    TextIteratorStreamerBatch
ts.handler_utils.micro_batching: Dict HANDLER_METHODS MicroBatching PROFILER_AVAILABLE WorkerThread copy
    dataclass execute_call os queue threading time
ts.handler_utils.preprocess:
ts.handler_utils.preprocess.dali: Pipeline get_dali_pipeline os pkg_resources
ts.handler_utils.text_utils: _basic_english_normalize _patterns _patterns_dict _replacements
    _split_tokenizer get_tokenizer ngrams_iterator re
ts.handler_utils.timer: time timed torch
ts.handler_utils.utils: Context create_predict_response import_class importlib os
    send_intermediate_predict_response
ts.launcher: Empty Full PIPE Popen PrintTillTheEnd Queue STDOUT Tee TextIOWrapper register_model
    register_model_with_params requests start stop subprocess threading
ts.llm_launcher: ModelArchiverConfig Path argparse contextlib create_mar_file create_tensorrt_llm_engine
    download_model generate_model_archive get_model_config main os pause shutil start stop subprocess torch
    yaml
ts.metrics: dimension metric metric_encoder metrics_store system_metrics unit
ts.metrics.caching_metric: CachingMetric Dimension MetricAbstract MetricTypes logger logging socket time
ts.metrics.dimension: Dimension
ts.metrics.metric: CachingMetric Metric MetricTypes MetricUnit OrderedDict Units socket str time
ts.metrics.metric_abstract: MetricAbstract MetricTypes MetricUnit Units abc
ts.metrics.metric_cache_abstract: Dimension MetricAbstract MetricCacheAbstract MetricTypes abc merrors os
ts.metrics.metric_cache_errors: GeneralMetricsCacheError MetricsCacheIOError MetricsCacheKeyError
    MetricsCachePyYamlError MetricsCacheTypeError MetricsCacheValueError yaml
ts.metrics.metric_cache_yaml_impl: CachingMetric MetricCacheAbstract MetricTypes MetricsCacheYamlImpl logger
    logging merrors yaml
ts.metrics.metric_collector: argparse check_process_mem_usage logging sys system_metrics
ts.metrics.metric_encoder: Dimension JSONEncoder Metric MetricEncoder json
ts.metrics.metric_type_enum: MetricTypes enum
ts.metrics.metrics_store: Dimension Metric MetricsStore str
ts.metrics.process_memory_metric: check_process_mem_usage get_cpu_usage logging psutil
ts.metrics.system_metrics: Dimension Metric collect_all cpu_utilization dimension disk_available disk_used
    disk_utilization gpu_utilization logging memory_available memory_used memory_utilization psutil str
    system_metrics types
ts.metrics.unit: Units
ts.model_loader: ABCMeta MetricsCacheYamlImpl ModelLoader ModelLoaderFactory Optional Service TsModelLoader
    abstractmethod importlib json list_classes_from_module logging os str uuid
ts.model_server: ArgParser Dict TS_NAMESPACE load_properties os pathlib platform psutil re start str
    subprocess sys tempfile
ts.model_service: model_service
ts.model_service.model_service: ABCMeta ModelService SingleNodeService abstractmethod ast json logging os
    time
ts.model_service_worker: ArgParser AsyncService BENCHMARK DEBUG LOCAL_RANK LOCAL_WORLD_SIZE
    MAX_FAILURE_THRESHOLD MetricsCacheYamlImpl ModelLoaderFactory Optional SOCKET_ACCEPT_TIMEOUT
    TorchModelServiceWorker WORLD_RANK WORLD_SIZE create_load_model_response logging os platform
    retrieve_msg socket sys
ts.protocol:
ts.protocol.otf_message_handler: END_OF_LIST LOAD_MSG PREDICT_MSG RESPONSE _retrieve_bool _retrieve_buffer
    _retrieve_inference_msg _retrieve_input_data _retrieve_int _retrieve_load_msg _retrieve_reqest_header
    _retrieve_request bool_size bytearray bytes create_load_model_response create_predict_response
    deprecated encode_response_headers int_size io json logging os retrieve_msg
    send_intermediate_predict_response struct sys time torch
ts.service: Context PREDICTION_METRIC PredictionException RequestProcessor Service create_predict_response
    emit_metrics get_yaml_config logger logging os str time ts
ts.torch_handler:
ts.torch_handler.base_handler: BaseHandler IPEX_AVAILABLE ONNX_AVAILABLE PROFILER_AVAILABLE PT230_AVAILABLE
    PT2_AVAILABLE ProfilerActivity XLA_AVAILABLE abc check_valid_pt2_backend importlib ipex
    list_classes_from_module load_label_mapping logger logging openvino ort os packaging profile psutil
    record_function setup_ort_session time timed torch torch_tensorrt xm
ts.torch_handler.contractions: CONTRACTION_MAP
ts.torch_handler.dali_handler: ABC BaseHandler DALIHandler Image IntegratedGradients get_dali_pipeline np
    torch
ts.torch_handler.dali_image_classifier: DALIHandler DALIImageClassifier F map_class_to_label torch
ts.torch_handler.densenet_handler: DenseNetHandler importlib inspect io list_classes_from_module logger
    logging os time torch
ts.torch_handler.distributed:
ts.torch_handler.distributed.base_deepspeed_handler: ABC BaseDeepSpeedHandler BaseHandler Context os
ts.torch_handler.distributed.base_pippy_handler: ABC BaseHandler BasePippyHandler initialize_rpc_workers os
    torch
ts.torch_handler.image_classifier: F ImageClassifier VisionHandler map_class_to_label timed torch transforms
ts.torch_handler.image_segmenter: ImageSegmenter T VisionHandler torch
ts.torch_handler.object_detector: ObjectDetector VisionHandler map_class_to_label torch torchvision_version
    transforms version
ts.torch_handler.request_envelope:
ts.torch_handler.request_envelope.base: ABC BaseEnvelope abstractmethod
ts.torch_handler.request_envelope.body: BaseEnvelope BodyEnvelope
ts.torch_handler.request_envelope.json: BaseEnvelope JSONEnvelope b64decode chain json
ts.torch_handler.request_envelope.kserve: BaseEnvelope KServeEnvelope json logger logging
ts.torch_handler.request_envelope.kservev2: BaseEnvelope KServev2Envelope _DatatypeToNumpy _NumpyToDatatype
    _to_datatype _to_dtype json logger logging np
ts.torch_handler.text_classifier: F TextClassifier TextHandler TokenReferenceBase logger logging
    map_class_to_label ngrams_iterator torch
ts.torch_handler.text_handler: ABC BaseHandler CLEANUP_REGEX CONTRACTIONS_PATTERN CONTRACTION_MAP F
    LayerIntegratedGradients TextHandler get_tokenizer logger logging os re string torch unicodedata
ts.torch_handler.trt_llm_handler: AutoTokenizer BaseHandler KvCacheConfig LLM SamplingParams TRTLLMHandler
    json logger logging send_intermediate_predict_response time
ts.torch_handler.unit_tests:
ts.torch_handler.unit_tests.conftest: MockContext Path base_model_context base_model_dir pytest save_pt_file
    shutil sys
ts.torch_handler.unit_tests.models:
ts.torch_handler.unit_tests.models.base_model: ArgmaxModel save_pt_file torch
ts.torch_handler.unit_tests.test_base_handler: BaseHandler PROFILER_AVAILABLE handler os pytest
    test_batch_handle test_inference_with_profiler_works_with_custom_initialize_method test_single_handle
ts.torch_handler.unit_tests.test_envelopes: BaseHandler BodyEnvelope JSONEnvelope handle_fn pytest
    test_binary test_body test_json test_json_batch test_json_double_batch
ts.torch_handler.unit_tests.test_image_classifier: ImageClassifier MockContext Path REPO_DIR
    ResNet18_Weights context copy_files download_model handler image_bytes model_dir model_name pytest sys
    test_handle test_handle_explain
ts.torch_handler.unit_tests.test_image_segmenter: ImageSegmenter MockContext Path REPO_DIR context
    copy_files download_model handler image_bytes model_dir model_name pytest sys test_handle
ts.torch_handler.unit_tests.test_mnist_kf: Image MNISTClassifier MockContext Path REPO_DIR context
    envelope_kf envelope_kfv2 handler image_bytes image_processing io kserve kservev2 pytest shutil sys
    test_handle test_handle_kf test_handle_kfv2 transforms
ts.torch_handler.unit_tests.test_object_detector: MockContext ObjectDetector Path REPO_DIR context
    copy_files download_model handler image_bytes model_dir model_name platform pytest sys test_handle
ts.torch_handler.unit_tests.test_utils:
ts.torch_handler.unit_tests.test_utils.mock_context: MetricsStore MockContext get_yaml_config os torch uuid
ts.torch_handler.unit_tests.test_utils.model_dir: Dict Path REPO_DIR copy_files download_model request
    shutil urlparse
ts.torch_handler.vision_handler: ABC BaseHandler Image IntegratedGradients VisionHandler base64 io timed
    torch
ts.torch_handler.vllm_handler: AsyncEngineArgs AsyncLLMEngine BaseHandler ChatCompletionRequest
    CompletionRequest ErrorResponse LoRAModulePath MagicMock OpenAIServingChat OpenAIServingCompletion
    PredictionException VLLMHandler asyncio logger logging os pathlib send_intermediate_predict_response
    time
ts.utils:
ts.utils.hf_utils: download_model snapshot_download
ts.utils.setup_model_venv: create_venv glob inherit_site_packages os site sys venv
ts.utils.timeit_decorator: time timeit wraps
ts.utils.util: CLEANUP_REGEX PT2Backend PredictionException check_valid_pt2_backend deprecated enum
    get_yaml_config inspect itertools json list_classes_from_module load_label_mapping logger logging
    map_class_to_label os re warn wraps yaml
ts.version: Path os version_path
"""
"""A module and its names, which may go on in further, indented lines."""


@cache
def modules() -> dict[str, frozenset[str]]:
    """The names of every module of TorchServe, by the module's full name."""
    lines = TABLE.replace("\n    ", " ").splitlines()
    pairs = (line.split(":") for line in lines)
    return {name: frozenset(names.split()) for name, names in pairs}


def names_in(module: str) -> frozenset[str]:
    """What can be imported from a module: its names, be they imported ones, and the modules within it."""
    prefix = f"{module}."
    within = (name.removeprefix(prefix) for name in modules() if name.startswith(prefix))
    return modules()[module].union(name for name in within if "." not in name)
