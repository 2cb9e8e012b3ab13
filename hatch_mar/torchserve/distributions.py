"""What distributions are imported as where that is another name, and what else they bring.

A requirement names a distribution, an import names a module. Mostly the names are alike, which
`packages` sees without a table. Lists of such pairs as pipreqs keeps have few that it does not see
and that are still in use; these are here, with those of packages that models are served with. Some of
the others are here to name what to require, since PyPI often has another project under the module's name.
"""

from __future__ import annotations

from collections.abc import Iterable

IMPORTED_AS = {
    "absl": "absl-py",
    "attr": "attrs",
    "awq": "autoawq",
    "barcode": "python-barcode",
    "Bio": "biopython",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "clip": "openai-clip",
    "community": "python-louvain",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless"
    " opencv-python-rolling",
    "dns": "dnspython",
    "doctr": "python-doctr",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu faiss-gpu",
    "ffmpeg": "ffmpeg-python",
    "fitz": "pymupdf",
    "functorch": "torch",
    "gi": "pygobject",
    "git": "gitpython",
    "google": "protobuf googleapis-common-protos",
    "google.auth": "google-auth",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "gridfs": "pymongo",
    "grpc": "grpcio",
    "haiku": "dm-haiku",
    "hydra": "hydra-core",
    "igl": "libigl",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jpype": "jpype1",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "kernprof": "line-profiler",
    "lightning_fabric": "lightning",
    "llama_cpp": "llama-cpp-python",
    "lru": "lru-dict",
    "magic": "python-magic",
    "MeCab": "mecab-python3",
    "mii": "deepspeed-mii",
    "model_archiver": "torch-model-archiver",
    "mpl_toolkits": "matplotlib",
    "multipart": "python-multipart",
    "mysql": "mysql-connector-python",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "nemo": "nemo-toolkit",
    "nvidia.dali": "nvidia-dali-cuda120 nvidia-dali-cuda110",
    "odf": "odfpy",
    "openslide": "openslide-python",
    "OpenSSL": "pyopenssl",
    "osgeo": "gdal",
    "ot": "pot",
    "PIL": "pillow pillow-simd",
    "pippy": "torchpippy",
    "pkg_resources": "setuptools",
    "playhouse": "peewee",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary psycopg2",
    "pylab": "matplotlib",
    "pynvml": "nvidia-ml-py nvidia-ml-py3",
    "pythoncom": "pywin32",
    "pythonjsonlogger": "python-json-logger",
    "pytorch_lightning": "lightning",
    "pywt": "pywavelets",
    "pyximport": "cython",
    "qcloud_cos": "cos-python-sdk-v5",
    "rapidjson": "python-rapidjson",
    "sagemaker_pytorch_serving_container": "sagemaker-pytorch-inference",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "skvideo": "sk-video scikit-video",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "speech_recognition": "speechrecognition",
    "tensorflow": "tensorflow tf-nightly",
    "tensorrt": "nvidia-tensorrt",
    "tlz": "toolz",
    "torchgen": "torch",
    "tree": "dm-tree",
    "ts": "torchserve torchserve-nightly",
    "umap": "umap-learn",
    "usb": "pyusb",
    "vertexai": "google-cloud-aiplatform",
    "vtkmodules": "vtk",
    "whisper": "openai-whisper",
    "workflow_archiver": "torch-workflow-archiver",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""The distributions that have a module, the usual one first."""

REQUIRED = {
    "accelerate": "huggingface-hub safetensors",
    "aiohttp": "aiosignal attrs frozenlist multidict yarl",
    "albumentations": "opencv-python-headless pydantic scikit-image scipy",
    "auto-gptq": "accelerate datasets peft sentencepiece transformers",
    "autoawq": "accelerate datasets tokenizers transformers",
    "beautifulsoup4": "soupsieve",
    "bertopic": "hdbscan pandas plotly scikit-learn sentence-transformers umap-learn",
    "bitsandbytes": "scipy",
    "boto3": "botocore jmespath s3transfer",
    "catboost": "graphviz matplotlib pandas plotly scipy",
    "cffi": "pycparser",
    "datasets": "aiohttp dill huggingface-hub multiprocess pandas pyarrow tqdm xxhash",
    "deepspeed": "hjson ninja py-cpuinfo pydantic tqdm",
    "detectron2": "cloudpickle fvcore hydra-core omegaconf pycocotools tabulate tensorboard termcolor",
    "detoxify": "sentencepiece transformers",
    "diffusers": "huggingface-hub regex safetensors tokenizers",
    "easyocr": "opencv-python-headless pyclipper python-bidi scikit-image scipy shapely torchvision",
    "evaluate": "datasets dill huggingface-hub multiprocess pandas tqdm xxhash",
    "fairseq": "bitarray cffi hydra-core omegaconf regex sacrebleu scikit-learn tqdm",
    "fastapi": "pydantic starlette",
    "faster-whisper": "av ctranslate2 huggingface-hub onnxruntime tokenizers tqdm",
    "flask": "blinker click itsdangerous werkzeug",
    "fvcore": "iopath tabulate termcolor tqdm yacs",
    "gensim": "scipy smart-open",
    "geopandas": "pandas pyproj shapely",
    "gitpython": "gitdb",
    "google-api-core": "google-auth googleapis-common-protos protobuf",
    "google-cloud-aiplatform": "google-api-core google-cloud-storage pydantic shapely",
    "google-cloud-storage": "google-api-core",
    "googleapis-common-protos": "protobuf",
    "gradio": "fastapi httpx orjson pandas pydantic python-multipart uvicorn",
    "grpcio-tools": "grpcio protobuf",
    "httpx": "anyio h11 httpcore sniffio",
    "huggingface-hub": "tqdm",
    "hydra-core": "omegaconf",
    "imbalanced-learn": "scikit-learn",
    "imgaug": "imageio opencv-python scikit-image scipy shapely",
    "insightface": "albumentations easydict onnx opencv-python scikit-image scikit-learn tqdm",
    "iopath": "portalocker tqdm",
    "jsonschema": "attrs",
    "kserve": "fastapi grpcio httpx orjson pandas prometheus-client protobuf pydantic tabulate uvicorn",
    "langchain": "langchain-core pydantic sqlalchemy",
    "langchain-community": "aiohttp langchain langchain-core sqlalchemy tenacity",
    "langchain-core": "pydantic tenacity",
    "librosa": "audioread decorator joblib lazy-loader msgpack numba pooch scikit-learn scipy soundfile soxr",
    "lightgbm": "scipy",
    "lightning": "lightning-utilities torchmetrics tqdm",
    "mediapipe": "absl-py attrs flatbuffers opencv-contrib-python protobuf",
    "mlflow": "cloudpickle docker flask gitpython pandas protobuf pyarrow scikit-learn scipy sqlalchemy",
    "mmcv": "addict mmengine yapf",
    "mmcv-full": "addict yapf",
    "mmdet": "mmcv pycocotools scipy shapely terminaltables",
    "mmengine": "addict rich termcolor yapf",
    "monai": "nibabel",
    "nemo-toolkit": "hydra-core librosa omegaconf pytorch-lightning sentencepiece transformers",
    "nltk": "click joblib regex tqdm",
    "numba": "llvmlite",
    "omegaconf": "antlr4-python3-runtime",
    "onnx": "protobuf",
    "onnxruntime": "coloredlogs flatbuffers protobuf",
    "onnxruntime-gpu": "coloredlogs flatbuffers protobuf",
    "open-clip-torch": "ftfy huggingface-hub regex safetensors timm torchvision",
    "openai": "anyio httpx pydantic tqdm",
    "openai-whisper": "more-itertools numba tiktoken tqdm",
    "optimum": "datasets huggingface-hub transformers",
    "paddleocr": "opencv-python pyclipper rapidfuzz scikit-image shapely",
    "pandas": "python-dateutil pytz six tzdata",
    "peft": "accelerate huggingface-hub safetensors tokenizers transformers",
    "pyannote-audio": "einops huggingface-hub omegaconf pandas pytorch-lightning soundfile speechbrain",
    "pydantic": "pydantic-core",
    "pymongo": "dnspython",
    "python-socketio": "bidict python-engineio",
    "pytorch-forecasting": "pandas pytorch-lightning scikit-learn scipy statsmodels",
    "pytorch-lightning": "lightning-utilities torchmetrics tqdm",
    "s3fs": "aiobotocore aiohttp botocore",
    "sagemaker": "boto3 pandas protobuf",
    "scikit-image": "imageio lazy-loader pywavelets scipy tifffile",
    "scikit-learn": "joblib scipy threadpoolctl",
    "seaborn": "pandas",
    "segmentation-models-pytorch": "huggingface-hub timm torchvision",
    "sentence-transformers": "huggingface-hub scikit-learn scipy tqdm transformers",
    "setfit": "datasets evaluate scikit-learn sentence-transformers transformers",
    "shap": "cloudpickle numba pandas scikit-learn scipy tqdm",
    "soundfile": "cffi",
    "spacy": "catalogue cymem murmurhash preshed pydantic spacy-legacy srsly thinc tqdm typer wasabi",
    "speechbrain": "huggingface-hub hyperpyyaml scipy sentencepiece tqdm",
    "statsmodels": "pandas patsy scipy",
    "supervision": "defusedxml opencv-python scipy",
    "tensorboard": "absl-py grpcio markdown protobuf werkzeug",
    "tensorflow": "absl-py google-pasta grpcio h5py keras protobuf tensorboard wrapt",
    "tensorrt-llm": "nvidia-tensorrt safetensors tokenizers transformers",
    "tiktoken": "regex",
    "timm": "huggingface-hub safetensors torchvision",
    "tokenizers": "huggingface-hub",
    "torch-geometric": "aiohttp tqdm xxhash",
    "transformers": "huggingface-hub regex safetensors tokenizers tqdm",
    "transformers[sentencepiece]": "protobuf sentencepiece",
    "transformers[torch]": "accelerate",
    "trl": "accelerate datasets rich transformers",
    "ultralytics": "opencv-python pandas py-cpuinfo scipy seaborn torchvision tqdm",
    "uvicorn": "click h11",
    "vllm": "fastapi huggingface-hub openai pydantic ray safetensors tokenizers torchvision transformers",
    "wandb": "click gitpython protobuf pydantic sentry-sdk",
    "xgboost": "scipy",
}
"""The distributions that a distribution is installed with, beyond those that the server has."""

LISTED = frozenset(REQUIRED).union(*(names.split() for names in REQUIRED.values()))
"""The distributions of which the table knows what they are installed with."""

NAMESPACES = frozenset(
    [
        *("azure", "backports", "google", "google.cloud", "jaraco", "nvidia", "opentelemetry", "ruamel"),
        *("sphinxcontrib", "zope"),
    ]
)
"""Namespace packages, in which many distributions have modules."""


def list_known(module: str) -> list[str]:
    """The distributions in the table that have a module, the usual one first."""
    return IMPORTED_AS.get(module, "").split()


def add_required(distributions: Iterable[str]) -> frozenset[str]:
    """The distributions with all that they are installed with."""
    found: set[str] = set()
    left = list(distributions)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += REQUIRED.get(name, "").split()
    return frozenset(found)


def strip_submodules(name: str) -> str:
    """The part of a module's name that is one distribution's: its top, or what follows a namespace."""
    parts = name.split(".")
    count = 1
    while count < len(parts) and ".".join(parts[:count]) in NAMESPACES:
        count += 1
    return ".".join(parts[:count])
