package dev.fathom.bench.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import dev.fathom.bench.Network;
import dev.fathom.bench.Network.Op;
import dev.fathom.bench.Network.Step;
import dev.fathom.bench.Work;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Networks as files of TensorFlow Lite, from an image [1, H, W, C] to logits. Batch norms are folded into the
 * convolutions before them, and rectifiers belong to the operators before them, as its converter has it. Numbers of
 * fields, operators and options are those of the format's schema, version 3.
 */
final class TfliteFile {
    private static final int FLOAT = 0;
    private static final int INT = 2;
    private static final int SAME = 0;
    private static final int VALID = 1;
    private static final float EPSILON = 1e-5f;

    /** Operators: their codes, and those of their options. */
    private enum Kind {
        ADD(0, 11),
        CONCATENATION(2, 10),
        CONV(3, 1),
        DEPTHWISE(4, 2),
        FULLY_CONNECTED(9, 8),
        MAX_POOL(17, 5),
        RESHAPE(22, 17),
        PAD(34, 22),
        MEAN(40, 27);

        final int code;
        final int options;

        Kind(int code, int options) {
            this.code = code;
            this.options = options;
        }
    }

    private final FlatBufferBuilder file = new FlatBufferBuilder(1 << 20);
    private final List<Integer> buffers = new ArrayList<>();
    private final List<Integer> tensors = new ArrayList<>();
    private final List<Integer> operators = new ArrayList<>();

    private TfliteFile() {
        file.startTable(1);
        buffers.add(file.endTable()); // the one of tensors without numbers
    }

    /** The MLP of the rows {@code mlp-}. */
    static byte[] mlp() {
        TfliteFile f = new TfliteFile();
        int in = f.values(1, Work.MLP[0]);
        int x = in;
        for (int i = 0; i + 1 < Work.MLP.length; i++) {
            boolean last = i + 2 == Work.MLP.length;
            x = f.linear(x, Work.weight(i), Work.bias(i), Work.MLP[i], Work.MLP[i + 1], last ? 0 : 1);
        }
        return f.end(in, x);
    }

    /** A network. */
    static byte[] of(Network network) {
        TfliteFile f = new TfliteFile();
        List<Step> steps = network.steps();
        int[] values = new int[steps.size() + 1];
        values[0] = f.values(1, network.side(), network.side(), network.channels());
        int at = 0;
        while (at < steps.size()) {
            Step step = steps.get(at);
            int end = at + 1;
            Step norm = null;
            if (step.op() == Op.CONV && follows(steps, end, Op.NORM)) {
                norm = steps.get(end++);
            }
            int activation = 0;
            boolean may = step.op() == Op.CONV || step.op() == Op.ADD || step.op() == Op.LINEAR;
            if (may && follows(steps, end, Op.RELU)) {
                activation = 1;
            } else if (may && follows(steps, end, Op.RELU6)) {
                activation = 3;
            }
            end += activation == 0 ? 0 : 1;
            values[end] = f.step(network, step, norm, activation, values);
            at = end;
        }
        return f.end(values[0], values[steps.size()]);
    }

    /** Whether a step of this kind works on the value of the step before it. */
    private static boolean follows(List<Step> steps, int at, Op op) {
        return at < steps.size() && steps.get(at).op() == op && steps.get(at).x() == at;
    }

    private int step(Network network, Step step, Step norm, int activation, int[] values) {
        int x = values[step.x()];
        int side = step.x() == 0
                ? network.side()
                : network.steps().get(step.x() - 1).side();
        return switch (step.op()) {
            case CONV -> conv(x, side, step, norm, activation);
            case ADD -> {
                int options = table(1, () -> file.addByte(0, (byte) activation, 0));
                int y = values(1, step.side(), step.side(), step.out());
                yield run(Kind.ADD, options, y, x, values[step.y()]);
            }
            case CONCAT -> {
                int options = table(2, () -> file.addInt(0, 3, 0));
                int y = values(1, step.side(), step.side(), step.out());
                yield run(Kind.CONCATENATION, options, y, x, values[step.y()]);
            }
            case MAX_POOL -> {
                int padded = padded(x, side, step);
                int options = table(6, () -> {
                    file.addByte(0, (byte) VALID, 0);
                    file.addInt(1, step.stride(), 0);
                    file.addInt(2, step.stride(), 0);
                    file.addInt(3, step.kernel(), 0);
                    file.addInt(4, step.kernel(), 0);
                });
                yield run(Kind.MAX_POOL, options, values(1, step.side(), step.side(), step.out()), padded);
            }
            case MEAN -> {
                int options = table(1, () -> file.addBoolean(0, false, false));
                yield run(Kind.MEAN, options, values(1, step.out()), x, constants(new int[] {2}, 1, 2));
            }
            case FLATTEN -> {
                int options = table(1, () -> {});
                yield run(Kind.RESHAPE, options, values(1, step.out()), x, constants(new int[] {2}, 1, step.out()));
            }
            case DROPOUT -> x;
            case LINEAR -> {
                Step before = network.steps().get(step.x() - 1);
                Map<String, float[]> numbers = step.numbers();
                float[] w = numbers.get("weight");
                if (before.op() == Op.FLATTEN) { // its input is [C, H, W] in the network, and [H, W, C] here
                    w = Work.swap(w, step.out(), before.in(), step.in() / before.in());
                }
                yield linear(x, w, numbers.get("bias"), step.in(), step.out(), activation);
            }
            default -> throw new IllegalStateException(step.op() + " stands alone");
        };
    }

    private int conv(int x, int side, Step step, Step norm, int activation) {
        Map<String, float[]> numbers = step.numbers();
        float[] w = numbers.get("weight");
        float[] b = numbers.getOrDefault("bias", new float[step.out()]);
        if (norm != null) {
            fold(w, b, norm);
        }
        int n = step.kernel();
        boolean depthwise = step.groups() > 1;
        boolean same = step.stride() == 1 && 2 * step.pad() == n - 1;
        int from = same ? x : padded(x, side, step);
        byte padding = (byte) (same ? SAME : VALID);
        int weights = depthwise
                ? floats(Work.swap(w, 1, step.out(), n * n), 1, n, n, step.out())
                : floats(Work.swap(w, step.out(), step.in(), n * n), step.out(), n, n, step.in());
        int options = depthwise
                ? table(7, () -> {
                    file.addByte(0, padding, 0);
                    file.addInt(1, step.stride(), 0);
                    file.addInt(2, step.stride(), 0);
                    file.addInt(3, 1, 0);
                    file.addByte(4, (byte) activation, 0);
                })
                : table(6, () -> {
                    file.addByte(0, padding, 0);
                    file.addInt(1, step.stride(), 0);
                    file.addInt(2, step.stride(), 0);
                    file.addByte(3, (byte) activation, 0);
                });
        int y = values(1, step.side(), step.side(), step.out());
        return run(depthwise ? Kind.DEPTHWISE : Kind.CONV, options, y, from, weights, floats(b, b.length));
    }

    private static void fold(float[] w, float[] b, Step norm) {
        Map<String, float[]> numbers = norm.numbers();
        float[] gamma = numbers.get("weight");
        float[] beta = numbers.get("bias");
        float[] mean = numbers.get("running_mean");
        float[] variance = numbers.get("running_var");
        int each = w.length / b.length;
        for (int k = 0; k < b.length; k++) {
            float scale = (float) (gamma[k] / Math.sqrt(variance[k] + EPSILON));
            b[k] = (b[k] - mean[k]) * scale + beta[k];
            for (int i = 0; i < each; i++) {
                w[k * each + i] *= scale;
            }
        }
    }

    /** Pads x with zeros, which change no maximum because every padded max pool follows a rectifier. */
    private int padded(int x, int side, Step step) {
        if (step.pad() == 0) {
            return x;
        }
        int pad = step.pad();
        int wide = side + 2 * pad;
        int pads = constants(new int[] {4, 2}, 0, 0, pad, pad, pad, pad, 0, 0);
        return run(Kind.PAD, table(0, () -> {}), values(1, wide, wide, step.in()), x, pads);
    }

    private int linear(int x, float[] w, float[] b, int in, int out, int activation) {
        int options = table(3, () -> file.addByte(0, (byte) activation, 0));
        return run(Kind.FULLY_CONNECTED, options, values(1, out), x, floats(w, out, in), floats(b, out));
    }

    /** A tensor that an operator computes, or the input. */
    private int values(int... shape) {
        return tensor(FLOAT, 0, shape);
    }

    private int floats(float[] numbers, int... shape) {
        ByteBuffer bytes = data(numbers.length);
        bytes.asFloatBuffer().put(numbers);
        return tensor(FLOAT, buffer(), shape);
    }

    private int constants(int[] shape, int... numbers) {
        ByteBuffer bytes = data(numbers.length);
        bytes.asIntBuffer().put(numbers);
        return tensor(INT, buffer(), shape);
    }

    private ByteBuffer data(int words) {
        return file.createUnintializedVector(1, 4 * words, 16).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Ends the vector of {@link #data}; the number of its buffer. */
    private int buffer() {
        int bytes = file.endVector();
        buffers.add(table(1, () -> file.addOffset(0, bytes, 0)));
        return buffers.size() - 1;
    }

    private int tensor(int type, int buffer, int... shape) {
        int dims = integers(shape);
        int name = file.createString("t" + tensors.size());
        tensors.add(table(4, () -> {
            file.addOffset(0, dims, 0);
            file.addByte(1, (byte) type, 0);
            file.addInt(2, buffer, 0);
            file.addOffset(3, name, 0);
        }));
        return tensors.size() - 1;
    }

    private int table(int fields, Runnable add) {
        file.startTable(fields);
        add.run();
        return file.endTable();
    }

    /** A vector of integers. */
    private int integers(int... numbers) {
        file.startVector(4, numbers.length, 4);
        for (int i = numbers.length - 1; i >= 0; i--) {
            file.addInt(numbers[i]);
        }
        return file.endVector();
    }

    private int run(Kind kind, int options, int y, int... inputs) {
        int in = integers(inputs);
        int out = integers(y);
        operators.add(table(5, () -> {
            file.addInt(0, kind.ordinal(), 0);
            file.addOffset(1, in, 0);
            file.addOffset(2, out, 0);
            file.addByte(3, (byte) kind.options, 0);
            file.addOffset(4, options, 0);
        }));
        return y;
    }

    private int offsets(List<Integer> of) {
        return file.createVectorOfTables(of.stream().mapToInt(i -> i).toArray());
    }

    /** The bytes of the file. */
    private byte[] end(int in, int out) {
        int ins = integers(in);
        int outs = integers(out);
        int allTensors = offsets(tensors);
        int allOperators = offsets(operators);
        int graph = table(4, () -> {
            file.addOffset(0, allTensors, 0);
            file.addOffset(1, ins, 0);
            file.addOffset(2, outs, 0);
            file.addOffset(3, allOperators, 0);
        });
        int codes = offsets(Arrays.stream(Kind.values())
                .map(kind -> table(4, () -> {
                    file.addByte(0, (byte) kind.code, 0);
                    file.addInt(2, 1, 1);
                    file.addInt(3, kind.code, 0);
                }))
                .toList());
        int graphs = offsets(List.of(graph));
        int allBuffers = offsets(buffers);
        file.finish(
                table(5, () -> {
                    file.addInt(0, 3, 0);
                    file.addOffset(1, codes, 0);
                    file.addOffset(2, graphs, 0);
                    file.addOffset(4, allBuffers, 0);
                }),
                "TFL3");
        return file.sizedByteArray();
    }
}
