package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU6;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * MobileNetV2 (Sandler et al. 2018, table 2) for images [n, 224, 224, 3] (other sizes work too): 3,504,872 parameters
 * at 1,000 classes. The 3 x 3 convolutions are depthwise, each map for itself; 1 x 1 convolutions mix the maps. The
 * parameters have torchvision's names.
 *
 * @param features to 1,280 maps of 7 x 7
 * @param pool the mean of each map
 * @param classifier classes from the means
 */
public record MobileNetV2(Sequential features, GlobalAvgPool pool, Sequential classifier) implements Layer {
    /** Makes a network of the paper's width. */
    public MobileNetV2(int classes) {
        this(
                table2(),
                new GlobalAvgPool(),
                new Sequential(new Dropout(0.2f), new Linear(1280, classes, Init.normal(0, 0.01f))));
    }

    private static Sequential table2() {
        List<Layer> layers = new ArrayList<>();
        layers.add(unit(3, 32, 3, 2, 1)); // 112 x 112 x 32
        stage(layers, 1, 32, 16, 1, 1); // 112 x 112 x 16
        stage(layers, 6, 16, 24, 2, 2); // 56 x 56 x 24
        stage(layers, 6, 24, 32, 3, 2); // 28 x 28 x 32
        stage(layers, 6, 32, 64, 4, 2); // 14 x 14 x 64
        stage(layers, 6, 64, 96, 3, 1); // 14 x 14 x 96
        stage(layers, 6, 96, 160, 3, 2); // 7 x 7 x 160
        stage(layers, 6, 160, 320, 1, 1); // 7 x 7 x 320
        layers.add(unit(320, 1280, 1, 1, 1)); // 7 x 7 x 1280
        return new Sequential(layers);
    }

    /** A row of the table: {@code n} blocks, of which the first has the stride. */
    private static void stage(List<Layer> layers, int expansion, int in, int out, int n, int stride) {
        layers.add(new InvertedResidual(in, expansion, out, stride));
        for (int i = 1; i < n; i++) {
            layers.add(new InvertedResidual(out, expansion, out, 1));
        }
    }

    /** min(max(norm(conv(x)), 0), 6). */
    private static Sequential unit(int in, int out, int k, int stride, int groups) {
        return new Sequential(conv(in, out, k, stride, groups), new BatchNorm(out).act(RELU6));
    }

    private static Conv conv(int in, int out, int k, int stride, int groups) {
        return new Conv(in, out, Window.of(k).stride(stride).pad(k / 2), groups, Init.heNormalFanOut()).withoutBias();
    }

    @Override
    public Tensor forward(Tensor x) {
        return classifier.apply(pool.apply(features.apply(x)));
    }

    /**
     * y = project(depthwise(expand(x))) + x: wide inside, narrow where the shortcut is, and nothing nonlinear there.
     *
     * @param conv expand (1 x 1, left out where the width stays), depthwise (3 x 3), project (1 x 1) and its norm
     * @param shortcut whether x is added: where y has its shape
     */
    public record InvertedResidual(Sequential conv, boolean shortcut) implements Layer {
        /** {@code expansion} times as many maps inside; the depthwise convolution has the stride. */
        public InvertedResidual(int in, int expansion, int out, int stride) {
            this(conv(in, Shape.merged("InvertedResidual", expansion, in), out, stride), stride == 1 && in == out);
        }

        private static Sequential conv(int in, int inside, int out, int stride) {
            List<Layer> layers = new ArrayList<>();
            if (inside != in) {
                layers.add(unit(in, inside, 1, 1, 1));
            }
            layers.add(unit(inside, inside, 3, stride, inside));
            layers.add(MobileNetV2.conv(inside, out, 1, 1, 1));
            layers.add(new BatchNorm(out));
            return new Sequential(layers);
        }

        @Override
        public Tensor forward(Tensor x) {
            return shortcut ? conv.apply(x, x, null) : conv.apply(x);
        }
    }
}
