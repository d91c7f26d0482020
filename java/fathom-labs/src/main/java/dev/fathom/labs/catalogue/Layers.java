package dev.fathom.labs.catalogue;

import java.util.List;

/** The page of layers. */
final class Layers {
    private Layers() {}

    static CataloguePage family() {
        return new CataloguePage(
                "layers",
                "Layers",
                "A layer is a record of parameters, settings and other layers, whose `forward` is its formula. "
                        + "Channels come last: pictures are [N, H, W, "
                        + "C] and sequences [N, T, C]. Most layers with weights take an activation that runs in "
                        + "their kernel, such as `new Linear(784, "
                        + "10).act(Activation.RELU)`. Layers that draw random numbers do so in training alone. "
                        + "Activations without parameters are on [their "
                        + "own page](activations.md), and whole networks in [networks.md](../networks.md).",
                "var",
                "Graph graph = Graph.normalized(4, new int[][] {{0, 1}, {1, 2}, {2, 3}});\nLinear inner = new "
                        + "Linear(8, 8);\n",
                "System.out.println(linear);\n",
                List.of(
                        new CatalogueEntry("Linear", "new Linear(8, 4)", "x Wᵀ + b", "x [.., in]", ""),
                        new CatalogueEntry(
                                "Sparse linear",
                                "new SparseLinear(10_000, 16)",
                                "b + Σ w W[id] over the ids of a row",
                                "ids [n, length]",
                                ""),
                        new CatalogueEntry(
                                "Bilinear",
                                "new Bilinear(3, 4, 2)",
                                "x₁ᵀ W x₂ + b for each output",
                                "x₁ [.., in₁], x₂ [.., in₂]",
                                "Tenenbaum and Freeman 2000"),
                        new CatalogueEntry(
                                "Embedding",
                                "new Embedding(10_000, 64)",
                                "W[token], whose gradient is rows",
                                "tokens in [0, rows)",
                                "Bengio et al. 2003"),
                        new CatalogueEntry(
                                "Convolution",
                                "new Conv(3, 16, 3).pad(1)",
                                "x ∗ W + b in 1, 2 or 3 dimensions, with stride, dilation, padding and groups",
                                "x [N, .., in]",
                                "LeCun et al. 1998"),
                        new CatalogueEntry(
                                "Transposed convolution",
                                "new ConvTransposed(16, 3, 2).stride(2)",
                                "the gradient of a convolution in its input",
                                "x [N, .., in]",
                                "Zeiler et al. 2010"),
                        new CatalogueEntry(
                                "Locally connected",
                                "new LocallyConnected(Shape.of(8, 8, 3), 4, 3)",
                                "a convolution with filters of its own at each position",
                                "x of one size",
                                "Taigman et al. 2014"),
                        new CatalogueEntry(
                                "Graph convolution",
                                "new GraphConv(graph, 8, 4)",
                                "M x Wᵀ + b with M = D^(-1/2) (A + I) D^(-1/2)",
                                "x [.., nodes, in]",
                                "Kipf and Welling 2017"),
                        new CatalogueEntry(
                                "Radial basis functions",
                                "new RadialBasis(2, 16)",
                                "exp(-‖x - c‖² / (2 s²)) for each center",
                                "s > 0",
                                "Broomhead and Lowe 1988"),
                        new CatalogueEntry(
                                "Natural spline",
                                "new NaturalSpline(-5, -2, 0, 2, 5)",
                                "cubic between knots, straight beyond the outer ones",
                                "knots rise",
                                "Hastie et al. 2009, 5.2.1"),
                        new CatalogueEntry(
                                "Polynomial",
                                "new Polynomial(3)",
                                "the products of up to degree features",
                                "degree ≥ 1",
                                "Gergonne 1815"),
                        new CatalogueEntry(
                                "PReLU",
                                "new PRelu(8)",
                                "x for x > 0, else a x with a learned a",
                                "one a, or one for each channel",
                                "He et al. 2015"),
                        new CatalogueEntry(
                                "RReLU",
                                "new RRelu()",
                                "x for x > 0, else a x with a random a",
                                "lower ≤ a < upper",
                                "Xu et al. 2015"),
                        new CatalogueEntry(
                                "Swish",
                                "new Swish()",
                                "x σ(β x) with a learned β",
                                "one β, or one for each channel",
                                "Ramachandran et al. 2017"),
                        new CatalogueEntry(
                                "Maxout",
                                "new Maxout(5)",
                                "the largest of each k neighboring channels",
                                "k ≥ 2",
                                "Goodfellow et al. 2013"),
                        new CatalogueEntry(
                                "Softmin", "new Softmin()", "softmax(-x)", "any numbers", "PyTorch's Softmin"),
                        new CatalogueEntry(
                                "Temperature",
                                "new Sequential(new Linear(8, 4), Temperature.learned(1))",
                                "x / T",
                                "T > 0",
                                "Guo et al. 2017"),
                        new CatalogueEntry(
                                "Gumbel-softmax",
                                "new GumbelSoftmax(0.5f)",
                                "softmax((x - log(-log u)) / T), u uniform",
                                "T > 0",
                                "Jang et al. 2017"),
                        new CatalogueEntry(
                                "Max pooling",
                                "new MaxPool(2)",
                                "the largest value of each window",
                                "x [N, .., C]",
                                "Riesenhuber and Poggio 1999"),
                        new CatalogueEntry(
                                "Average pooling",
                                "new AvgPool(2)",
                                "the mean of each window",
                                "x [N, .., C]",
                                "LeCun et al. 1998"),
                        new CatalogueEntry(
                                "Adaptive average pooling",
                                "new AdaptiveAvgPool(7, 7)",
                                "means of as many equal parts as asked for",
                                "x [N, .., C]",
                                "PyTorch's AdaptiveAvgPool2d"),
                        new CatalogueEntry(
                                "Global average pooling",
                                "new GlobalAvgPool()",
                                "the mean of each channel",
                                "x [N, .., C]",
                                "Lin et al. 2014"),
                        new CatalogueEntry(
                                "Global max pooling",
                                "new GlobalMaxPool()",
                                "the largest value of each channel",
                                "x [N, .., C]",
                                "Oquab et al. 2015"),
                        new CatalogueEntry(
                                "Padding",
                                "new Pad(1)",
                                "zeros, copies, reflections or the other side at the edges",
                                "widths ≥ 0",
                                "PyTorch's ConstantPad2d"),
                        new CatalogueEntry(
                                "Upsampling",
                                "new Upsample(2)",
                                "nearest, linear or cubic interpolation",
                                "factor ≥ 1",
                                "PyTorch's Upsample"),
                        new CatalogueEntry(
                                "Pixel shuffle",
                                "new PixelShuffle(2)",
                                "[N, H, W, C f²] to [N, H f, W f, C]",
                                "C f² channels",
                                "Shi et al. 2016"),
                        new CatalogueEntry(
                                "Pixel unshuffle",
                                "new PixelUnshuffle(2)",
                                "[N, H f, W f, C] to [N, H, W, C f²]",
                                "sides that f divides",
                                "Shi et al. 2016"),
                        new CatalogueEntry("Flatten", "new Flatten()", "[N, ..] to [N, size]", "rank ≥ 1", ""),
                        new CatalogueEntry(
                                "Batch norm",
                                "new BatchNorm(16)",
                                "w (x - mean) / √(variance + ε) + b over batch and places",
                                "x [N, .., C]",
                                "Ioffe and Szegedy 2015"),
                        new CatalogueEntry(
                                "Layer norm",
                                "new LayerNorm(16)",
                                "w (x - mean) / √(variance + ε) + b over the last dimensions",
                                "x [.., C]",
                                "Ba et al. 2016"),
                        new CatalogueEntry(
                                "Group norm",
                                "new GroupNorm(4, 16)",
                                "the norm over places and a group of channels",
                                "groups that divide the channels",
                                "Wu and He 2018"),
                        new CatalogueEntry(
                                "Instance norm",
                                "new InstanceNorm()",
                                "the norm over the places of each channel",
                                "x [N, .., C]",
                                "Ulyanov et al. 2016"),
                        new CatalogueEntry(
                                "RMS norm",
                                "new RmsNorm(16)",
                                "w x / √(mean of x² + ε)",
                                "x [.., C]",
                                "Zhang and Sennrich 2019"),
                        new CatalogueEntry(
                                "Local response norm",
                                "new LocalResponseNorm(5)",
                                "x / (k + α / size Σ x²)^β over neighboring channels",
                                "size ≥ 1",
                                "Krizhevsky et al. 2012; PyTorch's form"),
                        new CatalogueEntry(
                                "Weight norm",
                                "new WeightNorm(new Linear(8, 4))",
                                "a layer with the weight g v / ‖v‖",
                                "any layer with a weight",
                                "Salimans and Kingma 2016"),
                        new CatalogueEntry(
                                "Spectral norm",
                                "new SpectralNorm(new Linear(8, 4))",
                                "a layer with the weight W / its largest singular value",
                                "any layer with a weight",
                                "Miyato et al. 2018"),
                        new CatalogueEntry(
                                "Dropout",
                                "new Dropout(0.5f)",
                                "x m / (1 - p), where m is 0 with probability p",
                                "p in [0, 1)",
                                "Srivastava et al. 2014"),
                        new CatalogueEntry(
                                "Spatial dropout",
                                "new Dropout2d(0.2f)",
                                "dropout of whole channels",
                                "p in [0, 1)",
                                "Tompson et al. 2015"),
                        new CatalogueEntry(
                                "Alpha dropout",
                                "new AlphaDropout(0.1f)",
                                "dropout to -1.7581 that keeps mean and variance",
                                "p in [0, 1)",
                                "Klambauer et al. 2017"),
                        new CatalogueEntry(
                                "DropConnect",
                                "new DropConnect(new Linear(8, 4), 0.5f)",
                                "a layer whose weights are 0 with probability p",
                                "p in [0, 1)",
                                "Wan et al. 2013"),
                        new CatalogueEntry(
                                "Drop path",
                                "new DropPath(0.1f)",
                                "drops the branch of an example",
                                "p in [0, 1)",
                                "Huang et al. 2016"),
                        new CatalogueEntry(
                                "Gaussian noise",
                                "new GaussianNoise(0.1f)",
                                "x + N(0, std²)",
                                "std ≥ 0",
                                "Bishop 1995"),
                        new CatalogueEntry(
                                "Sequential",
                                "new Sequential(inner, new Dropout(0.5f))",
                                "one layer after the other",
                                "",
                                ""),
                        new CatalogueEntry(
                                "Residual",
                                "new Residual(inner)",
                                "inner(x) + x",
                                "inner keeps the shape",
                                "He et al. 2016"),
                        new CatalogueEntry(
                                "Squeeze and excitation",
                                "new SqueezeExcite(16, 4)",
                                "x s, with s from the means of the channels",
                                "x [N, .., C]",
                                "Hu et al. 2018"),
                        new CatalogueEntry(
                                "Time-distributed",
                                "new TimeDistributed(inner)",
                                "the same layer at each step",
                                "x [N, T, ..]",
                                "Keras"),
                        new CatalogueEntry(
                                "Recompute",
                                "new Recompute(inner)",
                                "a layer that backward computes again, for less memory",
                                "",
                                "Chen et al. 2016"),
                        new CatalogueEntry(
                                "Recurrent layer",
                                "Recurrent.rnn(8, 16)",
                                "h = tanh(W x + U h + b)",
                                "x [N, T, in]",
                                "Elman 1990"),
                        new CatalogueEntry(
                                "LSTM",
                                "Recurrent.lstm(8, 16)",
                                "c = f c + i g, h = o tanh(c) with gates i, f, o",
                                "x [N, T, in]",
                                "Hochreiter and Schmidhuber 1997; Gers et al. 2000"),
                        new CatalogueEntry(
                                "GRU",
                                "Recurrent.gru(8, 16)",
                                "h = z h + (1 - z) n with the gates z and r",
                                "x [N, T, in]",
                                "Cho et al. 2014"),
                        new CatalogueEntry(
                                "UGRNN",
                                "Recurrent.of(Cell.UGRNN, 8, 16)",
                                "h = z h + (1 - z) tanh(W x + U h + b)",
                                "x [N, T, in]",
                                "Collins et al. 2017"),
                        new CatalogueEntry(
                                "Temporal block",
                                "new TemporalBlock(8, 16, 3, 2, 0.1f)",
                                "two causal dilated convolutions and what skips them",
                                "x [N, T, in]",
                                "Bai et al. 2018"),
                        new CatalogueEntry(
                                "WaveNet block",
                                "new WaveNetBlock(16, 16, 32, 2, 4)",
                                "tanh(filter) σ(gate) of causal dilated convolutions",
                                "x [N, T, C]",
                                "van den Oord et al. 2016"),
                        new CatalogueEntry(
                                "Additive attention",
                                "new AdditiveAttention(16, 16, 32)",
                                "softmax(v tanh(W q + U k)) values",
                                "queries and keys [N, T, C]",
                                "Bahdanau et al. 2015"),
                        new CatalogueEntry(
                                "Multi-head attention",
                                "new MultiHeadAttention(32, 4)",
                                "softmax(Q Kᵀ / √d) V for each head",
                                "heads that divide the width",
                                "Vaswani et al. 2017"),
                        new CatalogueEntry(
                                "Feed-forward block",
                                "new FeedForward(32, 64, Activation.GELU)",
                                "W₂ act(W₁ x), with or without a gate",
                                "x [.., C]",
                                "Vaswani et al. 2017; Shazeer 2020"),
                        new CatalogueEntry(
                                "Sinusoidal positions",
                                "new SinusoidalPositions(128, 32)",
                                "x + sin and cos of the position",
                                "T ≤ the length",
                                "Vaswani et al. 2017"),
                        new CatalogueEntry(
                                "Learned positions",
                                "new LearnedPositions(128, 32)",
                                "x + a learned vector of the position",
                                "T ≤ the length",
                                "Gehring et al. 2017"),
                        new CatalogueEntry(
                                "Rotary positions",
                                "RotaryPositions.of(128, 8, 10_000, false)",
                                "queries and keys turned by angles of the position",
                                "even width of a head",
                                "Su et al. 2021"),
                        new CatalogueEntry(
                                "Transformer encoder layer",
                                "new TransformerEncoderLayer(32, 4, 64, Activation.GELU)",
                                "attention and feed-forward, each with norm and residual",
                                "x [N, T, C]",
                                "Vaswani et al. 2017"),
                        new CatalogueEntry(
                                "Transformer decoder layer",
                                "new TransformerDecoderLayer(32, 4, 64, Activation.GELU)",
                                "causal attention, attention to a memory, feed-forward",
                                "x [N, T, C]",
                                "Vaswani et al. 2017"),
                        new CatalogueEntry(
                                "Transformer encoder",
                                "TransformerEncoder.of(2, () -> new TransformerEncoderLayer(32, 4, 64, "
                                        + "Activation.GELU), new LayerNorm(32))",
                                "layers, then a norm",
                                "x [N, T, C]",
                                "Vaswani et al. 2017"),
                        new CatalogueEntry(
                                "Transformer decoder",
                                "TransformerDecoder.of(2, () -> new TransformerDecoderLayer(32, 4, 64, "
                                        + "Activation.GELU), new LayerNorm(32))",
                                "layers, then a norm",
                                "x [N, T, C]",
                                "Vaswani et al. 2017")));
    }
}
