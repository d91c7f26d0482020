package dev.fathom.labs.catalogue;

import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adadelta;
import dev.fathom.optim.Adagrad;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Adamax;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Ema;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.Lamb;
import dev.fathom.optim.Lion;
import dev.fathom.optim.Lookahead;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.optim.Muon;
import dev.fathom.optim.NAdam;
import dev.fathom.optim.Nesterov;
import dev.fathom.optim.Newton;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RAdam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Rprop;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Swa;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** The page of optimizers. */
final class Optimizers {
    private static final int STEPS = 100;

    private Optimizers() {}

    static CataloguePage family() {
        return new CataloguePage(
                "optimizers",
                "Optimizers",
                "A recipe is a record of settings; `on(model)` binds it to parameters. In the formulas g is the "
                        + "gradient after clipping, t the number of "
                        + "the step, lr the learning rate times the factor of the parameter's group, and d the "
                        + "weight decay. Elementwise rules are rows of "
                        + "`native/src/optim.def` and take one kernel call a step over all parameters. The "
                        + "pictures show the descent into the ravine f(x, "
                        + "y) = (x² + 25 y²) / 2 from (1, 1), as the logarithm to base 10 of f, with the settings "
                        + "of the line of code.",
                "Optimizer",
                "",
                "",
                entries());
    }

    private static CatalogueEntry row(
            String name, String code, Optimizer recipe, String formula, String range, String source) {
        return new CatalogueEntry(name, code, formula, range, source, descent(name, recipe));
    }

    private record Place(Parameter at) implements Net {}

    private static Curve descent(String name, Optimizer recipe) {
        double[] steps = new double[STEPS + 1];
        double[] values = new double[STEPS + 1];
        try (var model = Model.of(new Place(new Parameter(Shape.of(2), Init.constant(1))), 1);
                BoundOptimizer optimizer = recipe.on(model)) {
            LossAndGradient f = () -> {
                try (Pass pass = Pass.grad()) {
                    Tensor at = model.net().at().value();
                    Tensor value = at.square()
                            .mul(Tensor.of(new float[] {0.5f, 12.5f}, 2))
                            .sum();
                    pass.backward(value);
                    return value.item();
                }
            };
            for (int step = 0; step <= STEPS; step++) {
                steps[step] = step;
                values[step] = Math.log10(Math.max(1e-12, f.compute()));
                optimizer.step(f);
            }
        }
        return new Curve(name, "steps", Map.of("log10 f", new double[][] {steps, values}));
    }

    private static List<CatalogueEntry> entries() {
        return List.of(
                row(
                        "Gradient descent",
                        "new Sgd(0.05f)",
                        new Sgd(0.05f),
                        "w -= lr (g + d w)",
                        "lr > 0",
                        "Cauchy 1847; Robbins and Monro 1951"),
                row(
                        "Momentum of gradients",
                        "new Sgd(0.02f).momentum(0.9f)",
                        new Sgd(0.02f).momentum(0.9f),
                        "v = momentum v + (1 - dampening) g; w -= lr v",
                        "momentum ≥ 0",
                        "Polyak 1964; PyTorch's form"),
                row(
                        "Momentum of a mean",
                        "new Sgd(0.2f).velocity(Sgd.Velocity.MEAN).momentum(0.9f)",
                        new Sgd(0.2f).velocity(Sgd.Velocity.MEAN).momentum(0.9f),
                        "v = momentum v + (1 - momentum) g; w -= lr v",
                        "momentum in [0, 1)",
                        "textbooks' form"),
                row(
                        "Momentum of steps",
                        "new Sgd(0.02f).velocity(Sgd.Velocity.STEPS).momentum(0.9f)",
                        new Sgd(0.02f).velocity(Sgd.Velocity.STEPS).momentum(0.9f),
                        "v = momentum v - lr g; w += v",
                        "momentum ≥ 0",
                        "Rumelhart et al. 1986; Keras's form"),
                row(
                        "Nesterov",
                        "new Sgd(0.02f).momentum(0.9f).withNesterov()",
                        new Sgd(0.02f).momentum(0.9f).withNesterov(),
                        "v = momentum v + g; w -= lr (g + momentum v)",
                        "momentum > 0",
                        "Nesterov 1983; Sutskever et al. 2013"),
                row(
                        "Adagrad",
                        "new Adagrad(0.5f)",
                        new Adagrad(0.5f),
                        "s += g²; w -= lr g / (√s + ε)",
                        "lr > 0",
                        "Duchi, Hazan and Singer 2011"),
                row(
                        "Adadelta",
                        "new Adadelta(1)",
                        new Adadelta(1),
                        "s = mean of g²; Δ = √(u + ε) / √(s + ε) g; u = mean of Δ²; w -= lr Δ",
                        "ρ in [0, 1), ε > 0",
                        "Zeiler 2012"),
                row(
                        "RMSprop",
                        "new RmsProp(0.02f)",
                        new RmsProp(0.02f),
                        "s = α s + (1 - α) g²; w -= lr g / (√s + ε)",
                        "α in [0, 1)",
                        "Tieleman and Hinton 2012; centered: Graves 2013"),
                row(
                        "Adam",
                        "new Adam(0.05f)",
                        new Adam(0.05f),
                        "m, s = means of g, g²; w -= lr m / (1 - β₁ᵗ) / (√(s / (1 - β₂ᵗ)) + ε)",
                        "β in [0, 1)",
                        "Kingma and Ba 2015"),
                row(
                        "AMSGrad",
                        "new Adam(0.05f).withAmsGrad()",
                        new Adam(0.05f).withAmsGrad(),
                        "Adam with the largest s so far",
                        "β in [0, 1)",
                        "Reddi, Kale and Kumar 2018"),
                row(
                        "AdamW",
                        "new AdamW(0.05f)",
                        new AdamW(0.05f),
                        "w -= lr d w; then Adam",
                        "β in [0, 1)",
                        "Loshchilov and Hutter 2019"),
                row(
                        "Adamax",
                        "new Adamax(0.05f)",
                        new Adamax(0.05f),
                        "u = max(β₂ u, \\|g\\|); w -= lr m / (1 - β₁ᵗ) / u",
                        "β in [0, 1)",
                        "Kingma and Ba 2015"),
                row(
                        "NAdam",
                        "new NAdam(0.05f)",
                        new NAdam(0.05f),
                        "Adam with Nesterov's look-ahead",
                        "β in [0, 1)",
                        "Dozat 2016"),
                row(
                        "RAdam",
                        "new RAdam(0.05f)",
                        new RAdam(0.05f),
                        "Adam, rectified while s is a mean of few gradients",
                        "β in [0, 1)",
                        "Liu et al. 2020"),
                row(
                        "Lion",
                        "new Lion(0.02f)",
                        new Lion(0.02f),
                        "w -= lr (d w + sign(β₁ m + (1 - β₁) g)); m = β₂ m + (1 - β₂) g",
                        "β in [0, 1)",
                        "Chen et al. 2023"),
                row(
                        "Rprop",
                        "new Rprop(0.02f)",
                        new Rprop(0.02f),
                        "w -= sign(g) · step; each weight's step grows while the sign of g stays and shrinks "
                                + "where it turns",
                        "0 < shrink < 1 < grow",
                        "Riedmiller and Braun 1993"),
                row(
                        "Nesterov's look-ahead",
                        "new Nesterov(0.02f, 0.9f)",
                        new Nesterov(0.02f, 0.9f),
                        "v = momentum v + lr g(w - momentum v); w -= v, with the gradient taken ahead",
                        "momentum in [0, 1)",
                        "Nesterov 1983; textbooks' form"),
                row(
                        "LAMB",
                        "new Lamb(0.02f)",
                        new Lamb(0.02f),
                        "u = Adam's direction + d w; w -= lr (‖w‖ / ‖u‖) u for each parameter",
                        "β in [0, 1)",
                        "You et al. 2020"),
                row(
                        "Muon",
                        "new Muon(0.02f)",
                        new Muon(0.02f),
                        "w -= lr · the orthogonal matrix nearest to the momentum of a matrix; vectors, as here, "
                                + "by AdamW",
                        "momentum in [0, 1)",
                        "Jordan et al. 2024"),
                row(
                        "L-BFGS",
                        "new LBfgs()",
                        new LBfgs(),
                        "w += t d, with d = -H g of the last pairs of changes and t by a strong Wolfe search",
                        "iterations, history ≥ 1",
                        "Liu and Nocedal 1989; Nocedal and Wright 2006, 3.5"),
                row(
                        "Newton",
                        "new Newton()",
                        new Newton(),
                        "w -= lr (H + damping I)⁻¹ g",
                        "at most 500 numbers",
                        "Newton 1669; Raphson 1690"),
                row(
                        "Lookahead",
                        "new Lookahead(new Sgd(0.05f))",
                        new Lookahead(new Sgd(0.05f)),
                        "after every k steps of the inner recipe, slow += α (w - slow); w = slow",
                        "k ≥ 1, α in (0, 1]",
                        "Zhang et al. 2019"),
                row(
                        "SAM",
                        "new Sam(new Sgd(0.05f))",
                        new Sam(new Sgd(0.05f)),
                        "the inner recipe with the gradient at w + ρ g / ‖g‖",
                        "ρ > 0",
                        "Foret et al. 2021; adaptive: Kwon et al. 2021"),
                row(
                        "Exponential average of weights",
                        "new Ema(new Sgd(0.05f), 0.9f)",
                        new Ema(new Sgd(0.05f), 0.9f),
                        "average = decay · average + (1 - decay) w, by which a trainer validates",
                        "decay in [0, 1)",
                        "Polyak and Juditsky 1992"),
                row(
                        "Stochastic weight averaging",
                        "new Swa(new Sgd(0.05f), 50, 5)",
                        new Swa(new Sgd(0.05f), 50, 5),
                        "the mean of w after the steps first, first + every, ..",
                        "first, every ≥ 1",
                        "Izmailov et al. 2018"),
                row(
                        "Gradient noise",
                        "new GradientNoise(new Sgd(0.05f), 0.01f)",
                        new GradientNoise(new Sgd(0.05f), 0.01f),
                        "g += N(0, η / (1 + t)^γ) before the inner recipe",
                        "η, γ ≥ 0",
                        "Neelakantan et al. 2015"));
    }
}
