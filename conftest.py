"""What every test run needs, that of the notebooks included."""

import os

# TensorFlow's messages would be compared with the notebooks' outputs; set before any kernel starts.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
