package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Layer;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.testing.Packages;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Extreme integers in every op of the table, and in every public constructor and method of layers, end in a result or
 * in one sentence. Ops are found through {@link OpTable} and layers in their packages, so that a new one is tried
 * without being named here.
 */
@Tag("any-instruction-set")
public class ExtremeIntegersTest {
    /** More values than a test computes with. */
    private static final double SMALL = 1 << 14;

    /** Samples of an op that differ in what is given and in ranks. */
    private static final int CALLS = 4;

    private static final int TRIES = 150;
    private static final int SWEEPS = 60;

    private final Random random = new Random(1);

    /**
     * What wraps around: limits, powers of two and their neighbors, and numbers whose product with a small factor is
     * small again modulo 2^32. (1431655766 is one: three times it is 2.)
     */
    private int extreme() {
        switch (random.nextInt(4)) {
            case 0 -> {
                return new int[] {Integer.MIN_VALUE, -1, 0, Integer.MAX_VALUE}[random.nextInt(4)];
            }
            case 1 -> {
                return (1 << random.nextInt(15, 31)) + random.nextInt(-1, 2);
            }
            default -> {
                int odd = 2 * random.nextInt(1, 4) + 1;
                int inverse = odd;
                for (int i = 0; i < 5; i++) {
                    inverse *= 2 - odd * inverse; // Newton's iteration modulo 2^32
                }
                return inverse * random.nextInt(1, 7) & Integer.MAX_VALUE;
            }
        }
    }

    private int some() {
        return random.nextInt(3) == 0 ? extreme() : random.nextInt(1, 7);
    }

    private static void assertSentence(Throwable thrown, Object what) {
        String message = thrown.getMessage();
        boolean refusal = thrown instanceof IllegalArgumentException
                || thrown instanceof IllegalStateException
                || thrown instanceof IndexOutOfBoundsException;
        if (!refusal || message == null || !message.matches("(?s).*[a-z]+ .*[a-z]+ .*")) {
            throw new AssertionError(what + " ends in " + thrown, thrown);
        }
    }

    // ---- ops

    /** A call that the table makes. */
    private record Sample(Op op, List<Shape> shapes, List<DType> dtypes) {
        Tensor[] inputs(Function<Shape, Tensor> floats, Function<Shape, Tensor> ints) {
            Tensor[] in = new Tensor[shapes.size()];
            for (int i = 0; i < in.length; i++) {
                Shape s = shapes.get(i);
                in[i] = s == null ? null : (dtypes.get(i) == DType.F32 ? floats : ints).apply(s);
            }
            return in;
        }
    }

    /** A few calls of each record of an op that has integers. */
    private static List<Sample> samples() {
        Map<List<Object>, Sample> found = new HashMap<>();
        Map<Class<?>, Integer> counts = new HashMap<>();
        for (OpTable.Row row : OpTable.rows()) {
            int[][] shapes = row.samples().get(row.samples().size() / 2);
            try (Pass pass = Pass.trace(false, new Rng(0))) {
                Tensor[] x = new Tensor[shapes.length];
                for (int i = 0; i < x.length; i++) {
                    x[i] = pass.input(Shape.of(shapes[i]), row.dtype(i));
                }
                try {
                    row.run(x);
                } catch (RuntimeException e) {
                    continue; // it reads values, which a traced pass has not
                }
                for (Tape.Entry entry : pass.tape().entries()) {
                    Op op = entry.op();
                    List<Shape> in = new ArrayList<>();
                    List<DType> types = new ArrayList<>();
                    List<Object> key = new ArrayList<>(List.of(op.getClass()));
                    for (Tensor t : entry.inputs()) {
                        in.add(t == null ? null : t.shape());
                        types.add(t == null ? null : t.dtype());
                        key.add(t == null ? -1 : t.shape().rank());
                    }
                    if (op.getClass().isRecord()
                            && Arrays.stream(op.getClass().getRecordComponents())
                                    .anyMatch(ExtremeIntegersTest::isSize)
                            && !found.containsKey(key)
                            && counts.merge(op.getClass(), 1, Integer::sum) <= CALLS) {
                        found.put(key, new Sample(op, in, types));
                    }
                }
            }
        }
        return List.copyOf(found.values());
    }

    /** What an op's own factory derives from shapes, and no user gives. */
    private static final Set<String> DERIVED = Set.of("axis", "mask", "rank", "packed", "spatial");

    private static boolean isSize(RecordComponent part) {
        Class<?> type = part.getType();
        return !DERIVED.contains(part.getName())
                && (type == int.class || type == long.class || type == Shape.class || type == Window.class);
    }

    /** The op with extreme numbers in some of its places, the same one in all of them or others. */
    private Op changed(Op op) throws ReflectiveOperationException {
        RecordComponent[] parts = op.getClass().getRecordComponents();
        Object[] values = new Object[parts.length];
        Class<?>[] types = new Class<?>[parts.length];
        int shared = extreme();
        boolean same = random.nextBoolean();
        for (int i = 0; i < parts.length; i++) {
            Method get = parts[i].getAccessor();
            get.setAccessible(true);
            values[i] = get.invoke(op);
            types[i] = parts[i].getType();
            if (!isSize(parts[i]) || random.nextInt(4) == 0) {
                continue;
            }
            int e = same ? shared : extreme();
            if (types[i] == int.class) {
                values[i] = e;
            } else if (types[i] == long.class) {
                values[i] = (long) e;
            } else if (types[i] == Shape.class) {
                int[] dims = ((Shape) values[i]).toArray();
                if (dims.length > 0) {
                    dims[random.nextInt(dims.length)] = e;
                }
                values[i] = Shape.of(dims);
            } else {
                values[i] = changed((Window) values[i]);
            }
        }
        Constructor<?> make = op.getClass().getDeclaredConstructor(types);
        make.setAccessible(true);
        return (Op) make.newInstance(values);
    }

    private Window changed(Window w) {
        return new Window(
                w.rank(),
                w.rank() < 3 ? w.depth() : changed(w.depth()),
                w.rank() < 2 ? w.height() : changed(w.height()),
                changed(w.width()));
    }

    private Window.Axis changed(Window.Axis a) {
        int[] v = {a.kernel(), a.stride(), a.dilation(), a.before(), a.after()};
        v[random.nextInt(1, 5)] = extreme();
        return new Window.Axis(v[0], v[1], v[2], v[3], v[4], a.same(), a.ceil());
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void ops() throws ReflectiveOperationException {
        Map<String, Integer> computed = new TreeMap<>();
        int refused = 0;
        List<Sample> samples = samples();
        for (Sample sample : samples) {
            if (sample.dtypes.stream().anyMatch(t -> t != null && !t.computes())) {
                continue;
            }
            for (int i = 0; i < TRIES; i++) {
                Op op;
                try {
                    op = changed(sample.op);
                } catch (IllegalArgumentException e) {
                    refused++;
                    continue;
                } catch (InvocationTargetException e) {
                    assertSentence(e.getCause(), sample);
                    refused++;
                    continue;
                }
                if (compute(op, sample)) {
                    computed.merge(op.getClass().getSimpleName(), 1, Integer::sum);
                } else {
                    refused++;
                }
            }
        }
        assertThat(samples.stream().map(s -> s.op.getClass()).distinct().count())
                .isGreaterThan(20);
        assertThat(computed).hasSizeGreaterThan(15);
        assertThat(refused).isPositive();
    }

    /** Whether the op is not refused; what has many values is not computed. */
    private boolean compute(Op op, Sample sample) {
        double results = 0;
        try (Pass pass = Pass.trace(false, new Rng(0))) {
            Tensor[] y = Pass.applyAll(op, sample.inputs(s -> pass.input(s, DType.F32), s -> pass.input(s, DType.I32)));
            for (Tensor t : y) {
                results += t == null ? 0 : t.shape().size();
            }
        } catch (RuntimeException e) {
            assertSentence(e, op + " of " + sample.shapes);
            return false;
        }
        // a traced pass does not tell how large the results for backward are, such as a number for each query and head
        boolean backward = IntStream.range(0, op.outputs()).noneMatch(op::onlyForBackward);
        if (results > SMALL) {
            return true;
        }
        try (Pass pass = backward ? Pass.grad(new Rng(1)) : Pass.infer(new Rng(1))) {
            Tensor[] in = sample.inputs(
                    s -> Tensor.of(numbers(s), s.toArray()),
                    s -> Tensor.of(numbers(s), s.toArray()).round().to(DType.I32));
            if (backward) {
                for (int i = 0; i < in.length; i++) {
                    in[i] = in[i] == null || in[i].dtype() != DType.F32 ? in[i] : pass.watch(in[i]);
                }
            }
            Tensor y = Pass.apply(op, in);
            if (y.needsGradient()) {
                pass.backward(y.sum());
            }
            return true;
        } catch (RuntimeException e) {
            assertSentence(e, op + " of " + sample.shapes);
            return false;
        }
    }

    private float[] numbers(Shape shape) {
        return new Rng(random.nextLong()).uniform((int) shape.size(), 0, 1);
    }

    // ---- layers

    /** The public classes in the packages of these. */
    public static List<Class<?>> publicClasses(Class<?>... ones) throws Exception {
        return Packages.classes(ones).stream()
                .filter(c -> Modifier.isPublic(c.getModifiers()))
                .toList();
    }

    /** An argument of this type, or null where none is made here. */
    private Object argument(Class<?> type) {
        if (type == int.class) {
            return some();
        }
        if (type == long.class) {
            return (long) some();
        }
        if (type == float.class) {
            return 0.5f;
        }
        if (type == double.class) {
            return 0.5;
        }
        if (type == boolean.class) {
            return random.nextBoolean();
        }
        if (type == int[].class) {
            return new int[] {some(), some()};
        }
        if (type == Window.class) {
            return Window.of(random.nextInt(1, 4));
        }
        if (type.isEnum()) {
            return type.getEnumConstants()[random.nextInt(type.getEnumConstants().length)];
        }
        if (type == Layer.class) {
            return (Layer) x -> x;
        }
        return null;
    }

    private static boolean takesSizes(Executable e) {
        return Arrays.stream(e.getParameterTypes())
                .anyMatch(t -> t == int.class || t == long.class || t == int[].class);
    }

    private Object[] arguments(Executable e) {
        Object[] all = new Object[e.getParameterCount()];
        for (int i = 0; i < all.length; i++) {
            all[i] = argument(e.getParameterTypes()[i]);
            if (all[i] == null) {
                return null;
            }
        }
        return all;
    }

    /**
     * Layers make no numbers before they are a model's, so any size may be tried. What a layer's parameters hold is at
     * least as much as each of its sizes: a product that wrapped around would be less.
     */
    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void layers() throws Exception {
        layers(publicClasses(Layer.class, Recurrent.class), 17, 14);
    }

    /** Makes layers of these classes with numbers of all sizes, of which at least so many are made and refused. */
    public void layers(List<Class<?>> classes, int leastMade, int leastRefused) throws Exception {
        Set<String> made = new TreeSet<>();
        Set<String> refused = new TreeSet<>();
        for (Class<?> type : classes) {
            if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
                continue;
            }
            List<Executable> makers = new ArrayList<>(List.of(type.getConstructors()));
            for (Method m : type.getDeclaredMethods()) {
                if (Modifier.isPublic(m.getModifiers())
                        && Modifier.isStatic(m.getModifiers())
                        && Layer.class.isAssignableFrom(m.getReturnType())) {
                    makers.add(m);
                }
            }
            for (Executable maker : makers) {
                if (!takesSizes(maker)) {
                    continue;
                }
                for (int i = 0; i < SWEEPS; i++) {
                    Object[] arguments = arguments(maker);
                    if (arguments == null) {
                        break;
                    }
                    String what = maker + Arrays.deepToString(arguments);
                    try {
                        Object layer = maker instanceof Constructor<?> c
                                ? c.newInstance(arguments)
                                : ((Method) maker).invoke(null, arguments);
                        made.add(type.getSimpleName());
                        change(layer, what);
                    } catch (InvocationTargetException e) {
                        assertSentence(e.getCause(), what);
                        refused.add(type.getSimpleName());
                    }
                }
            }
        }
        assertThat(made).hasSizeGreaterThanOrEqualTo(leastMade);
        assertThat(refused).hasSizeGreaterThanOrEqualTo(leastRefused);
    }

    /** Every method that gives a layer another setting. */
    private void change(Object layer, String what) throws IllegalAccessException {
        for (Method m : layer.getClass().getMethods()) {
            if (m.getReturnType() == layer.getClass() && !Modifier.isStatic(m.getModifiers()) && takesSizes(m)) {
                Object[] arguments = arguments(m);
                if (arguments != null) {
                    try {
                        m.invoke(layer, arguments);
                    } catch (InvocationTargetException e) {
                        assertSentence(e.getCause(), what + m + Arrays.deepToString(arguments));
                    }
                }
            }
        }
    }
}
