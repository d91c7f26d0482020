package dev.fathom.nets;

import dev.fathom.nn.AdaptiveAvgPool;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The networks of Simonyan and Zisserman 2014, table 1, for images [n, 224, 224, 3] (other sizes work too): nothing but
 * 3 x 3 convolutions, two of which see 5 x 5 with fewer weights, in five stages of 64, 128, 256, 512 and 512 maps. Each
 * stage halves the image. The parameters have torchvision's names, with or without batch norms.
 *
 * @param features to 512 maps of 7 x 7
 * @param avgpool makes 7 x 7 of the maps of images of other sizes
 * @param flatten map after map
 * @param classifier three linear layers
 */
public record Vgg(Sequential features, AdaptiveAvgPool avgpool, Flatten flatten, Sequential classifier)
        implements Layer {
    private static final int[] MAPS = {64, 128, 256, 512, 512};

    /** Makes the network of column A: 132,863,336 parameters at 1,000 classes. */
    public static Vgg vgg11(int classes) {
        return of(false, classes, 1, 1, 2, 2, 2);
    }

    /** Makes the network of column A with batch norms: 132,868,840 parameters at 1,000 classes. */
    public static Vgg vgg11_bn(int classes) {
        return of(true, classes, 1, 1, 2, 2, 2);
    }

    /** Makes the network of column D: 138,357,544 parameters at 1,000 classes. */
    public static Vgg vgg16(int classes) {
        return of(false, classes, 2, 2, 3, 3, 3);
    }

    /** Makes the network of column D with batch norms: 138,365,992 parameters at 1,000 classes. */
    public static Vgg vgg16_bn(int classes) {
        return of(true, classes, 2, 2, 3, 3, 3);
    }

    /** Makes the network of column E: 143,667,240 parameters at 1,000 classes. */
    public static Vgg vgg19(int classes) {
        return of(false, classes, 2, 2, 4, 4, 4);
    }

    /** Makes the network of column E with batch norms: 143,678,248 parameters at 1,000 classes. */
    public static Vgg vgg19_bn(int classes) {
        return of(true, classes, 2, 2, 4, 4, 4);
    }

    private static Vgg of(boolean norms, int classes, int... convolutions) {
        List<Layer> features = new ArrayList<>();
        int in = 3;
        for (int stage = 0; stage < MAPS.length; stage++) {
            for (int i = 0; i < convolutions[stage]; i++) {
                features.add(new Conv(in, MAPS[stage], 3).pad(1).withWeight(Init.heNormalFanOut()));
                in = MAPS[stage];
                if (norms) {
                    features.add(new BatchNorm(in));
                }
                features.add(Tensor::relu);
            }
            features.add(new MaxPool(2));
        }
        return new Vgg(
                new Sequential(features),
                new AdaptiveAvgPool(7, 7),
                new Flatten(),
                new Sequential(
                        linear(512 * 7 * 7, 4096),
                        Tensor::relu,
                        new Dropout(0.5f),
                        linear(4096, 4096),
                        Tensor::relu,
                        new Dropout(0.5f),
                        linear(4096, classes)));
    }

    private static Linear linear(int in, int out) {
        return new Linear(in, out, Init.normal(0, 0.01f));
    }

    @Override
    public Tensor forward(Tensor x) {
        return classifier.apply(flatten.apply(avgpool.apply(features.apply(x))));
    }
}
