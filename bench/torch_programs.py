"""PyTorch in bench/programs.R, the loop a user writes: torch_programs.py CASE SECONDS prints times in seconds as JSON."""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from program_timing import measure

case, budget = sys.argv[1], float(sys.argv[2])
torch.set_num_threads(2)
torch.manual_seed(0)


def mlp():
    return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 1))


def autoencoder():
    up = nn.ConvTranspose1d
    return nn.Sequential(nn.Conv1d(8, 32, 5, 2, 2), nn.ReLU(), nn.Conv1d(32, 64, 5, 2, 2), nn.ReLU(),
                         up(64, 32, 5, 2, 2, output_padding=1), nn.ReLU(), up(32, 8, 5, 2, 2, output_padding=1))


def cnn():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
                         nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


def generator():
    up = nn.ConvTranspose2d
    return nn.Sequential(nn.Linear(100, 7 * 7 * 64), nn.BatchNorm1d(7 * 7 * 64), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
                         up(64, 32, 5, 2, 2, output_padding=1), nn.BatchNorm2d(32), nn.ReLU(), up(32, 1, 5, 2, 2, output_padding=1), nn.Tanh())


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.dense = nn.LSTM(16, 64, batch_first=True), nn.Linear(64, 1)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])


class ConvLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.inputs, self.state, self.out = nn.Conv2d(1, 64, 3, padding=1), nn.Conv2d(16, 64, 3, padding=1, bias=False), nn.Conv3d(16, 1, 3, padding=1)

    def forward(self, x):  # batch, time, 1, height, width
        h = c = x.new_zeros(len(x), 16, *x.shape[3:])
        outputs = []
        for t in range(x.shape[1]):
            i, f, g, o = (self.inputs(x[:, t]) + self.state(h)).chunk(4, 1)
            c = F.hardsigmoid(f) * c + F.hardsigmoid(i) * torch.tanh(g)
            h = F.hardsigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.sigmoid(self.out(torch.stack(outputs, 2)))


def training(model, x, y, batch, loss=F.mse_loss, steps=1):
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def epoch():
        model.train()
        for rows in torch.randperm(len(x)).split(batch):
            value = loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

    return epoch, steps


def predicting(model, x):
    model.eval()

    def run():
        with torch.no_grad():
            return [model(rows) for rows in x.split(32)]

    return run, 1


def same(x):
    return x, x


programs = {
    "startup": lambda: predicting(mlp(), torch.zeros(1, 20)),
    "one": lambda: predicting(mlp(), torch.rand(1, 20)),
    "predict": lambda: predicting(autoencoder(), torch.rand(2048, 8, 256)),
    "autoencoder": lambda: training(autoencoder(), *same(torch.rand(2048, 8, 256)), 64),
    "mlp": lambda: training(mlp(), torch.rand(3200, 20), torch.rand(3200, 1), 32, steps=100),
    "cnn": lambda: training(cnn(), torch.rand(6000, 1, 28, 28), torch.arange(6000) % 10, 128, F.cross_entropy),
    "lstm": lambda: training(Lstm(), torch.rand(1024, 100, 16), torch.rand(1024, 1), 32),
    "generator": lambda: training(generator(), torch.rand(512, 100), torch.rand(512, 1, 28, 28), 32),
    "convlstm": lambda: training(ConvLstm(), torch.rand(32, 8, 1, 32, 32), torch.rand(32, 1, 8, 32, 32), 8, F.mse_loss),
}
measure(programs[case], case, budget)
