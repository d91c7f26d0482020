#!/usr/bin/python3
"""Writes trajectories.safetensors and schedules.json: optimizers, averages and learning rates of PyTorch. See README.md."""

import json
import os
import struct
import warnings

import numpy
import torch
from torch import optim
from torch.optim import lr_scheduler, swa_utils

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 20
SHAPES = {"weight": (3, 5), "bias": (7,)}
tensors = {}


def f(number):
    """The float32 number that Fathom is given, as a double."""
    return float(numpy.float32(number))


def put(name, value):
    tensors[name] = value.detach().numpy().astype(numpy.float32)


def rounded(low, high, *shape):
    """Random numbers that are float32, held as float64."""
    return (torch.rand(*shape, dtype=torch.float32) * (high - low) + low).double()


torch.manual_seed(17)
start = {name: rounded(-1, 1, *shape) for name, shape in SHAPES.items()}
gradients = {}
for name, shape in SHAPES.items():
    g = rounded(-1, 1, STEPS, *shape).reshape(STEPS, -1)
    g *= 0.1 ** (torch.arange(g.shape[1]) % 5 * 2)  # sizes from 1 to 1e-8, so that epsilon matters
    gradients[name] = g.float().double().reshape(STEPS, *shape)
    put("start/" + name, start[name])
    put("gradients/" + name, gradients[name])


def form(name, make, after=None):
    """The parameters after each of 20 steps on the gradients above, or what `after` makes of them."""
    parameters = {k: torch.nn.Parameter(v.clone()) for k, v in start.items()}
    optimizer = make(list(parameters.values()))
    rows = {k: [] for k in parameters}
    for step in range(STEPS):
        for k, p in parameters.items():
            p.grad = gradients[k][step].clone()
        optimizer.step()
        shown = after(step, parameters) if after else parameters
        for k in parameters:
            rows[k].append(shown[k].detach().clone())
    for k in parameters:
        put(name + "/" + k, torch.stack(rows[k]))


def forms(name, kind, **options):
    for variant, more in options.items():
        settings = {k: tuple(map(f, v)) if isinstance(v, tuple) else f(v) if isinstance(v, float) else v
                    for k, v in more.items()}
        form((name + " " + variant.replace("_", " ")).replace(" plain", ""), lambda p, s=settings: kind(p, **s))


forms("sgd", optim.SGD, maximize=dict(lr=0.02, momentum=0.9, weight_decay=0.1, maximize=True))
forms("adagrad", optim.Adagrad, plain=dict(lr=0.05), decay=dict(lr=0.05, weight_decay=0.2),
      rate_decay=dict(lr=0.05, lr_decay=0.1), initial=dict(lr=0.05, initial_accumulator_value=0.5, eps=1e-4),
      maximize=dict(lr=0.05, maximize=True))
forms("adadelta", optim.Adadelta, plain=dict(lr=1.0), decay=dict(lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.2),
      maximize=dict(lr=1.0, maximize=True))
forms("adam", optim.Adam, amsgrad=dict(lr=0.01, amsgrad=True),
      amsgrad_decay=dict(lr=0.01, betas=(0.8, 0.7), weight_decay=0.2, amsgrad=True), maximize=dict(lr=0.01, maximize=True))
forms("adamW", optim.AdamW, amsgrad=dict(lr=0.01, betas=(0.8, 0.7), weight_decay=0.2, amsgrad=True),
      maximize=dict(lr=0.01, weight_decay=0.1, maximize=True))
forms("adamax", optim.Adamax, plain=dict(lr=0.01), decay=dict(lr=0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.2))
# 1.13 multiplies the product by mu once too often, but not in its form over lists
forms("nadam", optim.NAdam, plain=dict(lr=0.01, foreach=True),
      decay=dict(lr=0.01, foreach=True, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.2, momentum_decay=0.05))
# rho_t passes 5 at step 6 with beta2 = 0.999, and never with 0.5
forms("radam", optim.RAdam, plain=dict(lr=0.01), decay=dict(lr=0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.2),
      short=dict(lr=0.01, betas=(0.8, 0.5)))
forms("rmsprop", optim.RMSprop, all=dict(lr=0.01, alpha=0.9, eps=1e-4, momentum=0.8, centered=True, weight_decay=0.1))
forms("rprop", optim.Rprop, plain=dict(lr=0.01),
      limits=dict(lr=0.01, etas=(0.4, 1.5), step_sizes=(0.004, 0.02)))


# ---- averages of weights, of SGD's

def averaged(name, average, first=0, every=1):
    model = torch.nn.ParameterDict({k: torch.nn.Parameter(v.clone()) for k, v in start.items()})
    mean = swa_utils.AveragedModel(model, avg_fn=average)

    def after(step, parameters):
        model.load_state_dict(parameters)
        if step + 1 >= first and (step + 1 - first) % every == 0:
            mean.update_parameters(model)
        return dict(mean.module.items()) if mean.n_averaged > 0 else parameters

    form(name, lambda p: optim.SGD(p, lr=f(0.3)), after)


averaged("swa", None)
averaged("swa cycles", None, 8, 4)
averaged("ema", lambda mean, p, n: f(0.9) * mean + (1 - f(0.9)) * p)


# ---- L-BFGS on Rosenbrock's function of four variables, and on least squares

def lbfgs(name, start, function, **options):
    x = torch.nn.Parameter(start.clone())
    optimizer = optim.LBFGS([x], line_search_fn="strong_wolfe", **options)
    rows, losses = [], []

    def closure():
        optimizer.zero_grad()
        loss = function(x)
        loss.backward()
        return loss

    for _ in range(8):
        losses.append(optimizer.step(closure).detach())
        rows.append(x.detach().clone())
    put(name + "/start", start)
    put(name + "/x", torch.stack(rows))
    put(name + "/loss", torch.stack(losses))


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


matrix, right = rounded(-1, 1, 12, 6), rounded(-1, 1, 12)
put("squares/a", matrix)
put("squares/b", right)
lbfgs("rosenbrock", torch.tensor([f(-0.5), f(0.3), f(1.2), f(0.9)], dtype=torch.float64), rosenbrock, max_iter=3)
lbfgs("rosenbrock short", torch.tensor([f(-1.2), 1], dtype=torch.float64), rosenbrock, max_iter=2, history_size=2)
lbfgs("squares", torch.zeros(6, dtype=torch.float64), lambda x: ((matrix @ x - right) ** 2).sum(), max_iter=1, lr=f(0.5))

header, data = {}, b""
for name, array in tensors.items():
    begin = len(data)
    data += array.tobytes()
    header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [begin, len(data)]}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(HERE, "trajectories.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)


# ---- schedules: the rate before each step, of a first rate of 1

def rates(make, steps=40):
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def plateau(losses, **options):
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **options)
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"])
        schedule.step(loss)
    return found


random = numpy.random.RandomState(3)
losses = (numpy.exp(-numpy.arange(40) / 8) + random.uniform(0, 0.2, 40)).round(4).tolist()
accuracies = [round(1 - x / 2, 4) for x in losses]
S = lr_scheduler
schedules = {
    "step": rates(lambda o: S.StepLR(o, 7, 0.3)),
    "exponential": rates(lambda o: S.ExponentialLR(o, 0.9)),
    "polynomial": rates(lambda o: S.PolynomialLR(o, 30, 2.0)),
    "line": rates(lambda o: S.LinearLR(o, 0.25, 0.75, 12)),
    "cosine": rates(lambda o: S.CosineAnnealingLR(o, 50, 0.1)),
    "restarts": rates(lambda o: S.CosineAnnealingWarmRestarts(o, 5, 1, 0.1)),
    "restarts doubled": rates(lambda o: S.CosineAnnealingWarmRestarts(o, 4, 2)),
    "one cycle": rates(lambda o: S.OneCycleLR(o, 1.0, 41, cycle_momentum=False)),
    "one cycle of lines": rates(lambda o: S.OneCycleLR(
        o, 1.0, 41, pct_start=0.5, anneal_strategy="linear", div_factor=10, final_div_factor=100, cycle_momentum=False)),
    "triangular": rates(lambda o: S.CyclicLR(o, 0.1, 1.0, 6, 3, cycle_momentum=False)),
    "triangular2": rates(lambda o: S.CyclicLR(o, 0.1, 1.0, 5, mode="triangular2", cycle_momentum=False)),
    "triangular exponential": rates(
        lambda o: S.CyclicLR(o, 0.1, 1.0, 5, mode="exp_range", gamma=0.95, cycle_momentum=False)),
    "chained": rates(lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.1, 1.0, 5), S.ExponentialLR(o, 0.9), S.CosineAnnealingLR(o, 20)], [5, 15])),
    "losses": losses,
    "plateau": plateau(losses, patience=3, factor=0.5),
    "plateau cooldown": plateau(losses, patience=1, factor=0.5, cooldown=4, threshold=0.05),
    "plateau absolute": plateau(losses, patience=2, factor=0.3, threshold=0.1, threshold_mode="abs", min_lr=0.01),
    "accuracies": accuracies,
    "plateau of accuracies": plateau(accuracies, mode="max", patience=2, factor=0.5, threshold=0.01),
}
with open(os.path.join(HERE, "schedules.json"), "w") as out:
    json.dump({"versions": f"torch {torch.__version__}", **schedules}, out)
    out.write("\n")
