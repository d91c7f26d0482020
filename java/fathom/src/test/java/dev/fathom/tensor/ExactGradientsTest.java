package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.op.Activation;
import dev.fathom.op.Cell;
import dev.fathom.op.Scatter;
import dev.fathom.ops.RecurrentOp;
import org.junit.jupiter.api.Test;

/**
 * Numbers from outside for what otherwise only {@link OpTable} holds, whose references are our own: the equations of
 * the papers in Python's complex numbers, differentiated by the complex step (Squire and Trapp 1998), which is exact in
 * double precision, or by hand.
 */
class ExactGradientsTest {
    private static final float CLOSE = 2e-7f;

    private static void assertClose(String what, Tensor t, double... expected) {
        float[] found = t.toArray();
        assertThat(found).as(what).hasSize(expected.length);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as(what + " " + i).isCloseTo(expected[i], offset((double) CLOSE));
        }
    }

    private static Tensor watched(float[] values, int... dims) {
        return Pass.current().watch(Tensor.of(values, dims));
    }

    private static float[] f(float... values) {
        return values;
    }

    /** By hand: of updates of one place the last gets the gradient, and x none where it was replaced. */
    @Test
    void whatStaysGetsTheGradient() {
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(1, 2, 3, 4), 4);
            Tensor u = watched(f(10, 20, 30), 3);
            Tensor y = x.scatter(0, Tensor.ofInts(new int[] {2, 0, -2}, 3), u, Scatter.SET);
            assertClose("y", y, 20, 2, 30, 4);
            pass.backward(y.mul(Tensor.of(f(5, 6, 7, 8), 4)).add(x).sum());
            assertClose("dx", pass.gradient(x), 1, 7, 1, 9);
            assertClose("du", pass.gradient(u), 0, 5, 7);
        }
    }

    /** By hand: with one zero the others have none, with two nobody has, and what is there already is added to. */
    @Test
    void productsOfZeros() {
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(2, 3, -4, 0, 5, 7, 0, 0, 3), 3, 3);
            Tensor y = x.prod(1);
            assertClose("y", y, -24, 0, 0);
            pass.backward(y.mul(Tensor.of(f(1, 2, 3), 3)).add(x.sum(1)).sum());
            assertClose("dx", pass.gradient(x), -11, -7, 7, 71, 1, 1, 1, 1, 1);
        }
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(2, 3, 0, 5, 1, 2, 3, 4), 2, 2, 2);
            Tensor y = x.prod(0, 2);
            assertClose("y", y, 12, 0);
            pass.backward(y.sum());
            assertClose("dx", pass.gradient(x), 6, 4, 60, 0, 12, 6, 0, 0);
        }
    }

    /** x sigmoid(1.702 x) (Hendrycks and Gimpel 2016). */
    @Test
    void quickGelu() {
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(-2, -1, 0, 0.5f, 1, 3), 6);
            Tensor y = Pass.apply(Activation.QUICK_GELU, x);
            assertClose("y", y, -0.0643413769, -0.1542042341, 0, 0.3503884366, 0.8457957659, 2.9819286903);
            pass.backward(y.sum());
            assertClose(
                    "dx",
                    pass.gradient(x),
                    -0.0738153543,
                    -0.0677796066,
                    0.5,
                    0.8792219120,
                    1.0677796066,
                    1.0245483239);
        }
    }

    /**
     * One unit and two steps: i and f see the cell state before, o the one after (Gers and Schmidhuber 2000). The loss
     * is 0.75 y1 - 1.25 y2.
     */
    @Test
    void anLstmWithPeepholes() {
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(0.5f, -1), 1, 2, 1);
            Tensor w = watched(f(0.5f, -0.75f, 1, 0.25f), 4, 1);
            Tensor u = watched(f(-0.5f, 0.25f, 0.75f, -0.25f), 4, 1);
            Tensor b = watched(f(0.125f, -0.25f, 0.375f, 0.5f), 4);
            Tensor peepholes = watched(f(0.5f, -1, 0.75f), 3);
            Tensor h = watched(f(0.25f), 1, 1);
            Tensor c = watched(f(-0.5f), 1, 1);
            Tensor y = Pass.apply(
                    new RecurrentOp(Cell.LSTM, false, false, false, 1), x, w, u, b, null, peepholes, h, c, null);
            Tensor loss = y.mul(Tensor.of(f(0.75f, -1.25f), 1, 2, 1)).sum();
            assertClose("loss", loss, 0.1527401533);
            pass.backward(loss);
            assertClose("dx", pass.gradient(x), 0.0266817122, -0.1308655359);
            assertClose("dw", pass.gradient(w), -0.0710080857, 0.0194328168, 0.2010851451, -0.0272003904);
            assertClose("du", pass.gradient(u), 0.0104588445, -0.0040908688, -0.0166937541, 0.0082302283);
            assertClose("db", pass.gradient(b), 0.0880253274, -0.0302389619, -0.1845905042, 0.0548591813);
            assertClose("dpeepholes", pass.gradient(peepholes), 0.0059154944, 0.0001210342, -0.0014975869);
            assertClose("dh0", pass.gradient(h), -0.0038359161);
            assertClose("dc0", pass.gradient(c), 0.0408199492);
        }
    }

    /** One unit and two steps: h' = g h + (1 - g) c (Collins et al. 2017). The loss is 0.75 y1 - 1.25 y2. */
    @Test
    void aUgrnn() {
        try (Pass pass = Pass.grad()) {
            Tensor x = watched(f(0.5f, -1), 1, 2, 1);
            Tensor w = watched(f(0.5f, -0.75f), 2, 1);
            Tensor u = watched(f(-0.5f, 0.25f), 2, 1);
            Tensor b = watched(f(0.125f, -0.25f), 2);
            Tensor h = watched(f(0.25f), 1, 1);
            Tensor y = Pass.apply(
                    new RecurrentOp(Cell.UGRNN, false, false, false, 1), x, w, u, b, null, null, h, null, null);
            Tensor loss = y.mul(Tensor.of(f(0.75f, -1.25f), 1, 2, 1)).sum();
            assertClose("loss", loss, -0.3434905084);
            pass.backward(loss);
            assertClose("dx", pass.gradient(x), -0.0003143399, 0.5180255543);
            assertClose("dw", pass.gradient(w), -0.1604103504, 0.5839700654);
            assertClose("du", pass.gradient(u), -0.0131793014, 0.0484197884);
            assertClose("db", pass.gradient(b), 0.1610001711, -0.5829481718);
            assertClose("dh0", pass.gradient(h), 0.0011556971);
        }
    }

    /**
     * Query i of a row with a past of p tokens sees the keys up to p + i. Queries of zeros weigh them equally, so y is
     * the mean of the values seen, and a value gets 1 / count from each query that sees it.
     */
    @Test
    void attentionSeesItsPast() {
        try (Pass pass = Pass.grad()) {
            Tensor k = Tensor.of(new float[] {3, -1, 2, 5, 3, -1, 2, 5, 3, -1, 2, 5}, 3, 4, 1);
            Tensor v = watched(new float[] {1, 10, 100, 1000, 1, 10, 100, 1000, 1, 10, 100, 1000}, 3, 4, 1);
            AttentionMask mask = AttentionMask.NONE.withPast(Tensor.ofInts(new int[] {0, 1, 2}, 3));
            Tensor y = Tensor.zeros(3, 2, 1).attention(k, v, new Attention(1).mask(mask));
            assertThat(y.toArray()).containsExactly(f(1, 5.5f, 5.5f, 37, 37, 277.75f), offset(1e-4f));
            pass.backward(y.sum());
            double third = 1 / 3.0;
            assertClose(
                    "dv",
                    pass.gradient(v),
                    1.5,
                    0.5,
                    0,
                    0,
                    0.5 + third,
                    0.5 + third,
                    third,
                    0,
                    third + 0.25,
                    third + 0.25,
                    third + 0.25,
                    0.25);
        }
    }
}
