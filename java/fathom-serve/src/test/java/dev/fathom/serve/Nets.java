package dev.fathom.serve;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Plans that the tests serve. */
final class Nets {
    static final int IN = 6;
    static final int OUT = 3;

    private Nets() {}

    /** A plan of vectors. */
    static Plan vectors(int seed) {
        try (var model = Model.of(new Sequential(new Linear(IN, 5), Tensor::tanh, new Linear(5, OUT)), seed)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    /** A plan whose runs take a while. */
    static Plan slow() {
        try (var model = Model.of(
                new Sequential(new Linear(IN, 2000), Tensor::tanh, new Linear(2000, 2000), new Linear(2000, OUT)), 1)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    private record Tokens(Embedding words, Recurrent lstm, Linear out) implements Net {}

    /** A plan of token sequences with their lengths, which gives classes, and a number for each token. */
    static Plan tokens() {
        try (var model = Model.of(new Tokens(new Embedding(20, 4), Recurrent.lstm(4, 5), new Linear(5, 2)), 1)) {
            return Plan.freeze(
                    model,
                    (net, in) -> {
                        Output all = net.lstm()
                                .run(net.words().apply(in[0]), net.lstm().state(in[0].dim(0)), in[1]);
                        return Map.of(
                                "classes",
                                net.out().apply(all.last()),
                                "steps",
                                net.out().apply(all.steps()));
                    },
                    Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH).length(1, 64),
                    Spec.lengths("lengths"));
        }
    }

    /** A plan of one step of a recurrent net, which carries its state. */
    static Plan stream() {
        try (var model = Model.of(Recurrent.lstm(2, 3), 1)) {
            return Plan.freeze(
                    model,
                    (net, in, state) -> {
                        Output out = net.run(in[0], state);
                        return new Next(out.steps(), out.state());
                    },
                    net -> net.state(2),
                    Spec.of("x", Dim.BATCH, 1, 2));
        }
    }

    /** What a session of its own answers. */
    static float[] alone(Plan plan, float... x) {
        try (Session s = plan.newSession(1)) {
            return answer(s, x);
        }
    }

    /** What a session answers. */
    static float[] answer(Session session, float... x) {
        session.set(x).run();
        float[] y = new float[session.output().capacity()];
        session.output().get(0, y);
        return y;
    }

    /** What the plans of vectors of seeds 0 and 1 answer. */
    static List<float[]> answers(float... x) {
        List<float[]> answers = new ArrayList<>();
        for (int seed = 0; seed < 2; seed++) {
            try (Plan plan = vectors(seed)) {
                answers.add(alone(plan, x));
            }
        }
        return answers;
    }

    /** Waits for something that another thread is about to do. */
    static void until(BooleanSupplier done) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("it did not happen within 20 seconds");
            }
            Thread.sleep(1);
        }
    }
}
