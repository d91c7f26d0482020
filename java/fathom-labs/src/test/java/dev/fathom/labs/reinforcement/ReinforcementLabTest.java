package dev.fathom.labs.reinforcement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Workers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Worlds and methods by numbers that are known, and the lab cartpole in its short form. */
class ReinforcementLabTest {
    @TempDir
    static Path temp;

    private static ShortRun poles;

    @BeforeAll
    static void run() {
        poles = ShortRun.of(new CartPoleLab(), 1, temp.resolve("cartpole"));
    }

    /** The first two pushes to the right of a pole that stands, by hand: 10 / 1.1 and its turn, over 0.02 seconds. */
    @Test
    void theCartMovesByTheEquationsOfItsPaper() {
        World.Step step = new CartPole().act(new double[4], 1, new SplittableRandom(1));
        assertThat(step.state()).containsExactly(new double[] {0, 0.1951220, 0, -0.2926829}, within(1e-6));
        assertThat(step).matches(s -> s.reward() == 1 && !s.ended());
        step = new CartPole().act(step.state(), 1, new SplittableRandom(1));
        assertThat(step.state()[0]).isCloseTo(0.0039024, within(1e-6));
        assertThat(step.state()[2]).isCloseTo(-0.0058537, within(1e-6));
        Agent right = states -> new int[] {1};
        List<Move> moves =
                right.play(new CartPole(), 1, new SplittableRandom(1)).get(0);
        assertThat(moves).hasSizeBetween(8, 11); // a pole that is only pushed falls at once
        assertThat(moves.get(moves.size() - 1).step().ended()).isTrue();
    }

    /** A pole that is held by a rule of thumb stands until its time is up, which is no end. */
    @Test
    void anEpisodeHasFiveHundredSteps() {
        double[] rule = {0.02, 0.05, 1, 0.3};
        Agent agent = states -> new int[] {
            IntStream.range(0, 4).mapToDouble(i -> rule[i] * states.get(0)[i]).sum() > 0 ? 1 : 0
        };
        List<Move> moves =
                agent.play(new CartPole(), 1, new SplittableRandom(3)).get(0);
        assertThat(moves).hasSize(CartPole.MOST);
        assertThat(moves.get(499).step().ended()).isFalse();
    }

    /** The utilities of Russell and Norvig's figure, rounded there to three places. */
    @Test
    void theUtilitiesOfCellsAreTheTextbooks() {
        double[] values =
                GridWorld.values((from, earned) -> Arrays.stream(earned).max().orElseThrow());
        double[] textbook = {0.705, 0.655, 0.611, 0.388, 0.762, 0, 0.660, 0, 0.812, 0.868, 0.918};
        for (int cell = 0; cell < textbook.length; cell++) {
            assertThat(values[cell]).isCloseTo(textbook[cell], within(5.1e-4));
        }
    }

    @Test
    void playedEpisodesEarnWhatIsComputed() {
        SplittableRandom rng = new SplittableRandom(5);
        Agent any = states -> states.stream().mapToInt(s -> rng.nextInt(4)).toArray();
        double earned = any.play(new GridWorld(), 4000, new SplittableRandom(6)).stream()
                .flatMap(List::stream)
                .mapToDouble(m -> m.step().reward())
                .sum();
        double[] computed =
                GridWorld.values((from, e) -> Arrays.stream(e).average().orElseThrow());
        assertThat(earned / 4000).isCloseTo(computed[0], within(0.1));
    }

    /**
     * The network finds the second action best, of which its older copy thinks 2 and of the first 5: the target is 0.1
     * + 0.99 * 2 where the episode goes on, and 0.1 where it ended. What was taken had 0 and 1.
     */
    @Test
    void theTargetIsWhatTheOldNetworkSaysOfTheBestActionOfTheNew() {
        Layer q = x -> Tensor.of(new float[] {0, 1, 0, 1}, 2, 2);
        Layer old = x -> Tensor.of(new float[] {5, 2, 5, 2}, 2, 2);
        Move goes = new Move(new double[] {1}, 0, new World.Step(new double[] {0}, 1, false));
        Move ends = new Move(new double[] {1}, 1, new World.Step(new double[] {0}, 1, true));
        try (Pass pass = Pass.train(new Rng(1))) {
            float loss = DeepQ.loss(q, old, List.of(goes, ends), spec(0.1)).item();
            assertThat(loss).isCloseTo(((0.1f + 0.99f * 2 - 0.5f) + 0.9f * 0.9f / 2) / 2, within(1e-6f));
        }
    }

    private static World.Spec spec(double scale) {
        return new World.Spec(4, 2, 1, scale, CartPole.MOST);
    }

    @Test
    void laterRewardsAreDiscounted() {
        Move one = new Move(new double[1], 0, new World.Step(new double[1], 1, false));
        assertThat(PolicyGradient.earned(List.of(List.of(one, one), List.of(one)), spec(0.5)))
                .containsExactly(0.995f, 0.5f, 0.5f);
    }

    /**
     * Both moves earned 1, where 0 and 1 were expected: without the baseline neither would have an advantage. Less
     * their mean and over their deviation, 1 and 0 are 0.7071 and -0.7071.
     */
    @Test
    void theBaselineIsTakenFromWhatWasEarned() {
        Layer policy = x -> Tensor.of(new float[] {0, (float) Math.log(3), 0, (float) Math.log(3)}, 2, 2);
        Layer value = x -> Tensor.of(new float[] {0, 1}, 2, 1);
        World.Step step = new World.Step(new double[1], 1, true);
        List<Move> moves = List.of(new Move(new double[1], 0, step), new Move(new double[1], 1, step));
        double entropy = -0.25 * Math.log(0.25) - 0.75 * Math.log(0.75);
        double gain = Math.sqrt(0.5) * (Math.log(0.25) - Math.log(0.75)) / 2;
        try (Pass pass = Pass.train(new Rng(1))) {
            float loss = PolicyGradient.loss(new PolicyGradient.Both(policy, value), moves, new float[] {1, 1})
                    .item();
            assertThat(loss).isCloseTo((float) (-gain - 0.03 * entropy + 0.5), within(1e-6f));
        }
    }

    @Test
    void theSeedAloneDecides() {
        for (Learned.Method method : List.of(new DeepQ(), new PolicyGradient())) {
            Learned one = method.learn(new GridWorld(), 1200, 3, () -> {});
            List<Learned> beside = new Workers(2).run(2, i -> method.learn(new GridWorld(), 1200, 3 + i, () -> {}));
            assertThat(beside.get(0)).isEqualTo(one);
            assertThat(beside.get(1)).isNotEqualTo(one);
        }
    }

    @Test
    void bothMethodsLearn() {
        double random = poles.figure("cart-pole, random actions, mean return");
        assertThat(random).isBetween(20.0, 25.0); // 22 in many reports
        assertThat(poles.figure("cart-pole, optimal return")).isEqualTo(500);
        assertThat(poles.figure("cart-pole, deep Q-network, mean return")).isGreaterThan(1.5 * random);
        assertThat(poles.figure("cart-pole, policy gradient, mean return")).isGreaterThan(4 * random);
        assertThat(poles.figure("grid world, deep Q-network, mean return")).isBetween(0.6, 0.7054);
        assertThat(poles.figure("grid world, policy gradient, mean return"))
                .isBetween(poles.figure("grid world, random actions, mean return") + 1, 0.7054);
    }

    @Test
    void whatIsStoppedShowsItsFinishedAgentsAndGoesOn() throws Exception {
        InterruptedRun stopped = InterruptedRun.assertThatItGoesOn(
                new CartPoleLab(), "grid world, policy gradient, seed", poles, temp.resolve("a"));
        assertThat(stopped.result().figures())
                .extracting(Figure::name)
                .contains("cart-pole, policy gradient, mean return", "grid world, deep Q-network, mean return")
                .doesNotContain("grid world, policy gradient, mean return");
    }

    /** The sum of rewards of 3e38 is beyond the largest float, and so is what a step of rate 1e38 leads to. */
    @Test
    void aLossThatIsNotFiniteEndsTheLessonWithASentence() {
        World world = new CartPole(spec(3e38));
        for (Learned.Method method : List.of(new DeepQ(), new PolicyGradient())) {
            assertThatThrownBy(() -> method.learn(world, 1200, 1, () -> {}))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageContaining("is not finite")
                    .hasMessageContaining("lower the rate");
        }
    }
}
