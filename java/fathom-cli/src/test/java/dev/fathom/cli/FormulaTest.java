package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fathom.tensor.Pass;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Formula}, and {@code ./fathom see --graph}: a formula as a graph of its calls with numbers and gradients. */
class FormulaTest {
    @TempDir
    Path temp;

    private static String graph(String text, String... values) {
        try (Pass pass = Pass.grad()) {
            return Formula.diagram(text, List.of(values), pass).toString();
        }
    }

    /** The neuron of Stanford's CS231n: 1 / (1 + exp(-(2 * -1 + -3 * -2 - 3))) = 0.73, with the gradients it gives. */
    @Test
    void aNeuronHasTheTextbooksGradients() {
        assertThat(graph("1 / (1 + exp(-(a * x + b * y + c)))", "a=2", "x=-1", "b=-3", "y=-2", "c=-3"))
                .contains("(a)", "[exp]", "(result)", ": 0.7311, gradient 1\n", ": 2, gradient -0.1966\n") // a
                .contains(": -1, gradient 0.3932\n", ": -3, gradient -0.3932\n", ": -2, gradient -0.5898\n") // x, b, y
                .contains(": -3, gradient 0.1966\n"); // c
    }

    @Test
    void precedenceIsThatOfMathematics() {
        assertThat(graph("2 + 3 * x ^ 2 - 8 / 4 / 2", "x=2")).contains(": 13, gradient 1\n");
        assertThat(graph("-x ^ 2", "x=3")).contains(": -9, gradient 1\n");
        assertThat(graph("sigmoid(x) * (1 - sigmoid(x))", "x=0")).contains(": 0.25, gradient 1\n");
        assertThat(graph("x - y - z", "x=1", "y=2", "z=3")).contains(": -4, gradient 1\n");
    }

    @Test
    void mistakesNameThePlace() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("(x + 1", "x=1"))
                .withMessage("the formula \"(x + 1\" lacks a closing parenthesis at character 7");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("x y", "x=1", "y=2"))
                .withMessage("the formula \"x y\" lacks an operator at character 3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("x + ", "x=1"))
                .withMessageContaining("lacks a number, a variable or a parenthesis at character 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("x + y", "x=1"))
                .withMessage("y has no value; give it one after the formula, such as y=2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("x", "x:1"))
                .withMessage("x:1 is no value of a variable; write it as x=-2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("exp x", "x=1"))
                .withMessageContaining("of exp");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> graph("(".repeat(100_000), "x=1"))
                .withMessage("the formula has 100000 characters; give at most 500");
    }

    @Test
    void seeDrawsAFormulaAndANetwork() {
        CommandLineRun run =
                CommandLineRun.of("see", "--graph", "(x + y) * z", "x=-2", "y=5", "z=-4", "--out", temp.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("4 -> 5: -12, gradient 1\n").endsWith(temp.resolve("graph.png") + "\n");
        assertThat(temp.resolve("graph.png")).isNotEmptyFile();
        assertThat(CommandLineRun.of("see", "--graph", "(x", "x=1").err())
                .hasLineCount(1)
                .startsWith("fathom see: the formula \"(x\" lacks a closing parenthesis");
        assertThat(CommandLineRun.of("see", "resnet20").err())
                .hasLineCount(1)
                .startsWith("fathom see: see takes a MODEL and one PHOTO");
    }
}
