package dev.fathom.bench.torch;

import dev.fathom.bench.Work;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The quickstart's training in PyTorch: images stay bytes, and each batch is taken by index, made floats and normalized
 * in place.
 */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchQuickstart {
    /** The network and the images. */
    @State(Scope.Thread)
    public static class Training {
        private static final int PIXELS = Work.MLP[0];
        private static final double[] DROPPED = {0.4, 0.3};

        private final LinearImpl[] layers = new LinearImpl[Work.MLP.length - 1];
        private Module net;
        private Adam adam;
        private Tensor images;
        private Tensor labels;
        private Scalar mean;
        private Scalar scale;
        private double first;

        /** Reads the images and makes the network. */
        @Setup(Level.Trial)
        public void setup() {
            torch.manual_seed(1);
            byte[] pixels = Work.clothes("train-images-idx3-ubyte", 16, Work.IMAGES * PIXELS);
            images = tensor(pixels, Work.IMAGES, PIXELS);
            labels = tensor(Work.clothes("train-labels-idx1-ubyte", 8, Work.IMAGES), Work.IMAGES)
                    .toType(torch.ScalarType.Long);
            double sum = 0;
            double squares = 0;
            for (byte pixel : pixels) {
                int value = pixel & 0xff;
                sum += value;
                squares += (double) value * value;
            }
            double middle = sum / pixels.length;
            mean = new Scalar((float) middle);
            scale = new Scalar((float) (1 / Math.sqrt(squares / pixels.length - middle * middle)));
            net = new Module();
            for (int i = 0; i < layers.length; i++) {
                layers[i] = new LinearImpl(Work.MLP[i], Work.MLP[i + 1]);
                net.register_module("layer" + i, layers[i]);
            }
            adam = new Adam(net.parameters(), new AdamOptions(1e-3));
            first = loss();
        }

        private static Tensor tensor(byte[] values, long... shape) {
            try (BytePointer p = new BytePointer(values)) {
                return torch.from_blob(p, shape, torch.dtype(torch.ScalarType.Byte))
                        .clone();
            }
        }

        private Tensor normalized(Tensor bytes) {
            return bytes.toType(torch.ScalarType.Float).sub_(mean).mul_(scale);
        }

        private Tensor forward(Tensor x, boolean drop) {
            Tensor h = x;
            for (int i = 0; i + 1 < layers.length; i++) {
                h = torch.dropout(torch.relu_(layers[i].forward(h)), DROPPED[i], drop);
            }
            return layers[layers.length - 1].forward(h);
        }

        /** Of the first images, without dropout. */
        private double loss() {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard guard = new NoGradGuard()) {
                Tensor x = normalized(images.narrow(0, 0, 1000));
                return torch.cross_entropy_loss(forward(x, false), labels.narrow(0, 0, 1000))
                        .item_float();
            }
        }

        /** An epoch; the losses are read, as a trainer that reports them does. */
        double epoch() {
            try (PointerScope all = new PointerScope()) {
                Tensor order = torch.randperm(Work.IMAGES);
                double sum = 0;
                for (int from = 0; from < Work.IMAGES; from += Work.BATCH) {
                    try (PointerScope scope = new PointerScope()) {
                        Tensor rows = order.narrow(0, from, Math.min(Work.BATCH, Work.IMAGES - from));
                        Tensor x = normalized(images.index_select(0, rows));
                        adam.zero_grad();
                        Tensor loss = torch.cross_entropy_loss(forward(x, true), labels.index_select(0, rows));
                        loss.backward();
                        adam.step();
                        sum += loss.item_float();
                    }
                }
                return sum;
            }
        }

        /** The loss must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFell(first, loss());
            adam.close();
            net.close();
            images.close();
            labels.close();
        }
    }

    /** An epoch. */
    @Benchmark
    @OperationsPerInvocation(Work.STEPS)
    public double train(Training training) {
        return training.epoch();
    }
}
