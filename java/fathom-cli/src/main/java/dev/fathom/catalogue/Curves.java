package dev.fathom.catalogue;

import dev.fathom.derivative.LBfgs;
import dev.fathom.derivative.Newton;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adadelta;
import dev.fathom.optim.Adagrad;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Adamax;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Ema;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.Lamb;
import dev.fathom.optim.Lion;
import dev.fathom.optim.Lookahead;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.optim.Muon;
import dev.fathom.optim.NAdam;
import dev.fathom.optim.Nesterov;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RAdam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Rprop;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Swa;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** The pictures of the pages, by the names of methods; each computes what the code on the page says. */
final class Curves {
    private static final double REACH = 4;
    private static final int STEPS = 100;
    private static final int EPOCHS = 30;
    private static final int STEPS_OF_AN_EPOCH = 20;

    private Curves() {}

    private static <T> Map<String, Curve> each(Map<String, T> all, BiFunction<String, T, Curve> curve) {
        Map<String, Curve> curves = new HashMap<>();
        all.forEach((name, one) -> curves.put(name, curve.apply(name, one)));
        return curves;
    }

    static Map<String, Curve> activations() {
        Map<String, UnaryOperator<Tensor>> all = new HashMap<>();
        all.put("ReLU", Tensor::relu);
        all.put("Leaky ReLU", x -> x.leakyRelu(0.1f));
        all.put("ReLU6", Tensor::relu6);
        all.put("ELU", x -> x.elu(1));
        all.put("CELU", x -> x.celu(0.5f));
        all.put("SELU", Tensor::selu);
        all.put("Sigmoid", Tensor::sigmoid);
        all.put("Hard sigmoid", Tensor::hardSigmoid);
        all.put("Tanh", Tensor::tanh);
        all.put("Hard tanh", Tensor::hardTanh);
        all.put("Softsign", Tensor::softsign);
        all.put("Softplus", Tensor::softplus);
        all.put("Softplus with beta", x -> x.softplus(3));
        all.put("GELU", Tensor::gelu);
        all.put("GELU by tanh", Tensor::geluTanh);
        all.put("Quick GELU", x -> x.swish(1.702f));
        all.put("SiLU, swish", Tensor::silu);
        all.put("Hard swish", Tensor::hardSwish);
        all.put("Mish", Tensor::mish);
        all.put("Step", Tensor::step);
        all.put("Straight-through step", x -> x.straightThrough(1));
        return each(all, (name, f) -> Curve.of(name, "x", REACH, f));
    }

    static Map<String, Curve> losses() {
        Map<String, ReducedLoss> classes = new HashMap<>(); // over the logit of the right one of two
        classes.put("Cross-entropy", Loss.crossEntropy());
        classes.put("Cross-entropy with label smoothing", Loss.crossEntropy().labelSmoothing(0.1f));
        classes.put("Cross-entropy with class weights", Loss.crossEntropy().classWeights(3, 1));
        classes.put("Focal loss", Loss.crossEntropy().focal(2));
        classes.put("One against the rest", Loss.oneVsRest());
        classes.put("Multi-class hinge", Loss.multiMargin(1, 1));
        classes.put("Multi-class hinge of the worst", Loss.crammerSinger(1));
        classes.put("Squared earth mover's distance", Loss.squaredEarthMover());
        Map<String, ReducedLoss> labels = new HashMap<>(); // over the output, for a target of 1
        labels.put("Binary cross-entropy of logits", Loss.bceWithLogits());
        labels.put("Binary focal loss", Loss.bceWithLogits().focal(2));
        labels.put("Logistic loss", Loss.logistic());
        labels.put("Hinge loss", Loss.hinge());
        labels.put("Perceptron's loss", Loss.perceptron());
        labels.put("Wasserstein critic", Loss.wasserstein());
        labels.put("Poisson's likelihood", Loss.poissonNll(false));
        Map<String, ReducedLoss> numbers = new HashMap<>(); // over the difference from the target
        numbers.put("Mean squared error", Loss.mse());
        numbers.put("Mean absolute error", Loss.l1());
        numbers.put("Huber's loss", Loss.huber(1));
        numbers.put("Asymmetric Huber loss", Loss.asymmetricHuber(1, 0.2f, 1));
        numbers.put("Log cosh", Loss.logCosh());
        numbers.put("Quantile loss", Loss.quantile(0.9f));
        Map<String, Curve> all = each(
                classes,
                (name, loss) -> Curve.of(
                        name,
                        "x of the right class",
                        REACH,
                        x -> loss.each(
                                Tensor.stack(1, x, Tensor.zeros(x.shape())),
                                Tensor.ofInts(new int[x.dim(0)], x.dim(0)))));
        all.putAll(each(
                labels, (name, loss) -> Curve.of(name, "x, t = 1", REACH, x -> loss.each(x, Tensor.ones(x.shape())))));
        all.putAll(each(
                numbers, (name, loss) -> Curve.of(name, "y - t", REACH, y -> loss.each(y, Tensor.zeros(y.shape())))));
        return all;
    }

    static Map<String, Curve> penalties() {
        Map<String, UnaryOperator<Tensor>> weights = new HashMap<>(); // over one weight, with lambda 1
        weights.put("L1", w -> w.abs());
        weights.put("L2", w -> w.square());
        weights.put("L2 by half", w -> w.square().mul(0.5f));
        weights.put("Elastic net", w -> w.abs().add(w.square()));
        Map<String, Curve> all = each(weights, (name, term) -> Curve.of(name, "w", 2, term));
        all.put("Sparsity", Curve.of("Sparsity, ρ = 0.05", "activation", 0.01, 0.6, h -> {
            Tensor[] terms = new Tensor[h.dim(0)];
            for (int i = 0; i < terms.length; i++) {
                terms[i] = Penalty.sparsity(h.slice(0, i, i + 1).reshape(1, 1), 0.05f);
            }
            return Tensor.stack(0, terms);
        }));
        return all;
    }

    static Map<String, Curve> optimizers() {
        Map<String, Optimizer> all = new HashMap<>();
        all.put("Gradient descent", new Sgd(0.05f));
        all.put("Momentum of gradients", new Sgd(0.02f).momentum(0.9f));
        all.put("Momentum of a mean", new Sgd(0.2f).velocity(Sgd.Velocity.MEAN).momentum(0.9f));
        all.put("Momentum of steps", new Sgd(0.02f).velocity(Sgd.Velocity.STEPS).momentum(0.9f));
        all.put("Nesterov", new Sgd(0.02f).momentum(0.9f).withNesterov());
        all.put("Adagrad", new Adagrad(0.5f));
        all.put("Adadelta", new Adadelta(1));
        all.put("RMSprop", new RmsProp(0.02f));
        all.put("Adam", new Adam(0.05f));
        all.put("AMSGrad", new Adam(0.05f).withAmsGrad());
        all.put("AdamW", new AdamW(0.05f));
        all.put("Adamax", new Adamax(0.05f));
        all.put("NAdam", new NAdam(0.05f));
        all.put("RAdam", new RAdam(0.05f));
        all.put("Lion", new Lion(0.02f));
        all.put("Rprop", new Rprop(0.02f));
        all.put("Nesterov's look-ahead", new Nesterov(0.02f, 0.9f));
        all.put("LAMB", new Lamb(0.02f));
        all.put("Muon", new Muon(0.02f));
        all.put("L-BFGS", new LBfgs());
        all.put("Newton", new Newton());
        all.put("Lookahead", new Lookahead(new Sgd(0.05f)));
        all.put("SAM", new Sam(new Sgd(0.05f)));
        all.put("Exponential average of weights", new Ema(new Sgd(0.05f), 0.9f));
        all.put("Stochastic weight averaging", new Swa(new Sgd(0.05f), 50, 5));
        all.put("Gradient noise", new GradientNoise(new Sgd(0.05f), 0.01f));
        return each(all, Curves::descent);
    }

    private record Place(Parameter at) implements Net {}

    private static Curve descent(String name, Optimizer recipe) {
        double[] steps = IntStream.rangeClosed(0, STEPS).asDoubleStream().toArray();
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
                values[step] = Math.log10(Math.max(1e-12, f.compute()));
                optimizer.step(f);
            }
        }
        return new Curve(name, "steps", Map.of("log10 f", new double[][] {steps, values}));
    }

    static Map<String, Curve> schedules() {
        Map<String, Schedule> all = new HashMap<>();
        all.put("Constant", Schedule.constant());
        all.put("Step", Schedule.step(10, 0.3));
        all.put("Exponential", Schedule.exponential(0.9));
        all.put("Exponential after a hold", Schedule.constant().then(10, Schedule.exponential(0.9)));
        all.put("Polynomial", Schedule.polynomial(30, 2));
        all.put("Ramp", Schedule.ramp(20, 1, 0.2, Schedule.Ramp.LINEAR));
        all.put("Inverse square root", Schedule.inverseSquareRoot(100));
        all.put("Cosine", Schedule.cosine(30));
        all.put("Cosine with restarts", Schedule.cosineRestarts(5, 1.5, 0));
        all.put("One cycle", Schedule.oneCycle(30));
        all.put("Triangular", Schedule.triangular(5, 0.1));
        all.put("Triangular that halves", Schedule.triangular(5, 5, 0.1, Schedule.step(10, 0.5)));
        all.put("Warm-up", Schedule.cosine(25).warmUp(5));
        all.put(
                "Linear scaling",
                Schedule.step(10, 0.1).times(Schedule.linearScaling(1024, 256)).warmUp(5, 0.25));
        all.put("In steps", Schedule.cosine(300).inSteps());
        double[] epochs = IntStream.rangeClosed(0, EPOCHS * STEPS_OF_AN_EPOCH)
                .mapToDouble(step -> (double) step / STEPS_OF_AN_EPOCH)
                .toArray();
        return each(all, (name, schedule) -> {
            double[] factors = IntStream.range(0, epochs.length)
                    .mapToDouble(step -> schedule.factor(epochs[step], step))
                    .toArray();
            return new Curve(name, "epochs", Map.of("factor", new double[][] {epochs, factors}));
        });
    }
}
