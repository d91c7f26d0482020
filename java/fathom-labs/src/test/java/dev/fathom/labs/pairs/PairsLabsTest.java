package dev.fathom.labs.pairs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.pairs.Translations.Score;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short forms of labs captions, encoders and moving-digits. */
class PairsLabsTest {
    @TempDir
    Path temp;

    @Test
    void attentionFindsTheThingsThatCaptionsName() {
        ShortRun run = ShortRun.of(new CaptionsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("CNN, LSTM and attention, BLEU-4"))
                .isGreaterThan(run.figure("CNN and LSTM, BLEU-4"))
                .isGreaterThan(30); // 21 for the most frequent caption
        assertThat(run.figure("Attention on the thing that is named")).isBetween(55.0, 100.0);
        assertThat(run.out()).containsPattern("caption of the nearest picture +\\d");
        for (String file : List.of("report.html", "pictures.png", "curves.png", "written.png", "attention.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** An LSTM begins in the same state whatever the size and the mean of the features are. */
    @Test
    void theFeaturesThatStartAnLstmAreStandardized() {
        try (Model<Captioner> model = Model.of(Captioner.of(false), 1);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor features = pass.randn(6, Cells.COUNT * 32);
            float[] state = model.net().start().apply(features).toArray();
            float[] larger = model.net().start().apply(features.mul(20).add(7)).toArray();
            assertThat(larger).containsExactly(state, within(1e-3f));
        }
    }

    /** Attention that lies on the middle of the first thing is right for its name and wrong for the other. */
    @Test
    void focusIsTheShareOnTheThingThatIsNamed() {
        CaptionedShapes shapes = CaptionedShapes.pairs(1, 1);
        Scene scene = shapes.scenes().get(0);
        int words = CaptionedShapes.words(scene.english(true)).size();
        float[][][] attention = new float[1][words + 1][Cells.COUNT];
        for (int word = 0; word < words; word++) {
            attention[0][word][cell(scene, word < 4 ? 0 : 1)] = 1;
        }
        assertThat(Captioner.focus(shapes, attention)).isEqualTo(1);
        attention[0][1] = attention[0][words - 1]; // one of six words looks at the other thing
        assertThat(Captioner.focus(shapes, attention)).isCloseTo(5.0 / 6, within(1e-9));
    }

    private static int cell(Scene scene, int thing) {
        double pixels = (double) Scene.SIDE / Cells.SIDE;
        return (int) (scene.things().get(thing).y() / pixels) * Cells.SIDE
                + (int) (scene.things().get(thing).x() / pixels);
    }

    @Test
    void everyEncoderGoesWithEveryDecoder() {
        ShortRun run = ShortRun.of(new EncodersLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        for (String encoder : List.of("CNN", "MLP", "nearest neighbors", "RNN (LSTM)", "word embeddings")) {
            assertThat(run.figure(encoder + " to linear regression"))
                    .as(encoder)
                    .isGreaterThan(30); // the mean explains 0 %
            assertThat(run.figure(encoder + " to support vector machine"))
                    .as(encoder)
                    .isGreaterThan(20); // a sixth are right by chance
            // the most frequent form is right in 11 %, the most frequent kind in 1.5 %, and the mean picture explains
            // nothing
            assertThat(run.figure(encoder + " to logistic regression"))
                    .as(encoder)
                    .isGreaterThan(13);
            assertThat(run.figure(encoder + " to MLP")).as(encoder).isGreaterThan(2);
            assertThat(run.figure(encoder + " to deconv net")).as(encoder).isGreaterThan(3);
        }
        assertThat(run.figure("CNN to support vector machine")).isGreaterThan(90);
        assertThat(run.figure("word embeddings to logistic regression")).isGreaterThan(80);
        // 0.15 % by chance
        assertThat(run.figure("Label read from the true picture")).isGreaterThan(10);
        assertThat(run.figure("PSNR, drawn from label and exact numbers"))
                .isGreaterThan(run.figure("PSNR, drawn from the label") + 0.5);
        assertThat(run.figure("Questions answered")).isGreaterThan(30); // 5 % by chance
        assertThat(run.out())
                .containsPattern("the nearest picture's +picture")
                .containsPattern("drawn from label and exact numbers +\\d")
                .containsPattern("whether +is the .+ the \\w+ +\\d")
                .containsPattern("text and picture, weights 1 : 1 : 0 +\\d");
        for (String file : List.of("report.html", "drawings.png", "answers.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** What is best on the test, or reads the text alone, is not chosen. */
    @Test
    void theWeightsOfATranslationAreChosenOnPicturesHeldOut() {
        Score text = new Score(Translations.SETTINGS.get(0), 0.9, 0.9, 1, 1, 1);
        Score luckiest = new Score(Translations.SETTINGS.get(1), 0.4, 0.8, 1, 1, 1);
        Score best = new Score(Translations.SETTINGS.get(2), 0.5, 0.2, 1, 1, 1);
        assertThat(Score.best(List.of(text, luckiest, best))).containsSame(best);
        assertThat(Score.best(List.of(text))).isEmpty();
    }

    /** The pairs are trained side by side, and one that is stopped ends the run; what is finished stays on the page. */
    @Test
    void anInterruptedTableIsNotFinished() {
        var run = InterruptedRun.of(new EncodersLab(), "MLP to linear regression", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.out()).contains("CNN to linear regression: ").doesNotContain("word embeddings to");
        assertThat(run.out()).doesNotContain("The inverse problem");
    }

    @Test
    void aNetworkForetellsWhereADigitMoves() {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new MovingDigitsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        String frames = ", 1000 x squared error of the next 8 frames";
        assertThat(run.figure("CNN, LSTM, shifts" + frames)).isLessThan(run.figure("CNN, LSTM, painting" + frames));
        assertThat(run.figure("CNN, LSTM, shifts" + frames)).isLessThan(16); // 23 for the last frame copied
        for (String simple : List.of("mean of the training clips", "last frame copied", "constant velocity")) {
            assertThat(run.out()).containsPattern("\n" + simple + " +[\\d.]+ %");
        }
        assertThat(run.figure("CNN, LSTM, shifts, direction")).isGreaterThan(20); // an eighth by chance
        for (String file : List.of("report.html", "errors.png", "places.png", "frames.png", "clips.gif")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** What is finished is not trained again, and comes to the same. */
    @Test
    void captionsGoOn() {
        List<String> out = LabCall.twice("captions", temp);
        assertThat(table(out.get(1))).isEqualTo(table(out.get(0)));
    }

    private static String table(String out) {
        return out.substring(out.indexOf("right as a whole"), out.indexOf("For each word"));
    }
}
