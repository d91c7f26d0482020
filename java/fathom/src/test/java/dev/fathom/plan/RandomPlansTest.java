package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A hundred random functions whose sizes follow a free batch and length in many ways, some of which no plan can follow:
 * at every size a session of the plan, read from a file, gives the bits of the eager run, or it is refused with a
 * sentence. {@code -Dfathom.random.functions=10000 -Dfathom.random.seed=1000} runs others.
 */
class RandomPlansTest {
    private static final int WIDTH = 4;
    /** Greater sessions would take long. */
    private static final long MOST_BYTES = 4 << 20;

    /** What the functions are made of. */
    private record Parts(
            Linear linear, Conv conv, Conv stride, Recurrent lstm, LayerNorm norm, Table learned, Table fixed)
            implements Net {
        static Parts random() {
            return new Parts(
                    new Linear(WIDTH, WIDTH),
                    new Conv(WIDTH, WIDTH, Window.line(3).pad(1)),
                    new Conv(WIDTH, WIDTH, Window.line(5).stride(2)),
                    Recurrent.lstm(WIDTH, WIDTH),
                    new LayerNorm(WIDTH),
                    new Table(new Parameter(Shape.of(60, WIDTH), Init.normal(0, 1))),
                    new Table(Buffer.derived(Shape.of(400, WIDTH), Init.normal(0, 1))));
        }
    }

    /** Adds as many rows of a table as there are steps: a constant that grows with the length. */
    private record Table(Variable rows) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return x.add(rows.value().slice(0, 0, x.dim(1)));
        }
    }

    /** What came of the sessions that were tried. */
    private static final class Tally {
        int frozen;
        int refused;
        int opened;
        int closed;
    }

    @Test
    void sessionsGiveTheBitsOfAnEagerRunOrAreRefused() {
        Tally tally = new Tally();
        long first = Long.getLong("fathom.random.seed", 1);
        int functions = Integer.getInteger("fathom.random.functions", 100);
        try (var model = Model.of(Parts.random(), 1)) {
            for (int i = 0; i < functions; i++) {
                check(model, first + i, tally);
            }
        }
        assertThat(tally.frozen).isGreaterThan(tally.refused / 2);
        assertThat(tally.opened).isGreaterThan(tally.closed);
    }

    private static void check(Model<Parts> model, long seed, Tally tally) {
        SplittableRandom random = new SplittableRandom(seed);
        Spec spec = spec(random);
        Plan plan;
        try {
            plan = Plan.freeze(model, (net, in) -> run(net, seed, in[0]), spec);
        } catch (IllegalArgumentException | IllegalStateException e) {
            assertThat(e.getMessage()).as("seed %d", seed).matches("(?s).{20,}[^.]");
            if (!e.getMessage().contains("a plan keeps only constants that ")) {
                assertSomeRefused(model, seed, spec, e);
            }
            tally.refused++;
            return;
        }
        tally.frozen++;
        try (plan;
                Plan stored = stored(plan)) {
            Range batches = plan.calls.batches();
            Range lengths = plan.calls.lengths();
            open(model, stored, seed, batches.min(), lengths.min(), tally);
            open(model, stored, seed, batches.min(), lengths.max(), tally);
            open(model, stored, seed, batches.max(), lengths.min(), tally);
            for (int i = 0; i < 6; i++) {
                int length = random.nextBoolean() ? random.nextInt(1, 40) : random.nextInt(1, 301);
                int batch = random.nextInt(1, 1 + Math.min(300, Math.max(3, 2000 / length)));
                boolean within = random.nextBoolean();
                open(
                        model,
                        stored,
                        seed,
                        within ? batches.at(batch - 1) : batch,
                        within ? lengths.at(length - 1) : length,
                        tally);
            }
        }
    }

    /** This plan from a file. */
    private static Plan stored(Plan plan) {
        try {
            Path file = Files.createTempFile("random", ".plan");
            try {
                plan.save(file);
                return Plan.load(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An input whose ranges are found, or declared, some of them with very few sizes. */
    private static Spec spec(SplittableRandom random) {
        Spec spec = Spec.of("x", Dim.BATCH, Dim.LENGTH, WIDTH);
        if (random.nextBoolean()) {
            int step = random.nextBoolean() ? 1 : random.nextInt(2, 9);
            int min = step * random.nextInt(1, 1 + 40 / step);
            spec = spec.length(min, min + step * (few(random, 100) - 1), step);
        }
        if (random.nextBoolean()) {
            int min = random.nextInt(1, 6);
            spec = spec.batch(min, min + few(random, 60) - 1);
        }
        return spec;
    }

    private static int few(SplittableRandom random, int most) {
        return random.nextInt(1, random.nextBoolean() ? 4 : most);
    }

    /**
     * At two batch sizes and two lengths every integer follows the sizes as a plan asks for: the function must refuse
     * one of them.
     */
    private static void assertSomeRefused(Model<Parts> model, long seed, Spec spec, Exception why) {
        Range batches = Spec.declared(List.of(spec), Dim.BATCH);
        Range lengths = Spec.declared(List.of(spec), Dim.LENGTH);
        if (batches != null
                && batches.number(batches.max()) < 2
                && lengths != null
                && lengths.number(lengths.max()) < 2) {
            assertThat(Stream.of(batches.min(), batches.max())
                            .flatMap(
                                    b -> Stream.of(lengths.min(), lengths.max()).map(l -> refused(model, seed, b, l))))
                    .as("seed %d, batches %s, lengths %s: %s", seed, batches, lengths, why.getMessage())
                    .contains(true);
        }
    }

    private static boolean refused(Model<Parts> model, long seed, int batch, int length) {
        try (Pass pass = Pass.infer()) {
            run(model.net(), seed, Tensor.zeros(Shape.of(batch, length, WIDTH)));
            return false;
        } catch (IllegalArgumentException | IllegalStateException e) {
            return true;
        }
    }

    private static void open(Model<Parts> model, Plan plan, long seed, int batch, int length, Tally tally) {
        Session session;
        try {
            if (plan.workspaceBytes(batch, length) > MOST_BYTES) {
                return;
            }
            session = plan.newSession(batch, length);
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).as("seed %d", seed).startsWith("newSession: ");
            if (plan.calls.batches().has(batch) && plan.calls.lengths().has(length)) {
                assertThat(refused(model, seed, batch, length))
                        .as("seed %d, batch %d, length %d: %s", seed, batch, length, e.getMessage())
                        .isTrue();
            }
            tally.closed++;
            return;
        }
        tally.opened++;
        float[] x = new Rng(seed).normal(batch * length * WIDTH, 0, 1);
        try (session;
                Pass pass = Pass.infer()) {
            Tensor input = Tensor.of(x, batch, length, WIDTH);
            try {
                session.set(x).run();
            } catch (IllegalArgumentException e) { // of an index, which is seen when it runs
                assertThatThrownBy(() -> run(model.net(), seed, input)).hasMessage(e.getMessage());
                return;
            }
            float[] found = new float[session.output().capacity()];
            session.output().get(0, found);
            Tensor eager = run(model.net(), seed, input);
            assertThat(session.outputShape(0))
                    .as("seed %d, batch %d, length %d", seed, batch, length)
                    .isEqualTo(eager.shape());
            assertThat(found)
                    .as("seed %d, batch %d, length %d", seed, batch, length)
                    .isEqualTo(eager.toArray());
        }
    }

    /** The function of this seed. */
    private static Tensor run(Parts net, long seed, Tensor x) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> made = new ArrayList<>(List.of(x));
        int steps = random.nextInt(1, 6);
        for (int i = 0; i < steps; i++) {
            Tensor from = made.get(random.nextInt(made.size()));
            made.add(step(net, random, from, made.get(random.nextInt(made.size()))));
        }
        Tensor result = made.get(made.size() - 1);
        for (Tensor t : made) { // what nobody uses is left out of a plan, with what it would refuse when it runs
            result = result.add(t.sum().mul(0f));
        }
        return result;
    }

    /** A size that follows {@code n} in some way. */
    private static int size(SplittableRandom random, int n) {
        int k = random.nextInt(0, 13);
        int m = random.nextInt(2, 6);
        IntUnaryOperator[] ways = {
            s -> k,
            s -> s,
            s -> s - k,
            s -> s + k,
            s -> s / 2,
            s -> (s + k) / m,
            s -> s - s % m,
            s -> Math.min(s, 8 * k + 1),
            s -> Math.max(s - k, 1),
            s -> 64 - s,
            s -> s % m,
            s -> 2 * s - k
        };
        int usual = random.nextInt(2 * ways.length);
        return ways[usual < ways.length ? usual : random.nextInt(6)].applyAsInt(n);
    }

    private static Tensor step(Parts net, SplittableRandom random, Tensor x, Tensor other) {
        int batch = x.dim(0);
        int length = x.dim(1);
        int a = size(random, length);
        int b = size(random, length);
        int rows = size(random, batch);
        PadMode mode = PadMode.values()[random.nextInt(PadMode.values().length)];
        List<UnaryOperator<Tensor>> ways = List.of(
                t -> t.slice(1, 0, a),
                t -> t.slice(1, Math.min(a, b), Math.max(a, b)),
                t -> t.slice(1, b, length),
                t -> t.slice(0, 0, rows),
                t -> t.pad(mode, a, b),
                t -> t.pad(mode, 1, 2),
                t -> t.roll(1, a),
                t -> t.roll(1, 7),
                t -> t.roll(0, -3),
                t -> t.topk(1, a).values(),
                t -> t.sort(1, Order.ASCENDING).values(),
                t -> Tensor.concat(1, t, other),
                t -> Tensor.concat(0, t, other),
                t -> t.reshape(batch * length, WIDTH).relu().reshape(batch, -1, WIDTH),
                t -> t.reshape(batch, length * WIDTH).softmax(-1).reshape(batch, length, WIDTH),
                t -> t.transpose(1, 2).cumsum(2).transpose(2, 1),
                t -> t.transpose(0, 1).relu().flip(0).transpose(0, 1),
                t -> t.attention(t, t, new Attention(2)),
                t -> t.matmulTransposed(t).softmax(-1).matmul(t),
                t -> net.conv.apply(t).relu(),
                t -> net.stride.apply(t),
                t -> net.stride.apply(net.stride.apply(t)),
                t -> net.lstm.apply(t),
                t -> net.norm.apply(net.linear.act(Activation.RELU).apply(t)),
                t -> net.learned.apply(t),
                t -> net.fixed.apply(t),
                t -> t.add(t.mean(1).unsqueeze(1)),
                t -> t.mean(1).unsqueeze(1).expand(batch, a, WIDTH),
                t -> t.add(other),
                t -> net.linear.apply(t).add(other).tanh(),
                t -> t.maxPool(Window.line(3).stride(2)),
                t -> t.avgPool(Window.line(4).stride(3).ceil()),
                t -> t.resize(Resize.NEAREST, a),
                t -> t.take(1, Tensor.arange(0, a)),
                t -> t.mul(Tensor.arange(0, length).to(DType.F32).reshape(length, 1)),
                t -> t.add(Tensor.full(t.shape(), 0.5f)),
                t -> t.sub(t.slice(1, length - 1, length)),
                t -> t.reshape(batch, length / 2, 2, WIDTH).sum(2),
                t -> t.softmax(1));
        return ways.get(random.nextInt(ways.size())).apply(x);
    }
}
