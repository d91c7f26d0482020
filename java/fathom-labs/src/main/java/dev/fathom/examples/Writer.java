package dev.fathom.examples;

import dev.fathom.decode.NextToken;
import dev.fathom.nn.Model;
import dev.fathom.op.DType;
import dev.fathom.plan.*;
import dev.fathom.recurrent.*;
import dev.fathom.tensor.Tensor;
import java.nio.*;

/** A frozen {@link CharNet} that reads one character a run. Its session carries the LSTM's state from run to run, and a run allocates nothing. */
final class Writer implements NextToken, AutoCloseable {
    private record Result(Tensor logits, Tensor h, Tensor c) {}

    private final Plan plan;
    private final Session session;
    private final IntBuffer character;

    Writer(Model<CharNet> model) {
        int hidden = model.net().lstm().settings().hidden();
        plan = Plan.freeze(
                model,
                (net, in) -> {
                    Output out = net.run(in[0], new State(in[1], in[2]));
                    return new Result(
                            net.logits(out.last()),
                            out.state().hidden(),
                            out.state().cell());
                },
                Spec.of("character", DType.I32, 1, Dim.LENGTH),
                Spec.of("h", 1, 1, hidden).carried(), // the output of this name is the input of the next run
                Spec.of("c", 1, 1, hidden).carried());
        session = plan.newSession(1, 1);
        character = session.intInput("character");
    }

    /** Reads all of the prompt but its last character, which it returns. */
    int read(int... prompt) {
        for (int i = 0; i < prompt.length - 1; i++) {
            character.put(0, prompt[i]);
            session.run();
        }
        return prompt[prompt.length - 1];
    }

    @Override
    public Tensor logits(int[] tokens) {
        character.put(0, tokens);
        session.run();
        FloatBuffer logits = session.output();
        return Tensor.of(logits, 1, logits.capacity());
    }

    @Override
    public void keep(int[] parents) {} // of the one text that it writes

    @Override
    public void close() {
        session.close();
        plan.close();
    }
}
