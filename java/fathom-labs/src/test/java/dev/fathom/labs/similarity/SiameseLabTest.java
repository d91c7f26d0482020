package dev.fathom.labs.similarity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.statistics.Averages;
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
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new SiameseLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        String of = "One-shot accuracy by ";
        assertThat(run.figure(of + "pixels")).isBetween(48.0, 62.0); // 25 % by chance
        assertThat(run.figure(of + "siamese, triplet loss")).isGreaterThan(run.figure(of + "pixels") + 1);
        assertThat(run.figure(of + "siamese, contrastive loss")).isGreaterThan(50);
        assertThat(temp.resolve("embeddings.png")).isNotEmptyFile();
        assertThat(temp.resolve("episodes.png")).isNotEmptyFile();
    }

    @Test
    void theNearestKnownExampleNamesTheClass() {
        float[][] x = {{0, 0}, {0.1f, 0}, {5, 5}, {5, 5.2f}};
        int[] labels = {0, 0, 1, 1};
        assertThat(new OneShot(x, labels, 2).right(50, new Rng(1))).hasSize(50).containsOnly(1);
        float[][] crossed = {{0, 0}, {5, 5}, {0, 0.1f}, {5, 5.1f}};
        assertThat(Averages.mean(new OneShot(crossed, labels, 2).right(50, new Rng(1))))
                .isBetween(0.15, 0.35); // one of two in half of the episodes, none in the others
        OneShot.Episode one = new OneShot(x, labels, 2).episode(new Rng(2));
        for (int c = 0; c < 2; c++) {
            assertThat(labels[one.known()[c]]).isEqualTo(c);
            assertThat(labels[one.asked()[c]]).isEqualTo(c);
            assertThat(one.known()[c]).isNotEqualTo(one.asked()[c]);
        }
    }
}
