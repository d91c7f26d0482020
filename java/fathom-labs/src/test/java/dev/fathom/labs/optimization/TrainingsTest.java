package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.optim.Sgd;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Trainings}: trainings that are resumed, diverge, or are interrupted. */
class TrainingsTest {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());

    @TempDir
    Path temp;

    private static Trainings.Task task(float rate) {
        return new Trainings.Task("rate-" + rate, RatesLab::network, new Sgd(rate), 20, 2, 1);
    }

    @Test
    void whatIsFinishedIsReadAndNotTrainedAgain() throws IOException {
        try (Interrupt interrupt = Interrupt.install(NOWHERE);
                Images all = ImageSet.FASHION_MNIST.images(null, 1);
                Images some = all.first(200);
                Images images = some.normalized()) {
            LabRun run = run(interrupt);
            Trainings trainings = new Trainings(run, images.learn(), images.test());
            List<Trainings.Task> tasks = List.of(task(1e-6f), task(1e30f));
            List<Course> first = trainings.all("first", tasks);
            assertThat(first.get(0).losses()).hasSize(2);
            assertThat(first.get(0).diverged()).isFalse();
            assertThat(first.get(1).diverged()).isTrue();
            assertThat(first.get(1).end()).isInfinite();
            assertThat(first.get(1).accuracy()).isZero();
            List<Course> again = trainings.all("again", tasks);
            assertThat(again.get(0).losses()).isEqualTo(first.get(0).losses());
            Path file = temp.resolve("trainings").resolve("rate-1.0E-6-200-images-2-epochs-seed-1.csv");
            Files.writeString(file, "2\n7,8\n9,10\n0.25,0.5\n");
            assertThat(trainings.all("changed", tasks).get(0).losses()).containsExactly(7, 8);
            try (Stream<Path> files = Files.list(temp.resolve("trainings"))) {
                assertThat(files).hasSize(2);
            }
            interrupt.request();
            assertThat(trainings.all("stopped", tasks)).hasSize(2);
            assertThat(trainings.all("stopped", List.of(task(0.5f)))).isEmpty();
        }
    }

    private LabRun run(Interrupt interrupt) {
        return new LabRun(true, null, 1, true, null, null, temp, interrupt, NOWHERE, NOWHERE);
    }

    /** A trial is judged on other images than a race, so a race does not read it, however long both are. */
    @Test
    void aRaceDoesNotReadItsTrials() throws IOException {
        try (Interrupt interrupt = Interrupt.install(NOWHERE);
                Images all = ImageSet.FASHION_MNIST.images(null, 1);
                Images some = all.first(200);
                Images images = some.normalized()) {
            new Race(run(interrupt), images, 20, new double[] {1}, 1, 1, 1)
                    .run(Stream.of("a", "b")
                            .map(name ->
                                    new Race.Candidate(name, RatesLab::network, 0.1, rate -> new Sgd((float) rate)))
                            .toList());
            try (Stream<Path> files = Files.list(temp.resolve("trainings"))) {
                assertThat(files).hasSize(4);
            }
        }
    }

    /** An average that begins at half of the steps does so in a trial too. */
    @Test
    void aRecipeKnowsTheStepsOfItsTraining() {
        try (Interrupt interrupt = Interrupt.install(NOWHERE);
                Images all = ImageSet.FASHION_MNIST.images(null, 1);
                Images some = all.first(200);
                Images images = some.normalized()) {
            Set<Integer> asked = new TreeSet<>();
            Race.Recipe recipe = (rate, steps) -> {
                asked.add(steps);
                return new Sgd((float) rate);
            };
            new Race(run(interrupt), images, 20, new double[] {1}, 1, 3, 1)
                    .run(List.of(new Race.Candidate("a", RatesLab::network, 0.1, recipe)));
            assertThat(asked).containsExactly(10, 30);
        }
    }
}
