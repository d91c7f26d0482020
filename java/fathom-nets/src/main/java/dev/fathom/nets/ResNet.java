package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The residual networks of He et al. 2015, table 1, for images [n, 224, 224, 3] (other sizes work too): y = relu(F(x) +
 * x), block after block. They have torchvision's form ("v1.5": the stride of a bottleneck is in its 3 x 3) and its
 * names of parameters.
 *
 * @param conv1 64 maps of half the size
 * @param maxpool 64 maps of a quarter of the size
 * @param layer1 blocks of that size
 * @param layer2 blocks of half of it
 * @param layer3 blocks of a quarter of it
 * @param layer4 blocks of an eighth of it
 * @param fc classes from the mean of each map
 */
public record ResNet(
        Conv conv1,
        BatchNorm bn1,
        MaxPool maxpool,
        Sequential layer1,
        Sequential layer2,
        Sequential layer3,
        Sequential layer4,
        Linear fc)
        implements Layer {
    /** Makes a network with two basic blocks in each stage: 11,689,512 parameters at 1,000 classes. */
    public static ResNet resnet18(int classes) {
        return of(BasicBlock::new, 1, classes, 2, 2, 2, 2);
    }

    /** Makes a network with 3, 4, 6 and 3 basic blocks: 21,797,672 parameters at 1,000 classes. */
    public static ResNet resnet34(int classes) {
        return of(BasicBlock::new, 1, classes, 3, 4, 6, 3);
    }

    /** Makes a network with 3, 4, 6 and 3 bottlenecks: 25,557,032 parameters at 1,000 classes. */
    public static ResNet resnet50(int classes) {
        return of(Bottleneck::new, 4, classes, 3, 4, 6, 3);
    }

    /** Makes a network with 3, 4, 23 and 3 bottlenecks: 44,549,160 parameters at 1,000 classes. */
    public static ResNet resnet101(int classes) {
        return of(Bottleneck::new, 4, classes, 3, 4, 23, 3);
    }

    private interface Block {
        Layer of(int in, int width, int stride);
    }

    private static ResNet of(Block block, int expansion, int classes, int... blocks) {
        return new ResNet(
                conv(3, 64, 7, 2),
                new BatchNorm(64).act(RELU),
                new MaxPool(3).stride(2).pad(1),
                stage(block, 64, 64, expansion, 1, blocks[0]),
                stage(block, 64 * expansion, 128, expansion, 2, blocks[1]),
                stage(block, 128 * expansion, 256, expansion, 2, blocks[2]),
                stage(block, 256 * expansion, 512, expansion, 2, blocks[3]),
                new Linear(512 * expansion, classes));
    }

    private static Sequential stage(Block block, int in, int width, int expansion, int stride, int blocks) {
        Layer[] layers = new Layer[blocks];
        for (int i = 0; i < blocks; i++) {
            layers[i] = i == 0 ? block.of(in, width, stride) : block.of(width * expansion, width, 1);
        }
        return new Sequential(layers);
    }

    /** k x k without bias, padded so that stride 1 keeps the size. */
    private static Conv conv(int in, int out, int k, int stride) {
        return new Conv(in, out, k)
                .stride(stride)
                .pad(k / 2)
                .withWeight(Init.heNormalFanOut())
                .withoutBias();
    }

    /** The shortcut of a block that changes size or depth; null for the identity. */
    private static @Nullable Layer downsample(int in, int out, int stride) {
        return stride == 1 && in == out ? null : new Sequential(conv(in, out, 1, stride), new BatchNorm(out));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor stem = maxpool.apply(bn1.apply(conv1.apply(x)));
        Tensor maps = layer4.apply(layer3.apply(layer2.apply(layer1.apply(stem))));
        return fc.apply(maps.mean(1, 2));
    }

    /**
     * y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)), both convolutions 3 x 3.
     *
     * @param downsample the shortcut, null for x itself
     */
    public record BasicBlock(
            Conv conv1,
            BatchNorm bn1,
            Conv conv2,
            BatchNorm bn2,
            @Nullable Layer downsample) implements Layer {
        /** Makes a block from {@code in} to {@code width} maps. The first convolution has the stride. */
        public BasicBlock(int in, int width, int stride) {
            this(
                    conv(in, width, 3, stride),
                    new BatchNorm(width).act(RELU),
                    conv(width, width, 3, 1),
                    new BatchNorm(width),
                    ResNet.downsample(in, width, stride));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor shortcut = downsample == null ? x : downsample.apply(x);
            return bn2.apply(conv2.apply(bn1.apply(conv1.apply(x))), shortcut, RELU);
        }
    }

    /**
     * y = relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x)): 1 x 1 to fewer maps, 3 x 3, 1 x 1 to
     * four times as many.
     *
     * @param downsample the shortcut, null for x itself
     */
    public record Bottleneck(
            Conv conv1,
            BatchNorm bn1,
            Conv conv2,
            BatchNorm bn2,
            Conv conv3,
            BatchNorm bn3,
            @Nullable Layer downsample) implements Layer {
        /** Makes a block from {@code in} to four times {@code width} maps. The 3 x 3 convolution has the stride. */
        public Bottleneck(int in, int width, int stride) {
            this(
                    conv(in, width, 1, 1),
                    new BatchNorm(width).act(RELU),
                    conv(width, width, 3, stride),
                    new BatchNorm(width).act(RELU),
                    conv(width, Shape.merged("Bottleneck", 4, width), 1, 1),
                    new BatchNorm(4 * width),
                    ResNet.downsample(in, 4 * width, stride));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor shortcut = downsample == null ? x : downsample.apply(x);
            Tensor inner = bn2.apply(conv2.apply(bn1.apply(conv1.apply(x))));
            return bn3.apply(conv3.apply(inner), shortcut, RELU);
        }
    }
}
