package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FractalNetTest {
    private static final float[] PIXELS = new Rng(3).normal(4 * 32 * 32 * 3, 0, 1);

    private static Tensor images() {
        return Tensor.of(PIXELS, 4, 32, 32, 3);
    }

    /**
     * The count follows from the definition: of the seven 3x3 convolutions of a block the three that begin its columns
     * take the block's input, the other four its width, and each is followed by a batch norm. The paper prints 38.6 M
     * for 20 layers and names no layer that would make the difference.
     */
    @Test
    void sizesFollowFromTheDefinition() {
        int[] widths = {64, 128, 256, 512, 512};
        long expected = 512 * 10 + 10;
        int in = 3;
        for (int width : widths) {
            expected += 9L * width * (3 * in + 4 * width) + 7 * 2 * width;
            in = width;
        }
        try (var model = Model.of(new FractalNet(3, 10), 1)) {
            assertThat(model.parameterCount()).isEqualTo(expected).isEqualTo(33_724_618);
            assertThat(model.multiplyAdds(Shape.of(1, 32, 32, 3)))
                    .isEqualTo(152_640L * 1024
                            + 811_008L * 256
                            + 3_244_032L * 64
                            + 12_976_128L * 16
                            + 16_515_072L * 4
                            + 5_120);
        }
    }

    /** f3(x) from the definition: f2 twice beside one convolution, and means of all that end at one place. */
    @Test
    void aBlockIsTheRecursion() {
        try (var model = Model.of(new FractalNet(3, 10), 1);
                Pass pass = Pass.infer()) {
            Tensor all = images();
            Tensor x = images();
            for (FractalNet.Block block : model.net().blocks()) {
                List<List<FractalNet.Unit>> c = block.columns();
                Tensor half = c.get(1)
                        .get(0)
                        .apply(x)
                        .add(c.get(2).get(1).apply(c.get(2).get(0).apply(x)))
                        .div(2);
                Tensor deep = c.get(2).get(3).apply(c.get(2).get(2).apply(half));
                x = model.net()
                        .pool()
                        .apply(c.get(0)
                                .get(0)
                                .apply(x)
                                .add(c.get(1).get(1).apply(half))
                                .add(deep)
                                .div(3));
            }
            float[] expected = model.net().fc().apply(x.flatten(1)).toArray();
            assertThat(model.net().apply(all).toArray())
                    .usingComparatorWithPrecision(1e-4f)
                    .containsExactly(expected);
        }
    }

    /**
     * Of fifteen convolutions: five of the one column in a quarter of the passes, ten of the other in another, and in
     * half of them what the joins left.
     */
    @Test
    void trainingDropsPaths() {
        try (var model = Model.of(new FractalNet(2, 10), 1)) {
            int[] passes = new int[16];
            for (int seed = 0; seed < 48; seed++) {
                List<String> first = convolutions(model.net(), seed);
                assertThat(convolutions(model.net(), seed)).isEqualTo(first);
                assertThat(first).hasSizeBetween(5, 15);
                if (first.size() == 5) {
                    assertThat(first).allMatch(path -> path.contains("columns.0."));
                }
                passes[first.size()]++;
            }
            int local = IntStream.of(passes).sum() - passes[5] - passes[10];
            assertThat(passes[5]).isBetween(4, 20);
            assertThat(passes[10]).isBetween(4, 20);
            assertThat(local).isBetween(14, 36);
            assertThat(passes[15]).isLessThan(local);
        }
    }

    private static List<String> convolutions(FractalNet net, int seed) {
        try (Pass pass = Pass.train(new Rng(seed))) {
            net.apply(images().slice(0, 0, 1));
            return pass.tape().entries().stream()
                    .filter(e -> e.op().label().startsWith("conv"))
                    .map(Tape.Entry::path)
                    .toList();
        }
    }

    @Test
    void aColumnIsANetworkOfItsOwn() {
        FractalNet net = new FractalNet(2, 10);
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            assertThat(net.column(0).layers()).hasSize(5 * 2 + 2);
            assertThat(net.column(1).layers()).hasSize(5 * 3 + 2);
            assertThat(net.column(1).apply(images()).shape()).isEqualTo(Shape.of(4, 10));
        }
        assertThatThrownBy(() -> net.column(2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("column: 2 is not one of this network's; choose 0 to 1");
        assertThatThrownBy(() -> new FractalNet(0, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("FractalNet: columns=0 must be in 1 to 16; each is twice as deep as the one before");
    }

    @Test
    void aFewStepsLowerTheLossAndThePlanAgrees() {
        NetsTest.learnsAndFreezes(() -> new FractalNet(2, 10), 32, 3, 10);
    }
}
