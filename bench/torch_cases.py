"""The PyTorch side of the standing benchmark: one case in, its times out.

    python torch_cases.py '{"kind": "conv_transpose", "rank": 1, ...}'

prints {"format": ..., "forward": [seconds ...], "step": [seconds ...]} of the faster of the two memory formats. A step is the
forward pass with the gradients of data, weight and bias. "hifigan*" and "istft" have their own functions.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

case = json.loads(sys.argv[1])
torch.set_num_threads(case.get("threads", 1))
torch.manual_seed(0)


def seconds(run, budget, least=5, most=1000):
    """Times of single runs, for about `budget` seconds after two to warm up."""
    run()
    run()
    times = []
    start = time.perf_counter()
    while len(times) < most and (len(times) < least or time.perf_counter() - start < budget):
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return times


def forward_and_step(forward, parameters, x, budget):
    with torch.no_grad():
        forward_times = seconds(lambda: forward(x), budget)
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    upstream = torch.randn_like(forward(x))
    sources = [x, *parameters]
    step_times = seconds(lambda: torch.autograd.grad(forward(x), sources, upstream), budget)
    return {"forward": forward_times, "step": step_times}


def convolution(case, channels_last):
    """channels_last of a 1-D convolution is a 2-D one of height one: PyTorch has no such format for rank 1."""
    rank, transposed = case["rank"], case["kind"] == "conv_transpose"
    groups = case.get("groups", 1)
    dtype = getattr(torch, case.get("dtype", "float32"))
    lift = rank == 1 and channels_last
    sizes, kernel = [case["length"]] * rank, [case["kernel"]] * rank
    stride, dilation = [case["stride"]] * rank, [case.get("dilation", 1)] * rank
    padding = [case.get("pad", 0)] * rank
    if lift:
        sizes, kernel, stride, dilation, padding = [1] + sizes, [1] + kernel, [1] + stride, [1] + dilation, [0] + padding
    effective = len(sizes)
    x = torch.randn(case["batch"], case["channels"], *sizes, dtype=dtype)
    if transposed:
        weight = torch.randn(case["channels"], case["filters"] // groups, *kernel, dtype=dtype)
    else:
        weight = torch.randn(case["filters"], case["channels"] // groups, *kernel, dtype=dtype)
    if channels_last:
        layout = torch.channels_last if effective == 2 else torch.channels_last_3d
        x, weight = x.to(memory_format=layout), weight.to(memory_format=layout)
    weight.requires_grad_()
    bias = torch.randn(case["filters"], dtype=dtype, requires_grad=True)
    function = getattr(F, f"conv_transpose{effective}d" if transposed else f"conv{effective}d")
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    if transposed:
        settings["output_padding"] = [case.get("output_padding", 0)] * rank
        if lift:
            settings["output_padding"] = [0] + settings["output_padding"]
    return forward_and_step(lambda v: function(v, weight, bias, **settings), [weight, bias], x, case["budget"])


def conv_lstm(case, channels_last):
    """The cell as it is usually written by hand: one convolution of input and state together, gates i, f, c, o."""
    channels, filters = case["channels"], case["filters"]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    convolve = torch.nn.Conv2d(channels + filters, 4 * filters, case["kernel"], padding=case["kernel"] // 2).to(memory_format=layout)

    def forward(x):
        h = c = torch.zeros(case["batch"], filters, case["length"], case["length"]).to(memory_format=layout)
        outputs = []
        for step in x.unbind(1):
            i, f, g, o = convolve(torch.cat([step, h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, 1)

    x = torch.randn(case["batch"], case["steps"], channels, case["length"], case["length"])
    if channels_last:
        x = x.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    return forward_and_step(forward, list(convolve.parameters()), x, case["budget"])


def lstm(case):
    layer = torch.nn.LSTM(case["channels"], case["filters"], batch_first=True)
    x = torch.randn(case["batch"], case["steps"], case["channels"])
    return forward_and_step(lambda v: layer(v)[0], list(layer.parameters()), x, case["budget"])


def dense(case):
    x = torch.randn(case["batch"], case["channels"])
    weight = torch.randn(case["filters"], case["channels"], requires_grad=True)
    bias = torch.randn(case["filters"], requires_grad=True)
    return forward_and_step(lambda v: F.linear(v, weight, bias), [weight, bias], x, case["budget"])


def istft(case):
    """Every call has a length not seen before."""
    weight = torch.randn(case["channels"], case["filters"], case["kernel"])
    bias = torch.zeros(case["filters"])
    times = []
    with torch.no_grad():
        for length in case["lengths"]:
            x = torch.randn(case["batch"], case["channels"], length)
            before = time.perf_counter()
            F.conv_transpose1d(x, weight, bias, stride=case["stride"])
            times.append(time.perf_counter() - before)
    return {"forward": times}


class Residual(torch.nn.Module):
    def __init__(self, channels, kernel):
        super().__init__()
        same = lambda dilation: torch.nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)
        self.dilated = torch.nn.ModuleList(same(d) for d in (1, 3, 5))
        self.plain = torch.nn.ModuleList(same(1) for _ in range(3))

    def forward(self, x):
        for dilated, plain in zip(self.dilated, self.plain):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, 0.1)), 0.1))
        return x


class HifiGan(torch.nn.Module):
    """Generator V1 of Kong, Kim, Bae: HiFi-GAN (2020)."""

    def __init__(self):
        super().__init__()
        self.before = torch.nn.Conv1d(80, 512, 7, padding=3)
        self.up, self.blocks = torch.nn.ModuleList(), torch.nn.ModuleList()
        channels = 512
        for kernel, stride in ((16, 8), (16, 8), (4, 2), (4, 2)):
            self.up.append(torch.nn.ConvTranspose1d(channels, channels // 2, kernel, stride, (kernel - stride) // 2))
            channels //= 2
            self.blocks.append(torch.nn.ModuleList(Residual(channels, k) for k in (3, 7, 11)))
        self.after = torch.nn.Conv1d(channels, 1, 7, padding=3)

    def forward(self, x):
        x = self.before(x)
        for up, blocks in zip(self.up, self.blocks):
            x = up(F.leaky_relu(x, 0.1))
            x = sum(block(x) for block in blocks) / 3
        return torch.tanh(self.after(F.leaky_relu(x, 0.01)))


def hifigan(case):
    model = HifiGan()
    x = torch.randn(case["batch"], 80, case["length"])
    if case["train"]:
        optimizer = torch.optim.Adam(model.parameters(), 2e-4)
        y = torch.zeros(case["batch"], 1, case["length"] * 256)

        def step():
            loss = F.l1_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return {"step": seconds(step, case["budget"], least=2, most=20)}
    with torch.no_grad():
        return {"forward": seconds(lambda: model(x), case["budget"], least=3, most=20)}


kind = case["kind"]
if kind in ("conv", "conv_transpose", "conv_lstm"):
    measure = conv_lstm if kind == "conv_lstm" else convolution
    results = {"channels_first": measure(case, False), "channels_last": measure(case, True)}
    # The format is chosen by the step; both times come from the same one.
    best = min(results, key=lambda name: min(results[name]["step"]))
    result = {"format": best, **results[best]}
elif kind == "lstm":
    result = lstm(case)
elif kind == "dense":
    result = dense(case)
elif kind == "istft":
    result = istft(case)
elif kind == "hifigan":
    result = hifigan(case)
else:
    raise ValueError(kind)
print(json.dumps(result))
