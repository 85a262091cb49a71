"""Keras 2.15 / TensorFlow 2.15 in bench/programs.R: keras_cases.py CASE SECONDS prints times in seconds as JSON."""
import os
import sys

case, budget = sys.argv[1], float(sys.argv[2])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf
from program_timing import measure

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
keras, layers = tf.keras, tf.keras.layers


def uniform(*shape):
    return np.random.rand(*shape).astype("float32")


def mlp():
    return keras.Sequential([keras.Input((20,)), layers.Dense(32, activation="relu"), layers.Dense(1)])


def autoencoder():
    same = dict(strides=2, padding="same")
    return keras.Sequential([
        keras.Input((256, 8)), layers.Conv1D(32, 5, activation="relu", **same), layers.Conv1D(64, 5, activation="relu", **same),
        layers.Conv1DTranspose(32, 5, activation="relu", **same), layers.Conv1DTranspose(8, 5, **same)])


def cnn():
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(10, activation="softmax")])


def generator():
    same = dict(strides=2, padding="same")
    return keras.Sequential([
        keras.Input((100,)), layers.Dense(7 * 7 * 64), layers.BatchNormalization(), layers.ReLU(), layers.Reshape((7, 7, 64)),
        layers.Conv2DTranspose(32, 5, **same), layers.BatchNormalization(), layers.ReLU(), layers.Conv2DTranspose(1, 5, activation="tanh", **same)])


def convlstm():
    return keras.Sequential([keras.Input((8, 32, 32, 1)), layers.ConvLSTM2D(16, 3, padding="same", return_sequences=True),
                             layers.Conv3D(1, 3, padding="same", activation="sigmoid")])


def training(model, x, y, batch, loss="mse", metrics=None, steps=1):
    model.compile("adam", loss, metrics=metrics)
    return (lambda: model.fit(x, y, batch_size=batch, verbose=0)), steps


def predicting(model, x):
    return (lambda: model.predict(x, verbose=0)), 1


programs = {
    "startup": lambda: predicting(mlp(), np.zeros((1, 20), "float32")),
    "one": lambda: predicting(mlp(), uniform(1, 20)),
    "predict": lambda: predicting(autoencoder(), uniform(2048, 256, 8)),
    "autoencoder": lambda: (lambda x: training(autoencoder(), x, x, 64))(uniform(2048, 256, 8)),
    "mlp": lambda: training(mlp(), uniform(3200, 20), uniform(3200, 1), 32, steps=100),
    "cnn": lambda: training(cnn(), uniform(6000, 28, 28, 1), np.eye(10, dtype="float32")[np.arange(6000) % 10], 128, "categorical_crossentropy", ["accuracy"]),
    "lstm": lambda: training(keras.Sequential([keras.Input((100, 16)), layers.LSTM(64), layers.Dense(1)]), uniform(1024, 100, 16), uniform(1024, 1), 32),
    "generator": lambda: training(generator(), uniform(512, 100), uniform(512, 28, 28, 1), 32),
    "convlstm": lambda: training(convlstm(), uniform(32, 8, 32, 32, 1), uniform(32, 8, 32, 32, 1), 8),
}
measure(programs[case], case, budget)
