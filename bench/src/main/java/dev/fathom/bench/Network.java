package dev.fathom.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A convolutional network as a list of steps, so that every contender computes the same with the same numbers: Fathom
 * with its own layers, PyTorch and ONNX Runtime by walking the list. Images are [N, C, H, W] here, with H = W; names
 * and shapes of the numbers are PyTorch's.
 *
 * @param channels of the image
 * @param side its height and width
 * @param classes how many logits
 * @param steps in order; the last one gives the logits
 */
public record Network(int channels, int side, int classes, List<Step> steps) {
    /** What a step does. */
    public enum Op {
        /** Convolution. */
        CONV,
        /** Batch normalization, epsilon 1e-5, momentum 0.1. */
        NORM,
        /** Rectifier. */
        RELU,
        /** Rectifier that ends at 6. */
        RELU6,
        /** x + y. */
        ADD,
        /** The channels of x, then those of y. */
        CONCAT,
        /** Maxima of windows. */
        MAX_POOL,
        /** Means of the maps, and no other dimensions left. */
        MEAN,
        /** [N, C, H, W] to [N, C H W]. */
        FLATTEN,
        /** With probability 1/2. */
        DROPOUT,
        /** x W^T + b. */
        LINEAR
    }

    /**
     * One operation. Value 0 is the image, value i + 1 what step i makes.
     *
     * @param op which
     * @param name in front of its parameters' names
     * @param x the value it works on
     * @param y the second one of an addition or a concatenation
     * @param in channels or features of x
     * @param out channels or features of the result
     * @param kernel height and width of windows
     * @param stride of windows
     * @param pad on every side
     * @param groups of the channels of a convolution
     * @param bias whether a convolution has one
     * @param side height and width of the result
     */
    public record Step(
            Op op,
            String name,
            int x,
            int y,
            int in,
            int out,
            int kernel,
            int stride,
            int pad,
            int groups,
            boolean bias,
            int side) {
        /** The parameters and running statistics by their names behind {@link #name}. */
        public Map<String, float[]> numbers() {
            Map<String, float[]> numbers = new TreeMap<>();
            switch (op) {
                case CONV, LINEAR -> {
                    int fan = fanIn();
                    numbers.put("weight", normal("weight", out * fan, 0, Math.sqrt(2.0 / fan)));
                    if (bias) {
                        numbers.put("bias", normal("bias", out, 0, 0.1));
                    }
                }
                case NORM -> {
                    numbers.put("weight", normal("weight", out, 0.7, 0.1));
                    numbers.put("bias", normal("bias", out, 0, 0.1));
                    numbers.put("running_mean", normal("running_mean", out, 0, 0.1));
                    numbers.put("running_var", normal("running_var", out, 1, 0.1));
                }
                default -> {}
            }
            return numbers;
        }

        /** The shape of one of the {@link #numbers}. */
        public long[] shape(String number) {
            if (!number.equals("weight") || op == Op.NORM) {
                return new long[] {out};
            }
            return op == Op.LINEAR ? new long[] {out, in} : new long[] {out, in / groups, kernel, kernel};
        }

        private float[] normal(String number, int n, double mean, double deviation) {
            return Work.normal((name + "." + number).hashCode(), n, mean, deviation);
        }

        private int fanIn() {
            return in / groups * kernel * kernel;
        }

        private double parameters() {
            return switch (op) {
                case CONV, LINEAR -> (double) out * fanIn() + (bias ? out : 0);
                case NORM -> 2.0 * out;
                default -> 0;
            };
        }

        double macs() {
            return switch (op) {
                case CONV, LINEAR -> (double) out * side * side * fanIn();
                default -> 0;
            };
        }
    }

    /**
     * The network of a name: {@code lenet} (ReLU and max pools), {@code cifar} (that of ISLR's lab), {@code resnet18}
     * and {@code resnet50} (v1.5), {@code squeezenet} (1.1), {@code mobilenetv2} and {@code vgg16}; parameters are
     * named as in Fathom's networks, which is as torchvision names them.
     */
    public static Network of(String name) {
        return switch (name) {
            case "lenet" -> lenet();
            case "cifar" -> cifar();
            case "resnet18" -> resnet(false, 2, 2, 2, 2);
            case "resnet50" -> resnet(true, 3, 4, 6, 3);
            case "squeezenet" -> squeezenet();
            case "mobilenetv2" -> mobilenet();
            case "vgg16" -> vgg();
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Network lenet() {
        Builder b = new Builder(1, 28);
        int x = b.pool(b.relu(b.conv("c1", 0, 6, 5, 1, 2, true)), 2, 2, 0);
        x = b.pool(b.relu(b.conv("c3", x, 16, 5, 1, 0, true)), 2, 2, 0);
        x = b.relu(b.linear("c5", b.flatten(x), 120));
        x = b.relu(b.linear("f6", x, 84));
        return b.classes(b.linear("output", x, 10));
    }

    private static Network cifar() {
        Builder b = new Builder(3, 32);
        int x = 0;
        for (int i = 0; i < 4; i++) {
            x = b.pool(b.relu(b.conv("" + 2 * i, x, 32 << i, 3, 1, 1, true)), 2, 2, 0);
        }
        x = b.add(Op.DROPOUT, "", b.flatten(x), 0, 1024, 1, 1, 0, false);
        x = b.relu(b.linear("10", x, 512));
        return b.classes(b.linear("11", x, 100));
    }

    private static Network resnet(boolean bottleneck, int... blocks) {
        Builder b = new Builder(3, 224);
        int x = b.relu(b.norm("bn1", b.conv("conv1", 0, 64, 7, 2, 3, false)));
        x = b.pool(x, 3, 2, 1);
        for (int stage = 0; stage < blocks.length; stage++) {
            int width = 64 << stage;
            int out = bottleneck ? 4 * width : width;
            for (int i = 0; i < blocks[stage]; i++) {
                String name = "layer" + (stage + 1) + "." + i + ".";
                int stride = stage > 0 && i == 0 ? 2 : 1;
                int y = bottleneck
                        ? b.relu(b.norm(name + "bn1", b.conv(name + "conv1", x, width, 1, 1, 0, false)))
                        : b.relu(b.norm(name + "bn1", b.conv(name + "conv1", x, width, 3, stride, 1, false)));
                y = b.norm(name + "bn2", b.conv(name + "conv2", y, width, 3, bottleneck ? stride : 1, 1, false));
                if (bottleneck) {
                    y = b.norm(name + "bn3", b.conv(name + "conv3", b.relu(y), out, 1, 1, 0, false));
                }
                int shortcut = stride == 1 && b.channels(x) == out
                        ? x
                        : b.norm(name + "downsample.1", b.conv(name + "downsample.0", x, out, 1, stride, 0, false));
                x = b.relu(b.add(Op.ADD, "", y, shortcut, out, 1, 1, 0, false));
            }
        }
        return b.classes(b.linear("fc", b.mean(x), 1000));
    }

    private static Network squeezenet() {
        Builder b = new Builder(3, 224);
        int x = b.pool(b.relu(b.conv("features.0", 0, 64, 3, 2, 0, true)), 3, 2, 0);
        int[] squeeze = {16, 16, 0, 32, 32, 0, 48, 48, 64, 64}; // 0: a pool
        for (int i = 0; i < squeeze.length; i++) {
            x = squeeze[i] == 0 ? b.pool(x, 3, 2, 0) : fire(b, "features." + (i + 3), x, squeeze[i]);
        }
        return b.classes(b.mean(b.relu(b.conv("classifier.1", x, 1000, 1, 1, 0, true))));
    }

    private static int fire(Builder b, String name, int x, int squeeze) {
        int s = b.relu(b.conv(name + ".squeeze", x, squeeze, 1, 1, 0, true));
        int one = b.relu(b.conv(name + ".expand1x1", s, 4 * squeeze, 1, 1, 0, true));
        int three = b.relu(b.conv(name + ".expand3x3", s, 4 * squeeze, 3, 1, 1, true));
        return b.add(Op.CONCAT, "", one, three, 8 * squeeze, 1, 1, 0, false);
    }

    private static Network mobilenet() {
        Builder b = new Builder(3, 224);
        int x = b.relu6(b.norm("features.0.1", b.conv("features.0.0", 0, 32, 3, 2, 1, false)));
        int[][] stages = { // expansion, channels, blocks, stride of the first: table 2 of Sandler et al. 2018
            {1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}
        };
        int block = 1;
        for (int[] s : stages) {
            for (int i = 0; i < s[2]; i++) {
                x = inverted(b, "features." + block++ + ".conv.", x, s[0], s[1], i == 0 ? s[3] : 1);
            }
        }
        x = b.relu6(b.norm("features.18.1", b.conv("features.18.0", x, 1280, 1, 1, 0, false)));
        return b.classes(b.linear("classifier.1", b.mean(x), 1000));
    }

    private static int inverted(Builder b, String name, int x, int expansion, int out, int stride) {
        int y = x;
        int wide = expansion * b.channels(x);
        int at = 0;
        if (expansion > 1) {
            y = b.relu6(b.norm(name + "0.1", b.conv(name + "0.0", y, wide, 1, 1, 0, false)));
            at = 1;
        }
        y = b.relu6(b.norm(name + at + ".1", b.depthwise(name + at + ".0", y, stride)));
        y = b.norm(name + (at + 2), b.conv(name + (at + 1), y, out, 1, 1, 0, false));
        return stride == 1 && b.channels(x) == out ? b.add(Op.ADD, "", y, x, out, 1, 1, 0, false) : y;
    }

    private static Network vgg() {
        Builder b = new Builder(3, 224);
        int x = 0;
        int at = 0;
        int[] widths = {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}; // 0: a pool
        for (int width : widths) {
            x = width == 0 ? b.pool(x, 2, 2, 0) : b.relu(b.conv("features." + at, x, width, 3, 1, 1, true));
            at += width == 0 ? 1 : 2;
        }
        x = b.relu(b.linear("classifier.0", b.flatten(x), 4096));
        x = b.relu(b.linear("classifier.3", x, 4096));
        return b.classes(b.linear("classifier.6", x, 1000));
    }

    /** Multiply-adds of a forward pass of one image, padding counted. */
    public double macs() {
        return steps.stream().mapToDouble(Step::macs).sum();
    }

    /** Weights and biases. */
    double parameters() {
        return steps.stream().mapToDouble(Step::parameters).sum();
    }

    /** Whether a part of it can be computed with fewer operations than {@link #macs} counts. */
    boolean shortened() {
        return steps.stream().anyMatch(s -> s.op == Op.CONV && ConvCase.shortened(s.kernel, s.stride, s.groups));
    }

    /** Floating-point operations of a training step of {@code batch} images, whose own gradient nobody asks for. */
    public double trainingFlops(int batch) {
        return 2 * batch * (3 * macs() - steps.get(0).macs());
    }

    /** Batches made before the clock starts and used in turn. */
    public int batches() {
        return side > 100 ? 2 : 8;
    }

    /** A batch of images, [N, C, H, W]. */
    public float[] images(int seed, int batch) {
        return Work.normal(seed, batch * channels * side * side, 0, 1);
    }

    /** Their classes. */
    public int[] labels(int seed, int batch) {
        return Work.labels(seed, batch, classes);
    }

    private static final class Builder {
        private final List<Step> steps = new ArrayList<>();
        private final int imageChannels;
        private final int imageSide;

        Builder(int channels, int side) {
            imageChannels = channels;
            imageSide = side;
        }

        int channels(int x) {
            return x == 0 ? imageChannels : steps.get(x - 1).out();
        }

        private int side(int x) {
            return x == 0 ? imageSide : steps.get(x - 1).side();
        }

        int add(Op op, String name, int x, int y, int out, int kernel, int stride, int pad, boolean bias) {
            return add(op, name, x, y, out, kernel, stride, pad, 1, bias);
        }

        private int add(
                Op op, String name, int x, int y, int out, int kernel, int stride, int pad, int groups, boolean bias) {
            int side = switch (op) {
                case FLATTEN, MEAN, LINEAR, DROPOUT -> 1;
                default -> (side(x) + 2 * pad - kernel) / stride + 1;
            };
            steps.add(new Step(op, name, x, y, channels(x), out, kernel, stride, pad, groups, bias, side));
            return steps.size();
        }

        int conv(String name, int x, int out, int kernel, int stride, int pad, boolean bias) {
            return add(Op.CONV, name, x, 0, out, kernel, stride, pad, bias);
        }

        /** A 3 x 3 filter for each channel. */
        int depthwise(String name, int x, int stride) {
            int n = channels(x);
            return add(Op.CONV, name, x, 0, n, 3, stride, 1, n, false);
        }

        int norm(String name, int x) {
            return add(Op.NORM, name, x, 0, channels(x), 1, 1, 0, true);
        }

        int relu(int x) {
            return add(Op.RELU, "", x, 0, channels(x), 1, 1, 0, false);
        }

        int relu6(int x) {
            return add(Op.RELU6, "", x, 0, channels(x), 1, 1, 0, false);
        }

        int pool(int x, int kernel, int stride, int pad) {
            return add(Op.MAX_POOL, "", x, 0, channels(x), kernel, stride, pad, false);
        }

        int mean(int x) {
            return add(Op.MEAN, "", x, 0, channels(x), 1, 1, 0, false);
        }

        int flatten(int x) {
            return add(Op.FLATTEN, "", x, 0, channels(x) * side(x) * side(x), 1, 1, 0, false);
        }

        int linear(String name, int x, int out) {
            return add(Op.LINEAR, name, x, 0, out, 1, 1, 0, true);
        }

        Network classes(int x) {
            return new Network(imageChannels, imageSide, channels(x), List.copyOf(steps));
        }
    }
}
