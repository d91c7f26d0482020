package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.op.Activation;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Numbers;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Back-propagation worked by hand on slides, against autograd: every printed number. */
class BackpropagationTest {
    private static final Offset<Float> CLOSE = offset(2e-7f);

    private static float[] floats(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    /**
     * AI basics lecture 13, slide "Example": hidden units 3 and 4, output 5, sigmoid everywhere. The slide rounds on
     * its way (.90, .17, sigmoid(1.17) = .76); unrounded the output is .764519316.
     */
    @Test
    void theExampleWithFiveUnits() {
        try (Numbers values = new Numbers()) {
            Parameter w1 = values.parameter("w1", floats(3.7, 3.7, 2.9, 2.9), 2, 2);
            Parameter b1 = values.parameter("b1", floats(-1.5, -4.5), 2);
            Parameter w2 = values.parameter("w2", floats(4.5, -5.2), 1, 2);
            Parameter b2 = values.parameter("b2", floats(-2), 1);
            values.bind();
            try (Pass pass = Pass.grad()) {
                Tensor x = Tensor.of(floats(1, 0), 1, 2);
                Tensor in = x.linear(w1, b1);
                Tensor a = in.sigmoid();
                Tensor z = a.linear(w2, b2);
                Tensor y = z.sigmoid();
                assertThat(in.toArray()).containsExactly(floats(2.2, -1.6), CLOSE);
                assertThat(a.toArray()).containsExactly(floats(.90, .17), offset(.005f));
                assertThat(a.toArray()).containsExactly(floats(.9002495109, .1679816149), CLOSE);
                assertThat(z.item()).isEqualTo(1.177618402f, offset(1e-6f));
                assertThat(y.item()).isEqualTo(.764519316f, CLOSE);
                // slides "Gradients and learning": squared loss against y = 1
                Tensor loss = y.rsub(1).square().sum();
                pass.backward(loss);
                assertThat(loss.item()).isEqualTo(.055451153f, CLOSE);
                assertThat(b2.gradient().toArray()).containsExactly(floats(-.084786954), CLOSE); // = delta 5
                assertThat(w2.gradient().toArray()).containsExactly(floats(-.076329414, -.014242650), CLOSE);
                assertThat(b1.gradient().toArray()).containsExactly(floats(-.034262534, .061620761), CLOSE);
                assertThat(w1.gradient().toArray()).containsExactly(floats(-.034262534, 0, .061620761, 0), CLOSE);
            }
            try (Pass pass = Pass.infer()) { // all four inputs: the network is an XOR at .5
                Tensor x = Tensor.of(floats(0, 0, 0, 1, 1, 0, 1, 1), 4, 2);
                Tensor y = x.linear(w1, b1, null, Activation.SIGMOID).linear(w2, b2, null, Activation.SIGMOID);
                assertThat(y.toArray()).containsExactly(floats(.225095115, .764519316, .764519316, .168172376), CLOSE);
            }
        }
    }

    /**
     * Course "Neural Networks", slide "Examples to read": M. Mazur, "A step by step backpropagation example" (2015), a
     * 2-2-2 sigmoid network, E = sum (t - o)^2 / 2, learning rate .5, biases fixed.
     */
    @Test
    void mazursExample() {
        try (Numbers values = new Numbers()) {
            Parameter w1 = values.parameter("w1", floats(.15, .20, .25, .30), 2, 2);
            Parameter w2 = values.parameter("w2", floats(.40, .45, .50, .55), 2, 2);
            Parameter b1 = values.parameter("b1", floats(.35, .35), 2);
            Parameter b2 = values.parameter("b2", floats(.60, .60), 2);
            values.bind();
            values.freeze(b1);
            values.freeze(b2);
            float error = 0;
            float[] output = {};
            for (int step = 0; step <= 10_000; step++) {
                try (Pass pass = Pass.grad()) {
                    Tensor h = Tensor.of(floats(.05, .10), 1, 2).linear(w1, b1, null, Activation.SIGMOID);
                    Tensor o = h.linear(w2, b2, null, Activation.SIGMOID);
                    Tensor e = Tensor.of(floats(.01, .99), 1, 2)
                            .sub(o)
                            .square()
                            .sum()
                            .mul(.5f);
                    error = e.item();
                    output = o.toArray();
                    if (step == 0) {
                        assertThat(output).containsExactly(floats(.751365070, .772928465), CLOSE);
                        assertThat(error).isEqualTo(.298371109f, CLOSE);
                    } else if (step == 1) {
                        assertThat(error).isEqualTo(.291027774f, CLOSE);
                    }
                    pass.backward(e);
                    values.set(w1, w1.value().sub(w1.gradient().mul(.5f)).toArray());
                    values.set(w2, w2.value().sub(w2.gradient().mul(.5f)).toArray());
                    values.step();
                }
                if (step == 0) {
                    assertThat(w2.value().toArray())
                            .containsExactly(floats(.35891648, .40866619, .51130127, .56137012), CLOSE);
                    assertThat(w1.value().toArray())
                            .containsExactly(floats(.14978072, .19956143, .24975114, .29950229), CLOSE);
                }
            }
            // after 10,000 steps; the post prints 3.51085e-5 and (.015912196, .984065734), a step apart and rounded on
            // the way
            assertThat(error).isEqualTo(3.510188e-5f, offset(2e-7f));
            assertThat(output).containsExactly(floats(.01591362, .98406427), offset(3e-5f));
        }
    }

    /**
     * Lecture 10, slide "Backpropagation": R = (y - f)^2 / 2, delta = -(y - f), dR/dbeta_k = delta g(z_k), dR/dw_kj =
     * delta beta_k g'(z_k) x_j.
     */
    @Test
    void theFormulasOfTheRegressionNetwork() {
        try (Numbers values = new Numbers()) {
            float[] weights = floats(.5, -1, .25, 1, .75, -.5);
            float[] beta = floats(2, -1.5, .5);
            Parameter w = values.parameter("w", weights, 3, 2);
            Parameter b = values.parameter("beta", beta, 1, 3);
            values.bind();
            float[] x = {.8f, -.3f};
            float y = 1.25f;
            try (Pass pass = Pass.grad()) {
                Tensor f = Tensor.of(x, 1, 2)
                        .linear(w, null, null, Activation.SIGMOID)
                        .linear(b, null);
                pass.backward(f.rsub(y).square().sum().mul(.5f));
                double[] g = new double[3];
                double out = 0;
                for (int k = 0; k < 3; k++) {
                    g[k] = 1 / (1 + Math.exp(-(weights[2 * k] * x[0] + weights[2 * k + 1] * x[1])));
                    out += beta[k] * g[k];
                }
                double delta = -(y - out);
                for (int k = 0; k < 3; k++) {
                    assertThat(b.gradient().get(0, k)).isEqualTo((float) (delta * g[k]), CLOSE);
                    for (int j = 0; j < 2; j++) {
                        assertThat(w.gradient().get(k, j))
                                .isEqualTo((float) (delta * beta[k] * g[k] * (1 - g[k]) * x[j]), CLOSE);
                    }
                }
            }
        }
    }

    /**
     * AI basics lecture 13, slides on recurrent networks: z = tanh(w_zz z' + w_xz x + w_0), a linear output, three
     * steps. One weight used at every step receives the sum of the steps' gradients (course "Neural Networks", slide
     * "BPTT").
     */
    @Test
    void backPropagationThroughTime() {
        try (Numbers values = new Numbers()) {
            Parameter wzz = values.parameter("wzz", floats(.5), 1);
            values.bind();
            try (Pass pass = Pass.grad()) {
                float[] x = {1, -1, .5f};
                float[] y = {1, 0, 1};
                float[] expected = floats(.800499022, -.461920907, .353151328);
                Tensor z = Tensor.zeros(1);
                Tensor loss = Tensor.zeros(1);
                for (int t = 0; t < 3; t++) {
                    z = wzz.value().mul(z).add(x[t]).add(.1f).tanh();
                    assertThat(z.item()).isEqualTo(expected[t], CLOSE);
                    loss = loss.add(z.mul(2).sub(.5f).sub(y[t]).square());
                }
                pass.backward(loss);
                assertThat(loss.item()).isEqualTo(2.667481592f, offset(1e-6f));
                assertThat(wzz.gradient().item()).isEqualTo(-3.177656114f, offset(1e-6f));
            }
        }
    }
}
