package dev.fathom.labs.reinforcement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.reinforcement.PolicyValue.Example;
import dev.fathom.nn.Layer;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.NonFiniteLossException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connect four, its searches and its self-play by numbers that are known, and the lab board in its short form. */
class BoardLabTest {
    private static final String DUEL = "Network and search against search alone, ";

    @TempDir
    static Path temp;

    private static ShortRun board;

    @BeforeAll
    static void run() {
        board = ShortRun.of(new BoardLab(), 1, temp.resolve("board"));
    }

    /** The position after some moves. */
    private static ConnectFour after(int... columns) {
        ConnectFour at = ConnectFour.START;
        for (int column : columns) {
            at = at.after(column);
        }
        return at;
    }

    /** OEIS A212693, by John Tromp. */
    @Test
    void asManyPositionsComeUpAsArePublished() {
        int[] published = {1, 7, 49, 238, 1120, 4263, 16_422, 54_859, 184_275};
        Set<ConnectFour> positions = Set.of(ConnectFour.START);
        for (int moves = 0; moves < published.length; moves++) {
            assertThat(positions).hasSize(published[moves]);
            Set<ConnectFour> next = new HashSet<>();
            positions.stream()
                    .filter(p -> !p.over())
                    .forEach(p -> Arrays.stream(p.moves()).forEach(c -> next.add(p.after(c))));
            positions = next;
        }
    }

    @Test
    void fourInARowEndTheGame() {
        assertThat(after(0, 1, 0, 1, 0, 1)).matches(p -> !p.over());
        assertThat(after(0, 1, 0, 1, 0, 1, 0)).matches(ConnectFour::lost); // a column
        assertThat(after(3, 3, 4, 4, 5, 5, 6)).matches(ConnectFour::lost); // a row
        assertThat(after(0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3)).matches(ConnectFour::lost); // upward
        assertThat(after(6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3)).matches(ConnectFour::lost); // downward
        ConnectFour edge = new ConnectFour(0, 0b000_0001_011_1000L); // three at the top of a column, one below the next
        assertThat(edge).matches(p -> !p.lost());
        ConnectFour full = after(0, 0, 0, 0, 0, 0);
        assertThat(full.moves()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(full.mirrored().moves()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(full.mirrored()).isEqualTo(after(6, 6, 6, 6, 6, 6));
        assertThat(after(2).planes()[5]).isEqualTo(1); // row 0, column 2, the other player
    }

    @Test
    void aGameIsPlayedOutForThePlayerToMove() {
        SplittableRandom rng = new SplittableRandom(1);
        ConnectFour lost = after(0, 1, 0, 1, 0, 1, 0);
        assertThat(lost.playedOut(rng)).isEqualTo(-1);
        double first = 0;
        for (int game = 0; game < 20_000; game++) {
            first += ConnectFour.START.playedOut(rng) / 20_000.0;
        }
        assertThat(first).isBetween(0.09, 0.13); // 55.6 % won, 44.2 % lost
    }

    @Test
    void boundsAreThoseOfTheirPapers() {
        assertThat(TreeSearch.puct(1.5).of(0.5, 0.25, 3, 16)).isCloseTo(0.5 + 1.5 * 0.25 * 4 / 4, within(1e-12));
        assertThat(TreeSearch.uct(2).of(0.5, 0.25, 4, 100))
                .isCloseTo(0.5 + 2 * Math.sqrt(Math.log(100) / 4), within(1e-12));
        assertThat(TreeSearch.uct(2).of(0, 0, 0, 100)).isInfinite();
    }

    /** Finds all moves alike, and gives a position a value. */
    private static TreeSearch.Judge judge(float share, ToDoubleFunction<ConnectFour> value) {
        return positions -> positions.stream()
                .map(p -> {
                    float[] opinion = new float[8];
                    Arrays.fill(opinion, share);
                    opinion[7] = (float) value.applyAsDouble(p);
                    return opinion;
                })
                .toArray(float[][]::new);
    }

    /** The lowest cell in the middle is good for whoever has it, so that the first player takes it. */
    @Test
    void theValueTurnsItsSignAtEachMove() {
        long cell = 1L << 21;
        TreeSearch.Judge middle =
                judge(1f / 7, p -> (p.mine() & cell) != 0 ? 0.5 : (p.theirs() & cell) != 0 ? -0.5 : 0);
        double[] shares = new TreeSearch(middle, SelfPlay.PUCT, 100)
                .visits(List.of(ConnectFour.START))
                .get(0);
        assertThat(Player.largest(shares)).isEqualTo(3);
        assertThat(Arrays.stream(shares).sum()).isCloseTo(1, within(1e-12));
    }

    /** Without noise nothing makes a search visit a column to which a judge gives no probability. */
    @Test
    void noiseAtTheRootLetsTheSearchVisitWhatTheJudgeWouldNot() {
        TreeSearch.Judge first = positions -> positions.stream()
                .map(p -> new float[] {1, 0, 0, 0, 0, 0, 0, 0})
                .toArray(float[][]::new);
        TreeSearch search = new TreeSearch(first, SelfPlay.PUCT, 5);
        List<ConnectFour> start = List.of(ConnectFour.START);
        assertThat(search.visits(start).get(0)).startsWith(1);
        double[] noisy = new TreeSearch(first, SelfPlay.PUCT, 50)
                .visits(start, 0.5, new SplittableRandom(1))
                .get(0);
        assertThat(Arrays.stream(noisy)).allMatch(share -> share > 0);
    }

    @Test
    void treesThatGrowSideBySideAreThoseThatGrowAlone() {
        TreeSearch search = new TreeSearch(judge(0.2f, p -> Math.sin(p.mine() % 1000)), SelfPlay.PUCT, 300);
        List<ConnectFour> positions = List.of(ConnectFour.START, after(3, 3), after(0, 1, 0, 1, 0));
        List<double[]> beside = search.visits(positions);
        for (int i = 0; i < positions.size(); i++) {
            assertThat(beside.get(i))
                    .isEqualTo(search.visits(List.of(positions.get(i))).get(0));
        }
    }

    /** Late positions, of which alpha-beta search to the end knows the value of each move exactly. */
    @Test
    void bothSearchesFindTheMovesThatWin() {
        SplittableRandom rng = new SplittableRandom(4);
        TreeSearch uct = new TreeSearch(TreeSearch.playingOut(rng), TreeSearch.uct(1), 10_000);
        TreeSearch puct = new TreeSearch(judge(1f / 7, p -> 0), SelfPlay.PUCT, 10_000);
        int positions = 0;
        while (positions < 20) {
            ConnectFour at = ConnectFour.START;
            while (!at.over() && at.age() < 30) {
                at = at.after(Player.any(at.moves(), rng));
            }
            if (!at.over() && AlphaBeta.value(at, 42, -1, 1) == 1) {
                positions++;
                for (TreeSearch search : List.of(uct, puct)) {
                    int move = Player.largest(search.visits(List.of(at)).get(0));
                    assertThat(AlphaBeta.value(at.after(move), 42, -1, 1)).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void alphaBetaIsMinimax() {
        SplittableRandom rng = new SplittableRandom(2);
        for (int game = 0; game < 50; game++) {
            ConnectFour at = ConnectFour.START;
            for (int move = 0; move < 14 && !at.over(); move++) {
                at = at.after(Player.any(at.moves(), rng));
            }
            assertThat(AlphaBeta.value(at, 5, -1, 1)).isEqualTo(minimax(at, 5));
        }
        assertThat(new AlphaBeta(2, rng).moves(List.of(after(0, 6, 0, 6, 0), after(0, 6, 0, 6, 0, 5))))
                .containsExactly(0, 0); // stops three in a column, and takes the fourth
    }

    private static int minimax(ConnectFour at, int depth) {
        return at.lost()
                ? -1
                : at.over() || depth == 0
                        ? 0
                        : Arrays.stream(at.moves())
                                .map(c -> -minimax(at.after(c), depth - 1))
                                .max()
                                .orElseThrow();
    }

    /** Logits of 0 and a value of 0.5, where the visits were all at one column and the game was lost. */
    @Test
    void theLossIsThatOfThePaper() {
        Layer policy = x -> Tensor.zeros(1, 7);
        Layer value = x -> Tensor.of(new float[] {0.5f}, 1, 1);
        Example example = new Example(ConnectFour.START, new double[] {0, 0, 1, 0, 0, 0, 0}, -1);
        try (Pass pass = Pass.train(new Rng(1))) {
            float loss = new PolicyValue(x -> x, policy, value)
                    .loss(List.of(example))
                    .item();
            assertThat(loss).isCloseTo((float) Math.log(7) + 1.5f * 1.5f, within(1e-5f));
        }
        assertThat(example.mirrored().visits()).containsExactly(0, 0, 0, 0, 1, 0, 0);
        assertThat(example.mirrored().result()).isEqualTo(-1);
    }

    @Test
    void aFullColumnHasNoProbability() {
        float[] opinion = new PolicyValue(x -> x, x -> Tensor.zeros(1, 7), x -> Tensor.zeros(1, 1))
                .judge(List.of(after(0, 0, 0, 0, 0, 0)))[0];
        assertThat(opinion[0]).isZero();
        assertThat(opinion[6]).isCloseTo(1f / 6, within(1e-6f));
    }

    /** Whoever moved last has won a game that is no draw, and the results before take turns. */
    @Test
    void selfPlayRemembersHowEachGameEnded() {
        try (SelfPlay play = new SelfPlay(new Adam(1e-3f), 1)) {
            List<Example> examples = play.play(4);
            assertThat(examples.stream().filter(e -> e.position().equals(ConnectFour.START)))
                    .hasSize(4);
            for (int i = 0; i < examples.size(); i++) {
                boolean last = i == examples.size() - 1
                        || examples.get(i + 1).position().equals(ConnectFour.START);
                double result = examples.get(i).result();
                assertThat(result)
                        .isEqualTo(
                                last ? Math.abs(result) : -examples.get(i + 1).result());
                assertThat(Arrays.stream(examples.get(i).visits()).sum()).isCloseTo(1, within(1e-9));
            }
            assertThat(examples).anyMatch(e -> e.result() == 1);
        }
    }

    @Test
    void playersBeginByTurnsAndPointsAreTheirs() {
        SplittableRandom rng = new SplittableRandom(3);
        Player sees = new AlphaBeta(4, rng);
        Match match = Match.of(sees, Player.random(rng), 20, 20, rng);
        assertThat(match.points()).isGreaterThan(90);
        assertThat(Match.of(Player.random(rng), sees, 20, 1, rng).points()).isLessThan(10);
        assertThat(match.millis()).isGreaterThan(match.others());
        Player first =
                positions -> positions.stream().mapToInt(p -> p.moves()[0]).toArray();
        assertThat(Match.of(first, first, 30, 7, rng).points()).isEqualTo(50); // each beginning has both colors
    }

    @Test
    void searchWithTheNetworkIsWorthMoreThanTheNetworkAlone() {
        assertThat(board.figure("Network and search, points against chance")).isGreaterThan(70);
        assertThat(board.figure("Network and search, points against alpha-beta"))
                .isGreaterThan(board.figure("Network alone, points against alpha-beta"));
        assertThat(board.figure(DUEL + "equal evaluations, playouts")).isEqualTo(Champion.SEARCHES);
        double time = board.figure(DUEL + "equal time, one position at a time, time of network and search");
        assertThat(board.figure(DUEL + "equal time, one position at a time, time of search alone"))
                .isBetween(time / 2, 2 * time);
        assertThat(temp.resolve("board/learning.png")).isNotEmptyFile();
    }

    @Test
    void whatIsStoppedGoesOn() throws Exception {
        InterruptedRun.assertThatItGoesOn(
                new BoardLab(),
                "seed 1 is finished",
                board,
                temp.resolve("b"),
                figure -> !figure.name().contains("time"));
    }

    @Test
    void aLossThatIsNotFiniteEndsTheLessonWithASentence() {
        try (SelfPlay play = new SelfPlay(new Sgd(1e38f), 1)) {
            assertThatThrownBy(() -> play.learn(8, 1)).isInstanceOf(NonFiniteLossException.class);
        }
    }
}
