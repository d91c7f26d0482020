package dev.fathom.labs.reinforcement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Workers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Worlds, methods and games by numbers that are known, and the labs cartpole and board in their short forms. */
class ReinforcementLabTest {
    @TempDir
    static Path temp;

    private static ShortRun poles;
    private static ShortRun board;

    @BeforeAll
    static void run() {
        poles = ShortRun.of(new CartPoleLab(), 1, temp.resolve("cartpole"));
        board = ShortRun.of(new BoardLab(), 1, temp.resolve("board"));
    }

    /** The first two pushes to the right of a pole that stands, by hand: 10 / 1.1 and its turn, over 0.02 seconds. */
    @Test
    void theCartMovesByTheEquationsOfItsPaper() {
        CartPole world = new CartPole();
        world.begin(0, 0, 0, 0);
        World.Step step = world.act(1, new SplittableRandom(1));
        assertThat(step.state()).containsExactly(new float[] {0, 0.1951220f, 0, -0.2926829f}, within(1e-6f));
        assertThat(step).matches(s -> s.reward() == 1 && !s.ended() && !s.last());
        step = world.act(1, new SplittableRandom(1));
        assertThat(step.state()[0]).isCloseTo(0.0039024f, within(1e-6f));
        assertThat(step.state()[2]).isCloseTo(-0.0058537f, within(1e-6f));
        int steps = 2;
        while (!step.last()) {
            step = world.act(1, new SplittableRandom(1));
            steps++;
        }
        assertThat(step.ended()).isTrue();
        assertThat(steps).isBetween(8, 11); // a pole that is only pushed falls at once
    }

    /** A pole that is held by a rule of thumb stands until its time is up, which is no end. */
    @Test
    void anEpisodeHasFiveHundredSteps() {
        Agent rule = states ->
                new int[] {states[0][2] + 0.3 * states[0][3] + 0.02 * states[0][0] + 0.05 * states[0][1] > 0 ? 1 : 0};
        List<Move> moves = rule.play(CartPole::new, 1, new SplittableRandom(3)).get(0);
        assertThat(moves).hasSize(CartPole.MOST);
        assertThat(moves.get(499).step()).matches(s -> s.last() && !s.ended());
    }

    /** The utilities of Russell and Norvig's figure, rounded there to three places. */
    @Test
    void theUtilitiesOfCellsAreTheTextbooks() {
        double[] values = GridWorld.values(null);
        double[] textbook = {0.705, 0.655, 0.611, 0.388, 0.762, 0, 0.660, 0, 0.812, 0.868, 0.918};
        for (int cell = 0; cell < textbook.length; cell++) {
            assertThat(values[cell]).isCloseTo(textbook[cell], within(5.1e-4));
        }
    }

    @Test
    void playedEpisodesEarnWhatIsComputed() {
        double[][] shares = new double[GridWorld.CELLS][4];
        for (double[] row : shares) {
            Arrays.fill(row, 0.25);
        }
        double played = Agent.random(4, new SplittableRandom(5)).score(GridWorld::new, 4000, new SplittableRandom(6));
        assertThat(played).isCloseTo(GridWorld.values(shares)[0], within(0.1));
    }

    /** Q of 2 everywhere: the target is 0.1 + 0.9 * 2 where the episode goes on, and 0.1 where it ended. */
    @Test
    void theLossOfQLearningIsThatOfItsFormula() {
        Sequential net = new Sequential(new Linear(1, 2, Init.zeros()).withBias(Init.constant(2)));
        try (Model<Sequential> q = Model.of(net, 1);
                Pass pass = Pass.train(new Rng(1))) {
            Move goes = new Move(new float[] {1}, 0, new World.Step(new float[] {0}, 1, false, true)); // its time is up
            Move ends = new Move(new float[] {1}, 1, new World.Step(new float[] {0}, 1, true, true));
            assertThat(DeepQ.loss(q.net(), q.net(), new Move[] {goes, ends}, task(0.9, 0.1))
                            .item())
                    .isCloseTo((0.1f * 0.1f / 2 + 1.4f) / 2, within(1e-6f));
        }
    }

    private static Task task(double discount, double scale) {
        return new Task("a task", CartPole::new, 1, discount, scale, (agent, n, rng) -> 0);
    }

    @Test
    void laterRewardsAreDiscounted() {
        Move one = new Move(new float[1], 0, new World.Step(new float[1], 1, false, false));
        assertThat(PolicyGradient.earned(List.of(List.of(one, one), List.of(one)), task(0.5, 0.5)))
                .containsExactly(0.75f, 0.5f, 0.5f);
    }

    @Test
    void theSeedAloneDecides() {
        for (Task.Method method : new Task.Method[] {new DeepQ(), new PolicyGradient()}) {
            Task.Learned one = method.learn(Task.gridWorld(), 1200, 3, () -> false);
            List<Task.Learned> beside =
                    new Workers(2).run(2, i -> method.learn(Task.gridWorld(), 1200, 3 + i, () -> false));
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

    /** The numbers of positions and the draw of perfect play are known (Schaefer 2002, among others). */
    @Test
    void ticTacToeIsSolved() {
        assertThat(TicTacToe.positions()).isEqualTo(5478);
        assertThat(TicTacToe.START.value()).isZero();
        Player perfect = Player.perfect(new SplittableRandom(1));
        assertThat(perfect.against(perfect, 20)).isEqualTo(new Player.Tally(0, 20, 0));
        assertThat(perfect.against(Player.random(new SplittableRandom(2)), 100).lost())
                .isZero();
        assertThatThrownBy(() -> new TicTacToe(7, 0).value()).hasMessageContaining("cannot come up");
    }

    @Test
    void aSearchFindsAWinAndStopsAThreat() {
        SplittableRandom rng = new SplittableRandom(1);
        TreeSearch search = new TreeSearch(TreeSearch.playingOut(rng));
        TicTacToe win = new TicTacToe(0b000000011, 0b000011000); // two in the upper row, two in the middle
        assertThat(Player.largest(search.visits(win, 200, 0, rng))).isEqualTo(2);
        TicTacToe threat = new TicTacToe(0b100000000, 0b000000011);
        assertThat(Player.largest(search.visits(threat, 400, 0, rng))).isEqualTo(2);
        double[] shares = search.visits(threat, 50, 0.25, rng);
        assertThat(Arrays.stream(shares).sum()).isCloseTo(1, within(1e-12));
        assertThat(shares[0] + shares[1] + shares[8]).isZero(); // taken
    }

    @Test
    void searchWithTheNetworkLosesLessThanTheNetworkAlone() {
        double both = board.figure("Network and search, games lost to perfect play");
        assertThat(both).isLessThan(board.figure("Network alone, games lost to perfect play"));
        assertThat(board.figure("Search alone of 1000, games lost to perfect play"))
                .isLessThan(10);
        assertThat(board.figure("Network and search, games won against chance")).isGreaterThan(70);
        assertThat(temp.resolve("board/lost.png")).isNotEmptyFile();
    }

    @Test
    void whatIsStoppedShowsItsFinishedAgentsAndGoesOn() throws Exception {
        InterruptedRun stopped = InterruptedRun.assertThatItGoesOn(
                new CartPoleLab(), "cart-pole, policy gradient, seed", poles, temp.resolve("a"));
        assertThat(stopped.result().figures())
                .extracting(Figure::name)
                .contains("cart-pole, deep Q-network, mean return", "cart-pole, policy gradient, mean return")
                .noneMatch(name -> name.startsWith("grid world"));
        assertThat(stopped.out()).containsPattern("\ndeep Q-network +3 ").containsPattern("\npolicy gradient +[12] ");
        stopped = InterruptedRun.assertThatItGoesOn(new BoardLab(), "seed 1 is finished", board, temp.resolve("b"));
        assertThat(stopped.result().figures()).hasSize(5);
    }

    /** The sum of rewards of 3e38 is beyond the largest float, and so is what a step of rate 1e38 leads to. */
    @Test
    void aLossThatIsNotFiniteEndsTheLessonWithASentence() {
        Task task = task(0.9, 3e38);
        for (Task.Method method : new Task.Method[] {new DeepQ(), new PolicyGradient()}) {
            assertThatThrownBy(() -> method.learn(task, 1200, 1, () -> false))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageContaining("is not finite")
                    .hasMessageContaining("lower the rate");
        }
        try (SelfPlay play = new SelfPlay(new Sgd(1e38f), 1)) {
            assertThatThrownBy(() -> play.learn(2)).isInstanceOf(NonFiniteLossException.class);
        }
    }
}
