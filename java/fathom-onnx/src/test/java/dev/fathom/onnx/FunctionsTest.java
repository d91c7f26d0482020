package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.plan.Plan;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Functions that a file defines. */
class FunctionsTest {
    @TempDir
    Path folder;

    private Path file(Message graph, Message... functions) throws IOException {
        Message model = Message.model(graph).add(25, functions);
        return Files.write(folder.resolve("net.onnx"), model.done());
    }

    private static Message function(String name, String inputs, String outputs, Message... nodes) {
        return new Message()
                .text(1, name)
                .text(4, inputs.split(" "))
                .text(5, outputs.split(" "))
                .add(7, nodes)
                .text(10, "own");
    }

    private static Message call(String name, String inputs, String outputs, Message... attributes) {
        return new Message()
                .text(1, inputs.split(" ", -1))
                .text(2, outputs.split(" "))
                .text(4, name)
                .add(5, attributes)
                .text(7, "own");
    }

    private static Message real(String name, float value) {
        return new Message().text(1, name).floats(2, value).number(20, 1);
    }

    /** An attribute that is one of the function's. */
    private static Message reference(String name, String of) {
        return new Message().text(1, name).number(20, 1).text(21, of);
    }

    private static Message inAndOut(Message... nodes) {
        return new Message().add(1, nodes).add(11, Message.value("x", -1, 2)).add(12, Message.value("y", -1, 2));
    }

    private float[] of(Path file, float... x) {
        try (OnnxModel onnx = OnnxModel.read(file);
                Pass pass = Pass.infer()) {
            return onnx.run(Tensor.of(x, 1, 2)).get("y").toArray();
        }
    }

    /** Both layers have values of the same names within, and weights of their own. */
    @Test
    void weightsOfAFunctionAreTheModels() throws IOException {
        Message layer = function(
                "Layer",
                "x W b",
                "y",
                Message.node("MatMul", "x W", "product"),
                Message.node("Add", "product b", "sum"),
                Message.node("LeakyRelu", "sum", "y", reference("alpha", "slope")));
        Message graph = inAndOut(call("Layer", "x W1 b1", "t", real("slope", 0.5f)), call("Layer", "t W2 b2", "y"))
                .add(5, Message.tensor("W1", new int[] {2, 2}, 1, 0, 0, 2))
                .add(5, Message.tensor("b1", new int[] {2}, 1, -8))
                .add(5, Message.tensor("W2", new int[] {2, 2}, 0, 1, 1, 0))
                .add(5, Message.tensor("b2", new int[] {2}, -100, 0));
        Path file = file(graph, layer.add(11, real("slope", 0.25f)));
        // (1, 1) -> (2, -6) -> (2, -3); (-3 - 100, 2) -> (-25.75, 2)
        assertThat(of(file, 1, 1)).containsExactly(-25.75f, 2);
        try (OnnxModel onnx = OnnxModel.read(file);
                Plan plan = onnx.plan()) {
            assertThat(onnx.model().parameters()).hasSize(4);
            assertThat(plan.predict(new float[] {1, 1})).containsExactly(-25.75f, 2);
            assertThat(plan.toString().lines()).as("one call a layer").hasSize(2);
        }
    }

    /** A branch reads what the function is given, and an attribute of it. */
    @Test
    void functionsWithinFunctionsAndBranches() throws IOException {
        Message then = new Message()
                .add(1, call("Half", "x", "half"), Message.node("Elu", "half", "z", reference("alpha", "a")))
                .add(12, Message.value("z", -1, 2));
        Message otherwise = new Message().add(1, Message.node("Neg", "x", "z")).add(12, Message.value("z", -1, 2));
        Message half = function("Half", "x", "y", constant("two", 2), Message.node("Div", "x two", "y"));
        Message choose = function(
                "Choose",
                "x on",
                "y",
                Message.node(
                        "If",
                        "on",
                        "y",
                        new Message().text(1, "then_branch").add(6, then).number(20, 5),
                        new Message().text(1, "else_branch").add(6, otherwise).number(20, 5)));
        Message yes = new Message().number(2, 9).number(5, 1).text(8, "yes");
        Message no = new Message().number(2, 9).number(5, 0).text(8, "no");
        Message graph = inAndOut(call("Choose", "x yes", "t", real("a", 3)), call("Choose", "t no", "y", real("a", 5)))
                .add(5, yes, no);
        assertThat(of(file(graph, choose, half), 4, -2))
                .containsExactly(new float[] {-2, (float) (-3 * Math.expm1(-1))}, within(1e-6f));
    }

    private static Message constant(String name, float value) {
        return Message.node(
                "Constant",
                "",
                name,
                new Message()
                        .text(1, "value")
                        .add(5, Message.tensor("", new int[0], value))
                        .number(20, 4));
    }

    /** ReduceSum takes its axes as an attribute before version 13, and as an input from then on. */
    @Test
    void versionsOfItsOwn() throws IOException {
        Message axes = new Message().text(1, "axes").number(8, 1).number(20, 7);
        Message sum = function(
                        "Sum", "x", "y", Message.node("ReduceSum", "x", "s", axes), Message.node("Add", "x s", "y"))
                .add(9, new Message().number(2, 11));
        Path file = file(inAndOut(call("Sum", "x", "y")), sum);
        assertThat(of(file, 1, 2)).containsExactly(4, 5);
        try (OnnxFile onnx = OnnxFormat.read(file)) {
            assertThat(Functions.inlined(onnx, Set.of()).nodes())
                    .extracting(Node::version)
                    .containsExactly(11L, 11L);
        }
    }

    /** What is given back as it came, twice, or not read; an input that is left out; and overloads of one name. */
    @Test
    void whatPassesThrough() throws IOException {
        Message same = function("Same", "x more", "x twice twice", Message.node("Add", "x x", "twice"));
        Message other =
                function("Same", "x", "y", Message.node("Neg", "x", "y")).text(13, "other");
        Message graph = inAndOut(
                call("Same", "x", "a b c"),
                call("Same", "c", "d").text(8, "other"),
                Message.node("Sum", "a b c d", "y"));
        assertThat(of(file(graph, same, other), 1, 2)).containsExactly(3, 6);
    }

    @Test
    void anOperatorOfOnesOwnComesFirst() throws IOException {
        Path file = file(inAndOut(call("F", "x", "y")), function("F", "x", "y", Message.node("Foo", "x", "y")));
        assertThatThrownBy(() -> OnnxModel.read(file)).hasMessageEndingWith("not computed here: [Foo]");
        assertThat(OnnxGraph.read(file).missing()).containsExactly("Foo");
        try (OnnxModel onnx = OnnxModel.read(
                        file, Map.of("own.F", (a, in) -> List.of(in.get(0).neg())));
                Pass pass = Pass.infer()) {
            assertThat(onnx.run(Tensor.of(new float[] {1, 2}, 1, 2)).get("y").toArray())
                    .containsExactly(-1, -2);
        }
    }

    @Test
    void whatIsWrongWithThem() throws IOException {
        Message neg = Message.node("Neg", "x", "y");
        Message graph = inAndOut(call("F", "x", "y"));
        refused(graph, "a function of it calls itself", function("F", "x", "y", call("F", "x", "y")));
        refused(
                graph,
                "a function of it calls itself",
                function("F", "x", "y", call("G", "x", "y")),
                function("G", "x", "y", call("F", "x", "y")));
        refused(
                graph,
                "it has two functions called \"own.F\"",
                function("F", "x", "y", neg),
                function("F", "x", "y", neg));
        refused(inAndOut(call("F", "x x", "y")), "own.F of y has 2 inputs and 1 outputs", function("F", "x", "y", neg));
        refused(
                graph,
                "the node Add of y reads \"y.z\", which no node before it gives",
                function("F", "x", "y", Message.node("Add", "x z", "y")));
        refused(
                inAndOut(Message.node("Elu", "x", "y", reference("alpha", "a"))),
                "refers to the attribute \"a\" of a function but is in none");
    }

    /** Each function calls the one before it twice, which makes 2 to the power of 40 nodes. */
    @Test
    void toWritePowersInFewBytes() throws IOException {
        Message[] functions = new Message[40];
        functions[0] = function("F0", "x", "y", Message.node("Neg", "x", "y"));
        for (int i = 1; i < functions.length; i++) {
            String last = "F" + (i - 1);
            functions[i] = function("F" + i, "x", "y", call(last, "x", "t"), call(last, "t", "y"));
        }
        refused(inAndOut(call("F39", "x", "y")), "its functions are called so often", functions);
    }

    @Test
    void damage() throws IOException {
        Message twice = function("Twice", "x", "y", call("Scale", "x", "t"), call("Scale", "t", "y", real("by", 3)));
        Message scale = function("Scale", "x", "y", Message.node("LeakyRelu", "x", "y", reference("alpha", "by")))
                .add(11, real("by", 2));
        Path file = file(inAndOut(call("Twice", "x", "y")), twice, scale);
        assertThat(of(file, -1, 1)).containsExactly(-6, 1);
        OnnxModelTest.damage(Files.readAllBytes(file));
    }

    private void refused(Message graph, String says, Message... functions) throws IOException {
        Path file = file(graph, functions);
        assertThatThrownBy(() -> OnnxModel.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(says);
    }
}
