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
import dev.fathom.bench.EncoderCase;
import dev.fathom.bench.Network;
import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Transformer;
import dev.fathom.bench.Work;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Networks as ONNX files, from x of one image to y. */
public final class Onnx {
    private static final int FLOAT = 1;
    private static final int INT = 6;
    private static final int LONG = 7;
    /** Operators that ONNX has not: what ONNX Runtime fuses Transformers into. */
    private static final String CONTRIBUTED = "com.microsoft";

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("network");

    private Onnx() {}

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
        return onnx.bytes(1, Work.MLP[layers]);
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
        return onnx.bytes(1, 1);
    }

    /**
     * The encoder from x[1, length, width] to y of that shape, as ONNX Runtime's own tool for Transformers would write
     * it: the sums run in the norms, the bias in the activation.
     *
     * @param packed whether attention holds the weights of queries, keys and values; otherwise three products come
     *     before it
     */
    static byte[] encoder(Transformer t, boolean packed) {
        Onnx onnx = new Onnx();
        onnx.stack(t, onnx.input(1, t.length(), t.width()), packed, "");
        return onnx.bytes(1, t.length(), t.width());
    }

    /**
     * The encoder from ids[batch, length] and types of that shape to y[batch, width], the sum of the tokens' vectors
     * times shares[batch, 1, length], scaled to the length 1. Where texts are padded, lengths[batch] says how many
     * tokens they have.
     */
    static byte[] texts(EncoderCase encoder, boolean packed, boolean padded) {
        Onnx onnx = new Onnx();
        Transformer t = encoder.layersOf();
        int width = t.width();
        for (String input : padded ? List.of("ids", "types", "lengths") : List.of("ids", "types")) {
            onnx.graph.addInput(open(input, INT, input.equals("lengths") ? 1 : 2));
        }
        onnx.graph.addInput(open("shares", FLOAT, 3));
        List<String> in = new ArrayList<>(List.of("ids", "types"));
        int[] rows = {EncoderCase.VOCABULARY, EncoderCase.PLACES, 2};
        for (String table : List.of("words", "places", "types")) {
            int n = rows[in.size() - 2];
            in.add(onnx.constant(table + ".weight", EncoderCase.numbers(table, n * width), n, width));
        }
        for (String number : List.of("norm.weight", "norm.bias")) {
            in.add(onnx.constant(number, EncoderCase.numbers(number, width), width));
        }
        String x = onnx.contributed("EmbedLayerNormalization", in, real("epsilon", 1e-5f));
        onnx.last().addOutput("mask_index");
        x = onnx.stack(t, x, packed, padded ? "lengths" : "");
        String sum = onnx.node("Squeeze", List.of(onnx.node("MatMul", List.of("shares", x)), onnx.place(1)));
        onnx.node("LpNormalization", List.of(sum), integer("axis", 1), integer("p", 2));
        onnx.last().setOutput(0, "y");
        onnx.graph.addOutput(open("y", FLOAT, 2));
        return onnx.file();
    }

    /** The layers from x[batch, length, width], where {@code lengths} names those of padded texts, if there are any. */
    private String stack(Transformer t, String x, boolean packed, String lengths) {
        AttributeProto heads = integer("num_heads", t.heads());
        for (int i = 0; i < t.layers(); i++) {
            String layer = "encoder.layers." + i + ".";
            String in = layer + "self_attn.in_proj_";
            float[] rows = t.numbers(in + "weight", 3 * t.width() * t.width());
            String b = constant(in + "bias", t.numbers(in + "bias", 3 * t.width()), 3L * t.width());
            String y;
            if (packed) {
                String w = constant(in + "weight", columns(rows, t.width()), t.width(), 3L * t.width());
                y = contributed("Attention", lengths.isEmpty() ? List.of(x, w, b) : List.of(x, w, b, lengths), heads);
            } else {
                List<String> qkv = new ArrayList<>();
                int n = t.width() * t.width();
                for (int part = 0; part < 3; part++) {
                    float[] columns = columns(Arrays.copyOfRange(rows, part * n, (part + 1) * n), t.width());
                    String w = constant(in + "weight" + part, columns, t.width(), t.width());
                    qkv.add(node("MatMul", List.of(x, w)));
                }
                qkv.add(b);
                if (!lengths.isEmpty()) {
                    qkv.add(lengths);
                }
                y = contributed("MultiHeadAttention", qkv, heads);
            }
            x = sum(
                    t,
                    product(t, y, layer + "self_attn.out_proj."),
                    x,
                    layer + "self_attn.out_proj.",
                    layer + "norm1.");
            y = product(t, hidden(t, x, layer), layer + "linear2.");
            x = sum(t, y, x, layer + "linear2.", layer + "norm2.");
        }
        return x;
    }

    /**
     * One step of the GPT: token[1, 1] and position[1], the number of tokens so far, to y[1, 1, vocabulary]. Keys k0,
     * k1, .. and values v0, v1, .. [1, heads, length, d] are read and returned as nk0, nv0 and so on, which a caller
     * binds to the same memory; lengths[1] is the position, and total[1] one more.
     */
    static byte[] step(Transformer t) {
        Onnx onnx = new Onnx();
        onnx.graph.addInput(value("token", INT, 1, 1)).addInput(value("position", INT, 1));
        onnx.graph.addInput(value("lengths", INT, 1)).addInput(value("total", INT, 1));
        String tokens = onnx.constant(
                "tokens.weight", t.numbers("tokens.weight", t.vocabulary() * t.width()), t.vocabulary(), t.width());
        String places = onnx.constant(
                "positions.weight", t.numbers("positions.weight", t.length() * t.width()), t.length(), t.width());
        String x = onnx.node(
                "Add",
                List.of(
                        onnx.node("Gather", List.of(tokens, "token")),
                        onnx.node("Gather", List.of(places, "position"))));
        String normed =
                onnx.node("LayerNormalization", onnx.with(x, t, "encoder.layers.0.norm1."), real("epsilon", 1e-5f));
        for (int i = 0; i < t.layers(); i++) {
            String layer = "encoder.layers." + i + ".";
            String in = layer + "self_attn.in_proj_";
            String bias = onnx.constant(in + "bias", t.numbers(in + "bias", 3 * t.width()), 3L * t.width());
            String qkv = onnx.node("Add", List.of(onnx.product(t, normed, in), bias));
            long d = t.width() / t.heads();
            for (String cache : List.of("k" + i, "v" + i)) {
                onnx.graph.addInput(value(cache, FLOAT, 1, t.heads(), t.length(), d));
                onnx.graph.addOutput(value("n" + cache, FLOAT, 1, t.heads(), t.length(), d));
            }
            String y = onnx.contributed(
                    "GroupQueryAttention",
                    List.of(qkv, "", "", "k" + i, "v" + i, "lengths", "total"),
                    integer("num_heads", t.heads()),
                    integer("kv_num_heads", t.heads()));
            onnx.last().addOutput("nk" + i).addOutput("nv" + i);
            String out = layer + "self_attn.out_proj.";
            normed = onnx.sum(t, onnx.product(t, y, out), x, out, layer + "norm2.");
            x = onnx.unnormed();
            String next = i + 1 < t.layers() ? "encoder.layers." + (i + 1) + ".norm1." : "encoder.norm.";
            y = onnx.product(t, onnx.hidden(t, normed, layer), layer + "linear2.");
            normed = onnx.sum(t, y, x, layer + "linear2.", next);
            x = onnx.unnormed();
        }
        String bias = onnx.constant("dense.bias", t.numbers("dense.bias", t.outputs()), t.outputs());
        onnx.node("Add", List.of(onnx.product(t, normed, "dense."), bias));
        return onnx.bytes(1, 1, t.outputs());
    }

    /** x W^T, with W stored as MatMul reads it. */
    private String product(Transformer t, String x, String name) {
        int in = name.contains("linear2") ? t.hidden() : t.width();
        int out = name.contains("linear1")
                ? t.hidden()
                : name.contains("in_proj") ? 3 * t.width() : name.startsWith("dense") ? t.outputs() : t.width();
        float[] rows = t.numbers(name + "weight", in * out);
        return node("MatMul", List.of(x, constant(name + "weight", columns(rows, in), in, out)));
    }

    /** gelu(x W^T + b). */
    private String hidden(Transformer t, String x, String layer) {
        String bias = constant(layer + "linear1.bias", t.numbers(layer + "linear1.bias", t.hidden()), t.hidden());
        return contributed("BiasGelu", List.of(product(t, x, layer + "linear1."), bias));
    }

    /** norm(y + b + x). */
    private String sum(Transformer t, String y, String x, String biased, String norm) {
        List<String> in = new ArrayList<>(List.of(y, x));
        in.addAll(with("", t, norm).subList(1, 3));
        in.add(constant(biased + "bias", t.numbers(biased + "bias", t.width()), t.width()));
        return contributed("SkipLayerNormalization", in, real("epsilon", 1e-5f));
    }

    /** The sum that the last node normalized. */
    private String unnormed() {
        String name = "sum" + graph.getNodeCount();
        last().addOutput("").addOutput("").addOutput(name);
        return name;
    }

    /** x, and the numbers of a norm. */
    private List<String> with(String x, Transformer t, String norm) {
        List<String> in = new ArrayList<>(List.of(x));
        for (String number : List.of("weight", "bias")) {
            in.add(constant(norm + number, t.numbers(norm + number, t.width()), t.width()));
        }
        return in;
    }

    /** The rows of W[out, in] as columns. */
    private static float[] columns(float[] rows, int in) {
        int out = rows.length / in;
        float[] columns = new float[rows.length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                columns[i * out + o] = rows[o * in + i];
            }
        }
        return columns;
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
        return onnx.bytes(1, network.classes());
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

    private String contributed(String op, List<String> in, AttributeProto... attributes) {
        String y = node(op, in, attributes);
        last().setDomain(CONTRIBUTED);
        return y;
    }

    private NodeProto.Builder last() {
        return graph.getNodeBuilder(graph.getNodeCount() - 1);
    }

    private static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
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

    /** A place of a dimension. */
    private String place(long dim) {
        String name = "place" + dim;
        graph.addInitializer(TensorProto.newBuilder()
                .setName(name)
                .setDataType(LONG)
                .addDims(1)
                .addInt64Data(dim));
        return name;
    }

    private String input(long... dims) {
        graph.addInput(value("x", FLOAT, dims));
        return "x";
    }

    /** The file; its output y is what the last node makes. */
    private byte[] bytes(long... dims) {
        last().setOutput(0, "y");
        graph.addOutput(value("y", FLOAT, dims));
        return file();
    }

    private byte[] file() {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain(CONTRIBUTED).setVersion(1))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    /** A value whose sizes each run says. */
    private static ValueInfoProto open(String name, int type, int rank) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (int d = 0; d < rank; d++) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(name + d));
        }
        return value(name, type, shape);
    }

    private static ValueInfoProto value(String name, int type, long... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long d : dims) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
        }
        return value(name, type, shape);
    }

    private static ValueInfoProto value(String name, int type, TensorShapeProto.Builder shape) {
        TypeProto.Tensor.Builder tensor =
                TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
