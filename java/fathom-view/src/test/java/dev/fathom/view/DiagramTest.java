package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link Diagram}: which boxes and arrows a network and a tape come to, and where they lie. */
class DiagramTest {
    /** A residual block. */
    record Block(Conv one, BatchNorm norm, Conv two) implements Layer {
        static Block of(int channels) {
            return new Block(
                    new Conv(channels, channels, 3).pad(1),
                    new BatchNorm(channels),
                    new Conv(channels, channels, 3).pad(1));
        }

        @Override
        public Tensor forward(Tensor x) {
            return two.apply(norm.apply(one.apply(x))).add(x).relu();
        }
    }

    private static String text(Layer net, int... input) {
        try (Model<Layer> model = Model.of(net, 1)) {
            return Diagram.of("", model, Input.floats(input)).toString();
        }
    }

    @Test
    void layersAreBoxesWithTheShapesBetweenThem() {
        assertThat(text(
                        new Sequential(
                                new Conv(1, 6, 5).act(Activation.RELU),
                                new MaxPool(2),
                                Tensor::tanh,
                                new Flatten(),
                                new Linear(864, 10)),
                        1,
                        28,
                        28,
                        1))
                .isEqualTo("""
                        0 (input)
                        1 [Conv 5x5, relu; 156 parameters]
                        2 [MaxPool]
                        3 [tanh]
                        4 [Flatten]
                        5 [Linear; 8,650 parameters]
                        6 (output)
                        0 -> 1: 28 x 28 x 1
                        1 -> 2: 24 x 24 x 6
                        2 -> 3: 12 x 12 x 6
                        3 -> 4: 12 x 12 x 6
                        4 -> 5: 864
                        5 -> 6: 10
                        """);
    }

    @Test
    void aBlockJoinsWhatWentAroundItsLayers() {
        assertThat(text(Block.of(2), 1, 4, 4, 2)).isEqualTo("""
                0 (input)
                1 [Conv 3x3 padding 1; 38 parameters]
                2 [BatchNorm; 4 parameters]
                3 [Conv 3x3 padding 1; 38 parameters]
                4 [add, relu]
                5 (output)
                0 -> 1: 4 x 4 x 2
                1 -> 2: 4 x 4 x 2
                2 -> 3: 4 x 4 x 2
                3 -> 4: 4 x 4 x 2
                0 -> 4: 4 x 4 x 2
                4 -> 5: 4 x 4 x 2
                """);
    }

    @Test
    void aDeepNetworkIsDrawnByItsBlocksAndEqualOnesAreFolded() {
        List<Layer> layers = new ArrayList<>(List.of(new Conv(1, 2, 3).pad(1)));
        for (int i = 0; i < 12; i++) {
            layers.add(Block.of(2));
        }
        assertThat(text(new Sequential(layers), 1, 4, 4, 1)).isEqualTo("""
                0 (input)
                1 [Conv 3x3 padding 1; 20 parameters]
                2 [12 times Block; 80 parameters each]
                3 (output)
                0 -> 1: 4 x 4 x 1
                1 -> 2: 4 x 4 x 2
                2 -> 3: 4 x 4 x 2
                """);
    }

    @Test
    void thousandsOfEqualLayersAreOneBoxHoweverTheyAreNested() {
        List<Layer> stages = new ArrayList<>(List.of(new Linear(3, 2)));
        for (int stage = 0; stage < 100; stage++) {
            List<Layer> stack = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                stack.add(new Linear(2, 2).act(Activation.TANH));
            }
            stages.add(new Sequential(stack));
        }
        assertThat(text(new Sequential(stages), 1, 3)).isEqualTo("""
                0 (input)
                1 [Linear; 8 parameters]
                2 [5,000 times Linear, tanh; 6 parameters each]
                3 (output)
                0 -> 1: 3
                1 -> 2: 2
                2 -> 3: 2
                """);
    }

    @Test
    void aBoxIsNamedByWhatItComputesAndNotByHowItMovesNumbers() {
        Layer moved = x -> x.reshape(1, 2, 2).transpose(1, 2).tanh().reshape(1, 4);
        assertThat(text(new Sequential(new Linear(3, 4), moved), 1, 3)).contains("[tanh]");
        Layer only = x -> x.reshape(1, 2, 2).transpose(1, 2);
        assertThat(text(new Sequential(new Linear(3, 4), only), 1, 3)).contains("[reshape, permute]");
    }

    @Test
    void whatTheKernelOfALayerAddsAndAppliesIsNamed() {
        Layer branch = new Sequential(new Conv(2, 2, 3).pad(1), new BatchNorm(2));
        assertThat(text(
                        new Sequential(
                                new Residual(branch, Activation.RELU),
                                new BatchNorm(2).act(Activation.TANH),
                                new Residual(new Conv(2, 2, 1))),
                        1,
                        4,
                        4,
                        2))
                .contains(
                        "[Conv 3x3 padding 1; 38 parameters]",
                        "[BatchNorm, add, relu; 4 parameters]",
                        "[BatchNorm, tanh; 4 parameters]",
                        "[Conv 1x1, add; 6 parameters]");
    }

    /** The first example of Stanford's CS231n on backpropagation, f = (x + y) z at x = -2, y = 5, z = -4. */
    @Test
    void aTapeHasItsNumbersAndGradients() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(-2));
            Tensor y = pass.watch(Tensor.scalar(5));
            Tensor z = pass.watch(Tensor.scalar(-4));
            pass.backward(pass.watch(pass.watch(x.add(y)).mul(z)));
            Diagram diagram = Diagram.of("", pass, Map.of(x, "x", y, "y", z, "z"));
            assertThat(diagram.toString()).isEqualTo("""
                    0 (x)
                    1 (y)
                    2 [add]
                    3 (z)
                    4 [mul]
                    5 (result)
                    0 -> 2: -2, gradient -4
                    1 -> 2: 5, gradient -4
                    2 -> 4: 3, gradient -4
                    3 -> 4: -4, gradient 3
                    4 -> 5: -12, gradient 1
                    """);
        }
    }

    @Test
    void whatIsNotWatchedHasNoGradientAndManyNumbersAreAShape() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 4}, 4));
            pass.backward(x.mul(Tensor.scalar(2)).sum());
            assertThat(Diagram.of("", pass, Map.of()).toString())
                    .contains("0 ([4])", "(constant)", ": [4]\n", ": 20\n")
                    .doesNotContain("gradient");
        }
    }

    @Test
    void aBoxLiesBelowThoseThatLeadToItAndAnArrowGoesAroundTheOthers() {
        Diagram diagram = new Diagram("Around");
        int a = diagram.input("a");
        int b = diagram.box("b", "two lines");
        int c = diagram.box("c");
        diagram.arrow(a, b, "1").arrow(b, c, "2").arrow(a, c, "3", "4");
        BufferedImage around = diagram.render();
        Diagram chain = new Diagram("Around");
        chain.input("a");
        chain.box("b", "two lines");
        chain.box("c");
        BufferedImage straight = chain.arrow(0, 1, "1").arrow(1, 2, "2").render();
        assertThat(around.getWidth()).isGreaterThan(straight.getWidth()); // beside b
        assertThat(around.getHeight()).isGreaterThan(straight.getHeight()); // a line for the gradient
        Diagram row = new Diagram("Around");
        row.input("a");
        row.box("b", "two lines");
        row.box("c");
        assertThat(row.arrow(0, 1, "1").arrow(0, 2, "2").render().getHeight()).isLessThan(straight.getHeight());
    }

    @Test
    void arrowsLeadToLaterBoxes() {
        Diagram diagram = new Diagram("");
        diagram.box("only");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> diagram.arrow(0, 0, ""))
                .withMessage("diagram: an arrow from box 0 to box 0 of 1; give 0 <= from < to < 1");
        assertThat(diagram.render().getHeight()).isPositive();
        assertThat(new Diagram("empty").render().getWidth()).isPositive();
    }
}
