"""Models in the style of published examples, compiled as their authors compile them.

What lint finds in them is listed here, and true: that a layer cannot be loaded was tried, the
series of one number are normalised to nothing, and the last sum of WaveNet's blocks is not used.
"""

import sys
from pathlib import Path

import keras
import pytest

import kfunc_lab as lab

ZOO = Path(__file__).parents[3] / "tools" / "zoo"

REFUSED = ("config-refused", "certain")
EXPECTED = {
    "a_look_at_features": {("lost-branch", "possible")},
    "miniature_gpt": {REFUSED},
    "mixture_of_experts_switch": {REFUSED},
    "neural_decision_forest": {("no-get-config", "certain")},
    "ranking_two_towers_subtracted": {("twins", "possible")},
    "siamese_contrastive": {("loss-activation", "possible")},
    "span_question_answering": {REFUSED},
    "text_classification_with_transformer": {REFUSED},
    "transformer_for_series": {("normalises-one", "certain")},
    "vision_transformer": {REFUSED},
    "wavenet_blocks": {("lost-branch", "likely")},
}


def galleries():
    """Parametrizes by all files of the gallery; all but one are for `make test-deep`."""
    names = sorted(path.stem for path in (ZOO / "gallery").glob("*.py"))
    marks = {name: [] if name == "older" else [pytest.mark.deep] for name in names}
    return [pytest.param(name, marks=marks[name]) for name in names]


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.syspath_prepend(ZOO)
    import sources

    yield sources
    sys.modules.pop("sources", None)


@pytest.mark.parametrize("name", galleries())
def test_findings_in_the_gallery_are_true(name, sources):
    found = {}
    for model_name, build, _space in sources.builders(f"gallery/{name}"):
        found[model_name] = {(it.code, it.sureness) for it in lab.lint(build())}
        keras.config.set_dtype_policy("float32")
    assert len(found) >= 8
    assert {key: it for key, it in found.items() if it} == {
        key: it for key, it in EXPECTED.items() if key in found
    }
