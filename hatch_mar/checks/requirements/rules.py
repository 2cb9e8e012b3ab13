"""What can be wrong with requirements, provided that TorchServe installs them at all."""

from hatch_mar.checks.rule import Rule

REFUSED = (
    "with `install_py_dep_per_model=true` the model is refused: `Custom pip package installation failed`"
)

ABSENT = Rule(
    "MAR601",
    "error",
    "The requirements file is not in the archive",
    REFUSED,
    "add the file, or take `requirementsFile` out of the manifest",
)
ENCODING = Rule(
    "MAR602",
    "error",
    "The requirements file is not in an encoding that pip reads",
    REFUSED,
    "save the file as UTF-8",
)
OPTION = Rule(
    "MAR603",
    "error",
    "A line of the requirements has options that pip refuses",
    REFUSED,
    "leave to the server what is no option of a requirements file",
)
LINE = Rule(
    "MAR604",
    "error",
    "A line of the requirements is no requirement",
    REFUSED,
    "write `name`, `name==1.0`, `name>=1; marker` or `name @ https://…`",
)
LOCAL = Rule(
    "MAR605",
    "error",
    "The requirements name a path that pip does not find",
    REFUSED,
    "add it to the archive under this path, counted from the archive's root",
)
CYCLE = Rule(
    "MAR606",
    "error",
    "A requirements file includes itself",
    REFUSED,
    "take the line out",
)
HASHES = Rule(
    "MAR607",
    "error",
    "Some requirements have hashes and others none",
    f"{REFUSED}, for one hash makes pip want all",
    "give all of them hashes, or none",
)
EDITABLE = Rule(
    "MAR608",
    "error",
    "The requirements have an editable line",
    "pip leaves a `.pth` file in the model's folder, where Python looks for none: `ModuleNotFoundError`",
    "leave `-e` out, or set `useVenv: true` in the model configuration",
)
SERVERS_OWN = Rule(
    "MAR609",
    "warning",
    "The requirements name a path of the server's",
    "a server that does not have it refuses the model, or goes to its index instead",
    "add it to the archive and name it relative to the archive's root",
)
TORCH = Rule(
    "MAR610",
    "warning",
    "The requirements install what the server has",
    "every worker's model folder gets its own copy, of another version than the packages built against it",
    "leave it out, or set `useVenv: true` in the model configuration",
)
ONLY_IF_SET = Rule(
    "MAR611",
    "warning",
    "Requirements need a setting of the server's",
    "without `install_py_dep_per_model=true` TorchServe does not read them, and the handler's imports fail",
    "set it in `config.properties`, or ignore MAR611",
)
UNCHECKED = Rule(
    "MAR612",
    "warning",
    "The requirements file is too long to be checked",
    "what it holds is not known here",
    "keep what is no requirement out of it",
)

RULES = (
    ABSENT,
    ENCODING,
    OPTION,
    LINE,
    LOCAL,
    CYCLE,
    HASHES,
    EDITABLE,
    SERVERS_OWN,
    TORCH,
    ONLY_IF_SET,
    UNCHECKED,
)
