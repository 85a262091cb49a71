# How long a whole program takes and how much memory its process needs: one line of JSON for programs.R.
import json
import resource
import time


# make() gives the function to time and the number of steps that one call of it takes.
def measure(make, case, budget):
    run, steps = make()
    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    times = []
    start = time.perf_counter()
    while case != "startup" and (len(times) < 3 or time.perf_counter() - start < budget):
        before = time.perf_counter()
        run()
        times.append((time.perf_counter() - before) / steps)
    print(json.dumps({"first": first, "times": times or [first], "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
