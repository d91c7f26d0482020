package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Unary;
import dev.fathom.op.Window;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Matrix products, convolutions and recurrent layers. */
final class Products {
    private Products() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "MatMul" -> Operator.one(s -> matmul(s, 1)).weight(1, Products::matrix);
            case "com.microsoft.FusedMatMul" ->
                Operator.one(Products::fusedMatmul)
                        .weight(1, (n, rank) -> number(n, "transB") != 0 ? Operator.inOrder(rank) : matrix(n, rank));
            case "Gemm" -> Operator.one(s -> gemm(s, null)).weight(1, Products::gemmOrder);
            case "com.microsoft.FusedGemm" ->
                Operator.one(s -> gemm(s, s.text("activation", ""))).weight(1, Products::gemmOrder);
            case "Einsum" ->
                Operator.one(s -> {
                    Tensor[] all = IntStream.range(0, s.in().length)
                            .mapToObj(s::floats)
                            .toArray(Tensor[]::new);
                    return Held.of(
                            Tensor.einsum(equation(s, all), all).to(s.type(0).dtype()), s.type(0));
                });
            case "Det" -> Operator.one(s -> determinants(s.array(0)));
            case "Conv" -> Operator.one(s -> conv(s, null)).weight(1, (n, rank) -> Held.last(rank));
            case "com.microsoft.FusedConv" ->
                Operator.one(s -> conv(s, s.text("activation", ""))).weight(1, (n, rank) -> Held.last(rank));
            case "ConvTranspose" -> Operator.one(Products::convTranspose);
            case "DeformConv" -> Operator.one(Products::deformed);
            case "CausalConvWithState" -> new Operator(Products::causal).weight(1, (n, rank) -> Held.last(rank));
            case "LSTM" -> new Operator(Recurrence::run);
            case "GRU" -> new Operator(Recurrence::run);
            case "RNN" -> new Operator(Recurrence::run);
            default -> null;
        };
    }

    private static long number(Node n, String attribute) {
        return n.attributes().get(attribute) instanceof Long x ? x : 0;
    }

    private static int[] matrix(Node n, int rank) {
        return rank == 2 ? new int[] {1, 0} : Operator.inOrder(rank);
    }

    private static int[] gemmOrder(Node n, int rank) {
        return number(n, "transB") != 0 ? Operator.inOrder(rank) : matrix(n, rank);
    }

    // ---- matrices

    private static Object matmul(Step s, float alpha) {
        if (s.value(0) instanceof PendingScores p) {
            Held y = p.of(s.held(1));
            return y == null ? matmul(s.held(0), s.held(1), alpha) : y;
        }
        if (s.value(1) instanceof Step.Weight w && w.dims().length == 2 && s.rank(0) > 1 && alpha == 1) {
            Tensor x = s.tensor(0);
            Operand b = w.in(1, 0);
            return linear(s, x, b);
        }
        PendingScores scores = s.isConstant(1) ? null : PendingScores.of(s.held(0), s.held(1), alpha);
        return scores == null ? matmul(s.held(0), s.held(1), alpha) : scores;
    }

    /** As numpy has it: a vector is a row on the left and a column on the right. */
    static Held matmul(Held a, Held b, float alpha) {
        Tensor x = a.channelsFirst().to(DType.F32);
        Tensor y = b.channelsFirst().to(DType.F32);
        int m = x.shape().rank();
        int n = y.shape().rank();
        Tensor z = (m == 1 ? x.unsqueeze(0) : x).matmul(n == 1 ? y.unsqueeze(1) : y);
        z = n == 1 ? z.squeeze(-1) : z;
        z = m == 1 ? z.squeeze(n == 1 ? -1 : -2) : z;
        return Held.of((alpha == 1 ? z : z.mul(alpha)).to(a.type().dtype()), a.type());
    }

    private static Object fusedMatmul(Step s) {
        float alpha = s.real("alpha", 1);
        boolean left = s.whole("transA", 0) != 0;
        boolean right = s.whole("transB", 0) != 0;
        if (s.whole("transBatchA", 0) != 0 || s.whole("transBatchB", 0) != 0) {
            throw new IllegalArgumentException(
                    "transBatchA and transBatchB are not computed; export the model without them");
        }
        if (!left && s.value(1) instanceof Step.Weight w && w.dims().length == 2 && s.rank(0) > 1) {
            Tensor x = s.tensor(0);
            Operand b = right ? w.in(0, 1) : w.in(1, 0);
            return alpha == 1 ? linear(s, x, b) : Held.of(x.linear(b, null).mul(alpha), ElementType.FLOAT);
        }
        PendingScores scores = left ? null : PendingScores.of(s.held(0), right ? swapped(s.held(1)) : s.held(1), alpha);
        if (scores != null) {
            return scores;
        }
        Held a = s.held(0).first();
        Held b = s.held(1).first();
        a = left ? a.with(a.tensor().transpose(-1, -2)) : a;
        if (right && !left) {
            Tensor y = a.tensor().matmulTransposed(b.tensor());
            return a.with(alpha == 1 ? y : y.mul(alpha));
        }
        return matmul(a, right ? b.with(b.tensor().transpose(-1, -2)) : b, alpha);
    }

    /** Returns the value with its last two dimensions exchanged. */
    private static Held swapped(Held x) {
        int[] order = Operator.inOrder(x.rank());
        int last = order.length - 1;
        if (last > 0) {
            order[last] = last - 1;
            order[last - 1] = last;
        }
        return x.transposed(order);
    }

    private static Object linear(Step s, Tensor x, Operand w) {
        return pending(s, dims(x, w), false, true, (bias, residual, a) -> x.linear(w, bias, residual, a));
    }

    /** Returns the dimensions of x W^T. */
    private static int[] dims(Tensor x, Operand w) {
        int[] dims = x.shape().toArray();
        dims[dims.length - 1] = w.value().dim(0);
        return dims;
    }

    static Object pending(Step s, int[] dims, boolean last, boolean takesBias, Pending.Kernel kernel) {
        Pending p = new Pending(s.node(), dims, last, takesBias, null, null, kernel);
        return s.fusible() ? p : p.end(null);
    }

    private static Object gemm(Step s, @Nullable String activation) {
        Held h = s.held(0).first();
        ElementType type = h.type();
        Tensor x = h.floats();
        boolean transposed = s.whole("transB", 0) != 0;
        boolean whole = type.whole();
        Operand w = whole
                ? s.floats(1).permute(transposed ? new int[] {0, 1} : new int[] {1, 0})
                : transposed ? s.weight(1, 0, 1) : s.weight(1, 1, 0);
        Tensor a = s.whole("transA", 0) != 0 ? x.permute(1, 0) : x;
        float alpha = s.real("alpha", 1);
        float beta = s.real("beta", 1);
        boolean vector = s.given(2) && s.rank(2) == 1 && s.size(2) == w.value().dim(0);
        if (alpha == 1 && !whole && (!s.given(2) || beta == 1 && vector)) {
            Operand own = s.vectorIfGiven(2);
            Pending.Kernel kernel = (bias, residual, act) -> a.linear(w, own, residual, act);
            return activated(pending(s, dims(a, w), false, false, kernel), activation, s);
        }
        Tensor y = a.linear(w, null);
        y = alpha == 1 ? y : y.mul(alpha);
        if (s.given(2) && beta != 0) {
            Tensor c = s.floats(2);
            y = y.add(beta == 1 ? c : c.mul(beta));
        }
        return activated(Held.of(y.to(type.dtype()), type), activation, s);
    }

    /** The activation that an optimizer wrote into the node of a product. */
    private static Object activated(Object product, @Nullable String activation, Step s) {
        if (activation == null || activation.isEmpty()) {
            return product;
        }
        float[] p = s.reals("activation_params");
        Activation a = switch (activation) {
            case "Relu" -> Activation.RELU;
            case "Sigmoid" -> Activation.SIGMOID;
            case "Tanh" -> Activation.TANH;
            case "HardSwish" -> Activation.HARD_SWISH;
            case "LeakyRelu" -> Activation.leakyRelu(p.length > 0 ? p[0] : s.real("activation_alpha", 0.01));
            case "Clip" -> new Activation(Unary.CLAMP, p[0], p[1]);
            default -> throw new IllegalArgumentException("the activation " + activation + " is not computed here");
        };
        return product instanceof Pending q
                ? q.end(a)
                : ((Held) product).with(Pass.apply(a, ((Held) product).tensor()));
    }

    /** An equation without its result has the letters that come once, in order. */
    private static String equation(Step s, Tensor... inputs) {
        String given = s.text("equation", "").replace(" ", "");
        if (!given.contains("...")) {
            return given;
        }
        String[] sides = given.split("->", -1);
        String[] terms = sides[0].split(",", -1);
        StringBuilder free = new StringBuilder();
        for (char c = 'A'; c <= 'Z'; c++) {
            free.append(given.indexOf(c) < 0 ? String.valueOf(c) : "");
        }
        int most = 0;
        for (int i = 0; i < terms.length; i++) {
            int hidden = inputs[i].shape().rank() - terms[i].replace("...", "").length();
            most = terms[i].contains("...") ? Math.max(most, hidden) : most;
        }
        String batch = free.substring(0, most);
        for (int i = 0; i < terms.length; i++) {
            int hidden = inputs[i].shape().rank() - terms[i].replace("...", "").length();
            terms[i] = terms[i].replace("...", batch.substring(Math.max(0, most - Math.max(0, hidden))));
        }
        String left = String.join(",", terms);
        if (sides.length > 1) {
            return left + "->" + sides[1].replace("...", batch);
        }
        String once = left.chars()
                .filter(c -> Character.isLetter(c) && left.indexOf(c) == left.lastIndexOf(c) && batch.indexOf(c) < 0)
                .sorted()
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return left + "->" + batch + once;
    }

    /** By elimination with pivots; the values are read, so that it runs in a pass and not in a plan. */
    private static Array determinants(Array x) {
        int rank = x.rank();
        int n = x.dims()[rank - 1];
        double[] all = x.reals();
        int count = all.length / Math.max(1, n * n);
        double[] found = new double[count];
        for (int k = 0; k < count; k++) {
            double[] a = Arrays.copyOfRange(all, k * n * n, (k + 1) * n * n);
            double det = 1;
            for (int c = 0; c < n; c++) {
                int pivot = c;
                for (int r = c + 1; r < n; r++) {
                    pivot = Math.abs(a[r * n + c]) > Math.abs(a[pivot * n + c]) ? r : pivot;
                }
                double p = a[pivot * n + c];
                det *= pivot == c ? p : -p;
                for (int j = 0; j < n && pivot != c; j++) {
                    double swapped = a[c * n + j];
                    a[c * n + j] = a[pivot * n + j];
                    a[pivot * n + j] = swapped;
                }
                for (int r = c + 1; r < n && p != 0; r++) {
                    double f = a[r * n + c] / p;
                    for (int j = c; j < n; j++) {
                        a[r * n + j] -= f * a[c * n + j];
                    }
                }
            }
            found[k] = det;
        }
        return Array.ofReals(x.type(), Arrays.copyOf(x.dims(), rank - 2), found);
    }

    // ---- convolutions

    private static Object conv(Step s, @Nullable String activation) {
        int rank = s.rank(0) - 2;
        Tensor x = s.channelsLast(0);
        Operand w = s.weight(1, Held.last(rank + 2));
        int[] kernel = s.wholes("kernel_shape", Arrays.copyOfRange(s.dims(1), 2, rank + 2));
        Window window = Windows.of(s, kernel, spatial(s.dims(0)));
        int groups = (int) s.whole("group", 1);
        Operand own = s.vectorIfGiven(2);
        int[] dims = s.dims(0).clone();
        dims[1] = w.value().dim(0);
        for (int d = 0; d < rank; d++) {
            dims[d + 2] = window.axis(d).outputs(dims[d + 2]);
        }
        Object y = pending(s, dims, true, false, (bias, residual, a) -> x.conv(w, own, window, groups, residual, a));
        if (s.given(3) && activation != null) { // of FusedConv: what is added before the activation
            Tensor z = s.channelsLast(3);
            y = y instanceof Pending p
                    ? p.withResidual(z)
                    : ((Held) y).with(((Held) y).tensor().add(z));
        }
        return activated(y, activation, s);
    }

    static int[] spatial(int... dims) {
        return Arrays.copyOfRange(dims, 2, dims.length);
    }

    private static Object convTranspose(Step s) {
        int[] dims = s.dims(0);
        int rank = dims.length - 2;
        int groups = (int) s.whole("group", 1);
        int[] filter = s.dims(1); // [C, K / groups, taps..]
        int[] kernel = s.wholes("kernel_shape", spatial(filter));
        int[] strides = s.wholes("strides", Windows.ones(rank));
        int[] dilations = s.wholes("dilations", Windows.ones(rank));
        int[] extra = s.wholes("output_padding", new int[rank]);
        int[] sizes = s.wholes("output_shape");
        sizes = sizes.length > rank ? Arrays.copyOfRange(sizes, sizes.length - rank, sizes.length) : sizes;
        String auto = s.text("auto_pad", "NOTSET");
        int[] given = s.wholes("pads", new int[2 * rank]);
        int[] pads = new int[2 * rank];
        int[] more = new int[rank];
        for (int d = 0; d < rank; d++) {
            int full = strides[d] * (dims[d + 2] - 1) + dilations[d] * (kernel[d] - 1) + 1;
            int all;
            int before;
            if (sizes.length > 0 || auto.startsWith("SAME")) {
                int size = sizes.length > 0 ? sizes[d] : dims[d + 2] * strides[d];
                all = full + extra[d] - size;
                more[d] = extra[d] + Math.max(0, -all);
                all = Math.max(0, all);
                before = auto.equals("SAME_UPPER") ? all / 2 : all - all / 2;
            } else {
                all = auto.equals("NOTSET") ? given[d] + given[d + rank] : 0;
                before = auto.equals("NOTSET") ? given[d] : 0;
                more[d] = extra[d];
            }
            pads[2 * d] = before;
            pads[2 * d + 1] = all - before;
        }
        // places that the padding cuts off and the output padding adds again are computed and then cut
        Window window = Windows.of(kernel).stride(strides).dilation(dilations);
        int[] cut = pads.clone();
        boolean within = IntStream.range(0, rank).allMatch(d -> more[d] < Math.max(strides[d], dilations[d]));
        Operand w = s.weight(1, Held.last(rank + 2));
        Tensor y;
        if (within && rank < 3) {
            y = s.channelsLast(0).convTransposed(w, window.pad(cut), groups, more);
        } else {
            y = rank < 3
                    ? s.channelsLast(0).convTransposed(w, window, groups, new int[rank])
                    : volumes(s.channelsLast(0), s.tensor(1), window, groups);
            for (int d = 0; d < rank; d++) {
                int end = y.dim(d + 1) - cut[2 * d + 1] + more[d];
                y = end > y.dim(d + 1) ? y.pad(d + 1, 0, 0, end - y.dim(d + 1)) : y;
                y = y.slice(d + 1, cut[2 * d], end);
            }
        }
        return Held.ofLast(s.given(2) ? y.add(s.vector(2).value()) : y, ElementType.FLOAT);
    }

    /**
     * The transposed convolution of volumes x [n, d, h, w, c] with filters [c, k / groups, taps..] as a convolution of
     * x with zeros between its elements with the turned filters.
     */
    private static Tensor volumes(Tensor x, Tensor filters, Window window, int groups) {
        int[] f = filters.shape().toArray();
        int[] pads = new int[6];
        int[] dilations = new int[3];
        Tensor wide = x;
        for (int d = 0; d < 3; d++) {
            int[] dims = wide.shape().toArray();
            int n = dims[d + 1];
            int stride = window.axis(d).stride();
            dims[d + 1] *= stride;
            dilations[d] = window.axis(d).dilation();
            pads[2 * d] = dilations[d] * (f[d + 2] - 1);
            pads[2 * d + 1] = pads[2 * d];
            wide = wide.unsqueeze(d + 2)
                    .pad(d + 2, 0, 0, stride - 1)
                    .reshape(dims)
                    .slice(d + 1, 0, (n - 1) * stride + 1);
        }
        Tensor turned = filters.reshape(groups, f[0] / groups, f[1], f[2], f[3], f[4])
                .permute(0, 2, 3, 4, 5, 1)
                .reshape(groups * f[1], f[2], f[3], f[4], f[0] / groups)
                .flip(1, 2, 3);
        return wide.conv(
                turned, null, Windows.of(f[2], f[3], f[4]).dilation(dilations).pad(pads), groups);
    }

    /** A convolution whose taps lie beside their places, each by an offset of its own (Zhu et al. 2018). */
    private static Object deformed(Step s) {
        Tensor x = s.channelsLast(0);
        Tensor offset = s.tensor(2); // [n, offset groups taps rank, places..]
        int[] filter = s.dims(1);
        int rank = filter.length - 2;
        int n = x.dim(0);
        int channels = x.dim(rank + 1);
        int taps = Shapes.product(filter, 2, rank + 2);
        int[] out = spatial(offset.shape().toArray());
        int places = Shapes.product(out, 0, rank);
        int parts = (int) s.whole("offset_group", 1);
        Tensor offsets = offset.reshape(n, parts, taps, rank, places);
        Tensor[] sampled = new Tensor[parts];
        for (int p = 0; p < parts; p++) {
            Tensor[] at = new Tensor[rank];
            for (int d = 0; d < rank; d++) {
                at[d] = offsets.slice(1, p, p + 1)
                        .slice(3, d, d + 1)
                        .reshape(n, taps, places)
                        .add(undeformed(s, d, spatial(filter), out));
            }
            int from = p * channels / parts;
            int to = (p + 1) * channels / parts;
            Tensor y = GridSampling.between(x.slice(rank + 1, from, to), at);
            sampled[p] = s.given(4)
                    ? y.mul(s.tensor(4)
                            .reshape(n, parts, taps, places)
                            .slice(1, p, p + 1)
                            .reshape(n, taps, places, 1))
                    : y;
        }
        // a convolution of taps that lie beside each other
        Tensor all = Tensor.concat(3, sampled).permute(0, 2, 1, 3); // [n, places, taps, c]
        Tensor w = s.tensor(1).reshape(filter[0], filter[1], taps).permute(0, 2, 1);
        Tensor y = all.reshape(n, places * taps, channels)
                .conv(w, s.vectorIfGiven(3), Window.line(taps).stride(taps), (int) s.whole("group", 1));
        return Held.ofLast(
                y.reshape(Places.concat(Places.concat(new int[] {n}, out), new int[] {filter[0]})), s.type(0));
    }

    /** The places [1, taps, places] of taps along a dimension, without offsets. */
    private static Tensor undeformed(Step s, int d, int[] kernel, int[] out) {
        int stride = s.wholes("strides", Windows.ones(out.length))[d];
        int dilation = s.wholes("dilations", Windows.ones(out.length))[d];
        int pad = s.wholes("pads", new int[2 * out.length])[d];
        int taps = Shapes.product(kernel, 0, kernel.length);
        int places = Shapes.product(out, 0, out.length);
        int tap = Array.strides(kernel)[d];
        int place = Array.strides(out)[d];
        float[] at = new float[taps * places];
        for (int i = 0; i < at.length; i++) {
            at[i] = i % places / place % out[d] * stride - pad + i / places / tap % kernel[d] * dilation;
        }
        return Tensor.of(at, 1, taps, places);
    }

    /** Each channel by itself, over its last steps, the last of which are returned for the next call. */
    private static Object[] causal(Step s) {
        Tensor x = s.tensor(0); // [n, c, length]
        int channels = x.dim(1);
        int k = s.dims(1)[2];
        Tensor all = s.given(3) ? Tensor.concat(2, s.tensor(3), x) : x.pad(2, 0, k - 1, 0);
        Activation activation = switch (s.text("activation", "none")) {
            case "none" -> null;
            case "silu", "swish" -> Activation.SILU;
            default ->
                throw new IllegalArgumentException("activation " + s.text("activation", "") + " is not computed");
        };
        Tensor y = all.permute(0, 2, 1)
                .conv(s.weight(1, Held.last(3)), s.vectorIfGiven(2), Window.line(k), channels, null, activation);
        Held state = Held.of(all.slice(2, all.dim(2) - k + 1, all.dim(2)), s.type(0));
        return new Object[] {Held.ofLast(y, s.type(0)), state};
    }
}
