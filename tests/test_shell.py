from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.shell import Command, ScriptError, commands, commands_in_file

HERE = "/project"


def words(text: str, **known: str) -> list[list[str]]:
    """The words of each command, all of which must be known."""
    found = commands(text, HERE, known=known)
    assert not [word for command in found for word in command.words if word.unknown]
    return [[word.text for word in command.words] for command in found]


def unknown(text: str) -> list[str]:
    """What is unknown in the last command."""
    return [source for word in last(text).words for source in word.unknown]


def last(text: str) -> Command:
    return commands(text, HERE)[-1]


def directory(text: str) -> str:
    found = last(text).directory
    assert not found.unknown
    return found.text


class TestQuoting:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool a  b", ["tool", "a", "b"]),
            ("tool 'a  b' \"c  d\"", ["tool", "a  b", "c  d"]),
            ("tool a' 'b\" \"c", ["tool", "a b c"]),
            ("tool '' \"\"", ["tool", "", ""]),
            (r"tool a\ b \' \"", ["tool", "a b", "'", '"']),
            (r"""tool "a\"b" "a\b" '\' """, ["tool", 'a"b', r"a\b", "\\"]),
            ("tool '$A' \\$A \"\\$A\"", ["tool", "$A", "$A", "$A"]),
            ("tool $'a b' $\"c d\"", ["tool", "a b", "c d"]),
            ("tool a\\\n  b\\\nc", ["tool", "a", "bc"]),
            ("tool a\\\r\n  b\r\n", ["tool", "a", "b"]),
            ("tool 'a\nb'", ["tool", "a\nb"]),
            ("tool a # b 'c", ["tool", "a"]),
            ("tool a#b", ["tool", "a#b"]),
            ("tool a$ $", ["tool", "a$", "$"]),
        ],
    )
    def test_words(self, text: str, expected: list[str]) -> None:
        """Quotes, escapes, joined lines and comments are what they are to a shell."""
        assert words(text) == [expected]

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("tool\n'a", 2, "a quote is not closed"),
            ('tool "a\n\n', 1, "a quote is not closed"),
            ("tool `a", 1, "a quote is not closed"),
            ("\n\ntool $(a", 3, "`(` is not closed"),
            ("tool ${a", 1, "`{` is not closed"),
            ("A=(a", 1, "`(` is not closed"),
        ],
    )
    def test_not_closed(self, text: str, line: int, message: str) -> None:
        """What is not closed is a fault of its line."""
        with pytest.raises(ScriptError) as error:
            commands(text, HERE)

        assert (error.value.line, str(error.value)) == (line, message)

    @pytest.mark.parametrize("text", ["${A:-" * 5000 + "}" * 5000, '"$(' * 5000, "$(" * 400 + ")" * 400])
    def test_nested(self, text: str) -> None:
        """No nesting is too deep for an answer."""
        with contextlib.suppress(ScriptError):
            assert commands(f"tool {text}", HERE)

    @pytest.mark.skipif(sys.platform == "win32" or not shutil.which("sh"), reason="needs a shell")
    @given(st.lists(st.text("ab '\"\\$#~{},*()&;|\n", max_size=6), min_size=1, max_size=4))
    def test_as_shell(self, texts: list[str]) -> None:
        """Quoted words are those that sh makes of them."""
        double = ["".join(f"\\{c}" if c in '"\\$`' else c for c in text) for text in texts]
        single = [text.replace("'", "'\\''") for text in texts]
        script = "printf '%s\\0' " + " ".join(f"'{a}'\"{b}\"" for a, b in zip(single, double))

        printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

        assert printed.split("\0")[:-1] == words(script)[0][2:]

    @given(st.text(st.sampled_from("ab=$(){}[]`'\"\\ \n\t;&|<>#!@*?~-:+,0%/") | st.characters()))
    def test_anything(self, text: str) -> None:
        """Whatever a file holds, it is read to its end or refused."""
        with contextlib.suppress(ScriptError):
            commands(text, HERE)


class TestOperators:
    @pytest.mark.parametrize("operator", [";", "\n", "&&", "||", "|", "&", ";\n\n", "|&"])
    def test_between(self, operator: str) -> None:
        """Operators end a command."""
        assert words(f"a 1{operator}b 2") == [["a", "1"], ["b", "2"]]

    @pytest.mark.parametrize(
        "text",
        ["(a 1)", "{ a 1; }", "! a 1", "time a 1", "if a 1; then :; fi", "while a 1; do :; done", "$(a 1)"],
    )
    def test_around(self, text: str) -> None:
        """Commands are found within compound commands and substitutions."""
        assert [word.text for word in commands(text, HERE)[0].words] == ["a", "1"]

    @pytest.mark.parametrize(
        "redirection", ["> log", ">>log", "2>&1", "2> log", "&> log", "< in", "<<< in", "> log 2>&1", "<(b)"]
    )
    def test_redirection(self, redirection: str) -> None:
        """Redirections are no words of a command."""
        assert words(f"a 1 {redirection} 2") == [["a", "1", "2"]]

    @pytest.mark.parametrize("begin", ["<<END", "<<'END'", "<<-END", '<< "END"'])
    def test_here_document(self, begin: str) -> None:
        """The text of a here-document is no command."""
        assert words(f"a {begin}\nit's b\nEND\nc") == [["a"], ["c"]]

    def test_inner_script(self) -> None:
        """`sh -c` and `eval` run what they are given."""
        assert ["a", "1 2"] in words("bash -c \"a '1 2'\"")
        assert ["a", "1"] in words("docker exec box sh -ec 'a 1'")
        assert ["a", "1"] in words("eval 'a 1'")

    def test_line(self) -> None:
        """A command stands where it begins."""
        assert [command.line for command in commands("\na \\\n b\nc 'd\n'\ne", HERE)] == [2, 4, 6]


class TestVariables:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("A=1; tool $A ${A} \"$A\" x${A}y '$A'", ["1", "1", "1", "x1y", "$A"]),
            ("export A=1 B='2 3'; tool $A \"$B\"", ["1", "2 3"]),
            ("readonly A=1; tool $A", ["1"]),
            ("A='1 2'; tool $A \"$A\" x$A", ["1", "2", "1 2", "x1", "2"]),
            ("A=; tool $A \"$A\" x$A", ["", "x"]),
            ("A=1; B=$A/2; tool $B", ["1/2"]),
            ("A=1; A+=2; tool $A", ["12"]),
            ("A=(--a 'b c'); A+=(d); tool \"${A[@]}\" $A", ["--a", "b c", "d", "--a"]),
            ("A=(); tool \"${A[@]}\" x", ["x"]),
            ("tool ${A:-1} ${A-2} ${A:-'3'4} \"${A:-it's 5}\" ${A:-}", ["1", "2", "34", "it's 5"]),
            ("A=1; B=; tool ${A:-2} ${A:+3} x${B:+3} y${B+4}", ["1", "3", "x", "y4"]),
            ("A=; tool ${A:-2} \"${A-2}\"", ["2", ""]),
            ("B=2; tool ${A:-x$B}", ["x2"]),
            ("tool ${A:=1}; tool $A", ["1"]),
            ("A=1 B=2\ntool $A$B", ["12"]),
            ("A=1; A=2 other; tool $A", ["1"]),
        ],
    )  # fmt: skip
    def test_known(self, text: str, expected: list[str]) -> None:
        """Assigned values and defaults are put in, and split where they are bare."""
        assert words(text)[-1] == ["tool", *expected]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool $A", ["$A"]),
            ("tool \"${A}\"", ["$A"]),
            ("tool $1 \"$@\"", ["$1", "$@"]),
            ("A=1; unset A; tool $A", ["$A"]),
            ("A=1; read A; tool ${A:-2}", ["$A"]),
            ("tool $(date +%s)", ["$(date +%s)"]),
            ("tool `date`", ["$(date)"]),
            ("A=$(date); tool $A", ["$(date)"]),
            ("tool $((1 + 2))", ["$((1 + 2))"]),
            ("A=1; tool ${A%.pth} ${#A} ${A/1/2}", ["${A%.pth}", "${#A}", "${A/1/2}"]),
            ("tool ${A:?needed} ${A:+1}", ["${A:?needed}", "${A:+1}"]),
            ("tool ${A:-'1 2'}", ["${A:-'1 2'}"]),
            ("tool ${A:-1;2}", ["${A:-1;2}"]),
            ("tool ${{ github.sha }}", ["${{ github.sha }}"]),
            ("tool ~/a", ["~"]),
            ("A=~/a; tool $A", ["~"]),
            ("tool {a,b}.txt {1..3} '{a,b}'", ["{a,b}", "{1..3}"]),
            ("tool $'a\\n'", ["$'a\\n'"]),
            ("for A in 1 2; do tool $A; done", ["$A"]),
            ("A+=1; tool $A", ["$A"]),
        ],
    )  # fmt: skip
    def test_unknown(self, text: str, expected: list[str]) -> None:
        """What only a running shell knows is named as it is written."""
        assert unknown(text) == expected

    def test_given(self) -> None:
        """A variable that is given keeps its value."""
        assert words("A=1; tool $A", A="2") == [["tool", "2"]]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("if x; then A=1; fi; tool $A", None),
            ("A=1; if x; then A=2; fi; tool $A", None),
            ("A=1; if x; then A=1; fi; tool $A", "1"),
            ("if x; then A=1; else A=1; fi; tool $A", "1"),
            ("if x; then A=1; elif y; then A=2; else A=1; fi; tool $A", None),
            ("A=1; if x; then A=2; tool $A; fi", "2"),
            ("A=1; if x; then A=2; else tool $A; fi", "1"),
            ("A=1; while x; do A=2; done; tool $A", None),
            ("A=1; case x in a|b) A=2;; (c) tool $A;; esac", "1"),
            ("A=1; case x in a|b) A=2;; esac; tool $A", None),
            ("A=1; [ x ] && A=2; tool $A", None),
            ("A=1; [ x ] && { A=2; tool $A; }", "2"),
            ("A=1; x || A=2; tool $A", None),
            ("x && A=1 && tool $A", "1"),
            ("A=1; (A=2); tool $A", "1"),
            ("(A=2; tool $A)", "2"),
            ("{ A=2; }; tool $A", "2"),
            ("A=1; f() { A=2; }; tool $A", None),
            ("A=1; function f { A=2; }; tool $A", None),
            ("A=1; function f() { A=2; tool $A; }", "2"),
            ("A=1; echo $(A=2); tool $A", "1"),
        ],
    )
    def test_branches(self, text: str, expected: str | None) -> None:
        """A value is known where it is the same whichever way the script went."""
        assert (["$A"] if expected is None else []) == unknown(text)
        assert expected in (None, last(text).words[1].text)


class TestDirectory:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool", HERE),
            ("cd a; tool", f"{HERE}/a"),
            ("cd a && cd ../b && tool", f"{HERE}/b"),
            ("cd /a\ntool", "/a"),
            ("D=a; cd -P -- \"$D\"; tool", f"{HERE}/a"),
            ("(cd a); tool", HERE),
            ("(cd a && tool)", f"{HERE}/a"),
            ("pushd a; popd; tool", HERE),
            ("cd a || exit 1; tool", f"{HERE}/a"),
            ("cd $(pwd)/a; tool", f"{HERE}/a"),
            ("cd $PWD/a; tool", f"{HERE}/a"),
            ("cd a; cd $(realpath ..); tool", HERE),
        ],
    )  # fmt: skip
    def test_known(self, text: str, expected: str) -> None:
        """`cd` is followed."""
        assert directory(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("cd $A; tool", "$A"),
            ("cd; tool", "cd"),
            ("cd -; tool", "cd -"),
            ("popd; tool", "popd"),
            ("if x; then cd a; fi; tool", "cd"),
        ],
    )
    def test_unknown(self, text: str, expected: str) -> None:
        """Where `cd` leads is unknown when its argument is, or whether it ran."""
        assert last(text).directory.unknown == (expected,)

    @pytest.mark.parametrize(
        "text",
        [
            'cd "$(dirname "$0")/.."; tool',
            'cd `dirname $0`/..; tool',
            'D="$( cd "$( dirname "${BASH_SOURCE[0]}" )" >/dev/null 2>&1 && pwd )"; cd $D/..; tool',
            'D=$(dirname "$(readlink -f "$0")"); cd "$(dirname "$D")"; tool',
        ],
    )  # fmt: skip
    def test_of_script(self, text: str) -> None:
        """Scripts may find their own folder."""
        found = commands(text, HERE, script="scripts/archive.sh")[-1].directory

        assert (found.text, found.unknown) == (HERE, ())

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool $(basename a/b.pth)", "b.pth"),
            ("tool $(basename a/b.pth .pth)", "b"),
            ("tool $(dirname a/b.pth)", "a"),
            ("tool $(dirname a)", "."),
            ("tool $(echo a  b)x", "a bx"),
        ],
    )
    def test_output(self, text: str, expected: str) -> None:
        """The output of a few commands can be told."""
        assert expected.split() == [word.text for word in last(text).words[1:]]


class TestFiles:
    def found(self, name: str, text: str) -> list[tuple[int, list[str], str]]:
        return [
            (command.line, [word.text for word in command.words], command.directory.text)
            for command in commands_in_file(name, text, HERE, {}, "--tool")
        ]

    def test_script(self) -> None:
        """A file is a shell script, whatever it is called."""
        assert self.found("build", "#!/bin/sh\ntool a\n") == [(2, ["tool", "a"], HERE)]

    @pytest.mark.parametrize(
        "name", ["Dockerfile", "docker/serve.Dockerfile", "Dockerfile.gpu", "Containerfile"]
    )
    def test_dockerfile(self, name: str) -> None:
        """RUN is run, after ENV, ARG and WORKDIR, and each in a shell of its own."""
        text = """FROM base:latest
# it's a comment
LABEL text="it's" \\
      more="it's"
ARG A=1
ENV B=2 C="3 4"
ENV D 5 6
WORKDIR /home
RUN --mount=type=cache,target=/root tool $A \\
    # it's a comment
    $B "$C"  \\
    "$D" && \\
    cd a && other
run tool
RUN ["tool", "a b"]
CMD tool
"""
        assert self.found(name, text) == [
            (9, ["tool", "1", "2", "3 4", "5 6"], "/home"),
            (13, ["other"], "/home/a"),
            (14, ["tool"], "/home"),
            (15, ["tool", "a b"], "/home"),
        ]

    def test_yaml(self) -> None:
        """Each string of a workflow is a script, in the directory of its step."""
        text = """name: Don't
defaults: {run: {working-directory: all}}
jobs:
  one:
    steps:
      - run: tool 1
      - run: |
          # two
          tool 2
        working-directory: here
      - args: [tool, --name, a b]
"""
        assert [found for found in self.found("ci.yml", text) if found[1][0] == "tool"] == [
            (6, ["tool", "1"], f"{HERE}/all"),
            (9, ["tool", "2"], f"{HERE}/here"),
            (11, ["tool", "--name", "a b"], f"{HERE}/all"),
        ]

    @pytest.mark.parametrize(
        ("text", "line"), [("a: [", 1), ("a: b\nc: d: e", 2), ("a: |\n  it's --tool", 2)]
    )
    def test_yaml_at_fault(self, text: str, line: int) -> None:
        """YAML that is none is refused, and so is a script in it that is none."""
        with pytest.raises(ScriptError) as error:
            self.found("ci.yaml", text)

        assert line == error.value.line
