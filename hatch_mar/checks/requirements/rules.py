"""What can be wrong with requirements, provided that TorchServe installs them at all."""

from hatch_mar.finding import Rule

REFUSED = (
    "with `install_py_dep_per_model=true` the model is refused: `Custom pip package installation failed`"
)

ABSENT = Rule(
    code="MAR601",
    severity="error",
    title="The requirements file is not in the archive",
    consequence=REFUSED,
    fix="add the file, or take `requirementsFile` out of the manifest",
)
ENCODING = Rule(
    code="MAR602",
    severity="error",
    title="The requirements file is not in an encoding that pip reads",
    consequence=REFUSED,
    fix="save the file as UTF-8",
)
OPTION = Rule(
    code="MAR603",
    severity="error",
    title="A line of the requirements has options that pip refuses",
    consequence=REFUSED,
    fix="leave to the server what is no option of a requirements file",
)
LINE = Rule(
    code="MAR604",
    severity="error",
    title="A line of the requirements is no requirement",
    consequence=REFUSED,
    fix="write `name`, `name==1.0`, `name>=1; marker` or `name @ https://…`",
)
LOCAL = Rule(
    code="MAR605",
    severity="error",
    title="The requirements name a path that pip does not find",
    consequence=REFUSED,
    fix="add it to the archive under this path, counted from the archive's root",
)
CYCLE = Rule(
    code="MAR606",
    severity="error",
    title="A requirements file includes itself",
    consequence=REFUSED,
    fix="take the line out",
)
HASHES = Rule(
    code="MAR607",
    severity="error",
    title="Some requirements have hashes and others none",
    consequence=f"{REFUSED}, for one hash makes pip want all",
    fix="give all of them hashes, or none",
)
EDITABLE = Rule(
    code="MAR608",
    severity="error",
    title="The requirements have an editable line",
    consequence=(
        "pip leaves a `.pth` file in the model's folder, where Python looks for none: `ModuleNotFoundError`"
    ),
    fix="leave `-e` out, or set `useVenv: true` in the model configuration",
)
SERVERS_OWN = Rule(
    code="MAR609",
    severity="warning",
    title="The requirements name a path of the server's",
    consequence="a server that does not have it refuses the model, or goes to its index instead",
    fix="add it to the archive and name it relative to the archive's root",
)
TORCH = Rule(
    code="MAR610",
    severity="warning",
    title="The requirements install what the server has",
    consequence=(
        "every worker's model folder gets its own copy, of another version than the packages built against it"
    ),
    fix="leave it out, or set `useVenv: true` in the model configuration",
)
ONLY_IF_SET = Rule(
    code="MAR611",
    severity="warning",
    title="Requirements need a setting of the server's",
    consequence=(
        "without `install_py_dep_per_model=true` TorchServe does not read them, and the handler's"
        " imports fail"
    ),
    fix="set it in `config.properties`, or ignore MAR611",
)
UNCHECKED = Rule(
    code="MAR612",
    severity="warning",
    title="The requirements file is too long to be checked",
    consequence="what it holds is not known here",
    fix="keep what is no requirement out of it",
)
