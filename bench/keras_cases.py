"""The Keras 2.15 / TensorFlow 2.15 side of the whole-program cases: one case in, its times out (see torch_cases.py)."""
import json
import os
import resource
import sys
import time

started = time.perf_counter()
case = json.loads(sys.argv[1])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(case["threads"])
tf.config.threading.set_inter_op_parallelism_threads(case["threads"])
keras, layers = tf.keras, tf.keras.layers


def seconds(run, budget, least=3, most=1000):
    run()
    run()
    times = []
    start = time.perf_counter()
    while len(times) < most and (len(times) < least or time.perf_counter() - start < budget):
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return times


def mlp():
    return keras.Sequential([keras.Input((20,)), layers.Dense(32, activation="relu"), layers.Dense(1)])


def autoencoder():
    same = dict(strides=2, padding="same")
    return keras.Sequential([
        keras.Input((256, 8)), layers.Conv1D(32, 5, activation="relu", **same), layers.Conv1D(64, 5, activation="relu", **same),
        layers.Conv1DTranspose(32, 5, activation="relu", **same), layers.Conv1DTranspose(8, 5, **same)])


if case["kind"] == "startup":
    mlp().predict(np.zeros((1, 20), "float32"), verbose=0)
    print(json.dumps({"forward": [time.perf_counter() - started],
                      "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
elif case["kind"] == "one":
    model, x = mlp(), np.random.rand(1, 20).astype("float32")
    print(json.dumps({"forward": seconds(lambda: model.predict(x, verbose=0), case["budget"])}))
elif case["kind"] == "mlp":
    model, x, y = mlp(), np.random.rand(3200, 20).astype("float32"), np.random.rand(3200, 1).astype("float32")
    model.compile("adam", "mse")
    epochs = seconds(lambda: model.fit(x, y, batch_size=32, verbose=0), case["budget"])
    print(json.dumps({"step": [t / 100 for t in epochs]}))
else:
    model, x = autoencoder(), np.random.rand(2048, 256, 8).astype("float32")
    model.compile("adam", "mse")
    epochs = seconds(lambda: model.fit(x, x, batch_size=64, verbose=0), case["budget"])
    print(json.dumps({"step": epochs, "forward": seconds(lambda: model.predict(x, verbose=0), case["budget"])}))
