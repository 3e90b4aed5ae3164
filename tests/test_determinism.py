"""Every process gives a model the same ids, text and picture."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, sys
import keras
import seed_models
import kfunc_lab as lab

for model in (seed_models.ticket_model(), seed_models.nested_autoencoder(), seed_models.MLP()):
    view = lab.graph(model)
    print(view.to_text())
    print([call.id for call in view.graph.calls])
    print([dict(call.settings) for call in view.graph.calls])
    print(hashlib.sha256(view.to_svg().encode()).hexdigest())
    print(hashlib.sha256(view.to_png()).hexdigest())

shapes = lab.shapes(seed_models.nested_autoencoder())
print(shapes.to_text())
print(shapes.to_static_html())
"""


def test_output_is_equal_in_every_process():
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "KFUNC_LAB_LANGUAGE": "en",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**environment, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, other = (process.communicate(timeout=120)[0] for process in running)
    assert [process.returncode for process in running] == [0, 0]
    assert one == other
    assert one.startswith("tickets (Functional): 10 calls, 1,392,097 parameters\n")
    assert len(one.splitlines()) > 40
