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
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each form of each optimizer against PyTorch, after each of 20 steps on gradients of sizes from 1 to 1e-8. PyTorch computed in float64:
 * 1e-6 is for the roundings of up to 20 steps on weights of size 1.
 */
class OptimizerGoldenTest {
    private static final Golden FILE = new Golden("optimizers");
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
    }

    private static void form(String name, Optimizer recipe) {
        FORMS.put(name, recipe::on);
    }

    private static Stream<String> forms() {
        return FILE.names().stream()
                .map(name -> name.substring(0, name.indexOf('/')))
                .filter(name -> !Set.of("start", "gradients").contains(name))
                .distinct();
    }

    private static Parameter start(String name) {
        return new Parameter(FILE.shape("start/" + name), (shape, rng) -> FILE.values("start/" + name));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void asPyTorchHasIt(String form) {
        assertThat(FORMS).containsKey(form);
        try (var model = Model.of(new Pair(start("weight"), start("bias")), 1);
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
                                FILE.row("gradients/" + name, step), p.shape().toArray());
                        loss = loss.add(p.value().mul(gradient).sum());
                    }
                    pass.backward(loss);
                }
                optimizer.step();
                for (String name : List.of("weight", "bias")) {
                    Golden.assertClose(
                            form + ", " + name + " after step " + (step + 1),
                            parameters.get(name).value().toArray(),
                            FILE.row(form + "/" + name, step),
                            1e-6,
                            1e-6);
                }
            }
        }
    }

    /** A golden without a form fails above; this one fails where a form has no golden. */
    @Test
    void everyFormHasAGolden() {
        assertThat(forms().collect(Collectors.toSet())).containsAll(FORMS.keySet());
    }
}
