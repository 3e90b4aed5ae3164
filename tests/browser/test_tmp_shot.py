import pytest
CODE=["""
import keras
from keras import layers
import kfunc_lab as lab
m = keras.applications.ResNet50(weights=None)
v = lab.graph(m)
v""","""
image = keras.Input((28, 28, 1), name="image")
x = layers.Conv2D(16, 3, activation="relu", name="conv")(image)
code = layers.GlobalMaxPooling2D(name="pool")(x)
encoder = keras.Model(image, code, name="encoder")
y = layers.Dense(784, name="wide")(code)
y = layers.Reshape((28,28,1), name="back")(y)
auto = keras.Model(image, y, name="auto")
w = lab.graph(auto, highlight={"encoder": encoder, "decoder": keras.Model(code, y, name="decoder")})
w""","""
left, right = (keras.Input((28, 28, 1), name=name) for name in ("left", "right"))
layers.Dense(3, name="forgotten")(left)
both = layers.Concatenate(name="both")([encoder(left), encoder(right)])
named = layers.Dense(2, name="<img src=x onerror=document.title='broken'>")(both)
z = layers.Bidirectional(layers.LSTM(3), name="bi")(layers.Reshape((2,1))(named))
same = layers.Dense(1, activation="sigmoid", name="same")(z)
view = lab.graph(keras.Model([left, right], same, name="twins"))
view.colour_by({"conv": 1.5, "same": 3, "both": 2.2}, "gradient norm")
view
"""]
@pytest.mark.parametrize("dark",[False,True])
def test_shot(open_notebook, run_all, picture, dark):
    page=open_notebook(CODE,dark=dark)
    logs=[]
    page.on("console", lambda m: logs.append(m.text) if m.type=="error" else None)
    run_all(page)
    page.wait_for_timeout(2500)
    d="dark" if dark else "light"
    g=page.locator(".kfunc-lab-graph")
    print(g.count(), page.problems, logs[:5])
    for i in range(3):
        c=page.locator(".jp-CodeCell").nth(i)
        c.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        picture(c.locator(".kfunc-lab-graph"),f"v{i}-{d}")
    g0=page.locator(".kfunc-lab-graph").first
    g0.scroll_into_view_if_needed()
    n=g0.locator('[data-item="conv2_block ×3"]')
    n.scroll_into_view_if_needed()
    b=n.locator(".box").bounding_box()
    page.mouse.click(b["x"]+8,b["y"]+10)
    page.wait_for_timeout(500)
    f=g0.locator('[data-item="conv2_block ×3"]').bounding_box()
    print(b,f)
    picture(g0,f"v3-{d}")
    n=g0.locator('[data-item="conv2_block2"] .box'); b=n.bounding_box(); page.mouse.click(b["x"]+8,b["y"]+10); page.wait_for_timeout(400)
    picture(g0,f"v4-{d}")
    g0.get_by_role("button",name="Search").click()
    page.keyboard.type("conv4_block3_2")
    page.wait_for_timeout(500)
    picture(g0,f"v5-{d}")
    g0.get_by_role("button",name="Save as").click()
    picture(g0,f"v6-{d}")
    print(page.problems)
