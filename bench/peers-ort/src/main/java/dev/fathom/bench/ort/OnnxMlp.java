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
import dev.fathom.bench.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The network of the rows {@code mlp-*} as an ONNX file: Gemm, Relu, Gemm, Relu, Gemm from x[1, 784] to y[1, 10]. */
public final class OnnxMlp {
    private static final int FLOAT = 1;

    private OnnxMlp() {}

    /** Writes the file named by the argument. */
    public static void main(String[] args) throws IOException {
        Files.write(Path.of(args[0]), bytes());
    }

    static byte[] bytes() {
        int layers = Work.MLP.length - 1;
        GraphProto.Builder graph = GraphProto.newBuilder()
                .setName("mlp")
                .addInput(value("x", 1, Work.MLP[0]))
                .addOutput(value("y", 1, Work.MLP[layers]));
        String x = "x";
        for (int i = 0; i < layers; i++) {
            int in = Work.MLP[i];
            int out = Work.MLP[i + 1];
            graph.addInitializer(constant("w" + i, Work.weight(i), out, in));
            graph.addInitializer(constant("b" + i, Work.bias(i), out));
            boolean last = i + 1 == layers;
            String y = last ? "y" : "gemm" + i;
            graph.addNode(NodeProto.newBuilder()
                    .setOpType("Gemm")
                    .addInput(x)
                    .addInput("w" + i)
                    .addInput("b" + i)
                    .addOutput(y)
                    .addAttribute(AttributeProto.newBuilder()
                            .setName("transB")
                            .setType(AttributeProto.AttributeType.INT)
                            .setI(1)));
            x = y;
            if (!last) {
                x = "relu" + i;
                graph.addNode(
                        NodeProto.newBuilder().setOpType("Relu").addInput(y).addOutput(x));
            }
        }
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static TensorProto constant(String name, float[] values, long... dims) {
        ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(FLOAT).setRawData(ByteString.copyFrom(raw));
        for (long d : dims) {
            tensor.addDims(d);
        }
        return tensor.build();
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
