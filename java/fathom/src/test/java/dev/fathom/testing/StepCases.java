package dev.fathom.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Residual;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Steps;
import dev.fathom.nn.TimeDistributed;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Layers of sequences, each with how it must treat padding, and what holds for all of them: through any layer, in any
 * wrapper, an example in a padded batch is what it is alone, or the net is refused.
 */
public final class StepCases {
    /** Sequences of vectors, of rows of vectors, and of tokens. */
    public static final Shape VECTORS = Shape.of(4);

    public static final Shape ROWS = Shape.of(3, 4);
    public static final Shape TOKENS = Shape.SCALAR;

    private static final int[] LENGTHS = {5, 2, 1};
    private static final long[] OFFSETS = {0, 5, 7, 8};

    /** A layer of sequences of these steps, and how it must treat them. */
    private record Case(Supplier<Layer> layer, Shape step, Steps steps) {}

    private final Map<String, Case> cases = new LinkedHashMap<>();

    /** Adds a layer, of which each call makes another. */
    public void add(Steps steps, Shape step, Supplier<Layer> layer) {
        String name = layer.get().getClass().getSimpleName() + " " + cases.size();
        assertThat(cases.put(name, new Case(layer, step, steps))).isNull();
    }

    // ---- one net

    /** Three sequences of steps of this shape, padded to one length. */
    public static Dataset data(Shape step, boolean inFront) {
        Rng rng = new Rng(3);
        Field field;
        if (step.rank() == 0) {
            int[][] rows = new int[LENGTHS.length][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = rng.split(i).ints(LENGTHS[i], 9);
            }
            field = Field.ragged("x", rows).input();
        } else {
            field = Field.floats("x", step, rng.normal(8 * (int) step.size(), 0, 1))
                    .input()
                    .ragged(OFFSETS);
        }
        return Dataset.of(field).padded("x", (inFront ? Padding.front() : Padding.behind()).value(5));
    }

    /** A pass that trains, or one that does not. */
    public static Pass pass(boolean training) {
        return training ? Pass.train(new Rng(1)) : Pass.infer();
    }

    /**
     * What the net makes of some examples, and of this the part of the example at {@code row}: its own steps, or its
     * one result.
     */
    public static float[] made(Layer net, Dataset data, boolean training, int[] rows, int row) {
        int length = LENGTHS[rows[row]];
        try (Dataset some = data.subset(rows);
                Pass pass = pass(training)) {
            Batch batch = some.batches(rows.length).epoch(0).next();
            Tensor y = net.apply(batch);
            boolean steps = !(net instanceof SequenceLayer s) || s.keepsSteps();
            Tensor own = y.slice(0, row, row + 1);
            if (steps) {
                int from = batch.paddedInFront("x") ? y.dim(1) - length : 0;
                own = own.slice(1, from, from + length);
            }
            return own.toArray();
        }
    }

    /** Checks that a net makes the same of each example alone and among others. */
    public static void same(String name, Layer net, Dataset data, boolean training) {
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE
                && Structure.walk(net).stream()
                        .noneMatch(
                                p -> p.value() instanceof Conv c && c.edges() != PadMode.ZEROS); // pads in another way
        for (int i = 0; i < LENGTHS.length; i++) {
            assertThat(made(net, data, training, new int[] {0, 1, 2}, i))
                    .as(name + ", example " + i)
                    .containsExactly(made(net, data, training, new int[] {i}, 0), within(exact ? 0 : 1e-6f));
        }
    }

    /** Checks that a net takes padding on the sides that it reads, and refuses it on the others. */
    public static void check(String name, Layer net, Shape step, Steps steps, boolean training) {
        for (boolean inFront : new boolean[] {false, true}) {
            try (Dataset data = data(step, inFront)) {
                if (steps == Steps.EACH || steps == (inFront ? Steps.PADDED_IN_FRONT : Steps.PADDED_BEHIND)) {
                    same(name, net, data, training);
                } else {
                    assertThatThrownBy(() -> made(net, data, training, new int[] {0, 1, 2}, 0))
                            .as(name + (inFront ? " in front" : " behind"))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(
                                    steps == Steps.MIXED ? "padding would change its result" : "x is padded ");
                }
            }
        }
    }

    // ---- all of them

    /** Checks each layer by itself, in both kinds of passes. */
    public void checkEach() {
        cases.forEach((name, c) -> {
            try (var model = Model.of(new Sequential(c.layer.get()), 1)) {
                Layer layer = model.net().layers().get(0);
                for (boolean training : new boolean[] {false, true}) {
                    try (Pass pass = pass(training)) {
                        assertThat(layer.stepReading()).as(name).isEqualTo(c.steps);
                    }
                    check(name, layer, c.step, c.steps, training);
                }
            }
        });
    }

    /** Checks each layer in wrappers, and with layers in front of it and behind it. */
    public void checkInWrappers() {
        Map<String, UnaryOperator<Layer>> wrappers = new LinkedHashMap<>();
        wrappers.put("Recompute", Recompute::new);
        wrappers.put("Sequential", l -> new Sequential(l));
        wrappers.put("Sequential in Sequential", l -> new Sequential(new Sequential(l), new Sequential()));
        wrappers.put("Recompute of Sequential", l -> new Recompute(new Sequential(Tensor::relu, l)));
        cases.forEach(
                (name, c) -> wrappers.forEach((wrapper, wrap) -> checkIn(wrapper + ", " + name, wrap, c, c.steps)));
        wrappers.clear();
        wrappers.put("Residual", Residual::new);
        wrappers.put("Residual of Sequential", l -> new Residual(new Sequential(new LayerNorm(4), l)));
        wrappers.put("Sequence of Residuals", l -> new Sequential(new Residual(new Linear(4, 4)), new Residual(l)));
        cases.forEach((name, c) -> {
            if (keepsVectors(c)) {
                wrappers.forEach((wrapper, wrap) -> checkIn(wrapper + ", " + name, wrap, c, c.steps));
            }
        });
    }

    /** Checks each layer in front of one that is told lengths and expects padding behind. */
    public void checkInFrontOf(Supplier<Layer> told) {
        cases.forEach((name, c) -> {
            if (keepsVectors(c) && c.steps != Steps.PADDED_IN_FRONT) { // both sides are never allowed
                checkIn(
                        "in front of another, " + name,
                        l -> new Sequential(new Residual(l), told.get()),
                        c,
                        c.steps == Steps.MIXED ? Steps.MIXED : Steps.PADDED_BEHIND);
            }
        });
    }

    private static boolean keepsVectors(Case c) {
        if (c.step != VECTORS) {
            return false;
        }
        try (var model = Model.of(new Sequential(c.layer.get()), 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.ones(2, 5, 4);
            return model.net().apply(x).shape().equals(x.shape());
        }
    }

    private static void checkIn(String name, UnaryOperator<Layer> wrap, Case c, Steps steps) {
        if (c.step.rank() > 0) {
            try (var model = Model.of(new Sequential(wrap.apply(c.layer.get())), 1)) {
                check(name, model.net().layers().get(0), c.step, steps, false);
            }
        }
    }

    /** TimeDistributed makes examples of steps, so that whatever mixes what is inside of one mixes no steps. */
    public void checkInTimeDistributed() {
        cases.forEach((name, c) -> {
            if (c.step != VECTORS || name.startsWith("TimeDistributed")) {
                return;
            }
            try (var model = Model.of(new Sequential(new TimeDistributed(c.layer.get())), 1)) {
                check("TimeDistributed " + name, model.net().layers().get(0), Shape.of(5, 4), Steps.EACH, false);
            }
        });
    }

    /** Checks that a layer is refused because it leaks, and for no other reason. */
    public void checkThatTheRefusedLeak() {
        cases.forEach((name, c) -> {
            if (c.steps != Steps.MIXED) {
                return;
            }
            try (var model = Model.of(new Sequential(c.layer.get()), 1);
                    Dataset data = data(c.step, false);
                    Pass pass = Pass.infer()) {
                Tensor padded = data.batches(3).epoch(0).next().x().slice(0, 1, 2);
                float[] among = model.net().apply(padded).toArray();
                float[] other = model.net()
                        .apply(Tensor.concat(
                                1, padded.slice(1, 0, 2), padded.slice(1, 2, 5).mul(-3)))
                        .toArray();
                Tensor y = model.net().apply(padded);
                int own = y.shape().rank() < 3 || y.dim(1) != 5 ? among.length : 2 * among.length / 5;
                assertThat(Arrays.copyOf(among, own)).as(name).isNotEqualTo(Arrays.copyOf(other, own));
            }
        });
    }

    /**
     * Checks that every layer in the packages of these classes is here, or among the names of others, and returns how
     * many there are.
     */
    public int checkCompleteness(Set<String> others, Class<?>... packages) throws Exception {
        Set<String> there = new TreeSet<>(others);
        cases.values().forEach(c -> there.add(c.layer.get().getClass().getSimpleName()));
        List<String> layers = Packages.classes(packages).stream()
                .filter(type -> type.isRecord() && Layer.class.isAssignableFrom(type))
                .map(Class::getSimpleName)
                .toList();
        assertThat(layers).isSubsetOf(there);
        return layers.size();
    }
}
