package dev.fathom.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer from a text, as a file of plans has one. */
class TokenizerTextTest {
    @TempDir
    Path temp;

    @Test
    void inAFileOfPlans() throws IOException {
        Path folder = Path.of(
                System.getProperty("fathom.root"), "test-data", "pretrained", "by-transformers", "sentences-mean");
        Path file = temp.resolve("net.plan");
        try (var model = Model.of(new Linear(2, 2), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 2))) {
            PlanFile.save(
                    file, Map.of("net", plan), Map.of("tokenizer", Files.readString(folder.resolve("tokenizer.json"))));
        }
        PretrainedTokenizer expected = PretrainedTokenizer.read(folder);
        try (PlanFile plans = PlanFile.open(file)) {
            PretrainedTokenizer read = PretrainedTokenizer.ofJson(plans.text("tokenizer"));
            for (String text : new String[] {"The cat sat.", "", "A dog, a cat?", "ÄÖ \u0000 x"}) {
                assertThat(read.encode(text).ids())
                        .as(text)
                        .containsExactly(expected.encode(text).ids());
            }
        }
    }

    @Test
    void damaged() {
        for (String text : new String[] {"", "{}", "[]", "{\"model\": 1}", "{\"model\": {\"vocab\": {", "text"}) {
            assertThatThrownBy(() -> PretrainedTokenizer.ofJson(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the text");
        }
    }
}
