package dev.fathom.labs.generative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Density;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.generative.Gan.Critic;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.NonFiniteLossException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two players in turns: resumed, with clipped weights, and when one of them fails. */
class AdversarialDuelTest {
    private static final int SIZE = 384;

    @TempDir
    Path temp;

    /** Samples after a game about N(2, 1²). */
    private float[] played(
            AdversarialDuel duel, Supplier<Gan> net, long seed, boolean resume, Path folder, int... epochs) {
        float[] numbers = Density.normal(2, 1).sample(SIZE, new Rng(3));
        return played(duel, net, numbers, new int[SIZE], seed, resume, folder, epochs);
    }

    private float[] played(
            AdversarialDuel duel,
            Supplier<Gan> net,
            float[] numbers,
            int[] labels,
            long seed,
            boolean resume,
            Path folder,
            int... epochs) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        float[] samples = {};
        for (int until : epochs) {
            try (Interrupt interrupt = Interrupt.install(nowhere);
                    Dataset data = Dataset.of(numbers, Shape.of(1), labels);
                    Model<Gan> model = Model.of(net.get(), seed)) {
                Lab lab = new Lab(
                        new GanLab(),
                        new LabRun(true, null, seed, resume, null, null, folder, interrupt, nowhere, nowhere));
                var played = duel.play(lab, "A game", model, data, until, 20, float[].class, x -> x);
                assertThat(played.history().series("value")).hasSize(until);
                assertThat(played.seen())
                        .hasSize(until)
                        .allSatisfy(seen -> assertThat(seen).hasSize(20));
                samples = model.net().samples(50, new Rng(1));
                assertThat(played.seen().get(until - 1))
                        .isNotEqualTo(played.seen().get(until - 2));
                for (var parameter : model.parameters()) {
                    for (float w : parameter.value().toArray()) {
                        if (parameter.name().startsWith("critic.")) {
                            assertThat(w).isBetween(-duel.clip(), duel.clip());
                        }
                    }
                }
            }
        }
        return samples;
    }

    @Test
    void aResumedGameEndsAsOneThatWasNeverStopped() {
        AdversarialDuel duel = WganLab.clipped(16, 1e-2f, 0.3f);
        float[] whole = played(duel, () -> Nets.points(1, 4, 16, 0), 1, false, temp.resolve("whole"), 4);
        assertThat(played(duel, () -> Nets.points(1, 4, 16, 0), 1, true, temp.resolve("parts"), 2, 4))
                .isEqualTo(whole);
        assertThat(played(duel, () -> Nets.points(1, 4, 16, 0), 2, false, temp.resolve("other"), 4))
                .isNotEqualTo(whole);
    }

    @Test
    void onlyThePlayerWhoseTurnItIsLearns() {
        try (Model<Gan> model = Model.of(Nets.points(1, 4, 8, 0), 1)) {
            for (boolean critic : new boolean[] {true, false}) {
                AdversarialDuel.give(model, critic);
                for (var parameter : model.parameters()) {
                    assertThat(parameter.trainable()).isEqualTo(parameter.name().startsWith("critic.") == critic);
                }
            }
        }
    }

    @Test
    void everyGameBringsTheMeansTogether() {
        Adam adam = new Adam(5e-3f).betas(0.5f, 0.999f);
        AdversarialDuel nonSaturating = new AdversarialDuel(Game.NON_SATURATING, 32, adam);
        for (AdversarialDuel duel : List.of(
                nonSaturating,
                new AdversarialDuel(Game.MINIMAX, 32, adam),
                nonSaturating.matchingFeatures(),
                WganLab.clipped(16, 5e-3f, 0.3f),
                WganLab.penalized(16, 5e-3f, GradientPenalty.oneSided(10)))) {
            float[] made = played(
                    duel,
                    () -> Nets.points(1, 4, 16, 0),
                    1,
                    false,
                    temp.resolve(duel.game().name()),
                    30);
            assertThat(Averages.mean(Averages.doubles(made)))
                    .as(duel.toString())
                    .isBetween(1.0, 3.0);
        }
    }

    @Test
    void samplesAreOfTheClassAskedFor() {
        float[] numbers = new float[SIZE];
        int[] labels = new int[SIZE];
        float[] spread = new Rng(3).normal(SIZE, 0, 0.3f);
        for (int i = 0; i < SIZE; i++) {
            labels[i] = i % 2;
            numbers[i] = 4 * labels[i] - 2 + spread[i];
        }
        AdversarialDuel duel = new AdversarialDuel(Game.NON_SATURATING, 32, new Adam(5e-3f).betas(0.5f, 0.999f));
        float[] made = played(duel, () -> Nets.points(1, 4, 16, 2), numbers, labels, 1, false, temp, 40);
        double[] means = new double[2];
        for (int i = 0; i < made.length; i++) {
            means[i % 2] += 2 * made[i] / (double) made.length;
        }
        assertThat(means[0]).isBetween(-3.0, -1.0);
        assertThat(means[1]).isBetween(1.0, 3.0);
    }

    private static boolean broken;

    /** A record without settings, so that a run that goes on takes it for the layer that it was. */
    record PerhapsBroken() implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return broken ? x.mul(Float.NaN) : x;
        }
    }

    @Test
    void aGameGoesOnAfterACollapse() {
        AdversarialDuel duel = new AdversarialDuel(Game.NON_SATURATING, 16, new Adam(1e-3f));
        Supplier<Gan> net = () -> {
            Gan plain = Nets.points(1, 4, 8, 0);
            Layer head = new Sequential(plain.critic().head(), new PerhapsBroken());
            return new Gan(plain.generator(), new Critic(plain.critic().features(), head), 4, 0);
        };
        float[] whole = played(duel, net, 1, false, temp.resolve("whole"), 4);
        played(duel, net, 1, true, temp.resolve("parts"), 2);
        broken = true;
        assertThatThrownBy(() -> played(duel, net, 1, true, temp.resolve("parts"), 4))
                .isInstanceOf(NonFiniteLossException.class);
        broken = false;
        assertThat(played(duel, net, 1, true, temp.resolve("parts"), 4)).isEqualTo(whole);
    }

    /** A critic whose units are all off says the same of everything. */
    @Test
    void aCollapsedCriticIsASentence() {
        Gan plain = Nets.points(1, 4, 8, 0);
        Linear dead = new Linear(1, 8, Init.zeros()).withBias(Init.constant(-9)).act(Activation.RELU);
        Gan net = new Gan(
                plain.generator(), new Critic(new Sequential(dead), new Linear(8, 1).withBias(Init.zeros())), 4, 0);
        assertThatThrownBy(() ->
                        played(new AdversarialDuel(Game.MINIMAX, 16, new Adam(1e-3f)), () -> net, 1, false, temp, 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the critic has collapsed: at the end of epoch 1 it gave");
    }

    @Test
    void aLossThatIsNotFiniteEndsTheGame() {
        AdversarialDuel wild = new AdversarialDuel(Game.WASSERSTEIN, 16, new Sgd(1e20f));
        assertThatThrownBy(() -> played(wild, () -> Nets.points(1, 4, 8, 0), 1, false, temp, 3))
                .isInstanceOf(NonFiniteLossException.class)
                .hasMessageContaining("loss is");
    }
}
