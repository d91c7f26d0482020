package dev.fathom.labs.similarity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab siamese}: its short form, and one-shot classification where the answer is known. */
class SiameseLabTest {
    @TempDir
    Path temp;

    @Test
    void digitsThatWereLeftOutAreNamedBetterThanByPixels() {
        CommandLineRun.assumeData("mnist");
        ShortRun run = ShortRun.of(new SiameseLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        String of = "One-shot accuracy by ";
        assertThat(run.figure(of + "pixels")).isBetween(48.0, 62.0); // 25 % by chance
        assertThat(run.figure(of + "siamese, triplet loss")).isGreaterThan(run.figure(of + "pixels") + 2);
        assertThat(run.figure(of + "siamese, contrastive loss")).isGreaterThan(50);
        assertThat(run.figure("One-shot, siamese, triplet loss, gain over pixels"))
                .isEqualTo(run.figure(of + "siamese, triplet loss") - run.figure(of + "pixels"));
        assertThat(temp.resolve("embeddings.png")).isNotEmptyFile();
        assertThat(temp.resolve("episodes.png")).isNotEmptyFile();
    }

    @Test
    void anInterruptedRunShowsTheBaselines() {
        CommandLineRun.assumeData("mnist");
        InterruptedRun run = InterruptedRun.of(new SiameseLab(), "== siamese, contrastive loss, seed 2", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.result().figures())
                .hasSize(4); // pixels, before training, the classifier, one seed of the contrastive loss
    }

    @Test
    void theNearestKnownExampleNamesTheClass() {
        float[][] x = {{0, 0}, {0.1f, 0}, {5, 5}, {5, 5.2f}};
        int[] labels = {0, 0, 1, 1};
        OneShot.Accuracy all = new OneShot(x, labels, 2).accuracy(50, new Rng(1));
        assertThat(all.mean()).isEqualTo(1);
        assertThat(all.low()).isEqualTo(1);
        float[][] crossed = {{0, 0}, {5, 5}, {0, 0.1f}, {5, 5.1f}};
        assertThat(new OneShot(crossed, labels, 2).accuracy(50, new Rng(1)).mean())
                .isBetween(0.15, 0.35); // one of two in half of the episodes, none in the others
        OneShot.Episode one = new OneShot(x, labels, 2).episode(new Rng(2));
        for (int c = 0; c < 2; c++) {
            assertThat(labels[one.known()[c]]).isEqualTo(c);
            assertThat(labels[one.asked()[c]]).isEqualTo(c);
            assertThat(one.known()[c]).isNotEqualTo(one.asked()[c]);
        }
    }
}
