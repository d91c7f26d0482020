package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Tensor;
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

    /**
     * ISLR chapter 10, "Activation Functions": (p + 1) K + K + 1. Its figure 10.1 has p = 4 inputs and K = 5 units.
     */
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
     * Table 10.1: multinomial logistic regression with a row for every class; against a baseline class it is 785 x 9
     * = 7,065.
     */
    @Test
    void multinomialLogisticRegression() {
        assertThat(count(784, 10)).isEqualTo(7_850);
        assertThat(count(784, 9)).isEqualTo(7_065);
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
