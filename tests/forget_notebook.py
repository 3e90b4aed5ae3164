"""What a kernel runs between two notebooks."""

# Removes the views, language and layer names of the previous notebook.
FORGET = """
import ipywidgets, keras, kfunc_lab
kfunc_lab.unwatch()
kfunc_lab.language("en")
keras.backend.clear_session()
ipywidgets.Widget.close_all()
get_ipython().reset(new_session=True)
"""
