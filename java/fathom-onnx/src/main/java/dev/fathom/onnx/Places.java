package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.op.Order;
import dev.fathom.op.Scatter;
import dev.fathom.tensor.Sorted;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What finds, takes and puts elements by their places. */
final class Places {
    private Places() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "Gather" -> Operator.one(Places::gather);
            case "GatherElements" ->
                Operator.one(s -> {
                    Held x = s.held(0).first();
                    int axis = Step.axis(s.whole("axis", 0), x.rank());
                    return x.with(x.tensor().gatherElements(axis, within(s, s.tensor(1), x.dims()[axis])));
                });
            case "GatherND" -> Operator.one(Places::gatherNd);
            case "Scatter", "ScatterElements" ->
                Operator.one(s -> {
                    Held x = s.held(0).first();
                    int axis = Step.axis(s.whole("axis", 0), x.rank());
                    Tensor at = within(s, s.tensor(1), x.dims()[axis]);
                    return x.with(x.tensor().scatterElements(axis, at, s.tensor(2), reduction(s)));
                });
            case "ScatterND" -> Operator.one(Places::scatterNd);
            case "TensorScatter" -> Operator.one(Places::tensorScatter);
            case "ai.onnx.ml.ArrayFeatureExtractor" ->
                Operator.one(s -> {
                    Held x = s.held(0).first();
                    Tensor at = s.tensor(1);
                    Tensor y = x.tensor().take(x.rank() - 1, at.reshape((int) at.size()));
                    return x.with(x.rank() == 1 ? y.unsqueeze(0) : y);
                });
            case "TopK" -> new Operator(Places::topk).settings(1);
            case "ArgMax" -> Operator.one(s -> best(s, true));
            case "ArgMin" -> Operator.one(s -> best(s, false));
            case "CumSum" ->
                Operator.one(s -> {
                            Held x = s.held(0).first();
                            int axis = Step.axis(s.array(1).longs()[0], x.rank());
                            boolean back = s.whole("reverse", 0) != 0;
                            Tensor t = back ? x.tensor().flip(axis) : x.tensor();
                            Tensor y = t.cumsum(axis);
                            y = s.whole("exclusive", 0) != 0 ? y.sub(t) : y;
                            return x.with(back ? y.flip(axis) : y);
                        })
                        .settings(1);
            case "CumProd" -> Operator.one(Places::cumulatedProduct).settings(1);
            case "OneHot" -> Operator.one(Places::oneHot);
            case "NonZero" ->
                Operator.one(s -> {
                    Array a = s.array(0);
                    double[] x = a.reals();
                    int rank = Math.max(1, a.rank());
                    List<int[]> found = new ArrayList<>();
                    int[] strides = Array.strides(a.dims());
                    for (int i = 0; i < x.length; i++) {
                        if (x[i] != 0) {
                            int[] at = new int[rank];
                            for (int d = 0; d < a.rank(); d++) {
                                at[d] = i / strides[d] % a.dims()[d];
                            }
                            found.add(at);
                        }
                    }
                    int n = found.size();
                    return new Array(
                            ElementType.INT64,
                            new int[] {a.rank(), n},
                            IntStream.range(0, a.rank() * n)
                                    .mapToLong(i -> found.get(i % n)[i / n])
                                    .toArray());
                });
            case "Compress" ->
                Operator.one(s -> {
                    long[] mask = s.array(1).longs();
                    int[] kept = IntStream.range(0, mask.length)
                            .filter(i -> mask[i] != 0)
                            .toArray();
                    Held x = s.held(0).first();
                    Tensor t = s.has("axis")
                            ? x.tensor()
                            : x.tensor().reshape((int) x.tensor().size());
                    int axis = s.has("axis") ? Step.axis(s.whole("axis", 0), x.rank()) : 0;
                    return x.with(t.take(axis, Tensor.ofInts(kept, kept.length)));
                });
            case "Unique" -> new Operator(Places::unique);
            case "NonMaxSuppression" -> Operator.one(Suppression::of);
            default -> null;
        };
    }

    private static Object gather(Step s) {
        int axis = Step.axis(s.whole("axis", 0), s.rank(0));
        if (s.allKnown()) {
            return s.array(0).gathered(axis, s.array(1));
        }
        if (s.value(0) instanceof Step.Weight w && !w.type().whole() && w.dims().length == 2 && axis == 0) {
            return Held.of(s.tensor(1).embedding(s.weight(0, 0, 1), null), w.type());
        }
        Held x = s.held(0);
        if (s.known(1) && s.array(1).size() == 1 && (!s.sized() || s.rank(1) == 0)) { // one place is a slice
            int n = x.dims()[axis];
            long at = s.array(1).longs()[0];
            Held part = Step.held(Shapes.sliced(x, axis, (int) (at < 0 ? at + n : at), 1, 1));
            return s.array(1).rank() == 0
                    ? part.first().with(part.channelsFirst().squeeze(axis))
                    : s.array(1).rank() == 1
                            ? part
                            : part.first()
                                    .with(part.channelsFirst()
                                            .take(axis, s.tensor(1).mul(0)));
        }
        return Held.of(x.channelsFirst().take(axis, s.tensor(1)), x.type());
    }

    /** Places of a dimension, counted from its front, of which one outside is refused. */
    private static Tensor within(Step s, Tensor at, int n) {
        Tensor witness = s.scope().witness;
        Tensor all = witness == null || s.isConstant(1) || n == 0 ? Tensor.arange(n) : CountOp.from0(n, witness);
        return all.take(0, at);
    }

    static Scatter reduction(Step s) {
        return switch (s.text("reduction", "none")) {
            case "none" -> Scatter.SET;
            case "add" -> Scatter.ADD;
            case "mul" -> Scatter.MUL;
            case "max" -> Scatter.MAX;
            case "min" -> Scatter.MIN;
            default ->
                throw new IllegalArgumentException("the reduction " + s.text("reduction", "") + " is not computed");
        };
    }

    /** The places of tuples of indices [.., k] in the first k of these dimensions, one behind the other. */
    private static Tensor flat(Step s, Tensor tuples, int... dims) {
        int k = tuples.dim(-1);
        int last = tuples.shape().rank() - 1;
        Tensor at = null;
        for (int i = 0; i < k; i++) {
            Tensor one = within(s, tuples.slice(last, i, i + 1).squeeze(last), dims[i]);
            at = at == null ? one : at.mul(s.number(dims[i])).add(one);
        }
        if (at == null) {
            throw new IllegalArgumentException("the index tuples are empty; give at least one index in each");
        }
        return at;
    }

    private static Object gatherNd(Step s) {
        Held x = s.held(0).first();
        Tensor tuples = s.tensor(1);
        int batch = (int) s.whole("batch_dims", 0);
        int[] dims = x.dims();
        int[] index = tuples.shape().toArray();
        int k = index[index.length - 1];
        int rows = Shapes.product(dims, 0, batch);
        int within = Shapes.product(dims, batch, batch + k);
        Tensor at = flat(s, tuples, Arrays.copyOfRange(dims, batch, batch + k));
        int each = Shapes.product(index, batch, index.length - 1);
        if (batch > 0) {
            at = at.reshape(rows, each).add(s.count(rows).unsqueeze(1).mul(s.number(within)));
        }
        int[] inner = Arrays.copyOfRange(dims, batch + k, dims.length);
        int[] from = concat(new int[] {rows * within}, inner);
        int[] to = concat(Arrays.copyOf(index, index.length - 1), inner);
        return x.with(x.tensor().reshape(from).take(0, at.reshape(rows * each)).reshape(to));
    }

    private static Object scatterNd(Step s) {
        Held x = s.held(0).first();
        Tensor tuples = s.tensor(1);
        int[] dims = x.dims();
        int k = tuples.dim(-1);
        int rows = Shapes.product(dims, 0, k);
        int inner = Shapes.product(dims, k, dims.length);
        Tensor at = flat(s, tuples, Arrays.copyOf(dims, k));
        int n = (int) at.size();
        Tensor y = x.tensor()
                .reshape(rows, inner)
                .scatter(0, at.reshape(n), s.tensor(2).reshape(n, inner), reduction(s));
        return x.with(y.reshape(dims));
    }

    /** New rows of a cache [batch, .., length, ..] from a place of each batch on. */
    private static Object tensorScatter(Step s) {
        Held x = s.held(0).first();
        int axis = Step.axis(s.whole("axis", -2), x.rank());
        int[] dims = x.dims();
        Tensor rows = s.tensor(1);
        int added = rows.dim(axis);
        int n = dims[0];
        Tensor first = s.given(2) ? s.tensor(2).reshape(n, 1) : Tensor.ofInts(new int[n], n, 1);
        Tensor at = first.add(Tensor.ofInts(Operator.inOrder(added), 1, added));
        at = s.text("mode", "linear").equals("circular") ? at.mod(dims[axis]) : within(s, at, dims[axis]);
        int[] ones = Windows.ones(dims.length);
        ones[0] = n;
        ones[axis] = added;
        return x.with(x.tensor()
                .scatterElements(axis, at.reshape(ones).expand(rows.shape().toArray()), rows, Scatter.SET));
    }

    static int[] concat(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    // ---- order

    private static Object[] topk(Step s) {
        Held x = s.held(0).first();
        int axis = Step.axis(s.whole("axis", -1), x.rank());
        int k = s.given(1) ? s.array(1).ints()[0] : (int) s.whole("k", 1);
        Tensor t = x.tensor();
        Tensor at;
        Tensor values;
        if (s.whole("largest", 1) != 0) {
            Sorted best = t.topk(axis, k);
            values = best.values();
            at = best.indices();
        } else {
            Sorted all = t.sort(axis, Order.ASCENDING);
            values = all.values().slice(axis, 0, k);
            at = all.indices().slice(axis, 0, k);
        }
        return new Object[] {x.with(values), Held.of(at, ElementType.INT64)};
    }

    private static Object best(Step s, boolean largest) {
        Held x = s.held(0).first();
        int axis = Step.axis(s.whole("axis", 0), x.rank());
        Tensor t = x.tensor();
        boolean last = s.whole("select_last_index", 0) != 0;
        t = last ? t.flip(axis) : t;
        Tensor at = largest ? t.argmax(axis) : t.argmin(axis);
        at = last ? at.neg().add(x.dims()[axis] - 1) : at;
        return Held.of(s.whole("keepdims", 1) != 0 ? at.unsqueeze(axis) : at, ElementType.INT64);
    }

    private static Object cumulatedProduct(Step s) {
        Held x = s.held(0).first();
        int axis = Step.axis(s.array(1).longs()[0], x.rank());
        boolean back = s.whole("reverse", 0) != 0;
        boolean exclusive = s.whole("exclusive", 0) != 0;
        Tensor t = back ? x.tensor().flip(axis) : x.tensor();
        int n = t.dim(axis);
        List<Tensor> parts = new ArrayList<>();
        Tensor product = null;
        for (int i = 0; i < n; i++) {
            Tensor one = t.slice(axis, i, i + 1);
            Tensor next = product == null ? one : product.mul(one);
            parts.add(
                    !exclusive
                            ? next
                            : product == null
                                    ? one.sub(one)
                                            .add(Array.of(x.type(), new int[0], 1)
                                                    .tensor())
                                    : product);
            product = next;
        }
        Tensor y = Tensor.concat(axis, parts.toArray(Tensor[]::new));
        return x.with(back ? y.flip(axis) : y);
    }

    /** Indices may be negative or of any type of numbers, and those outside have no one. */
    private static Object oneHot(Step s) {
        int depth = (int) s.array(1).real();
        Held values = s.held(2);
        Tensor at = s.tensor(0).to(DType.I32);
        int rank = at.shape().rank();
        int axis = Step.axis(s.whole("axis", -1), rank + 1);
        at = at.lt(0).where(at.add(depth), at);
        int[] dims = Windows.ones(rank + 1);
        dims[axis] = depth;
        Tensor hot = at.unsqueeze(axis).eq(Tensor.arange(depth).reshape(dims));
        Tensor off = values.tensor().slice(0, 0, 1);
        Tensor on = values.tensor().slice(0, 1, 2);
        return values.with(hot.where(on, off));
    }

    // ---- sets

    private static Object[] unique(Step s) {
        Array x = s.array(0);
        boolean flat = !s.has("axis");
        int axis = flat ? 0 : Step.axis(s.whole("axis", 0), x.rank());
        Array rows = flat ? x.reshaped(x.size()) : x;
        int n = rows.dims()[axis];
        boolean sorted = s.whole("sorted", 1) != 0;
        TreeMap<Array, List<Integer>> found = new TreeMap<>(Places::compare);
        List<Array> order = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            Array one = rows.sliced(axis, i, 1, 1);
            if (!found.containsKey(one)) {
                order.add(one);
            }
            found.computeIfAbsent(one, o -> new ArrayList<>()).add(i);
        }
        if (sorted) {
            order = new ArrayList<>(found.keySet());
        }
        long[] first = new long[order.size()];
        long[] inverse = new long[n];
        long[] counts = new long[order.size()];
        for (int i = 0; i < first.length; i++) {
            List<Integer> at = found.getOrDefault(order.get(i), List.of());
            first[i] = at.get(0);
            counts[i] = at.size();
            for (int j : at) {
                inverse[j] = i;
            }
        }
        Array values = order.isEmpty() ? rows : Array.concatenated(axis, order);
        return new Object[] {values, Array.longs(first), Array.longs(inverse), Array.longs(counts)};
    }

    private static int compare(Array a, Array b) {
        if (a.values() instanceof String[] x && b.values() instanceof String[] y) {
            return Arrays.compare(x, y);
        }
        return a.values() instanceof long[] x && b.values() instanceof long[] y
                ? Arrays.compare(x, y)
                : Arrays.compare(a.reals(), b.reals());
    }
}
