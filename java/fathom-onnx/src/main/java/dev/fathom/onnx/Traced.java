package dev.fathom.onnx;

import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a function at several sizes of its batch and its length, which tell what in them follows the sizes. Its
 * constants lie in passes that {@link #close} ends.
 */
final class Traced implements AutoCloseable {
    /** The greatest length that is tried. */
    private static final int LONGEST = 4096;

    /** A batch size and a length; 0 where no input has one. */
    private record Sizes(int batch, int length) {
        Shape shape(Spec spec) {
            return Shape.of(Arrays.stream(spec.dims())
                    .map(d -> d == Dim.BATCH ? batch : d == Dim.LENGTH ? length : d)
                    .toArray());
        }
    }

    /**
     * What goes in or out of calls.
     *
     * @param tensors what it was at each of the sizes
     * @param constant whether it depends on no input
     */
    record Value(List<Tensor> tensors, boolean constant) {
        Tensor first() {
            return tensors.get(0);
        }

        DType dtype() {
            return first().dtype();
        }

        int rank() {
            return first().shape().rank();
        }

        Extent dim(int i) {
            return new Extent(tensors.stream().mapToLong(t -> t.dim(i)).toArray());
        }
    }

    /**
     * A call.
     *
     * @param ops what was called at each of the sizes
     * @param path of the net, by its names
     * @param in the numbers of its operands, -1 where one is left out
     * @param out the numbers of its results, -1 where one is not needed
     */
    record Call(List<Op> ops, String path, int[] in, int[] out) {
        String where() {
            return ops.get(0).label() + (path.isEmpty() ? "" : " at " + path);
        }
    }

    final List<Spec> specs;
    final List<Value> values = new ArrayList<>();
    final List<Call> calls = new ArrayList<>();
    final int[] inputs;
    int[] outputs = {};
    List<String> outputNames = List.of();
    private final List<Sizes> sizes = new ArrayList<>();
    private final List<Pass> passes = new ArrayList<>();

    private Traced(List<Spec> specs) {
        this.specs = specs;
        inputs = new int[specs.size()];
    }

    /**
     * Traces a function.
     *
     * @throws IllegalArgumentException if it refuses all sizes, or makes other calls at other sizes
     */
    static Traced of(List<Spec> specs, Function<Tensor[], Object> function) {
        Traced all = new Traced(specs);
        try {
            List<One> traces = new ArrayList<>();
            for (Sizes s : all.choose(function)) {
                Pass pass = Pass.trace(false, null);
                all.passes.add(pass);
                all.sizes.add(s);
                traces.add(One.of(pass, specs, s, function));
            }
            all.join(traces);
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    int traces() {
        return sizes.size();
    }

    Extent batch() {
        return new Extent(sizes.stream().mapToLong(Sizes::batch).toArray());
    }

    Extent length() {
        return new Extent(sizes.stream().mapToLong(Sizes::length).toArray());
    }

    // ---- sizes

    /** The greatest length first, whose constants are those of all. */
    private List<Sizes> choose(Function<Tensor[], Object> function) {
        boolean anyBatch = specs.stream().anyMatch(s -> s.has(Dim.BATCH));
        int few = anyBatch ? 2 : 0;
        if (specs.stream().noneMatch(s -> s.has(Dim.LENGTH))) {
            return anyBatch ? List.of(new Sizes(2, 0), new Sizes(3, 0), new Sizes(5, 0)) : List.of(new Sizes(0, 0));
        }
        int usual = 0;
        RuntimeException first = null;
        for (int length : new int[] {32, 16, 64, 128, 256, 512, 1024, 2048, LONGEST, 8, 4, 2}) {
            RuntimeException refused = refused(new Sizes(few, length), function);
            if (refused == null) {
                usual = length;
                break;
            }
            first = first == null ? refused : first;
        }
        if (usual == 0) {
            throw Objects.requireNonNull(first);
        }
        int longest = LONGEST;
        if (refused(new Sizes(few, longest), function) != null) {
            int out = longest;
            longest = usual;
            while (out - longest > 1) {
                int middle = (longest + out) / 2;
                if (refused(new Sizes(few, middle), function) == null) {
                    longest = middle;
                } else {
                    out = middle;
                }
            }
        }
        List<Sizes> chosen = new ArrayList<>(List.of(new Sizes(few, longest)));
        for (int length = usual; length > 1 && chosen.size() < 3; length /= 2) {
            if (length < longest && refused(new Sizes(few, length), function) == null) {
                chosen.add(new Sizes(few, length));
            }
        }
        if (anyBatch) {
            chosen.add(new Sizes(3, longest));
            chosen.add(new Sizes(5, chosen.get(chosen.size() - 2).length));
        }
        return chosen;
    }

    private @Nullable RuntimeException refused(Sizes s, Function<Tensor[], Object> function) {
        try (Pass pass = Pass.trace(false, null)) {
            One.of(pass, specs, s, function);
            return null;
        } catch (IllegalArgumentException | NativeMemoryException e) {
            return e;
        }
    }

    // ---- one trace

    /** A trace: its tensors by number, and its calls by these numbers. */
    private record One(
            Map<Tensor, Integer> numbers,
            List<Tensor> tensors,
            BitSet constants,
            List<Tape.Entry> entries,
            List<int[]> ins,
            List<int[]> outs,
            List<String> names,
            List<Tensor> results) {
        static One of(Pass pass, List<Spec> specs, Sizes s, Function<Tensor[], Object> function) {
            One one = new One(
                    new IdentityHashMap<>(),
                    new ArrayList<>(),
                    new BitSet(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>(),
                    new ArrayList<>());
            Tensor[] in = specs.stream()
                    .map(spec -> pass.input(s.shape(spec), spec.dtype()))
                    .toArray(Tensor[]::new);
            for (Tensor t : in) {
                one.made(t);
            }
            ReturnedTensors.forEachNamed(function.apply(in), Tensor.class, (name, t) -> {
                one.names.add(name);
                one.results.add(t);
            });
            for (Tape.Entry e : pass.tape().entries()) {
                one.entries.add(e);
                one.ins.add(e.inputs().stream()
                        .mapToInt(t -> t == null ? -1 : one.number(t))
                        .toArray());
                one.outs.add(e.outputs().stream()
                        .mapToInt(t -> t == null ? -1 : one.made(t))
                        .toArray());
            }
            one.results.forEach(one::number);
            return one;
        }

        private int made(Tensor t) {
            numbers.put(t, tensors.size());
            tensors.add(t);
            return tensors.size() - 1;
        }

        /** The number of what no call made, too. */
        private int number(Tensor t) {
            Integer n = numbers.get(t);
            if (n != null) {
                return n;
            }
            constants.set(tensors.size());
            return made(t);
        }

        boolean alike(One other) {
            boolean same = tensors.size() == other.tensors.size()
                    && entries.size() == other.entries.size()
                    && constants.equals(other.constants)
                    && names.equals(other.names);
            for (int i = 0; same && i < entries.size(); i++) {
                same = entries.get(i)
                                .op()
                                .getClass()
                                .equals(other.entries.get(i).op().getClass())
                        && Arrays.equals(ins.get(i), other.ins.get(i))
                        && Arrays.equals(outs.get(i), other.outs.get(i));
            }
            return same;
        }
    }

    private void join(List<One> traces) {
        One first = traces.get(0);
        if (first.results.isEmpty()) {
            throw new IllegalArgumentException("export: the function returned no tensor; return what the file gives");
        }
        for (int i = 1; i < traces.size(); i++) {
            if (!first.alike(traces.get(i))) {
                throw new IllegalArgumentException("export: the function makes other calls at " + sizes.get(i)
                        + " than at " + sizes.get(0)
                        + "; a graph cannot choose its layers by its sizes, so name fixed ones in the specs");
            }
        }
        for (int v = 0; v < first.tensors.size(); v++) {
            int value = v;
            values.add(new Value(traces.stream().map(t -> t.tensors.get(value)).toList(), first.constants.get(v)));
        }
        BitSet needed = new BitSet();
        first.results.forEach(t -> needed.set(first.number(t)));
        for (int i = first.entries.size() - 1; i >= 0; i--) {
            int call = i;
            int[] out = Arrays.stream(first.outs.get(i))
                    .map(v -> v >= 0 && needed.get(v) ? v : -1)
                    .toArray();
            if (Arrays.stream(out).anyMatch(v -> v >= 0)) {
                Arrays.stream(first.ins.get(i)).filter(v -> v >= 0).forEach(needed::set);
                calls.add(
                        0,
                        new Call(
                                traces.stream()
                                        .map(t -> t.entries.get(call).op())
                                        .toList(),
                                first.entries.get(i).path(),
                                first.ins.get(i),
                                out));
            }
        }
        Arrays.setAll(inputs, i -> i);
        outputs = first.results.stream().mapToInt(first::number).toArray();
        outputNames = first.names;
    }

    @Override
    public void close() {
        for (int i = passes.size() - 1; i >= 0; i--) {
            passes.get(i).close();
        }
    }
}
