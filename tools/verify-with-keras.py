# Part of tools/verify-with-keras: reads the files in a folder and compares outputs and resumed losses with what keratin got.
import glob, json, os, sys
import numpy as np
import keras
three = keras.__version__.startswith("3")
folder, failed, count = sys.argv[1], 0, 0
endings = [".h5", ".keras"] if three else [".h5", ".keras", ".weights.h5", "_weights.h5", "_tf.index"]


def array(x):
    kind = {"string": object, "int32": "int32", "float32": "float32"}[x["dtype"]]
    value = np.array(x["data"], kind).reshape(x["shape"])
    if x["dtype"] == "string":
        import tensorflow as tf
        return tf.constant(value)
    return value


for path in sorted(glob.glob(folder + "/*.json")):
    if path.endswith("_architecture.json"):
        continue
    name = os.path.basename(path)[:-5]
    want = json.load(open(path))
    for ending in endings:
        if not os.path.exists(f"{folder}/{name}{ending}"):
            continue
        count += 1
        keras.backend.clear_session()
        try:
            inputs = [array(x) for x in want["inputs"]]
            whole = ending in (".h5", ".keras")
            if whole:
                model = keras.models.load_model(f"{folder}/{name}{ending}", compile=not three)
            else:
                model = keras.models.model_from_json(open(f"{folder}/{name}_architecture.json").read())
                if not any(w.dtype == object for w in model.get_weights()) and name not in ("lookups", "categories", "text"):
                    model.set_weights([w * 0 for w in model.get_weights()])
                if name == "text" and ending != ".keras":
                    continue
                model.load_weights(f"{folder}/{name}" + ("_tf" if ending == "_tf.index" else ending))
            one = inputs[0] if len(inputs) == 1 else inputs
            y = model.predict(one, verbose=0)
            y = y if isinstance(y, (list, tuple)) else [y]
            error = max(np.abs(a.ravel() - np.array(b["data"], "float32")).max() for a, b in zip(y, want["outputs"]))
            ok = len(y) == len(want["outputs"]) and error < 1e-5
            text = f"outputs {error:.1e}"
            if whole and not three and not want["random"]:
                zeros = [np.zeros(a.shape, "float32") for a in y]
                losses = model.fit(one, zeros[0] if len(zeros) == 1 else zeros, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
                off = np.abs(np.array(losses) / np.array(want["losses"]) - 1).max()
                ok = ok and off < 1e-4
                text += f", resumed losses {off:.1e}"
        except Exception as e:
            ok, text = False, " ".join(str(e).split())[-300:]
        failed += not ok
        print("  ok  " if ok else "  FAIL", name + ending, text)
print(f"Keras {keras.__version__}: {count} files, {failed} failures")
sys.exit(failed > 0 and not three)
