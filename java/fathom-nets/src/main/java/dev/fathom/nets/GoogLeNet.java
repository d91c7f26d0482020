package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.AdaptiveAvgPool;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import org.jspecify.annotations.Nullable;

/**
 * GoogLeNet (Szegedy et al. 2014, table 1) for images [n, 224, 224, 3]: nine inceptions, two of which feed auxiliary
 * heads. The heads bring gradients to the middle of the network in training and are left out afterward. Applied as a
 * layer, the network gives the logits of its end; {@link #loss} trains the heads too.
 *
 * @param conv1 64 maps of 112 x 112
 * @param maxpool1 of 56 x 56
 * @param conv3 192 maps of 56 x 56
 * @param maxpool2 of 28 x 28
 * @param inception3a 256 maps
 * @param inception3b 480 maps
 * @param maxpool3 of 14 x 14
 * @param inception4a 512 maps
 * @param inception4d 528 maps
 * @param inception4e 832 maps
 * @param maxpool4 of 7 x 7
 * @param inception5b 1,024 maps
 * @param aux1 a head upon 4a, or null
 * @param aux2 a head upon 4d, or null
 * @param fc classes from the mean of each map
 */
public record GoogLeNet(
        Layer conv1,
        Layer maxpool1,
        Layer conv2,
        Layer conv3,
        Layer maxpool2,
        Inception inception3a,
        Inception inception3b,
        MaxPool maxpool3,
        Inception inception4a,
        Inception inception4b,
        Inception inception4c,
        Inception inception4d,
        Inception inception4e,
        MaxPool maxpool4,
        Inception inception5a,
        Inception inception5b,
        @Nullable Head aux1,
        @Nullable Head aux2,
        GlobalAvgPool avgpool,
        Dropout dropout,
        Linear fc)
        implements Layer {
    /**
     * Makes torchvision's form, whose parameters have the same names here: a batch norm after every convolution, and 3
     * x 3 where the paper has 5 x 5. It has 13,004,888 parameters at 1,000 classes, 6,624,904 without the heads. The
     * weights that torchvision publishes are for images from -1 to 1, to which torchvision's network converts its input
     * itself.
     */
    public static GoogLeNet googlenet(int classes) {
        return of(
                Normalized::new,
                3,
                pool(3),
                pool(3),
                pool(2),
                new Head(new AdaptiveAvgPool(4, 4), new Normalized(512, 128, Window.of(1)), classes),
                new Head(new AdaptiveAvgPool(4, 4), new Normalized(528, 128, Window.of(1)), classes),
                0.2f,
                classes);
    }

    /**
     * Makes the paper's form: biases instead of batch norms, responses normalized across maps as in AlexNet, and 5 x 5
     * convolutions. It has 13,378,280 parameters at 1,000 classes, 6,998,552 without the heads.
     */
    public static GoogLeNet paper(int classes) {
        return of(
                GoogLeNet::biased,
                5,
                new Sequential(pool(3), AlexNet.normalize()),
                new Sequential(AlexNet.normalize(), pool(3)),
                pool(3),
                new Head(new AvgPool(5).stride(3), biased(512, 128, Window.of(1)), classes),
                new Head(new AvgPool(5).stride(3), biased(528, 128, Window.of(1)), classes),
                0.4f,
                classes);
    }

    private static GoogLeNet of(
            Unit unit,
            int large,
            Layer maxpool1,
            Layer maxpool2,
            MaxPool maxpool4,
            Head aux1,
            Head aux2,
            float drop,
            int classes) {
        return new GoogLeNet(
                unit.of(3, 64, Window.of(7).stride(2).pad(3)),
                maxpool1,
                unit.of(64, 64, Window.of(1)),
                unit.of(64, 192, Window.of(3).pad(1)),
                maxpool2,
                Inception.of(unit, large, 192, 64, 96, 128, 16, 32, 32),
                Inception.of(unit, large, 256, 128, 128, 192, 32, 96, 64),
                pool(3),
                Inception.of(unit, large, 480, 192, 96, 208, 16, 48, 64),
                Inception.of(unit, large, 512, 160, 112, 224, 24, 64, 64),
                Inception.of(unit, large, 512, 128, 128, 256, 24, 64, 64),
                Inception.of(unit, large, 512, 112, 144, 288, 32, 64, 64),
                Inception.of(unit, large, 528, 256, 160, 320, 32, 128, 128),
                maxpool4,
                Inception.of(unit, large, 832, 256, 160, 320, 32, 128, 128),
                Inception.of(unit, large, 832, 384, 192, 384, 48, 128, 128),
                aux1,
                aux2,
                new GlobalAvgPool(),
                new Dropout(drop),
                new Linear(1024, classes));
    }

    /** Returns this network without the heads, for inference. */
    public GoogLeNet withoutHeads() {
        return Structure.without(this, aux1, aux2);
    }

    private static MaxPool pool(int size) {
        return new MaxPool(size).stride(2).ceil();
    }

    @Override
    public Tensor forward(Tensor x) {
        return end(to4d(to4a(x)));
    }

    /**
     * Returns the loss of the end plus 0.3 times that of each head (section 5), for {@code Trainer.custom} to minimize.
     *
     * @throws IllegalStateException if the network has no heads
     */
    public Tensor loss(Tensor x, Tensor labels, Loss loss) {
        if (aux1 == null || aux2 == null) {
            throw new IllegalStateException(
                    "loss: this GoogLeNet has no auxiliary heads; train it as a layer, or make one that has them");
        }
        Tensor at4a = to4a(x);
        Tensor at4d = to4d(at4a);
        Tensor heads = loss.of(aux1.apply(at4a), labels).add(loss.of(aux2.apply(at4d), labels));
        return loss.of(end(at4d), labels).add(heads.mul(0.3f));
    }

    private Tensor to4a(Tensor x) {
        Tensor stem = maxpool2.apply(conv3.apply(conv2.apply(maxpool1.apply(conv1.apply(x)))));
        return inception4a.apply(maxpool3.apply(inception3b.apply(inception3a.apply(stem))));
    }

    private Tensor to4d(Tensor at4a) {
        return inception4d.apply(inception4c.apply(inception4b.apply(at4a)));
    }

    private Tensor end(Tensor at4d) {
        Tensor maps = inception5b.apply(inception5a.apply(maxpool4.apply(inception4e.apply(at4d))));
        return fc.apply(dropout.apply(avgpool.apply(maps)));
    }

    /** What stands for a convolution: the two forms differ in it. */
    private interface Unit {
        Layer of(int in, int out, Window window);
    }

    private static Layer biased(int in, int out, Window window) {
        return new Conv(in, out, window).act(RELU);
    }

    /** relu(bn(conv(x))). */
    public record Normalized(Conv conv, BatchNorm bn) implements Layer {
        /** Makes the layer with torchvision's epsilon of 1e-3. */
        public Normalized(int in, int out, Window window) {
            this(
                    new Conv(in, out, window).withoutBias(),
                    new BatchNorm(out).epsilon(1e-3f).act(RELU));
        }

        @Override
        public Tensor forward(Tensor x) {
            return bn.apply(conv.apply(x));
        }
    }

    /**
     * Four branches over x side by side (figure 2b), in which the larger windows see fewer maps.
     *
     * @param branch1 1 x 1
     * @param branch2 1 x 1, then 3 x 3
     * @param branch3 1 x 1, then 5 x 5
     * @param branch4 maxima of 3 x 3, then 1 x 1
     */
    public record Inception(Layer branch1, Sequential branch2, Sequential branch3, Sequential branch4)
            implements Layer {
        /** A row of table 1: {@code large} is the size of the third branch's window. */
        private static Inception of(
                Unit unit, int large, int in, int n1, int reduce3, int n3, int reduce5, int n5, int project) {
            return new Inception(
                    unit.of(in, n1, Window.of(1)),
                    new Sequential(
                            unit.of(in, reduce3, Window.of(1)),
                            unit.of(reduce3, n3, Window.of(3).pad(1))),
                    new Sequential(
                            unit.of(in, reduce5, Window.of(1)),
                            unit.of(reduce5, n5, Window.of(large).pad(large / 2))),
                    new Sequential(new MaxPool(Window.of(3).pad(1)), unit.of(in, project, Window.of(1))));
        }

        @Override
        public Tensor forward(Tensor x) {
            return Tensor.concat(-1, branch1.apply(x), branch2.apply(x), branch3.apply(x), branch4.apply(x));
        }
    }

    /**
     * An auxiliary classifier of maps in the middle.
     *
     * @param shrink to 4 x 4
     * @param conv 128 maps
     * @param fc1 1,024 units
     */
    public record Head(Layer shrink, Layer conv, Flatten flatten, Linear fc1, Dropout dropout, Linear fc2)
            implements Layer {
        private Head(Layer shrink, Layer conv, int classes) {
            this(
                    shrink,
                    conv,
                    new Flatten(),
                    new Linear(128 * 4 * 4, 1024).act(RELU),
                    new Dropout(0.7f),
                    new Linear(1024, classes));
        }

        @Override
        public Tensor forward(Tensor x) {
            return fc2.apply(dropout.apply(fc1.apply(flatten.apply(conv.apply(shrink.apply(x))))));
        }
    }
}
