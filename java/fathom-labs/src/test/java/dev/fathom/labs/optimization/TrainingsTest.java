package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.Stopped;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.nn.Layer;
import dev.fathom.optim.Sgd;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Trainings}: trainings that are resumed, diverge, or are interrupted. */
class TrainingsTest {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());

    @TempDir
    Path temp;

    private void with(BiConsumer<Lab, Images> test) {
        try (Interrupt interrupt = Interrupt.install(NOWHERE);
                Images all = ImageSet.FASHION_MNIST.images(null, 1);
                Images some = all.sample(200, 1);
                Images images = some.normalized()) {
            LabRun run = new LabRun(true, null, 1, true, null, null, temp, interrupt, NOWHERE, NOWHERE);
            test.accept(new Lab(new RatesLab(), run), images);
        }
    }

    private static List<Trainings.Task> tasks(float... rates) {
        return IntStream.range(0, rates.length)
                .mapToObj(i ->
                        new Trainings.Task("rate-" + rates[i], OptimizersLab::network, new Sgd(rates[i]), 20, 2, 1))
                .toList();
    }

    private List<Path> kept() {
        try (Stream<Path> files = Files.walk(temp)) {
            return files.filter(f -> f.toString().endsWith(".json")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatIsFinishedIsReadAndWhatDivergedIsKnown() {
        with((lab, images) -> {
            Trainings trainings = new Trainings(lab, "first", images.learn(), images.test());
            List<Course> first = trainings.all(tasks(1e-6f, 1e30f));
            assertThat(first.get(0).losses()).hasSize(2);
            assertThat(first.get(0).diverged()).isFalse();
            assertThat(first.get(1).diverged()).isTrue();
            assertThat(first.get(1).end()).isInfinite();
            assertThat(first.get(1).accuracy()).isZero();
            assertThat(Course.mean(List.of(first.get(1), first.get(0))).losses())
                    .isEqualTo(first.get(0).losses());
            assertThat(kept()).hasSize(2);
            lab.run().interrupt().request();
            assertThat(trainings.all(tasks(1e-6f, 1e30f)).get(0).losses())
                    .isEqualTo(first.get(0).losses());
            assertThatThrownBy(() -> trainings.all(tasks(0.5f))).isInstanceOf(Stopped.class);
        });
    }

    /**
     * A trial is judged on other images than a race, so a race does not read it, however long both are. An average that
     * begins at half of the steps does so in a trial too.
     */
    @Test
    void aRaceDoesNotReadItsTrialsAndARecipeKnowsItsSteps() {
        with((lab, images) -> {
            Set<Integer> asked = new TreeSet<>();
            Racer.Recipe recipe = (rate, steps) -> {
                asked.add(steps);
                return new Sgd(rate);
            };
            Function<Racer, Layer> net = racer -> OptimizersLab.network();
            List<Racer> racers = List.of(new Racer("a", "", 0.1, recipe), new Racer("b", "", 0.1, recipe));
            assertThat(new Race(lab, images, net, 20, new double[] {1}, 1, 1, 1).run(racers))
                    .hasSize(2);
            assertThat(kept()).hasSize(4);
            assertThat(new Race(lab, images, net, 20, new double[] {1, 10}, 1, 3, 1).run(racers))
                    .extracting(Race.Placed::rate)
                    .allMatch(rate -> rate.equals("0.1 *") || rate.equals("1 *"));
            assertThat(asked).containsExactly(10, 30);
        });
    }
}
