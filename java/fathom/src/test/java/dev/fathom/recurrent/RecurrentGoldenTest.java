package dev.fathom.recurrent;

import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * PyTorch's recurrent nets with their weights: results, final states and all gradients, of batches with and without
 * padding.
 */
class RecurrentGoldenTest {
    private static final Golden GOLDEN = new Golden("recurrent");

    static Stream<String> cases() {
        return GOLDEN.names().stream().filter(n -> n.endsWith("/x")).map(n -> n.substring(0, n.length() - 2));
    }

    /** The net of a case, whose parameters tell how it is built. */
    private static Recurrent net(String name) {
        Map<String, Parameter> weights = new LinkedHashMap<>();
        for (String key : GOLDEN.names()) {
            if (key.startsWith(name + "/w/")) {
                float[] values = GOLDEN.values(key);
                weights.put(key.substring(name.length() + 3), new Parameter(GOLDEN.shape(key), (shape, rng) -> values));
            }
        }
        Cell cell = name.startsWith("lstm")
                ? Cell.LSTM
                : name.startsWith("gru") ? Cell.GRU : name.startsWith("rnn_relu") ? Cell.RELU : Cell.TANH;
        Recurrent net = Recurrent.of(
                cell,
                GOLDEN.shape(name + "/x").dim(2),
                Objects.requireNonNull(weights.get("weight_hh_l0")).shape().dim(1));
        if (weights.containsKey("weight_hh_l0_reverse")) {
            net = net.bidirectional();
        }
        int layers = 1;
        while (weights.containsKey("weight_hh_l" + layers)) {
            layers++;
        }
        net = net.layers(layers).biases(weights.containsKey("bias_hh_l0") ? 2 : 0);
        return new Recurrent(net.settings(), weights);
    }

    private static @Nullable Tensor tensor(String name) {
        return GOLDEN.has(name)
                ? Tensor.of(GOLDEN.values(name), GOLDEN.shape(name).toArray())
                : null;
    }

    /** A state of PyTorch, [layers * directions, n, hidden], with the batch in front. */
    private static @Nullable Tensor state(String name) {
        Tensor state = tensor(name);
        return state == null ? null : state.permute(1, 0, 2);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void computesWhatPyTorchDoes(String name) {
        try (var model = Model.of(net(name), 1);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor x = pass.watch(Objects.requireNonNull(tensor(name + "/x")));
            Tensor h0 = state(name + "/h0");
            Tensor c0 = state(name + "/c0");
            State initial = h0 == null ? State.EMPTY : State.of("hidden", pass.watch(h0));
            initial = c0 == null ? initial : initial.with("cell", pass.watch(c0));
            Tensor lengths = GOLDEN.has(name + "/lengths")
                    ? Tensor.ofInts(Golden.whole(GOLDEN.values(name + "/lengths")), x.dim(0))
                    : null;
            Output out = model.net().run(x, initial, lengths);
            close(name + "/y", out.steps());
            closeState(name + "/hn", out.state().get("hidden"));
            Tensor loss = out.steps().mul(tensor(name + "/dy")).sum();
            loss = loss.add(out.state().get("hidden").mul(state(name + "/dhn")).sum());
            Tensor cell = out.state().tensors().get("cell");
            if (cell != null) {
                closeState(name + "/cn", cell);
                loss = loss.add(cell.mul(state(name + "/dcn")).sum());
            }
            pass.backward(loss);
            close(name + "/dx", Objects.requireNonNull(pass.gradient(x)));
            initial.tensors()
                    .forEach((key, t) ->
                            closeState(name + "/d" + key.charAt(0) + "0", Objects.requireNonNull(pass.gradient(t))));
            model.net().weights().forEach((key, p) -> close(name + "/dw/" + key, Objects.requireNonNull(p.gradient())));
        }
    }

    private static void close(String name, Tensor found) {
        Golden.assertClose(name, found.toArray(), GOLDEN.values(name), 1e-5, 2e-6);
    }

    private static void closeState(String name, Tensor found) {
        close(name, found.permute(1, 0, 2));
    }
}
