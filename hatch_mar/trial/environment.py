"""Which variables of the shell a trial sees.

A server is not started from a developer's shell, and the code of an archive has no business with the
tokens and passwords in one. So only what tells programs where things are, and how to run, is passed on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

from hatch_mar.errors import TrialError

NAMES = frozenset(
    (
        # the system's
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE",
        "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME", "TZ", "TERM", "HOSTNAME",
        "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SSL_CERT_FILE",
        "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "XDG_CACHE_HOME",
        # Python's, Java's and conda's
        "PYTHONPATH", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONWARNINGS", "PYTHONFAULTHANDLER",
        "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "VIRTUAL_ENV", "CONDA_PREFIX",
        "JAVA_HOME",
        # where models and what they need are kept
        "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_CACHE", "TRANSFORMERS_OFFLINE",
        "NLTK_DATA", "SPACY_DATA", "SENTENCE_TRANSFORMERS_HOME", "TOKENIZERS_PARALLELISM",
        # Windows'
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
        "PROGRAMDATA", "PROGRAMFILES", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
    )
)  # fmt: skip
"""JDK_JAVA_OPTIONS is not among them, since key stores have their passwords there."""
PREFIXES = (
    "OMP_", "MKL_", "KMP_", "GOMP_", "OPENBLAS_", "DNNL_", "ONEDNN_", "CUDA_", "CUDNN_", "NVIDIA_", "NCCL_",
    "ROCR_", "HIP_", "HSA_", "ROCM_", "PYTORCH_", "TORCH", "TRITON_", "XLA_",
)  # fmt: skip
"""Of the libraries that compute."""
SECRETS = ("TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "AUTH", "_KEY")
"""Words in the name of a secret, which is not passed on though it begins as those of a library do."""

INSTALLERS = ("PIP_", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
"""How the variables of pip begin, in whatever case: where packages are, and perhaps a password for it."""


def installer_settings() -> dict[str, str]:
    """The variables that pip sees besides, and so does what it builds, but not the handler."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith(INSTALLERS)}


def inherit(asked: Collection[str] = ()) -> dict[str, str]:
    """The variables that a trial sees: those of the lists here, and those that are asked for.

    Raises:
        TrialError: one that is asked for is not set.
    """
    missing = [name for name in asked if name not in os.environ]
    if missing:
        raise TrialError(*(f"Option `--env`: the environment has no variable `{name}`" for name in missing))
    return {name: value for name, value in os.environ.items() if not is_withheld(name, asked)}


def is_withheld(name: str, asked: Collection[str] = ()) -> bool:
    """Whether the shell has a variable that a trial does not see."""
    return name in os.environ and name not in asked and not is_passed_on(name)


def is_passed_on(name: str) -> bool:
    known = name.upper() if sys.platform == "win32" else name
    return known in NAMES or (known.startswith(PREFIXES) and not any(word in known for word in SECRETS))
