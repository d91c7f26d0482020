package dev.fathom.experiments.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Metric;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The accuracy after every so many steps, of a run in one part or in several. */
class MilestonesTest {
    @TempDir
    Path temp;

    /** Trains for so many epochs of 7 steps, or goes on to so many; what was seen. */
    private double[][] seen(Path folder, int every, int epochs) {
        int[] labels = new int[70];
        float[] x = new Rng(1).uniform(140, -1, 1);
        for (int i = 0; i < labels.length; i++) {
            labels[i] = x[2 * i] > x[2 * i + 1] ? 1 : 0;
        }
        try (var data = Dataset.of(x, Shape.of(2), labels);
                var model = Model.of(new Linear(2, 2), 1)) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).metrics(Metric.accuracy());
            var milestones = new Milestones(trainer, every, folder.resolve("milestones.csv"), data.batches(20));
            trainer = trainer.callbacks(milestones).checkpoints(Checkpoints.in(folder));
            if (Checkpoints.newest(folder).isPresent()) {
                trainer = trainer.resume(folder);
            }
            trainer.fit(data.shuffled(1).batches(10), epochs);
            return milestones.points(0);
        }
    }

    @Test
    void aRunThatGoesOnHasSeenWhatCameBefore() throws IOException {
        double[][] whole = seen(temp.resolve("whole"), 3, 4);
        assertThat(whole[0]).containsExactly(3, 6, 9, 12, 15, 18, 21, 24, 27);
        assertThat(whole[1]).hasSize(9).doesNotContain(Double.NaN);
        Path parts = temp.resolve("parts");
        seen(parts, 3, 2);
        // a look that the newest checkpoint knows nothing of
        Path file = parts.resolve("milestones.csv");
        Files.writeString(file, "15,0.5\n", StandardOpenOption.APPEND);
        assertThat(seen(parts, 3, 4)).isDeepEqualTo(whole);
        assertThat(seen(parts, 3, 4)).as("there is nothing left to do").isDeepEqualTo(whole);
        for (String content : new String[] {"", "3,0.5\nx\n"}) {
            Files.deleteIfExists(file);
            if (!content.isEmpty()) {
                Files.writeString(file, content);
            }
            assertThatThrownBy(() -> seen(parts, 3, 5))
                    .hasMessage(file + " is missing or damaged, and with it what the steps so far led to; "
                            + "remove its folder to begin anew");
        }
    }

    @Test
    void epochsAreLookedAtToo() throws IOException {
        double[][] whole = seen(temp.resolve("whole"), 0, 4);
        assertThat(whole[0]).containsExactly(1, 2, 3, 4);
        Path parts = temp.resolve("parts");
        seen(parts, 0, 2);
        Files.writeString(parts.resolve("milestones.csv"), "3,0.5\n", StandardOpenOption.APPEND);
        assertThat(seen(parts, 0, 4)).isDeepEqualTo(whole);
        Files.writeString(parts.resolve("milestones.csv"), "1,0.5\n");
        assertThatThrownBy(() -> seen(parts, 0, 5)).hasMessageContaining("milestones.csv is missing or damaged");
    }

    @Test
    void aRunOfFewerStepsIsLookedAtOnce() {
        assertThat(seen(temp, 10, 1)[0]).containsExactly(7);
    }
}
