package dev.fathom.tensor;

import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Scatter;
import dev.fathom.op.Window;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A dense row-major array of doubles: what the references of the op table compute with. Slow, plain, and without any
 * trick.
 */
public record Doubles(double[] v, int... dims) {
    /** A number as a scalar. */
    public static Doubles scalar(double x) {
        return new Doubles(new double[] {x});
    }

    /** Float values in a shape. */
    public static Doubles of(float[] values, int... dims) {
        double[] v = new double[values.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = values[i];
        }
        return new Doubles(v, dims);
    }

    /** Dimension {@code i}; negative numbers count from the end. */
    public int dim(int i) {
        return dims[i < 0 ? i + dims.length : i];
    }

    /** f of every element. */
    public Doubles map(DoubleUnaryOperator f) {
        return new Doubles(Arrays.stream(v).map(f).toArray(), dims);
    }

    /** f(a, b) of every pair, with NumPy's broadcasting. */
    public Doubles zip(Doubles b, DoubleBinaryOperator f) {
        int rank = Math.max(dims.length, b.dims.length);
        int[] out = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int da = i <= dims.length ? dim(-i) : 1;
            int db = i <= b.dims.length ? b.dim(-i) : 1;
            out[rank - i] = da == 1 ? db : da;
        }
        return each(out, index -> f.applyAsDouble(stretched(index), b.stretched(index)));
    }

    private double stretched(int[] index) {
        int flat = 0;
        for (int i = 0; i < dims.length; i++) {
            flat = flat * dims[i] + (dims[i] == 1 ? 0 : index[index.length - dims.length + i]);
        }
        return v[flat];
    }

    /** [.., m, k] [k, n] = [.., m, n]. */
    public Doubles matmul(Doubles b) {
        int k = b.dims[0];
        int n = b.dims[1];
        int m = size(Arrays.copyOf(dims, dims.length - 1));
        int[] out = dims.clone();
        out[out.length - 1] = n;
        Doubles y = new Doubles(new double[m * n], out);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int p = 0; p < k; p++) {
                    y.v[i * n + j] += v[i * k + p] * b.v[p * n + j];
                }
            }
        }
        return y;
    }

    /** A matrix with rows and columns exchanged. */
    public Doubles transposed() {
        Doubles y = new Doubles(new double[v.length], dims[1], dims[0]);
        for (int i = 0; i < dims[0]; i++) {
            for (int j = 0; j < dims[1]; j++) {
                y.v[j * dims[0] + i] = v[i * dims[1] + j];
            }
        }
        return y;
    }

    /** f of the elements along {@code axes} (all without any), in row-major order, for every place along the others. */
    public Doubles reduce(ToDoubleFunction<double[]> f, int... axes) {
        boolean[] gone = new boolean[dims.length];
        if (axes.length == 0) {
            Arrays.fill(gone, true);
        }
        for (int a : axes) {
            gone[a < 0 ? a + dims.length : a] = true;
        }
        int[] out = new int[dims.length];
        int rank = 0;
        int r = 1;
        for (int i = 0; i < dims.length; i++) {
            if (gone[i]) {
                r *= dims[i];
            } else {
                out[rank++] = dims[i];
            }
        }
        out = Arrays.copyOf(out, rank);
        double[][] groups = new double[size(out)][r];
        int[] filled = new int[groups.length];
        int[] index = new int[dims.length];
        for (double x : v) {
            int g = 0;
            for (int i = 0; i < dims.length; i++) {
                if (!gone[i]) {
                    g = g * dims[i] + index[i];
                }
            }
            groups[g][filled[g]++] = x;
            next(index, dims);
        }
        return new Doubles(Arrays.stream(groups).mapToDouble(f).toArray(), out);
    }

    /** f of every line along an axis, put back where the line was. */
    public Doubles along(int axis, UnaryOperator<double[]> f) {
        int a = axis < 0 ? axis + dims.length : axis;
        int inner = size(Arrays.copyOfRange(dims, a + 1, dims.length));
        int r = dims[a];
        Doubles y = new Doubles(new double[v.length], dims);
        for (int start = 0; start < v.length; start++) {
            if (start / inner % r != 0) {
                continue;
            }
            double[] line = new double[r];
            for (int j = 0; j < r; j++) {
                line[j] = v[start + j * inner];
            }
            line = f.apply(line);
            for (int j = 0; j < r; j++) {
                y.v[start + j * inner] = line[j];
            }
        }
        return y;
    }

    /** These elements in another shape. */
    public Doubles reshape(int... to) {
        return new Doubles(v.clone(), to);
    }

    /** Rows of the leading dimension. */
    public Doubles slice(int from, int to) {
        int row = v.length / dims[0];
        int[] out = dims.clone();
        out[0] = to - from;
        return new Doubles(Arrays.copyOfRange(v, from * row, to * row), out);
    }

    /** The dimensions in another order. */
    public Doubles permute(int... order) {
        int[] out = Arrays.stream(order).map(i -> dims[i]).toArray();
        return each(out, index -> {
            int[] from = new int[out.length];
            for (int d = 0; d < out.length; d++) {
                from[order[d]] = index[d];
            }
            return at(from);
        });
    }

    /** f of the index of every place of a result of these dimensions. */
    static Doubles each(int[] dims, ToDoubleFunction<int[]> f) {
        Doubles y = new Doubles(new double[size(dims)], dims);
        int[] index = new int[dims.length];
        for (int i = 0; i < y.v.length; i++) {
            y.v[i] = f.applyAsDouble(index);
            next(index, dims);
        }
        return y;
    }

    /** The element at an index. */
    double at(int... index) {
        int flat = 0;
        for (int d = 0; d < dims.length; d++) {
            flat = flat * dims[d] + index[d];
        }
        return v[flat];
    }

    /** Places beside the dimensions between the first and the last, the sides as {@link Tensor#pad} takes them. */
    public Doubles pad(PadMode mode, double value, int... sides) {
        int[] out = dims.clone();
        int spatial = sides.length / 2;
        for (int d = 0; d < spatial; d++) {
            out[dims.length - 2 - d] += sides[2 * d] + sides[2 * d + 1];
        }
        return each(out, index -> {
            int[] from = index.clone();
            for (int d = 0; d < spatial; d++) {
                int axis = dims.length - 2 - d;
                int n = dims[axis];
                int p = index[axis] - sides[2 * d];
                if (mode == PadMode.ZEROS && (p < 0 || p >= n)) {
                    return value;
                }
                int turn = n == 1 ? 0 : Math.floorMod(p, 2 * n - 2); // up and down between two mirrors
                from[axis] = switch (mode) {
                    case ZEROS -> p;
                    case REPLICATE -> Math.min(Math.max(p, 0), n - 1);
                    case REFLECT -> Math.min(turn, 2 * n - 2 - turn);
                    case CIRCULAR -> Math.floorMod(p, n);
                };
            }
            return at(from);
        });
    }

    /**
     * What a pool makes of the values that a window sees, their places in the image, and how many of its taps lie on
     * the image or its padding.
     */
    interface Pooling {
        double of(double[] seen, int[] at, int places);
    }

    /** A pool over the dimensions between the first and the last. */
    public Doubles pool(Window w, Pooling f) {
        int all = (int) w.taps();
        return each(outputs(w, dim(-1)), index -> {
            double[] seen = new double[all];
            int[] at = new int[all];
            int inside = 0;
            int places = 0;
            for (int tap = 0; tap < all; tap++) {
                int[] from = index.clone();
                boolean here = true;
                boolean padded = true;
                int place = 0;
                for (int d = 0, left = all; d < w.rank(); d++) {
                    Window.Axis a = w.axis(d);
                    int size = dims[d + 1];
                    left /= a.kernel();
                    from[d + 1] = index[d + 1] * a.stride() - a.before(size) + tap / left % a.kernel() * a.dilation();
                    here &= from[d + 1] >= 0 && from[d + 1] < size;
                    padded &= from[d + 1] < size + a.after(size);
                    place = place * size + from[d + 1];
                }
                places += padded ? 1 : 0;
                if (here) {
                    at[inside] = place;
                    seen[inside++] = at(from);
                }
            }
            return f.of(Arrays.copyOf(seen, inside), at, places);
        });
    }

    /** Other sizes for the dimensions between the first and the last. */
    public Doubles resize(Resize mode, int... size) {
        Doubles y = this;
        for (int d = 0; d < size.length; d++) {
            y = y.resize(mode, d + 1, size[d]);
        }
        return y;
    }

    private Doubles resize(Resize mode, int axis, int m) {
        int n = dims[axis];
        int[] out = dims.clone();
        out[axis] = m;
        return each(out, index -> {
            int o = index[axis];
            double at = mode == Resize.LINEAR_CORNERS
                    ? (m == 1 ? 0 : (double) o * (n - 1) / (m - 1))
                    : (o + 0.5) * n / m - 0.5;
            double near = Math.min(Math.max(at, 0), n - 1);
            double sum = 0;
            double weights = 0;
            for (int i = 0; i < n; i++) {
                double weight = switch (mode) {
                    case NEAREST -> i * m <= o * n && o * n < (i + 1) * m ? 1 : 0;
                    case AREA -> i * m < (o + 1) * n && o * n < (i + 1) * m ? 1 : 0;
                    case LINEAR, LINEAR_CORNERS -> Math.max(0, 1 - Math.abs(near - i));
                };
                int[] from = index.clone();
                from[axis] = i;
                sum += weight == 0 ? 0 : weight * at(from);
                weights += weight;
            }
            return sum / weights;
        });
    }

    /** The places of an axis that an index of any shape names. */
    public Doubles take(int axis, Doubles index) {
        int outer = size(Arrays.copyOf(dims, axis));
        int inner = size(Arrays.copyOfRange(dims, axis + 1, dims.length));
        int[] out = IntStream.concat(
                        IntStream.concat(IntStream.of(Arrays.copyOf(dims, axis)), IntStream.of(index.dims)),
                        IntStream.of(Arrays.copyOfRange(dims, axis + 1, dims.length)))
                .toArray();
        int rows = index.v.length;
        Doubles y = new Doubles(new double[outer * rows * inner], out);
        for (int i = 0; i < y.v.length; i++) {
            int row = (int) index.v[i / inner % rows];
            y.v[i] = v[(i / inner / rows * dims[axis] + row) * inner + i % inner];
        }
        return y;
    }

    /** Zeros with {@code size} places along an axis, to which each element is added where the index sends it. */
    public Doubles indexAdd(int axis, Doubles index, int size) {
        int after = axis + index.dims.length;
        int inner = size(Arrays.copyOfRange(dims, after, dims.length));
        int[] out = IntStream.concat(
                        IntStream.concat(IntStream.of(Arrays.copyOf(dims, axis)), IntStream.of(size)),
                        IntStream.of(Arrays.copyOfRange(dims, after, dims.length)))
                .toArray();
        int rows = index.v.length;
        Doubles y = new Doubles(new double[size(out)], out);
        for (int i = 0; i < v.length; i++) {
            int row = (int) index.v[i / inner % rows];
            y.v[(i / inner / rows * size + row) * inner + i % inner] += v[i];
        }
        return y;
    }

    static double asinh(double x) {
        double t = Math.abs(x);
        return Math.copySign(t > 1e9 ? Math.log(2 * t) : Math.log1p(t + t * t / (1 + Math.sqrt(1 + t * t))), x);
    }

    /** These with updates joined to them where the index sends them, rows of them or each element alone. */
    public Doubles scatter(int axis, Doubles index, Doubles updates, Scatter how, boolean elements) {
        Doubles y = new Doubles(v.clone(), dims);
        int inner = size(Arrays.copyOfRange(dims, axis + 1, dims.length));
        for (int i = 0; i < updates.v.length; i++) {
            int number = (int) index.v[elements ? i : i / inner % index.v.length];
            int at = elements
                    ? place(updates.dims, i, axis, number)
                    : (i / inner / index.v.length * dims[axis] + number) * inner + i % inner;
            y.v[at] = switch (how) {
                case SET -> updates.v[i];
                case ADD -> y.v[at] + updates.v[i];
                case MUL -> y.v[at] * updates.v[i];
                case MAX -> Math.max(y.v[at], updates.v[i]);
                case MIN -> Math.min(y.v[at], updates.v[i]);
            };
        }
        return y;
    }

    /** Of each element of the index, the value at the place along an axis that it names. */
    public Doubles gatherElements(int axis, Doubles index) {
        Doubles y = new Doubles(new double[index.v.length], index.dims);
        for (int i = 0; i < y.v.length; i++) {
            y.v[i] = v[place(index.dims, i, axis, (int) index.v[i])];
        }
        return y;
    }

    /** Where element i of an array of other dimensions lies here, with {@code number} along the axis. */
    private int place(int[] other, int i, int axis, int number) {
        int at = 0;
        for (int d = 0; d < dims.length; d++) {
            int own = i / size(Arrays.copyOfRange(other, d + 1, other.length)) % other[d];
            at = at * dims[d] + (d == axis ? number : own);
        }
        return at;
    }

    /** The parts one after the other along an axis. */
    public static Doubles concat(int axis, Doubles... parts) {
        int[] out = parts[0].dims.clone();
        out[axis] = Arrays.stream(parts).mapToInt(p -> p.dims[axis]).sum();
        Doubles y = new Doubles(new double[size(out)], out);
        int outer = size(Arrays.copyOf(out, axis));
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (Doubles p : parts) {
                int row = p.v.length / outer;
                System.arraycopy(p.v, o * row, y.v, at, row);
                at += row;
            }
        }
        return y;
    }

    /** [.., m, k] [.., k, n] (or [.., n, k] transposed) = [.., m, n], the dimensions in front broadcast. */
    public Doubles matmuls(Doubles b, boolean transposed) {
        int m = dim(-2);
        int k = dim(-1);
        int n = b.dim(transposed ? -2 : -1);
        Doubles left = numbers(dims);
        Doubles right = numbers(b.dims);
        Doubles pairs = left.zip(right, (i, j) -> i * 1e6 + j);
        int[] out = Arrays.copyOf(pairs.dims, pairs.dims.length + 2);
        out[out.length - 2] = m;
        out[out.length - 1] = n;
        Doubles y = new Doubles(new double[size(out)], out);
        for (int p = 0; p < pairs.v.length; p++) {
            int i = (int) (pairs.v[p] / 1e6) * m * k;
            int j = (int) (pairs.v[p] % 1e6) * k * n;
            for (int r = 0; r < m; r++) {
                for (int c = 0; c < n; c++) {
                    for (int q = 0; q < k; q++) {
                        y.v[(p * m + r) * n + c] += v[i + r * k + q] * b.v[j + (transposed ? c * k + q : q * n + c)];
                    }
                }
            }
        }
        return y;
    }

    /** Matrices numbered in the shape of the dimensions in front of them. */
    private static Doubles numbers(int[] dims) {
        int[] front = Arrays.copyOf(dims, dims.length - 2);
        double[] v = new double[size(front)];
        Arrays.setAll(v, i -> i);
        return new Doubles(v, front);
    }

    /** The sum of the products that an equation without blanks names, of every value of every letter. */
    public static Doubles einsum(String equation, Doubles... x) {
        String[] sides = equation.split("->", -1);
        String[] terms = sides[0].split(",", -1);
        String all = sides[0].replace(",", "");
        String result = sides.length > 1
                ? sides[1]
                : all.chars()
                        .filter(c -> all.indexOf(c) == all.lastIndexOf(c))
                        .sorted()
                        .mapToObj(Character::toString)
                        .collect(Collectors.joining());
        String letters = result
                + all.chars()
                        .distinct()
                        .filter(c -> result.indexOf(c) < 0)
                        .mapToObj(Character::toString)
                        .collect(Collectors.joining());
        int[] sizes = new int[letters.length()];
        for (int t = 0; t < terms.length; t++) {
            for (int d = 0; d < terms[t].length(); d++) {
                sizes[letters.indexOf(terms[t].charAt(d))] = x[t].dims[d];
            }
        }
        Doubles products = each(sizes, index -> {
            double product = 1;
            for (int t = 0; t < terms.length; t++) {
                product *= x[t].at(
                        terms[t].chars().map(c -> index[letters.indexOf(c)]).toArray());
            }
            return product;
        });
        int[] summed = IntStream.range(result.length(), letters.length()).toArray();
        return summed.length == 0
                ? products
                : products.reduce(line -> Arrays.stream(line).sum(), summed);
    }

    /**
     * What a window does to indices: {@code pair} is told of each output, each tap that reads inside x, and the place
     * there.
     */
    private interface Pair {
        void at(int output, int tap, int place);
    }

    private static void pairs(Window window, int[] x, int[] y, Pair pair) {
        int[] taps = new int[window.rank()];
        for (int i = 0; i < taps.length; i++) {
            taps[i] = window.axis(i).kernel();
        }
        int[] o = new int[taps.length];
        for (int output = 0; output < size(y); output++) {
            int[] t = new int[taps.length];
            for (int tap = 0; tap < size(taps); tap++) {
                int place = 0;
                for (int i = 0; i < taps.length && place >= 0; i++) {
                    Window.Axis a = window.axis(i);
                    int at = o[i] * a.stride() + t[i] * a.dilation() - a.before(x[i]);
                    place = at < 0 || at >= x[i] ? -1 : place * x[i] + at;
                }
                if (place >= 0) {
                    pair.at(output, tap, place);
                }
                next(t, taps);
            }
            next(o, y);
        }
    }

    /** The dimensions of what a window makes of this, with so many channels. */
    private int[] outputs(Window window, int channels) {
        int[] out = dims.clone();
        for (int i = 0; i < window.rank(); i++) {
            out[i + 1] = window.axis(i).outputs(dims[i + 1]);
        }
        out[out.length - 1] = channels;
        return out;
    }

    private int[] spatial() {
        return Arrays.copyOfRange(dims, 1, dims.length - 1);
    }

    /** The convolution [n, .., k] with filters [k, taps.., c / groups], not flipped, zeros outside. */
    public Doubles conv(Doubles w, Window window, int groups) {
        int[] out = outputs(window, w.dims[0]);
        Doubles y = new Doubles(new double[size(out)], out);
        int filters = w.dims[0];
        int deep = w.dim(-1);
        int taps = (int) window.taps();
        int channels = dim(-1);
        int pixels = size(spatial());
        int outputs = size(y.spatial());
        pairs(window, spatial(), y.spatial(), (output, tap, place) -> {
            for (int n = 0; n < dims[0]; n++) {
                for (int k = 0; k < filters; k++) {
                    int x = (n * pixels + place) * channels + k / (filters / groups) * deep;
                    double sum = 0;
                    for (int c = 0; c < deep; c++) {
                        sum += v[x + c] * w.v[(k * taps + tap) * deep + c];
                    }
                    y.v[(n * outputs + output) * filters + k] += sum;
                }
            }
        });
        return y;
    }

    /** The transposed convolution [n, .., k] with filters [c, taps.., k / groups] and these spatial dimensions. */
    public Doubles convTransposed(Doubles w, Window window, int groups, int... spatial) {
        int[] out = dims.clone();
        System.arraycopy(spatial, 0, out, 1, spatial.length);
        out[out.length - 1] = w.dim(-1) * groups;
        Doubles y = new Doubles(new double[size(out)], out);
        int deep = w.dim(-1);
        int channels = dim(-1);
        int wide = channels / groups;
        int taps = (int) window.taps();
        int pixels = size(spatial);
        int inputs = size(spatial());
        pairs(window, spatial, spatial(), (i, tap, place) -> {
            for (int n = 0; n < dims[0]; n++) {
                for (int c = 0; c < channels; c++) {
                    double x = v[(n * inputs + i) * channels + c];
                    for (int k = 0; k < deep; k++) {
                        y.v[(n * pixels + place) * out[out.length - 1] + c / wide * deep + k] +=
                                x * w.v[(c * taps + tap) * deep + k];
                    }
                }
            }
        });
        return y;
    }

    /** What each place of a window reads, [n, .., taps c]. */
    public Doubles patches(Window window) {
        int channels = dim(-1);
        int taps = (int) window.taps();
        int[] out = outputs(window, taps * channels);
        Doubles y = new Doubles(new double[size(out)], out);
        int pixels = size(spatial());
        int outputs = size(y.spatial());
        pairs(window, spatial(), y.spatial(), (output, tap, place) -> {
            for (int n = 0; n < dims[0]; n++) {
                System.arraycopy(
                        v,
                        (n * pixels + place) * channels,
                        y.v,
                        ((n * outputs + output) * taps + tap) * channels,
                        channels);
            }
        });
        return y;
    }

    private static void next(int[] index, int[] dims) {
        for (int i = dims.length - 1; i >= 0 && ++index[i] == dims[i]; i--) {
            index[i] = 0;
        }
    }

    private static int size(int[] dims) {
        return Arrays.stream(dims).reduce(1, (a, b) -> a * b);
    }

    // ---- functions that java.lang.Math lacks

    /** The largest, NaN before all. */
    static double max(double[] line) {
        return Arrays.stream(line).reduce(Double.NEGATIVE_INFINITY, Math::max);
    }

    /** The places of a line in an order, equal values in theirs, NaN above all. */
    static double[] order(double[] line, Order order) {
        Comparator<Integer> ascending = (a, b) -> line[a] == line[b] ? 0 : Double.compare(line[a], line[b]);
        return IntStream.range(0, line.length)
                .boxed()
                .sorted(order == Order.ASCENDING ? ascending : ascending.reversed())
                .mapToDouble(i -> i)
                .toArray();
    }

    static double[] sorted(double[] line, Order order) {
        return Arrays.stream(order(line, order)).map(i -> line[(int) i]).toArray();
    }

    /** The smallest, NaN before all. */
    static double min(double[] line) {
        return Arrays.stream(line).reduce(Double.POSITIVE_INFINITY, Math::min);
    }

    /** The sum of squared distances from the mean, divided by n - correction. */
    static double variance(double[] line, int correction) {
        double mean = Arrays.stream(line).sum() / line.length;
        return Arrays.stream(line).map(v -> (v - mean) * (v - mean)).sum() / (line.length - correction);
    }

    static double norm(double[] line) {
        return Math.sqrt(Arrays.stream(line).map(v -> v * v).sum());
    }

    /** The first place of the smallest, NaN before all. */
    static double argmin(double[] line) {
        return argmax(Arrays.stream(line).map(v -> -v).toArray());
    }

    /** The first place of the largest, NaN before all. */
    static double argmax(double[] line) {
        int best = 0;
        for (int i = 1; i < line.length; i++) {
            if (line[i] > line[best] || Double.isNaN(line[i]) && !Double.isNaN(line[best])) {
                best = i;
            }
        }
        return best;
    }

    static double[] softmax(double[] line) {
        double max = max(line);
        double sum = Arrays.stream(line).map(x -> Math.exp(x - max)).sum();
        return Arrays.stream(line).map(x -> Math.exp(x - max) / sum).toArray();
    }

    static double[] logSoftmax(double[] line) {
        double shift = logSumExp(line);
        return Arrays.stream(line).map(x -> x - shift).toArray();
    }

    static double logSumExp(double[] line) {
        double max = max(line);
        return max + Math.log(Arrays.stream(line).map(x -> Math.exp(x - max)).sum());
    }

    /** 1 - erf(x): erf's series near 0, a continued fraction (Abramowitz and Stegun 7.1.14) far out. */
    static double erfc(double x) {
        if (Math.abs(x) < 2.5) {
            double term = x;
            double sum = x;
            for (int n = 1; n < 100; n++) {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 1 - 2 / Math.sqrt(Math.PI) * sum;
        }
        if (x < 0) {
            return 2 - erfc(-x);
        }
        double fraction = x;
        for (int n = 200; n > 0; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }

    /** x Phi(x); 0 at minus infinity, as a limit. */
    static double gelu(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : 0.5 * x * erfc(-x / Math.sqrt(2));
    }

    static double erf(double x) {
        return x < -1 ? erfc(-x) - 1 : 1 - erfc(x);
    }

    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /** x / (1 + exp(-x)); 0 at minus infinity, as a limit. */
    static double silu(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(x);
    }

    /** x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3). */
    static double geluTanh(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
    }

    /** 1 or 0, and NaN of NaN. */
    static double step(double x) {
        return Double.isNaN(x) ? x : x > 0 ? 1 : 0;
    }

    static double logCosh(double x) {
        double size = Math.abs(x);
        return size + Math.log1p(Math.exp(-2 * size)) - Math.log(2);
    }

    /** x / (1 + exp(-beta x)); 0 at minus infinity, as a limit. */
    static double swish(double x, double beta) {
        return beta * x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(beta * x);
    }

    /** x tanh(log(1 + exp(x))); 0 at minus infinity, as a limit. */
    static double mish(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x * Math.tanh(softplus(x));
    }

    /** x min(max(x + 3, 0), 6) / 6; 0 at minus infinity, as a limit. */
    static double hardSwish(double x) {
        return x <= -3 ? 0 : x * hardSigmoid(x);
    }

    /** x / (1 + |x|); 1 or -1 at infinity, as a limit. */
    static double softsign(double x) {
        return Double.isInfinite(x) ? Math.signum(x) : x / (1 + Math.abs(x));
    }

    static double selu(double x) {
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x));
    }

    static double hardSigmoid(double x) {
        return Math.max(0, Math.min(6, x + 3)) / 6;
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /**
     * Word {@code i} of Philox4x32-10 keyed by {@code seed}, from block {@code counter} on, as Salmon et al. (2011)
     * print it.
     */
    static long philox(long seed, long counter, int i) {
        long k0 = seed & 0xffffffffL;
        long k1 = seed >>> 32;
        long block = counter + i / 4;
        long[] c = {block & 0xffffffffL, block >>> 32, 0, 0};
        for (int round = 0; round < 10; round++) {
            long p0 = 0xD2511F53L * c[0];
            long p1 = 0xCD9E8D57L * c[2];
            c = new long[] {p1 >>> 32 ^ c[1] ^ k0, p1 & 0xffffffffL, p0 >>> 32 ^ c[3] ^ k1, p0 & 0xffffffffL};
            k0 = k0 + 0x9E3779B9L & 0xffffffffL;
            k1 = k1 + 0xBB67AE85L & 0xffffffffL;
        }
        return c[i % 4];
    }
}
