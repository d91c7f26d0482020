package dev.fathom.bench.ort;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.fathom.bench.Network;
import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Networks as ONNX files, from x of one image to y. */
public final class Onnx {
    private static final int FLOAT = 1;

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("network");

    private Onnx() {}

    /** Writes the network of the rows {@code mlp-*} to the file named by the argument. */
    public static void main(String[] args) throws IOException {
        Files.write(Path.of(args[0]), mlp());
    }

    /** The network of the rows {@code mlp-*}: Gemm, Relu, Gemm, Relu, Gemm from x[1, 784] to y[1, 10]. */
    static byte[] mlp() {
        Onnx onnx = new Onnx();
        int layers = Work.MLP.length - 1;
        String x = onnx.input(1, Work.MLP[0]);
        for (int i = 0; i < layers; i++) {
            int in = Work.MLP[i];
            int out = Work.MLP[i + 1];
            String w = onnx.constant("w" + i, Work.weight(i), out, in);
            String b = onnx.constant("b" + i, Work.bias(i), out);
            x = onnx.node("Gemm", List.of(x, w, b), integer("transB", 1));
            if (i + 1 < layers) {
                x = onnx.node("Relu", List.of(x));
            }
        }
        return onnx.bytes(Work.MLP[layers]);
    }

    /** LSTM and a dense layer from x[steps, 1, in] to y[1, 1]. */
    static byte[] recurrent(Recurrence r) {
        Onnx onnx = new Onnx();
        int h = r.hidden();
        String w = onnx.constant("w", gates(r.w()), 1, 4L * h, r.in());
        String u = onnx.constant("u", gates(r.u()), 1, 4L * h, h);
        float[] biases = Arrays.copyOf(gates(r.b("ih")), 8 * h);
        System.arraycopy(gates(r.b("hh")), 0, biases, 4 * h, 4 * h);
        String b = onnx.constant("b", biases, 1, 8L * h);
        String x = onnx.input(r.steps(), 1, r.in());
        onnx.node("LSTM", List.of(x, w, u, b), integer("hidden_size", h));
        // of its results, all steps and the last one, only the second is asked for
        onnx.graph.getNodeBuilder(0).setOutput(0, "").addOutput("last");
        String last = onnx.node("Flatten", List.of("last"));
        String dense = onnx.constant("dense.w", r.numbers("dense.weight", h), 1, h);
        String bias = onnx.constant("dense.b", r.numbers("dense.bias", 1), 1);
        onnx.node("Gemm", List.of(last, dense, bias), integer("transB", 1));
        return onnx.bytes(1);
    }

    /** The rows of gates i, f, g, o in ONNX's order i, o, f, g. */
    private static float[] gates(float[] rows) {
        int[] order = {0, 3, 1, 2};
        int n = rows.length / 4;
        float[] ordered = new float[rows.length];
        for (int gate = 0; gate < 4; gate++) {
            System.arraycopy(rows, order[gate] * n, ordered, gate * n, n);
        }
        return ordered;
    }

    /** A convolutional network from x[1, C, H, W]. */
    static byte[] network(Network network) {
        Onnx onnx = new Onnx();
        List<String> values = new ArrayList<>();
        values.add(onnx.input(1, network.channels(), network.side(), network.side()));
        for (Network.Step step : network.steps()) {
            List<String> in = new ArrayList<>();
            in.add(values.get(step.x()));
            AttributeProto window = integers("kernel_shape", step.kernel(), step.kernel());
            AttributeProto strides = integers("strides", step.stride(), step.stride());
            AttributeProto pads = integers("pads", step.pad(), step.pad(), step.pad(), step.pad());
            String value = switch (step.op()) {
                case CONV ->
                    onnx.node(
                            "Conv",
                            onnx.with(in, step, "weight", "bias"),
                            window,
                            strides,
                            pads,
                            integer("group", step.groups()));
                case NORM ->
                    onnx.node(
                            "BatchNormalization", onnx.with(in, step, "weight", "bias", "running_mean", "running_var"));
                case LINEAR -> onnx.node("Gemm", onnx.with(in, step, "weight", "bias"), integer("transB", 1));
                case RELU -> onnx.node("Relu", in);
                case RELU6 -> onnx.node("Clip", List.of(in.get(0), onnx.scalar("zero", 0), onnx.scalar("six", 6)));
                case ADD -> onnx.node("Add", List.of(in.get(0), values.get(step.y())));
                case CONCAT -> onnx.node("Concat", List.of(in.get(0), values.get(step.y())), integer("axis", 1));
                case MAX_POOL -> onnx.node("MaxPool", in, window, strides, pads);
                case MEAN -> onnx.node("Flatten", List.of(onnx.node("GlobalAveragePool", in)));
                case FLATTEN -> onnx.node("Flatten", in);
                case DROPOUT -> in.get(0); // these files are for inference
            };
            values.add(value);
        }
        return onnx.bytes(network.classes());
    }

    /** The inputs, and behind them those of the step's numbers that there are. */
    private List<String> with(List<String> in, Network.Step step, String... numbers) {
        var all = step.numbers();
        for (String number : numbers) {
            if (all.containsKey(number)) {
                in.add(constant(step.name() + "." + number, all.get(number), step.shape(number)));
            }
        }
        return in;
    }

    private String node(String op, List<String> in, AttributeProto... attributes) {
        String y = op + graph.getNodeCount();
        graph.addNode(NodeProto.newBuilder()
                .setOpType(op)
                .addAllInput(in)
                .addOutput(y)
                .addAllAttribute(Arrays.asList(attributes)));
        return y;
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static AttributeProto integers(String name, long... values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }

    private String constant(String name, float[] values, long... dims) {
        ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(FLOAT).setRawData(ByteString.copyFrom(raw));
        for (long d : dims) {
            tensor.addDims(d);
        }
        graph.addInitializer(tensor);
        return name;
    }

    /** A number that several nodes may read. */
    private String scalar(String name, float value) {
        return graph.getInitializerList().stream().anyMatch(t -> t.getName().equals(name))
                ? name
                : constant(name, new float[] {value});
    }

    private String input(long... dims) {
        graph.addInput(value("x", dims));
        return "x";
    }

    /** The file; its output y is what the last node makes. */
    private byte[] bytes(long outputs) {
        graph.getNodeBuilder(graph.getNodeCount() - 1).setOutput(0, "y");
        graph.addOutput(value("y", 1, outputs));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static ValueInfoProto value(String name, long... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long d : dims) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
        }
        TypeProto.Tensor.Builder tensor =
                TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(shape);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
