"""Models with one silent mistake each: lint names it, and nothing else."""

import pytest
from lint_models import wrong

import kfunc_lab as lab

# These are never a guess.
SURE = {
    "activation-twice", "softmax-of-one", "softmax-over-batch", "batch-lost", "nan",
    "label-range", "broadcast", "out-of-reach",
}  # fmt: skip


@pytest.mark.parametrize("name", wrong.MODELS)
def test_mistake_is_found(name):
    model, data, code = wrong.MODELS[name]()
    found = lab.lint(model, data=data)
    assert {finding.code for finding in found} == {code}
    for finding in found:
        assert finding.sureness in ("certain", "likely", "possible")
        assert finding.reason.endswith(".")
        assert finding.change.endswith(".")
        assert "{" not in finding.reason + finding.change


@pytest.mark.parametrize("name", wrong.MODELS)
def test_mistake_in_the_data_needs_the_data(name):
    model, data, _code = wrong.MODELS[name]()
    if data is not None:
        assert lab.lint(model) == []


def test_sureness_depends_on_the_mistake():
    by_code = {}
    for function in wrong.MODELS.values():
        model, data, code = function()
        by_code.setdefault(code, set()).update(it.sureness for it in lab.lint(model, data))
    assert {code for code in SURE if by_code[code] == {"certain"}} == SURE
    assert by_code["training-mode"] == {"likely", "possible"}
    assert by_code["constant-feature"] == {"possible"}
    assert by_code["mask-lost"] == by_code["one-step"] == {"likely"}


def test_findings_name_what_to_write():
    def change(name):
        model, data, _code = wrong.MODELS[name]()
        return " ".join(finding.change for finding in lab.lint(model, data))

    assert "layers.Softmax(axis=1)" in change("attention_by_operations")
    assert "layers.Multiply()([a, b])" in change("operation_between_masked_layers")
    assert "self.supports_masking = True" in change("own_layer_before_the_loss")
    assert "(30, 1)" in change("one_step_for_lstm")
    assert "keras.Input((28, 28, 1))" in change("channels_first_after_rescaling")
    assert "layers.Embedding(51, ...)" in change("ids_above_the_table")
    assert "y - 1" in change("classes_from_one")
    assert "return_sequences=False" in change("every_step_against_one_target")
    assert "self.add_weight" in change("variables_in_a_list")
    assert "axis=-1" in change("outputs_joined_below_each_other")
