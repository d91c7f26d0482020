package dev.fathom.labs.characters;

import dev.fathom.data.Batch;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Cell;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.KeptState;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.recurrent.State;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A recurrent network that reads a text and predicts the next character. */
record CharacterRnn(Embedding in, Recurrent cell, Linear out) implements Net {
    private static final int WIDTH = 64;

    static CharacterRnn of(Cell cell, int characters, int hidden) {
        return new CharacterRnn(
                new Embedding(characters, WIDTH), Recurrent.of(cell, WIDTH, hidden), new Linear(hidden, characters));
    }

    /**
     * The loss of a piece of the text, which begins with the state after the piece before it; gradients stay inside the
     * piece.
     */
    Step.Result step(Batch piece, KeptState carried) {
        Output read = cell.run(in.apply(piece.x()), piece.isFirst() ? null : carried.state(), null);
        carried.keep(read.state());
        Tensor logits = out.apply(read.steps());
        return new Step.Result(Loss.crossEntropy().of(logits, piece.y()), logits);
    }

    int hidden() {
        return cell.settings().hidden();
    }

    private boolean hasCellState() {
        return cell.settings().cell().hasCellState();
    }

    /** A step of one character that carries the hidden state h and, if the cell has one, the cell state c. */
    static Plan freeze(Model<CharacterRnn> model) {
        CharacterRnn rnn = model.net();
        List<Spec> specs = new ArrayList<>(List.of(
                Spec.of("character", DType.I32, Dim.BATCH, 1),
                Spec.of("h", Dim.BATCH, 1, rnn.hidden()).carried()));
        if (rnn.hasCellState()) {
            specs.add(Spec.of("c", Dim.BATCH, 1, rnn.hidden()).carried());
        }
        return Plan.freeze(
                model,
                (net, x) -> {
                    State before = new State(x[1], x.length > 2 ? x[2] : null);
                    Output read = net.cell.run(net.in.apply(x[0]), before, null);
                    Map<String, Tensor> all = new LinkedHashMap<>();
                    all.put("logits", net.out.apply(read.last()));
                    all.put("h", read.state().hidden());
                    Tensor c = read.state().cell();
                    if (c != null) {
                        all.put("c", c);
                    }
                    return all;
                },
                specs.toArray(Spec[]::new));
    }

    /** Continues a prompt. */
    static int[] write(Model<CharacterRnn> model, int[] prompt, int length, float temperature, long seed) {
        try (Plan plan = freeze(model);
                Session session = plan.newSession()) {
            return new Sampling(-1, length)
                    .temperature(temperature)
                    .after(NextToken.of(session), new Rng(seed), prompt)
                    .get(0)
                    .toArray();
        }
    }

    /**
     * The activation of each unit after each character [units][characters]: tanh of the cell state of an LSTM, the
     * hidden state of other cells.
     */
    static float[][] units(Model<CharacterRnn> model, int[] text) {
        CharacterRnn rnn = model.net();
        float[][] units = new float[rnn.hidden()][text.length];
        try (Plan plan = freeze(model);
                Session session = plan.newSession()) {
            IntBuffer character = session.intInput();
            FloatBuffer state = session.input(rnn.hasCellState() ? "c" : "h");
            for (int i = 0; i < text.length; i++) {
                character.put(0, text[i]);
                session.run();
                for (int u = 0; u < units.length; u++) {
                    float value = state.get(u);
                    units[u][i] = rnn.hasCellState() ? (float) Math.tanh(value) : value;
                }
            }
        }
        return units;
    }
}
