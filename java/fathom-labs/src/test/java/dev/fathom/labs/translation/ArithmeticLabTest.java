package dev.fathom.labs.translation;

import static dev.fathom.experiments.pages.Findings.line;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.data.Additions;
import dev.fathom.experiments.pages.Expectations;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on sums: its questions, its scores and conclusion, and its short form, twice with one folder. */
class ArithmeticLabTest {
    @TempDir
    Path temp;

    /** The second run finds nothing left to train and comes to the same. */
    @Test
    void theShortFormLearnsAndResumes() {
        LabCall.Ended run = lab();
        assertThat(run.out())
                .containsPattern("Reversed +205,324 +batches of 32")
                .containsPattern("1 +0\\.\\d{4} +0\\.4116\n")
                .contains(
                        "Neither reversed questions nor questions in order reach 99 % of whole answers in 3 epochs.\n")
                .containsPattern("question +sum +Reversed +In order +Attention\n");
        // an untrained network has one of twelve characters right
        for (String network : List.of("Reversed", "In order", "Attention")) {
            assertThat(characters(run, network)).as(network).isGreaterThan(network.equals("Attention") ? 45 : 35);
        }
        assertThat(temp.resolve("keras.png")).isNotEmptyFile();
        assertThat(temp.resolve("answers.png")).isNotEmptyFile();
        LabCall.Ended again = lab();
        assertThat(again.out()).doesNotContain("epoch 1/");
        for (String network : List.of("Reversed", "In order", "Attention")) {
            assertThat(characters(again, network)).isEqualTo(characters(run, network));
        }
    }

    private LabCall.Ended lab() {
        return LabCall.of("arithmetic", temp).brief().resume().completed();
    }

    private static double characters(LabCall.Ended run, String network) {
        var found = Pattern.compile("\n" + network + " +[\\d,]+ +batches.* ([\\d.]+) % +[\\d.]+ %")
                .matcher(run.out());
        assertThat(found.find()).as(run.out()).isTrue();
        return Double.parseDouble(found.group(1));
    }

    @Test
    void noSumComesTwice() {
        Additions sums = Additions.draw(3000, 1);
        Set<List<Integer>> seen = new HashSet<>();
        for (Additions.Sum sum : sums.all()) {
            assertThat(seen.add(List.of(Math.min(sum.a(), sum.b()), Math.max(sum.a(), sum.b()))))
                    .as(sum.question())
                    .isTrue();
            assertThat(sum.a()).isBetween(0, 999);
        }
        // a third of the numbers has three digits, the first of which may be 0; it is a little more, as short sums are
        // used up
        assertThat(sums.all().stream().filter(sum -> sum.a() >= 100).count()).isBetween(850L, 1250L);
        assertThat(Additions.draw(3000, 1)).isEqualTo(sums);
        assertThat(Additions.draw(3000, 2)).isNotEqualTo(sums);
    }

    @Test
    void questionsAreFilledUpAndReversedAsAWhole() {
        Additions one = new Additions(List.of(new Additions.Sum(12, 345)));
        try (var plain = one.padded(false);
                var reversed = one.padded(true);
                Pass pass = Pass.infer()) {
            var batch = plain.batches(1).epoch(0).next();
            assertThat(Additions.text(batch.x().toIntArray())).isEqualTo("12+345");
            assertThat(Additions.text(batch.y().toIntArray())).isEqualTo("357");
            int[] backward = reversed.batches(1).epoch(0).next().x().toIntArray();
            assertThat(backward).startsWith(11).endsWith(2, 1); // a blank in front, and 1 last
            assertThat(Additions.text(backward)).isEqualTo(" 543+21");
        }
        assertThat(Additions.stoppedText(one.answers()[0])).isEqualTo("357");
    }

    @Test
    void aBlankInFrontOfAnAnswerIsWrong() {
        assertThat(Additions.text(10 + 1, 3, 5, 7)).isEqualTo(" 357");
        Additions.Sum sum = new Additions.Sum(12, 345);
        List<String> answers = List.of("357", " 357", "35", "1357");
        List<Additions.Sum> sums = List.of(sum, sum, sum, sum);
        assertThat(AdditionTraining.answerAccuracy(answers, sums)).isEqualTo(1 / 4.0);
        // all 4 characters with the blank behind, none, 3 and none
        assertThat(AdditionTraining.characterAccuracy(answers, sums)).isEqualTo(7 / 16.0);
    }

    @Test
    void theConclusionSaysWhetherReversingNeedsFewerEpochs() {
        double[] soon = {.5, .995, 1};
        double[] late = {.4, .98, .99};
        double[] never = {.4, .5, .9};
        assertThat(conclusion(soon, late))
                .isEqualTo("99 % of whole answers are reached after 2 epochs with reversed questions and after 3 "
                        + "epochs with "
                        + "questions in order: reversing speeds up the training. 2 (baseline 3) reached");
        assertThat(conclusion(soon, never))
                .contains("and not in 3 epochs with questions in order: reversing speeds up the training.")
                .endsWith(" 2 (baseline 4) reached");
        assertThat(conclusion(late, late))
                .contains(": reversing makes no difference.")
                .endsWith(" 3 (baseline 3) missed");
        assertThat(conclusion(late, soon))
                .contains(": reversing slows down the training.")
                .endsWith(" 3 (baseline 2) missed");
        assertThat(conclusion(never, late)).endsWith(": reversing slows down the training.");
        assertThat(conclusion(never, never))
                .isEqualTo(
                        "Neither reversed questions nor questions in order reach 99 % of whole answers in 3 epochs.");
    }

    /** The sentence, and the figure where there is one. */
    private static String conclusion(double[] reversed, double[] ordered) {
        String text = ArithmeticLab.conclusion(reversed, ordered);
        List<Figure> figures =
                ArithmeticLab.reversing(reversed, ordered).stream().toList();
        for (Figure f : Expectations.of("arithmetic").judge(figures, true)) {
            text += line(
                    " %.0f (baseline %.0f) %s",
                    f.measured(), f.baseline(), f.verdict().word());
        }
        return text;
    }

    @Test
    void kerasNetworkHasItsParameters() {
        try (Model<AdditionNet> model = Model.of(new AdditionNet(AdditionTraining.HIDDEN), 1)) {
            assertThat(model.parameterCount()).isEqualTo(205_324);
        }
    }
}
