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
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** A recurrent network that reads a text and predicts the next character. */
record CharacterRnn(Embedding in, Recurrent cell, Linear out) implements Net {
    private static final int WIDTH = 64;

    static CharacterRnn of(Cell cell, int characters, int hidden) {
        return new CharacterRnn(
                new Embedding(characters, WIDTH), Recurrent.of(cell, WIDTH, hidden), new Linear(hidden, characters));
    }

    /** Reads characters [n, length] on from a state: logits of what follows each of them, and the state behind them. */
    private Next read(Tensor characters, State state) {
        Output read = cell.run(in.apply(characters), state);
        return new Next(out.apply(read.steps()), read.state());
    }

    /**
     * The loss of a piece of the text, which begins with the state after the piece before it; gradients stay inside the
     * piece.
     */
    Step.Result step(Batch piece, State state) {
        Next next = read(piece.x(), state);
        return new Step.Result(Loss.crossEntropy().of(next.output(), piece.y()), next.output()).withState(next.state());
    }

    int hidden() {
        return cell.settings().hidden();
    }

    private boolean hasCellState() {
        return cell.settings().cell().hasCellState();
    }

    /** A step of one character that carries the state. */
    static Plan freeze(Model<CharacterRnn> model) {
        return Plan.freeze(
                model,
                (net, x, state) -> net.read(x[0], state),
                net -> net.cell.state(1),
                Spec.of("character", DType.I32, Dim.BATCH, 1));
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
            FloatBuffer state = session.input(rnn.hasCellState() ? "cell" : "hidden");
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
