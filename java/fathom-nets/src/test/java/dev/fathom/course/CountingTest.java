package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nets.ResNet;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many parameters the courses count in fully connected networks. */
class CountingTest {
    /** A network of these widths, with a bias in every layer. */
    private static long count(int... widths) {
        Sequential net = new Sequential();
        for (int i = 1; i < widths.length; i++) {
            net = new Sequential(net, new Linear(widths[i - 1], widths[i]), Tensor::relu);
        }
        try (var model = Model.of(net, 0)) {
            return model.parameterCount();
        }
    }

    /** ISLR chapter 10, "Activation Functions": (p + 1) K + K + 1. Its figure 10.1 has p = 4 inputs and K = 5 units. */
    @Test
    void oneHiddenLayer() {
        assertThat(count(4, 5, 1)).isEqualTo(31);
        for (int p = 1; p < 6; p++) {
            for (int k = 1; k < 6; k++) {
                assertThat(count(p, k, 1)).isEqualTo((p + 1) * k + k + 1);
            }
        }
    }

    /** ISLR exercise 1: 4 inputs, hidden layers of 2 and 3 units, one output. */
    @Test
    void twoHiddenLayers() {
        assertThat(count(4, 2, 3, 1)).isEqualTo(23);
    }

    /** ISLR chapter 10, "Multilayer: An Example": 200,960 + 32,896 + 1,290 for MNIST. */
    @Test
    void theNetworkForMnist() {
        assertThat(count(784, 256)).isEqualTo(200_960);
        assertThat(count(256, 128)).isEqualTo(32_896);
        assertThat(count(128, 10)).isEqualTo(1_290);
        assertThat(count(784, 256, 128, 10)).isEqualTo(235_146);
        try (var model = Model.of(new Sequential(new Linear(784, 256), new Linear(256, 128), new Linear(128, 10)), 0)) {
            assertThat(model.parameters().stream().map(Parameter::shape).map(Object::toString))
                    .isEqualTo(List.of("[256, 784]", "[256]", "[128, 256]", "[128]", "[10, 128]", "[10]"));
        }
    }

    /**
     * Table 10.1: multinomial logistic regression with a row for every class; against a baseline class it is 785 x 9 =
     * 7,065.
     */
    @Test
    void multinomialLogisticRegression() {
        assertThat(count(784, 10)).isEqualTo(7_850);
        assertThat(count(784, 9)).isEqualTo(7_065);
    }

    /**
     * ISLR exercise 4: three 5x5 filters without padding on a gray image of 32x32 make 2,352 units of 78 parameters;
     * units with weights of their own for every pixel would have 2,408,448.
     */
    @Test
    void sharedAndUnsharedWeights() {
        Conv conv = new Conv(1, 3, Window.of(5));
        try (var model = Model.of(conv, 0);
                Pass pass = Pass.infer()) {
            Tensor maps = model.net().apply(Tensor.zeros(1, 32, 32, 1));
            assertThat(maps.shape()).isEqualTo(Shape.of(1, 28, 28, 3));
            assertThat(maps.size()).isEqualTo(2_352);
            assertThat(model.parameterCount()).isEqualTo(78);
        }
        assertThat(count(32 * 32, 2_352)).isEqualTo(2_408_448 + 2_352);
    }

    /**
     * ML session 11, "CNN motivation": an image of 128x128 in color has 49,152 numbers, and 64 units that see all of
     * them 3,145,728 weights.
     */
    @Test
    void unitsThatSeeAWholePhotograph() {
        try (var model = Model.of(new Sequential(new Flatten(), new Linear(49_152, 64)), 0);
                Pass pass = Pass.infer()) {
            Tensor photo = Tensor.zeros(1, 128, 128, 3);
            assertThat(photo.size()).isEqualTo(49_152);
            assertThat(model.net().apply(photo).shape()).isEqualTo(Shape.of(1, 64));
            assertThat(model.parameters().get(0).shape().size()).isEqualTo(3_145_728);
        }
    }

    /**
     * AI basics lecture 13: every pixel of three million with every other makes 9 * 10^12 weights, which no int holds.
     */
    @Test
    void weightsBeyondThirtyTwoBits() {
        Parameter weight = new Linear(3_000_000, 3_000_000).weight();
        assertThat(weight.shape().size()).isEqualTo(9_000_000_000_000L);
    }

    /** The small convolutional network of Keras's example for MNIST. */
    @Test
    void theExampleOfKeras() {
        var net = new Sequential(
                new Conv(1, 32, Window.of(3)),
                Tensor::relu,
                new MaxPool(Window.of(2).stride(2)),
                new Conv(32, 64, Window.of(3)),
                Tensor::relu,
                new MaxPool(Window.of(2).stride(2)),
                new Flatten(),
                new Dropout(0.5f),
                new Linear(1_600, 10));
        try (var model = Model.of(net, 0);
                Pass pass = Pass.infer()) {
            assertThat(model.parameterCount()).isEqualTo(34_826);
            assertThat(model.net().apply(Tensor.zeros(1, 28, 28, 1)).shape()).isEqualTo(Shape.of(1, 10));
        }
    }

    /**
     * ResNet-50 is named after 49 convolutions and a linear layer; four more convolutions shorten the side of blocks
     * that change the width.
     */
    @Test
    void theLayersOfResNet50() {
        try (var model = Model.of(ResNet.resnet50(1000), 0)) {
            List<Parameter> weights = model.parameters().stream()
                    .filter(p -> p.shape().rank() == 4)
                    .toList();
            assertThat(weights.stream().filter(p -> !p.name().contains("downsample")))
                    .hasSize(49);
            assertThat(weights).hasSize(53);
            assertThat(model.parameters().stream().filter(p -> p.shape().rank() == 2))
                    .hasSize(1);
            assertThat(model.parameterCount()).isEqualTo(25_557_032);
        }
    }

    /**
     * ISLR chapter 10: 48,000 images in batches of 128 make 375 steps, none of them short, and each image is drawn
     * once.
     */
    @Test
    void theStepsOfAnEpoch() {
        float[] numbers = new float[48_000];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        try (Dataset images = Dataset.of(numbers, Shape.of(1), new int[48_000]);
                Pass pass = Pass.infer()) {
            Batches batches = images.shuffled(1).batches(128);
            assertThat(batches.steps()).isEqualTo(375);
            BitSet seen = new BitSet();
            for (Iterator<Batch> epoch = batches.epoch(0); epoch.hasNext(); ) {
                float[] drawn = epoch.next().x().toArray();
                assertThat(drawn).hasSize(128);
                for (float x : drawn) {
                    seen.set((int) x);
                }
            }
            assertThat(seen.cardinality()).isEqualTo(48_000);
        }
    }

    /** ISLR's labs: the network for Hitters in Python and in the book, and that for IMDB's bag of words. */
    @Test
    void theLabs() {
        assertThat(count(19, 50, 1)).isEqualTo(1_051);
        assertThat(count(19, 64, 1)).isEqualTo(1_345);
        assertThat(count(20, 32, 1)).isEqualTo(705);
        assertThat(count(10_003, 16, 16, 1)).isEqualTo(160_353);
        assertThat(count(15, 1)).as("AR(5): 3 L + 1").isEqualTo(16);
    }
}
