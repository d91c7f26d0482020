package dev.fathom.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * The convolutions of the rows {@code conv-*}: square maps and kernels, no bias. Tensors are [N, C, H, W] and [K, C /
 * groups, kernel, kernel] here; a contender puts them into its own layout.
 *
 * @param layer in the name of the row
 * @param n images
 * @param c channels
 * @param side height and width of the image
 * @param k channels of the result
 * @param kernel height and width of the kernel
 * @param stride of the kernel
 * @param pad zeros on every side
 * @param groups of channels that do not see each other
 */
public record ConvCase(String layer, int n, int c, int side, int k, int kernel, int stride, int pad, int groups) {
    /**
     * LeNet's, those of a CIFAR network and of ImageNet networks; {@code depthwise-5x5} is EfficientNet's. Those of
     * benchdnn and DeepBench have the names and sizes that they have there.
     */
    public static final List<ConvCase> LAYERS = List.of(
            new ConvCase("lenet1", 64, 1, 28, 6, 5, 1, 2, 1),
            new ConvCase("lenet2", 64, 6, 14, 16, 5, 1, 0, 1),
            new ConvCase("3to32at32", 128, 3, 32, 32, 3, 1, 1, 1),
            new ConvCase("32to64at16", 128, 32, 16, 64, 3, 1, 1, 1),
            new ConvCase("64to128at8", 128, 64, 8, 128, 3, 1, 1, 1),
            new ConvCase("64to64at56", 8, 64, 56, 64, 3, 1, 1, 1),
            new ConvCase("128to128at28", 8, 128, 28, 128, 3, 1, 1, 1),
            new ConvCase("512to512at7", 8, 512, 7, 512, 3, 1, 1, 1),
            new ConvCase("stem", 8, 3, 224, 64, 7, 2, 3, 1),
            new ConvCase("1x1", 8, 256, 56, 64, 1, 1, 0, 1),
            new ConvCase("depthwise", 8, 128, 56, 128, 3, 1, 1, 128),
            new ConvCase("64to128at56-s2", 8, 64, 56, 128, 3, 2, 1, 1),
            new ConvCase("1x1-24to144at56", 8, 24, 56, 144, 1, 1, 0, 1),
            new ConvCase("1x1-512to2048at7", 8, 512, 7, 2048, 1, 1, 0, 1),
            new ConvCase("depthwise-s2", 8, 144, 56, 144, 3, 2, 1, 144),
            new ConvCase("depthwise-5x5", 8, 240, 28, 240, 5, 1, 2, 240),
            new ConvCase("benchdnn-res4a_branch2b", 8, 256, 14, 256, 3, 1, 1, 1),
            new ConvCase("deepbench-14-512-8-512-3", 8, 512, 14, 512, 3, 1, 1, 1),
            new ConvCase("deepbench-7-832-16-128-5", 16, 832, 7, 128, 5, 1, 2, 1));

    /** The one whose filters a row transforms alone. */
    static final String FILTERS = "512to512at7";

    /** What is computed from the two others of x, w and y (for the gradients: its gradient). */
    public enum Direction {
        /** y. */
        FWD,
        /** The gradient of x. */
        DATA,
        /** The gradient of w. */
        WEIGHTS;

        /** The name of the direction in the names of rows. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final int CHECKED = 50;

    /** The convolution of a layer's name. */
    public static ConvCase of(String layer) {
        return LAYERS.stream().filter(c -> c.layer.equals(layer)).findFirst().orElseThrow();
    }

    /** Whether somebody asks for the gradient of x, or x is the image itself. */
    public boolean has(Direction direction) {
        return direction != Direction.DATA || c > 3;
    }

    /** Whether Winograd's algorithm applies, for which more is hoped. */
    boolean winograd() {
        return kernel == 3 && stride == 1 && groups == 1 && c >= 64 && k >= 64;
    }

    /**
     * Whether a convolution can be computed with fewer operations than its taps: Winograd's algorithm does so where
     * filters are 3 x 3, the stride is 1 and channels are summed, so that the machine's arithmetic is no bound of the
     * operations counted here.
     */
    static boolean shortened(int kernel, int stride, int groups) {
        return kernel == 3 && stride == 1 && groups == 1;
    }

    /**
     * The shares that convolutions with the arithmetic of a network's layers have in it, for each layer here that some
     * of them are nearest to.
     */
    static Map<String, Double> shares(Network network, Direction direction) {
        Map<String, Double> shares = new TreeMap<>();
        double all = 0;
        for (Network.Step step : network.steps()) {
            if (step.op() == Network.Op.CONV && (direction != Direction.DATA || step.in() > 3)) {
                ConvCase nearest = LAYERS.stream()
                        .filter(layer -> layer.has(direction))
                        .min(Comparator.comparingDouble(layer -> layer.distance(step)))
                        .orElseThrow();
                shares.merge(nearest.layer, step.macs(), Double::sum);
                all += step.macs();
            }
        }
        double sum = all;
        shares.replaceAll((layer, macs) -> macs / sum);
        return shares;
    }

    /**
     * How unlike a layer is: kernels that are depthwise or not count most, then their size and stride, then all sizes.
     */
    private double distance(Network.Step step) {
        double kind = (groups > 1) == (step.groups() > 1) ? 0 : 1000;
        double window = (kernel == step.kernel() ? 0 : 100) + (stride == step.stride() ? 0 : 10);
        return kind + window + octaves(c, step.in()) + octaves(k, step.out()) + octaves(out(), step.side());
    }

    private static double octaves(double a, double b) {
        return Math.abs(Math.log(a / b)) / Math.log(2);
    }

    /** Height and width of y. */
    public int out() {
        return (side + 2 * pad - kernel) / stride + 1;
    }

    /** Floating-point operations of any direction, padding counted. */
    double flops() {
        int depth = c / groups;
        return 2.0 * n * k * out() * out() * depth * kernel * kernel;
    }

    /** [n, c, side, side]. */
    public float[] x() {
        return Work.normal(1, n * c * side * side, 0, 1);
    }

    /** [k, c / groups, kernel, kernel]. */
    public float[] w() {
        return Work.normal(2, k * (c / groups) * kernel * kernel, 0, 0.1);
    }

    /** [n, k, out, out]. */
    public float[] dy() {
        return Work.normal(3, n * k * out() * out(), 0, 1);
    }

    /** Compares a few numbers of the result, in the layout of x, w or y here, with double precision. */
    public void check(Direction direction, float[] result) {
        float[] x = x();
        float[] w = w();
        float[] dy = dy();
        Random random = new Random(1);
        for (int i = 0; i < CHECKED; i++) {
            int at = random.nextInt(result.length);
            double[] sums = switch (direction) {
                case FWD -> forward(x, w, at);
                case DATA -> data(w, dy, at);
                case WEIGHTS -> weights(x, dy, at);
            };
            // terms of both signs: what may be off is a part of their size, not of what is left of them
            double off = Math.abs(result[at] - sums[0]);
            if (!(off <= 1e-5 * sums[1])) {
                throw new IllegalStateException(
                        layer + " " + direction.text() + " at " + at + ": " + result[at] + " instead of " + sums[0]);
            }
        }
    }

    /** The sum of the terms, and of their sizes. */
    private double[] forward(float[] x, float[] w, int at) {
        double[] sums = new double[2];
        int image = at / out() / out() / k;
        int oc = at / out() / out() % k;
        int oh = at / out() % out();
        int ow = at % out();
        for (int ic = 0; ic < c / groups; ic++) {
            for (int i = 0; i < kernel; i++) {
                for (int j = 0; j < kernel; j++) {
                    int from = xAt(image, channel(oc, ic), oh * stride - pad + i, ow * stride - pad + j);
                    if (from >= 0) {
                        term(sums, (double) x[from] * w[wAt(oc, ic, i, j)]);
                    }
                }
            }
        }
        return sums;
    }

    private double[] data(float[] w, float[] dy, int at) {
        double[] sums = new double[2];
        int image = at / side / side / c;
        int ic = at / side / side % c;
        for (int oc = 0; oc < k; oc++) {
            if (ic / (c / groups) != oc / (k / groups)) {
                continue;
            }
            for (int i = 0; i < kernel; i++) {
                for (int j = 0; j < kernel; j++) {
                    int oh = at / side % side + pad - i;
                    int ow = at % side + pad - j;
                    if (oh >= 0 && ow >= 0 && oh % stride == 0 && ow % stride == 0) {
                        int from = yAt(image, oc, oh / stride, ow / stride);
                        if (from >= 0) {
                            term(sums, (double) dy[from] * w[wAt(oc, ic % (c / groups), i, j)]);
                        }
                    }
                }
            }
        }
        return sums;
    }

    private double[] weights(float[] x, float[] dy, int at) {
        double[] sums = new double[2];
        int j = at % kernel;
        int i = at / kernel % kernel;
        int ic = at / kernel / kernel % (c / groups);
        int oc = at / kernel / kernel / (c / groups);
        for (int image = 0; image < n; image++) {
            for (int oh = 0; oh < out(); oh++) {
                for (int ow = 0; ow < out(); ow++) {
                    int from = xAt(image, channel(oc, ic), oh * stride - pad + i, ow * stride - pad + j);
                    if (from >= 0) {
                        term(sums, (double) x[from] * dy[yAt(image, oc, oh, ow)]);
                    }
                }
            }
        }
        return sums;
    }

    private static void term(double[] sums, double value) {
        sums[0] += value;
        sums[1] += Math.abs(value);
    }

    /** The channel of x that is number {@code ic} of those that {@code oc} sees. */
    private int channel(int oc, int ic) {
        return oc / (k / groups) * (c / groups) + ic;
    }

    /** Places; below 0 outside the map. */
    private int xAt(int image, int channel, int h, int w) {
        return h < 0 || w < 0 || h >= side || w >= side ? -1 : ((image * c + channel) * side + h) * side + w;
    }

    private int yAt(int image, int oc, int h, int w) {
        return h >= out() || w >= out() ? -1 : ((image * k + oc) * out() + h) * out() + w;
    }

    private int wAt(int oc, int ic, int i, int j) {
        return ((oc * (c / groups) + ic) * kernel + i) * kernel + j;
    }
}
