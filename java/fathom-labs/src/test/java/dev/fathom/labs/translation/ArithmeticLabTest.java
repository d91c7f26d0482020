package dev.fathom.labs.translation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on sums: its questions, and its short form, twice with one folder. */
class ArithmeticLabTest {
    @TempDir
    Path temp;

    /** It goes on where the first run ended, which leaves nothing to train, and says the same. */
    @Test
    void theShortFormLearnsAndResumes() {
        CommandLineRun run = lab();
        assertThat(run.out())
                .containsPattern("Reversed +205,324 +batches of 32")
                .containsPattern("1 +0\\.\\d{4} +0\\.4116\n")
                .containsPattern("question +sum +Reversed +In order +Attention\n");
        // a net that has learned nothing has one of twelve characters right
        for (String network : List.of("Keras's settings", "Reversed", "In order", "Attention")) {
            assertThat(characters(run, network)).as(network).isGreaterThan(network.equals("Attention") ? 45 : 35);
        }
        assertThat(temp.resolve("keras.png")).isNotEmptyFile();
        assertThat(temp.resolve("answers.png")).isNotEmptyFile();
        CommandLineRun again = lab();
        assertThat(again.out()).doesNotContain("epoch 1/");
        for (String network : List.of("Keras's settings", "Reversed", "In order", "Attention")) {
            assertThat(characters(again, network)).isEqualTo(characters(run, network));
        }
    }

    private CommandLineRun lab() {
        CommandLineRun run = CommandLineRun.of("lab", "arithmetic", "--short", "--resume", "--out", temp.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run;
    }

    private static double characters(CommandLineRun run, String network) {
        var found = Pattern.compile("\n" + network + " +[\\d,]+ +batches.* ([\\d.]+) % +[\\d.]+ %")
                .matcher(run.out());
        assertThat(found.find()).as(run.out()).isTrue();
        return Double.parseDouble(found.group(1));
    }

    @Test
    void noSumComesTwice() {
        Sums sums = Sums.draw(3000, 1);
        Set<List<Integer>> seen = new HashSet<>();
        for (Sums.Sum sum : sums.all()) {
            assertThat(seen.add(List.of(Math.min(sum.a(), sum.b()), Math.max(sum.a(), sum.b()))))
                    .as(sum.question())
                    .isTrue();
            assertThat(sum.a()).isBetween(0, 999);
        }
        // a third of the numbers has three digits, the first of which may be 0; it is a little more, as short sums are
        // used up
        assertThat(sums.all().stream().filter(sum -> sum.a() >= 100).count()).isBetween(850L, 1250L);
        assertThat(Sums.draw(3000, 1)).isEqualTo(sums);
        assertThat(Sums.draw(3000, 2)).isNotEqualTo(sums);
    }

    @Test
    void questionsAreFilledUpAndReversedAsAWhole() {
        Sums one = new Sums(List.of(new Sums.Sum(12, 345)));
        try (var plain = one.padded(false);
                var reversed = one.padded(true);
                Pass pass = Pass.infer()) {
            var batch = plain.batches(1).epoch(0).next();
            assertThat(Sums.text(batch.x().toIntArray())).isEqualTo("12+345");
            assertThat(Sums.text(batch.y().toIntArray())).isEqualTo("357");
            int[] backward = reversed.batches(1).epoch(0).next().x().toIntArray();
            assertThat(backward).startsWith(11).endsWith(2, 1); // a blank in front, and 1 last
            assertThat(Sums.text(backward)).isEqualTo(" 543+21");
        }
        assertThat(Sums.stoppedText(one.answers()[0])).isEqualTo("357");
    }

    @Test
    void kerasNetworkHasItsParameters() {
        try (Model<AdditionNet> model = Model.of(new AdditionNet(AdditionTraining.HIDDEN), 1)) {
            assertThat(model.parameterCount()).isEqualTo(205_324);
        }
    }
}
