package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.plan.Spec;
import dev.fathom.view.HtmlReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom explain} prints what plans take and give, and a line for each call. */
class ExplainTest {
    @TempDir
    Path temp;

    private Path one;
    private Path two;

    @BeforeEach
    void write() {
        one = temp.resolve("one.plan");
        two = temp.resolve("two.plan");
        try (var model = Model.of(new Sequential(new Embedding(9, 4), new Linear(4, 2)), 1);
                Plan tokens = Plan.freeze(
                        model, (net, in) -> net.apply(in[0]), Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH));
                var linear = Model.of(new Linear(3, 2), 1);
                Plan vectors = Plan.freeze(linear, Shape.of(4, 3))) {
            vectors.save(one);
            Map<String, Plan> both = new LinkedHashMap<>();
            both.put("vectors", vectors);
            both.put("tokens", tokens);
            PlanFile.save(two, both, Map.of("names", "a\nb"));
        }
    }

    @Test
    void aFileWithOnePlan() {
        CommandLineRun run = CommandLineRun.of("explain", one.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("plan plan: from [input F32 [batch, 3]] to [output F32 [batch, 2]]")
                .contains("4 examples, ")
                .contains("GFLOP/s")
                .containsPattern("(?m)^ +[0-9.]+ +100\\.0% +[0-9]+%  linear: [a-z_ ]+, \\[4, 3\\] .* to \\[4, 2\\]$")
                .contains(" in one run");
    }

    @Test
    void aPage() throws Exception {
        Path page = temp.resolve("plan.html");
        CommandLineRun run = CommandLineRun.of("explain", one.toString(), "--page", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("page: " + page);
        assertThat(Files.readString(page))
                .contains("The plan one.plan", "of the bound", "[4, 3]", "How the calls are joined")
                .containsOnlyOnce("data:image/png;base64,");
        assertThat(HtmlReport.pictures(page)).hasSize(1);
    }

    @Test
    void aFileWithSeveralPlans() throws Exception {
        CommandLineRun run = CommandLineRun.of("explain", two.toString());
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("text names, 3 characters")
                .contains("plan tokens: from [tokens I32 [batch, length]]")
                .contains("choose one of them by --plan");
        Path dot = temp.resolve("plan.dot");
        run = CommandLineRun.of(
                "explain",
                two.toString(),
                "--plan",
                "tokens",
                "--length",
                "7",
                "--batch",
                "3",
                "--dot",
                dot.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("3 examples of 7 steps, ").contains("embedding at 0");
        assertThat(Files.readString(dot)).startsWith("digraph plan {").contains("embedding at 0");
    }

    @Test
    void mistakes() {
        assertThat(CommandLineRun.of("explain", temp.resolve("none").toString()).err())
                .startsWith("fathom explain: cannot read ");
        assertThat(CommandLineRun.of("explain", two.toString(), "--plan", "x").err())
                .contains("there is no plan \"x\"");
        assertThat(CommandLineRun.of("explain", one.toString(), "--runs", "0").code())
                .isEqualTo(2);
        assertThat(CommandLineRun.of("explain", one.toString(), "--batch", "0").err())
                .contains("batch=0");
    }
}
