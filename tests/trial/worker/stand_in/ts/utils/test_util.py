from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hatch_mar.trial.worker.stand_in.ts.utils.util import (
    PredictionException,
    list_classes_from_module,
    load_label_mapping,
    map_class_to_label,
)


class TestPredictionException:
    def test_text(self):
        """Its text is the message and the status."""
        assert str(PredictionException("not an image", 422)) == "not an image : 422"


class TestListClassesFromModule:
    def test_own(self):
        """Only classes that the module defines count, or those of a parent class."""
        module = ModuleType("own")
        exec("from json import JSONDecoder\nclass A: ...\nclass B(A): ...\nclass C: ...\n", vars(module))
        names = [found.__name__ for found in list_classes_from_module(module)]

        assert names == ["A", "B", "C"]
        assert list_classes_from_module(module, module.A) == [module.A, module.B]


class TestLoadLabelMapping:
    @pytest.mark.parametrize(
        ("mapping", "expected"),
        [
            ({"0": "zero"}, {"0": "zero"}),
            ({"0": ["n1", "zero"]}, {"0": "zero"}),
            ({"object_type_names": ["a", "b"]}, {"0": "a", "1": "b"}),
        ],
    )
    def test_mapping(self, mapping: Any, expected: dict[str, str], tmp_path: Path):
        """A label is text, or the last of several."""
        (tmp_path / "index_to_name.json").write_text(json.dumps(mapping))

        assert load_label_mapping(str(tmp_path / "index_to_name.json")) == expected

    def test_no_file(self, tmp_path: Path):
        """There need not be a file."""
        assert load_label_mapping(str(tmp_path / "absent.json")) is None

    @pytest.mark.parametrize("mapping", [["zero"], {"0": 1}])
    def test_wrong(self, mapping: Any, tmp_path: Path):
        """Anything else is an error, as in TorchServe."""
        (tmp_path / "i.json").write_text(json.dumps(mapping))

        with pytest.raises(Exception, match=r"should be in|must be either"):
            load_label_mapping(str(tmp_path / "i.json"))


class TestMapClassToLabel:
    @pytest.mark.parametrize(
        ("mapping", "classes", "expected"),
        [
            (None, None, [{"0": 0.1, "1": 0.9}]),
            ({"0": "no", "1": "yes"}, None, [{"no": 0.1, "yes": 0.9}]),
            ({"0": "no", "1": "yes"}, [[1, 0]], [{"yes": 0.1, "no": 0.9}]),
        ],
    )
    def test_labels(self, mapping: Any, classes: Any, expected: Any):
        """Each probability has the label of its class."""
        assert map_class_to_label([[0.1, 0.9]], mapping, classes) == expected
