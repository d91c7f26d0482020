package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;

/**
 * The residual networks of He et al. 2015, section 4.2, for images [n, 32, 32, 3]: 6k + 2 layers with shortcuts of kind
 * A, which have no parameters. The parameters have the names of Yerlan Idelbayev's PyTorch code
 * (pytorch_resnet_cifar10).
 *
 * @param layer1 k blocks of 16 maps of 32 x 32
 * @param layer2 k blocks of 32 maps of 16 x 16
 * @param layer3 k blocks of 64 maps of 8 x 8
 * @param linear classes from the mean of each map
 */
public record CifarResNet(
        Conv conv1, BatchNorm bn1, Sequential layer1, Sequential layer2, Sequential layer3, Linear linear)
        implements Layer {
    private static final int MOST = 10_000;

    /**
     * Makes a network with k blocks in each stage: 3 for ResNet-20 (269,722 parameters at ten classes), and 5, 7, 9 and
     * 18 for ResNet-32, 44, 56 and 110.
     *
     * @throws IllegalArgumentException if k is not in 1 to 10,000, or there is no class
     */
    public CifarResNet(int k, int classes) {
        this(
                conv(3, 16, 1),
                new BatchNorm(16).act(RELU),
                stage(k, 16, 16, 1),
                stage(k, 16, 32, 2),
                stage(k, 32, 64, 2),
                new Linear(64, classes, Init.heNormal()));
    }

    private static Sequential stage(int k, int in, int out, int stride) {
        if (k < 1 || k > MOST) {
            throw new IllegalArgumentException("CifarResNet: k=" + k + " blocks in each stage must be 1 to " + MOST);
        }
        Layer[] blocks = new Layer[k];
        for (int i = 0; i < k; i++) {
            blocks[i] = i == 0 ? block(in, out, stride) : block(out, out, 1);
        }
        return new Sequential(blocks);
    }

    private static ResNet.BasicBlock block(int in, int out, int stride) {
        return new ResNet.BasicBlock(
                conv(in, out, stride),
                new BatchNorm(out).act(RELU),
                conv(out, out, 1),
                new BatchNorm(out),
                stride == 1 ? null : new OptionA());
    }

    private static Conv conv(int in, int out, int stride) {
        return new Conv(in, out, 3)
                .stride(stride)
                .pad(1)
                .withWeight(Init.heNormal())
                .withoutBias();
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor maps = layer3.apply(layer2.apply(layer1.apply(bn1.apply(conv1.apply(x)))));
        return linear.apply(maps.mean(1, 2));
    }

    /**
     * y = every second pixel of x, with half as many zero channels before x's as it has, and as many after: [n, h, w,
     * c] to [n, h/2, w/2, 2c].
     */
    public record OptionA() implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor picked = x.slice(1, 0, x.dim(1), 2).slice(2, 0, x.dim(2), 2);
            Tensor none = Tensor.zeros(picked.dim(0), picked.dim(1), picked.dim(2), picked.dim(3) / 2);
            return Tensor.concat(-1, none, picked, none);
        }
    }
}
