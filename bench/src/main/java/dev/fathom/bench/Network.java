package dev.fathom.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A convolutional network as a list of steps, so that every contender computes the same with the same numbers: Fathom with its own layers, PyTorch
 * and ONNX Runtime by walking the list. Images are [N, C, H, W] here, with H = W; names and shapes of the numbers are PyTorch's.
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
        /** Batch normalisation, epsilon 1e-5, momentum 0.1. */
        NORM,
        /** Rectifier. */
        RELU,
        /** x + y. */
        ADD,
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
     * @param y the second one of an addition
     * @param in channels or features of x
     * @param out channels or features of the result
     * @param kernel height and width of windows
     * @param stride of windows
     * @param pad on every side
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
            boolean bias,
            int side) {
        /** The parameters and running statistics by their names behind {@link #name}. */
        public Map<String, float[]> numbers() {
            Map<String, float[]> numbers = new TreeMap<>();
            switch (op) {
                case CONV, LINEAR -> {
                    int fan = in * kernel * kernel;
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
            return op == Op.LINEAR ? new long[] {out, in} : new long[] {out, in, kernel, kernel};
        }

        private float[] normal(String number, int n, double mean, double deviation) {
            return Work.normal((name + "." + number).hashCode(), n, mean, deviation);
        }

        private double macs() {
            return switch (op) {
                case CONV, LINEAR -> (double) out * side * side * in * kernel * kernel;
                default -> 0;
            };
        }
    }

    /**
     * The network of a name: {@code lenet} (ReLU and max pools), {@code cifar} (that of ISLR's lab), {@code resnet18} or {@code resnet50} (v1.5);
     * parameters are named as in Fathom's networks, which is as torchvision names them.
     */
    public static Network of(String name) {
        return switch (name) {
            case "lenet" -> lenet();
            case "cifar" -> cifar();
            case "resnet18" -> resnet(false, 2, 2, 2, 2);
            case "resnet50" -> resnet(true, 3, 4, 6, 3);
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

    /** Multiply-adds of a forward pass of one image, padding counted. */
    public double macs() {
        return steps.stream().mapToDouble(Step::macs).sum();
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
            int side = switch (op) {
                case FLATTEN, MEAN, LINEAR, DROPOUT -> 1;
                default -> (side(x) + 2 * pad - kernel) / stride + 1;
            };
            steps.add(new Step(op, name, x, y, channels(x), out, kernel, stride, pad, bias, side));
            return steps.size();
        }

        int conv(String name, int x, int out, int kernel, int stride, int pad, boolean bias) {
            return add(Op.CONV, name, x, 0, out, kernel, stride, pad, bias);
        }

        int norm(String name, int x) {
            return add(Op.NORM, name, x, 0, channels(x), 1, 1, 0, true);
        }

        int relu(int x) {
            return add(Op.RELU, "", x, 0, channels(x), 1, 1, 0, false);
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
