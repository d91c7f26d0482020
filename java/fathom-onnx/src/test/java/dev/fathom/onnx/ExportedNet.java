package dev.fathom.onnx;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.SinusoidalPositions;
import dev.fathom.attention.TransformerDecoder;
import dev.fathom.attention.TransformerDecoderLayer;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nets.AlexNet;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.FractalNet;
import dev.fathom.nets.GoogLeNet;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nets.MobileNetV2;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nets.ResNet;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nets.TemporalBlock;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.nets.Vgg;
import dev.fathom.nets.ZfNet;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.InstanceNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.RmsNorm;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.SqueezeExcite;
import dev.fathom.op.Activation;
import dev.fathom.op.Cell;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A net that is written, with what goes in.
 *
 * @param name of the file
 * @param function of the net
 * @param inputs that the function takes
 * @param below the number below which integers of the inputs are
 */
record ExportedNet(String name, Net net, BiFunction<Net, Tensor[], Object> function, List<Spec> inputs, int below) {
    /** The sizes of inputs. */
    record Sizes(int batch, int length) {}

    @Override
    public String toString() {
        return name;
    }

    OnnxExport export(Model<Net> model) {
        return OnnxExport.of(model, function, inputs.toArray(new Spec[0]));
    }

    /** Tensors for the inputs, in the current pass. */
    Tensor[] tensors(Sizes sizes) {
        return inputs.stream()
                .map(spec -> {
                    int[] dims = Arrays.stream(spec.dims())
                            .map(d -> d == Dim.BATCH ? sizes.batch : d == Dim.LENGTH ? sizes.length : d)
                            .toArray();
                    int n = (int) Shape.of(dims).size();
                    if (spec.dtype() == DType.F32) {
                        float[] x = new float[n];
                        for (int i = 0; i < n; i++) {
                            x[i] = (float) Math.sin(i * 0.7 + i * i * 0.013);
                        }
                        return Tensor.of(x, dims);
                    }
                    int[] x = new int[n];
                    int most = spec.name().equals("lengths") ? sizes.length : below;
                    for (int i = 0; i < n; i++) {
                        x[i] = spec.name().equals("lengths") ? 1 + i * 5 % most : i * 37 % most;
                    }
                    return Tensor.ofInts(x, dims);
                })
                .toArray(Tensor[]::new);
    }

    // ---- the nets

    private static final Layer NONE = x -> x;

    private static ExportedNet of(String name, Layer net, int... dims) {
        return new ExportedNet(name, net, (n, in) -> ((Layer) n).apply(in[0]), List.of(Spec.of("input", dims)), 0);
    }

    private static ExportedNet image(String name, Layer net, int size, int channels) {
        return of(name, net, Dim.BATCH, size, size, channels);
    }

    private static ExportedNet sequence(String name, Layer net, int width) {
        return of(name, net, Dim.BATCH, Dim.LENGTH, width);
    }

    private static ExportedNet recurrent(String name, Recurrent net) {
        return new ExportedNet(
                name,
                net,
                (n, in) -> {
                    Recurrent r = (Recurrent) n;
                    var out = r.run(in[0], r.state(in[0].dim(0)), in[1]);
                    return List.of(out.steps(), out.last(), out.state().tensors());
                },
                List.of(Spec.of("x", Dim.BATCH, Dim.LENGTH, 6), Spec.lengths("lengths")),
                0);
    }

    /** A language model. */
    record Gpt(Embedding tokens, Layer positions, TransformerEncoder body, Linear head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(body.apply(positions.apply(tokens.apply(x)), AttentionMask.CAUSAL));
        }
    }

    private static ExportedNet texts(String name, Layer net) {
        return new ExportedNet(
                name,
                net,
                (n, in) -> Map.of("logits", ((Layer) n).apply(in[0])),
                List.of(Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH)),
                40);
    }

    private static ExportedNet padded(String name, TransformerEncoder net, AttentionMask mask) {
        return new ExportedNet(
                name,
                net,
                (n, in) -> ((TransformerEncoder) n).apply(in[0], mask.withLengths(in[1])),
                List.of(Spec.of("x", Dim.BATCH, Dim.LENGTH, 16), Spec.lengths("lengths")),
                0);
    }

    private static TransformerEncoderLayer layer() {
        return new TransformerEncoderLayer(16, 4, 32, Activation.GELU);
    }

    /** Those that take seconds to make, in the sizes that they were published in. */
    static Stream<ExportedNet> large() {
        return Stream.of(
                image("googlenet-paper", GoogLeNet.paper(10), 224, 3),
                image("alexnet", AlexNet.alexnet(10), 224, 3),
                image("alexnet-paper", AlexNet.paper(10), 227, 3),
                image("vgg11-bn", Vgg.vgg11_bn(10), 224, 3),
                image("zfnet", new ZfNet(10), 224, 3));
    }

    /** A formula of x [batch, 4, 6]. */
    private static ExportedNet formula(String name, Function<Tensor, Object> f) {
        return new ExportedNet(name, NONE, (n, in) -> f.apply(in[0]), List.of(Spec.of("x", Dim.BATCH, 4, 6)), 0);
    }

    /** The functions of one number. */
    private static Tensor elementwise(Tensor x) {
        Tensor positive = x.square().add(0.5);
        return Tensor.concat(
                1,
                x.relu(),
                x.sigmoid(),
                x.tanh(),
                x.exp(),
                positive.log(),
                positive.sqrt(),
                x.neg(),
                x.gelu(),
                x.elu(0.7f),
                x.clamp(-0.3, 0.4),
                x.clamp(Double.NEGATIVE_INFINITY, 0.2),
                x.abs(),
                positive.rsqrt(),
                positive.reciprocal(),
                positive.log1p(),
                x.expm1(),
                x.softplus(),
                x.softplus(2),
                x.silu(),
                x.swish(1.7f),
                x.geluTanh(),
                x.mish(),
                x.selu(),
                x.celu(0.8f),
                x.relu6(),
                x.hardTanh(),
                x.hardSigmoid(),
                x.hardSwish(),
                x.softsign(),
                x.step(),
                x.straightThrough(1),
                x.leakyRelu(0.1f),
                x.sin(),
                x.cos(),
                x.erf(),
                x.sign(),
                x.floor(),
                x.mul(3).round(),
                x.sub(0.1),
                x.div(3),
                x.rsub(2),
                x.ceil(),
                x.tan(),
                x.tanh().asin(),
                x.tanh().acos(),
                x.atan(),
                x.sinh(),
                x.cosh(),
                x.asinh(),
                x.cosh().acosh(),
                x.sigmoid().atanh());
    }

    /** The functions of angles. */
    private static Tensor trigonometric(Tensor x) {
        Tensor within = x.tanh().mul(0.9);
        return Tensor.concat(
                1,
                x.mul(3).ceil(),
                x.tan(),
                within.asin(),
                within.acos(),
                x.atan(),
                x.sinh(),
                x.cosh(),
                x.asinh(),
                x.abs().add(1.1).acosh(),
                within.atanh());
    }

    /** The functions of two numbers. */
    private static Tensor binary(Tensor x) {
        Tensor y = x.flip(2);
        Tensor row = x.slice(1, 0, 1);
        return Tensor.concat(
                1,
                x.add(y),
                x.sub(row),
                x.mul(y),
                x.div(y.square().add(1)),
                x.max(y),
                x.min(row),
                x.abs().add(0.1).pow(y),
                x.prelu(Tensor.full(Shape.of(6), 0.3f)),
                x.swish(Tensor.full(Shape.of(6), 0.9f)),
                x.gt(y),
                x.ge(row),
                x.lt(y),
                x.le(0),
                x.eq(y),
                x.ne(x),
                x.gt(y).where(x, row),
                x.maskedFill(x.lt(0), 3),
                x.mod(y.add(2)),
                x.mul(5).fmod(row.add(1.5)),
                x.pow(2));
    }

    private static Object reductions(Tensor x) {
        return List.of(
                x.sum(1),
                x.prod(2),
                x.mean(1, 2),
                x.max(2),
                x.min(1),
                x.norm1(2),
                x.norm(1),
                x.logSumExp(2),
                x.argmax(1),
                x.argmin(2),
                x.variance(1),
                x.sampleStd(1, 2),
                x.sampleVariance(2),
                x.cumsum(1),
                x.softmax(1),
                x.logSoftmax(2),
                x.sort(1).values(),
                x.topk(2, 3).indices());
    }

    private static Object moves(Tensor x) {
        Tensor image = x.reshape(-1, 2, 4, 3);
        return List.of(
                x.permute(0, 2, 1),
                x.reshape(-1, 12),
                x.slice(2, 1, 6, 2),
                x.expand(2, x.dim(0), 4, 6),
                x.flip(1),
                x.roll(2, 2),
                x.pad(PadMode.ZEROS, 1, 2),
                x.pad(PadMode.REPLICATE, 2, 1),
                x.pad(PadMode.CIRCULAR, 1, 1),
                x.pad(PadMode.REFLECT, 1, 2),
                x.padWithValue(7, 1, 0),
                x.take(1, Tensor.ofInts(new int[] {2, -1}, 2)),
                x.to(DType.I32),
                x.gatherElements(2, x.argmax(2).unsqueeze(2)),
                x.argmax(2).oneHot(6),
                x.matmulTransposed(x.tanh()),
                x.transpose(1, 2).matmul(x),
                image.resize(Resize.LINEAR_CORNERS, 5, 7),
                image.resize(Resize.AREA, 1, 2),
                image.pixelShuffle(1),
                x.reshape(-1, 6).sum(0),
                x.add(Tensor.arange(6).to(DType.F32)),
                image.avgPoolExcludingPadding(Window.of(2).stride(2).pad(1)),
                image.localResponseNorm(3, 0.2f, 0.75f, 1),
                image.convTransposed(
                        Tensor.full(Shape.of(3, 3, 3, 2), 0.1f),
                        Window.of(3).stride(2).pad(1),
                        1,
                        1));
    }

    static Stream<ExportedNet> all() {
        return Stream.of(
                formula("elementwise", ExportedNet::elementwise),
                formula("trigonometric", ExportedNet::trigonometric),
                formula("binary", ExportedNet::binary),
                formula("reductions", ExportedNet::reductions),
                formula("moves", ExportedNet::moves),
                of(
                        "quickstart",
                        new Sequential(
                                new Linear(784, 256),
                                Tensor::relu,
                                new Dropout(0.4f),
                                new Linear(256, 128),
                                Tensor::relu,
                                new Dropout(0.3f),
                                new Linear(128, 10)),
                        Dim.BATCH,
                        784),
                image("lenet5", new LeNet5(10), 28, 1),
                image("mnist-cnn", new MnistCnn(), 28, 1),
                image("textbook-figure", TextbookCnn.figure(10), 32, 3),
                image("textbook-lab", TextbookCnn.lab(10), 32, 3),
                image("resnet20", new CifarResNet(3, 10), 16, 3),
                image("resnet18", ResNet.resnet18(10), 64, 3),
                image("resnet50", ResNet.resnet50(10), 32, 3),
                image("mobilenet-v2", new MobileNetV2(10), 32, 3),
                image("squeezenet", SqueezeNet.squeezenet1_1(10), 64, 3),
                image("googlenet", GoogLeNet.googlenet(10), 64, 3),
                image("fractal-net", new FractalNet(3, 10), 32, 3),
                image("plain-cnn", new PlainCnn(1, 4, 3, 10), 28, 1),
                sequence("temporal", TemporalBlock.stack(6, 3, 0.1f, 8, 8), 6),
                sequence("lstm-one-bias", Recurrent.lstm(6, 5).biases(1), 6),
                image(
                        "squeeze-excite",
                        new Sequential(
                                new Conv(3, 8, Window.of(3).pad(1)),
                                new SqueezeExcite(8, 4),
                                new GroupNorm(2, 8),
                                Tensor::silu,
                                InstanceNorm.affine(8)),
                        8,
                        3),
                image(
                        "unet",
                        new Sequential(
                                new Conv(3, 8, Window.of(3).stride(2).same()),
                                Tensor::hardSwish,
                                new ConvTransposed(8, 4, Window.of(2).stride(2)),
                                x -> x.resize(Resize.NEAREST, 16, 16),
                                x -> x.resize(Resize.LINEAR, 24, 24),
                                x -> x.maxPool(Window.of(3).stride(2).pad(1).ceil()),
                                x -> x.avgPool(Window.of(2).stride(1).same())),
                        8,
                        3),
                recurrent("lstm", Recurrent.lstm(6, 5).layers(2).bidirectional()),
                recurrent("lstm-peepholes", Recurrent.lstm(6, 5).peepholes()),
                recurrent("gru", Recurrent.gru(6, 5).bidirectional()),
                recurrent(
                        "gru-reset-first",
                        Recurrent.of(Cell.GRU_RESET_FIRST, 6, 5).updateGatesCandidate()),
                recurrent("rnn", Recurrent.rnn(6, 5)),
                recurrent("rnn-relu", Recurrent.of(Cell.RELU, 6, 5)),
                sequence("lstm-last", new Sequential(Recurrent.lstm(6, 5).lastStep(), new Linear(5, 3)), 6),
                sequence("wavenet", new Sequential(new Conv(6, 8, Window.line(3).same()), Tensor::relu), 6),
                texts(
                        "gpt",
                        new Gpt(
                                new Embedding(40, 16),
                                new LearnedPositions(50, 16),
                                TransformerEncoder.of(2, () -> layer().normsFirst(), new LayerNorm(16)),
                                new Linear(16, 40))),
                texts(
                        "llama",
                        new Gpt(
                                new Embedding(40, 16),
                                x -> x,
                                TransformerEncoder.of(
                                        2,
                                        () -> layer().normsFirst()
                                                .attention(MultiHeadAttention.withSeparateProjections(16, 16, 4, 2)
                                                        .rotary(RotaryPositions.halves(64, 4)))
                                                .norms(new RmsNorm(16), new RmsNorm(16)),
                                        new RmsNorm(16)),
                                new Linear(16, 40))),
                texts(
                        "rotary-pairs",
                        new Gpt(
                                new Embedding(40, 16),
                                new SinusoidalPositions(60, 16),
                                TransformerEncoder.of(
                                        1,
                                        () -> layer().attention(new MultiHeadAttention(16, 2)
                                                .rotary(RotaryPositions.interleaved(64, 4))),
                                        null),
                                new Linear(16, 40))),
                padded("encoder", TransformerEncoder.of(2, ExportedNet::layer, null), AttentionMask.NONE),
                padded("encoder-causal", TransformerEncoder.of(1, ExportedNet::layer, null), AttentionMask.CAUSAL),
                new ExportedNet(
                        "decoder",
                        TransformerDecoder.of(2, () -> new TransformerDecoderLayer(16, 4, 32, Activation.RELU), null),
                        (n, in) ->
                                ((TransformerDecoder) n).apply(in[0], in[1], AttentionMask.CAUSAL, AttentionMask.NONE),
                        List.of(Spec.of("x", Dim.BATCH, Dim.LENGTH, 16), Spec.of("memory", Dim.BATCH, 7, 16)),
                        0));
    }
}
