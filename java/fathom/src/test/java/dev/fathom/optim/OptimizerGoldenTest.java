package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each form of each optimizer, and averages of weights, against PyTorch, after each of 20 steps on gradients of sizes
 * from 1 to 1e-8. PyTorch computed in float64: 1e-6 is for the roundings of up to 20 steps on weights of size 1.
 */
class OptimizerGoldenTest {
    private static final List<Golden> FILES = List.of(new Golden("optimizers"), new Golden("trajectories"));
    /** What the second file holds for other tests. */
    private static final Set<String> OTHERS = Set.of("start", "gradients", "rosenbrock", "rosenbrock short", "squares");

    private static final int STEPS = 20;

    private record Pair(Parameter weight, Parameter bias) implements Net {}

    private static final Map<String, Function<Model<Pair>, BoundOptimizer>> FORMS = new LinkedHashMap<>();

    static {
        form("sgd", new Sgd(0.05f));
        form("sgd decay", new Sgd(0.05f, 0, 0, false, 0.3f));
        form("sgd momentum", new Sgd(0.02f).momentum(0.9f));
        form("sgd dampening", new Sgd(0.02f, 0.9f, 0.4f, false, 0.1f));
        form("sgd nesterov", new Sgd(0.02f, 0.8f, 0, true, 0));
        form("sgd nesterov decay", new Sgd(0.02f, 0.8f, 0, true, 0.1f));
        form("adam", new Adam(0.01f));
        form("adam decay", new Adam(0.01f, 0.9f, 0.999f, 1e-8f, 0.2f));
        form("adam betas", new Adam(0.01f, 0.5f, 0.9f, 1e-3f, 0));
        form("adamW", new AdamW(0.01f));
        form("adamW decay", new AdamW(0.01f, 0.8f, 0.99f, 1e-6f, 0.5f));
        form("rmsprop", new RmsProp(0.01f));
        form("rmsprop decay", new RmsProp(0.01f, 0.9f, 1e-6f, 0, false, 0.2f));
        form("rmsprop momentum", new RmsProp(0.01f).momentum(0.9f));
        form("rmsprop centered", new RmsProp(0.01f, 0.99f, 1e-4f, 0, true, 0));
        form("rmsprop centered momentum", new RmsProp(0.01f, 0.9f, 1e-4f, 0.8f, true, 0.1f));
        Sgd decaying = new Sgd(0.05f, 0.9f, 0, false, 0.1f);
        FORMS.put(
                "sgd groups",
                model -> decaying.on(model, Group.of("bias").rateFactor(0.5f).weightDecay(0)));
        FORMS.put("sgd clipped by norm", model -> decaying.on(model).clipNorm(1.5f));
        FORMS.put("adam clipped by value", model -> new Adam(0.01f).on(model).clipValue(0.5f));
        up("sgd", new Sgd(0.02f).momentum(0.9f).weightDecay(0.1f));
        form("adagrad", new Adagrad(0.05f));
        form("adagrad decay", new Adagrad(0.05f).weightDecay(0.2f));
        form("adagrad rate decay", new Adagrad(0.05f).rateDecay(0.1f));
        form("adagrad initial", new Adagrad(0.05f).initial(0.5f).epsilon(1e-4f));
        up("adagrad", new Adagrad(0.05f));
        // PyTorch's default was float64's 1e-6
        form("adadelta", new Adadelta(1).epsilon(1e-6f));
        form("adadelta decay", new Adadelta(0.5f).rho(0.8f).epsilon(1e-4f).weightDecay(0.2f));
        up("adadelta", new Adadelta(1).epsilon(1e-6f));
        form("adam amsgrad", new Adam(0.01f).withAmsGrad());
        form(
                "adam amsgrad decay",
                new Adam(0.01f).betas(0.8f, 0.7f).weightDecay(0.2f).withAmsGrad());
        up("adam", new Adam(0.01f));
        form(
                "adamW amsgrad",
                new AdamW(0.01f).betas(0.8f, 0.7f).weightDecay(0.2f).withAmsGrad());
        up("adamW", new AdamW(0.01f).weightDecay(0.1f));
        form("adamax", new Adamax(0.01f));
        form("adamax decay", new Adamax(0.01f).betas(0.8f, 0.9f).epsilon(1e-4f).weightDecay(0.2f));
        form("nadam", new NAdam(0.01f));
        form(
                "nadam decay",
                new NAdam(0.01f)
                        .betas(0.8f, 0.9f)
                        .epsilon(1e-4f)
                        .weightDecay(0.2f)
                        .momentumDecay(0.05f));
        form("radam", new RAdam(0.01f)); // rectified from step 6 on
        form("radam decay", new RAdam(0.01f).betas(0.8f, 0.9f).epsilon(1e-4f).weightDecay(0.2f));
        form("radam short", new RAdam(0.01f).betas(0.8f, 0.5f)); // never rectified
        form("rmsprop all", new RmsProp(0.01f, 0.9f, 1e-4f, 0.8f, true, 0.1f));
        form("rprop", new Rprop(0.01f));
        form("rprop limits", new Rprop(0.01f).factors(0.4f, 1.5f).limits(0.004f, 0.02f));
        form("swa", new Swa(new Sgd(0.3f), 1, 1));
        form("swa cycles", new Swa(new Sgd(0.3f), 8, 4));
        form("ema", new Ema(new Sgd(0.3f), 0.9f));
    }

    private static void up(String name, Optimizer recipe) {
        FORMS.put(name + " maximize", model -> recipe.on(model).maximize());
    }

    private static void form(String name, Optimizer recipe) {
        FORMS.put(name, recipe::on);
    }

    private static Stream<Arguments> forms() {
        return FILES.stream()
                .flatMap(file -> file.names().stream()
                        .map(name -> name.substring(0, name.indexOf('/')))
                        .filter(name -> !OTHERS.contains(name))
                        .distinct()
                        .map(name -> Arguments.of(name, file)));
    }

    private static Parameter start(Golden file, String name) {
        return new Parameter(file.shape("start/" + name), (shape, rng) -> file.values("start/" + name));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void asPyTorchHasIt(String form, Golden file) {
        assertThat(FORMS).containsKey(form);
        try (var model = Model.of(new Pair(start(file, "weight"), start(file, "bias")), 1);
                BoundOptimizer optimizer = FORMS.get(form).apply(model)) {
            Map<String, Parameter> parameters =
                    Map.of("weight", model.net().weight(), "bias", model.net().bias());
            for (int step = 0; step < STEPS; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor loss = Tensor.scalar(0);
                    for (String name : List.of("weight", "bias")) {
                        Parameter p = parameters.get(name);
                        // the gradient of a weighted sum: the weights
                        Tensor gradient = Tensor.of(
                                file.row("gradients/" + name, step), p.shape().toArray());
                        loss = loss.add(p.value().mul(gradient).sum());
                    }
                    pass.backward(loss);
                }
                optimizer.step();
                boolean averages = optimizer.recipe().average(step + 1) >= 0;
                if (averages) {
                    optimizer.swapAverages();
                }
                for (String name : List.of("weight", "bias")) {
                    Golden.assertClose(
                            form + ", " + name + " after step " + (step + 1),
                            parameters.get(name).value().toArray(),
                            file.row(form + "/" + name, step),
                            1e-6,
                            1e-6);
                }
                if (averages) {
                    optimizer.swapAverages();
                }
            }
        }
    }

    /** A golden without a form fails above; this one fails where a form has no golden. */
    @Test
    void everyFormHasAGolden() {
        assertThat(forms().map(form -> form.get()[0]).collect(Collectors.toSet()))
                .containsAll(FORMS.keySet());
    }
}
