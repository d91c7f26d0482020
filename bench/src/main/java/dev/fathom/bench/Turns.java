package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/**
 * Decides who has a turn in a row, and when the row has had enough turns. A generation ends as soon as its turns give
 * the ratio to {@link #CLOSE}, or leave no doubt on which side of what is asked the ratio lies. A third one follows
 * only where the first two leave a doubt, and a second one only where the ratio is not {@link #CLEAR} of all that is
 * asked. A rival that is far from being the fastest has no more turns at all.
 */
final class Turns {
    /** The error, as a share of a ratio, below which another turn would tell nothing. */
    static final double CLOSE = 0.03;

    /** A rival is out after two turns or more if its best one took this many times as long as the fastest rival. */
    static final double OUT = 1.4;

    /**
     * In the generations after the first, a rival is out if its best turn took this many times as long as the fastest.
     */
    static final double OUT_LATER = 1.1;

    /** A rival is out after one turn if it took this many times as long as the fastest rival. */
    static final double FAR = 1.8;

    /** There is no doubt about a ratio that is further from all that is asked than this many times its error. */
    static final double SURE = 2;

    /**
     * A ratio that differs from all that is asked by more than this share of it needs only two turns of one generation,
     * if they are not {@link #TORN}.
     */
    static final double CLEAR = 0.125;

    /** Two turns of a contender tell little if one took this many times as long as the other. */
    static final double TORN = 1.5;

    private static final int LEAST = 2;

    /** An error that two turns leave may be small by chance. */
    private static final int LEAST_TO_BE_SURE = 3;

    /** A line of the results that the row makes. */
    static final class Line {
        final List<String> rivals;
        /** The ratios that the line is compared with. */
        private final double[] asked;
        /**
         * Those that may be the fastest. One that is out never returns, because its later turns would be compared with
         * earlier ones of Fathom.
         */
        final List<String> contesting;
        /** The last generation in which this line needs no more turns. */
        int settled = -1;

        /**
         * Makes a line.
         *
         * @param rivals their names
         * @param asked the ratios that the line is compared with; the line is never beyond doubt where one is NaN
         */
        Line(List<String> rivals, double... asked) {
            this.rivals = rivals;
            this.asked = asked;
            contesting = new ArrayList<>(rivals);
        }

        /** Whether this outcome tells on which side of all that is asked the ratio lies. */
        boolean isSure(Duel.Outcome outcome) {
            return !rivals.isEmpty() && isFurther(outcome, ratio -> SURE * outcome.error());
        }

        /** Whether the ratio also lies so far from all that is asked that fresh processes would not carry it across. */
        boolean isClear(Duel.Outcome outcome) {
            return isSure(outcome) && isFurther(outcome, ratio -> CLEAR * ratio);
        }

        private boolean isFurther(Duel.Outcome outcome, DoubleUnaryOperator distance) {
            return Arrays.stream(asked)
                    .allMatch(ratio -> Math.abs(outcome.ratio() - ratio) > distance.applyAsDouble(ratio));
        }
    }

    private final String ours;
    private final List<Line> lines;
    private final int generations;
    private final int most;
    /** Nanoseconds of each contender, by generation. */
    private final Map<String, double[][]> nanos = new LinkedHashMap<>();

    /**
     * Makes the turns of a row.
     *
     * @param ours Fathom's name
     * @param lines of the results that the row makes
     * @param generations at most
     * @param most turns in a generation
     */
    Turns(String ours, List<Line> lines, int generations, int most) {
        this.ours = ours;
        this.lines = lines;
        this.generations = generations;
        this.most = most;
    }

    /** Who takes part in the next turn of this generation, Fathom first; nobody where it has had enough. */
    Set<String> next(int generation) {
        Set<String> next = new LinkedHashSet<>();
        for (Line line : lines) {
            if (line.settled < generation && enough(line, generation)) {
                line.settled = generation;
            }
            if (line.settled < generation) {
                ruleOut(line.contesting, generation > 0 ? OUT_LATER : OUT);
                next.add(ours);
                next.addAll(line.contesting);
            }
        }
        return next;
    }

    /** Takes down a turn. */
    void took(int generation, String who, double ns) {
        double[][] all = nanos.computeIfAbsent(who, w -> new double[generations][0]);
        all[generation] = Arrays.copyOf(all[generation], all[generation].length + 1);
        all[generation][all[generation].length - 1] = ns;
    }

    /**
     * Takes a rival that failed out of the row, with its times.
     *
     * @return whether every line in which it had turns has another rival that may be the fastest
     */
    boolean leave(String rival) {
        nanos.remove(rival);
        return lines.stream().allMatch(line -> !line.contesting.remove(rival) || !line.contesting.isEmpty());
    }

    /** Whether a rival has no times, although the row has begun: it failed. */
    boolean lacks(String rival) {
        return all(rival).length == 0;
    }

    /** The times of a generation by contender; empty where nobody had a turn. */
    Map<String, double[]> nanos(int generation) {
        Map<String, double[]> of = new LinkedHashMap<>();
        nanos.forEach((who, all) -> {
            if (all[generation].length > 0) {
                of.put(who, all[generation]);
            }
        });
        return of;
    }

    /** Whether anybody had a turn. */
    boolean begun() {
        return all(ours).length > 0;
    }

    /** The duel with those of these rivals that had turns. */
    Duel duel(List<String> rivals) {
        return duel(rivals, 0, generations);
    }

    private Duel duel(List<String> rivals, int from, int to) {
        Duel duel = new Duel(Arrays.copyOfRange(times(ours), from, to));
        for (String rival : rivals) {
            double[][] theirs = Arrays.copyOfRange(times(rival), from, to);
            if (Duel.joined(theirs).length > 0) {
                duel.against(rival, theirs);
            }
        }
        return duel;
    }

    private boolean enough(Line line, int generation) {
        if (generation > 0) {
            Duel.Outcome before = outcome(line, 0, generation);
            if (line.isClear(before) || generation >= 2 && (isClose(before) || line.isSure(before))) {
                return true;
            }
        }
        int turns = turns(line.rivals, generation);
        if (turns < LEAST || turns < LEAST_TO_BE_SURE && isTorn(line, generation)) {
            return false;
        }
        Duel.Outcome here = outcome(line, generation, generation + 1);
        return turns >= most || isClose(here) || line.isClear(here) || turns >= LEAST_TO_BE_SURE && line.isSure(here);
    }

    /**
     * Whether turns of Fathom or of a rival that may be the fastest are far apart, as if half of the machine were away.
     */
    private boolean isTorn(Line line, int generation) {
        return Stream.concat(Stream.of(ours), line.contesting.stream()).anyMatch(who -> {
            DoubleSummaryStatistics turns =
                    Arrays.stream(times(who)[generation]).summaryStatistics();
            return turns.getMax() > TORN * turns.getMin();
        });
    }

    /** How many turns Fathom had beside a rival of this line. */
    private int turns(List<String> line, int generation) {
        return (line.isEmpty() ? List.of(ours) : line)
                .stream().mapToInt(who -> times(who)[generation].length).max().orElse(0);
    }

    private Duel.Outcome outcome(Line line, int from, int to) {
        return duel(line.rivals, from, to).outcome();
    }

    /** Whether the error is small as a share of the ratio, or of our time where there is none. */
    private static boolean isClose(Duel.Outcome outcome) {
        return Double.isNaN(outcome.ratio())
                ? outcome.oursError() < CLOSE * outcome.ours()
                : outcome.error() < CLOSE * outcome.ratio();
    }

    /** Removes those whose best turn took this many times as long as the fastest rival. */
    private void ruleOut(List<String> contesting, double out) {
        double fastest = contesting.stream()
                .filter(rival -> all(rival).length > 0)
                .mapToDouble(rival -> Duel.median(all(rival)))
                .min()
                .orElse(Double.POSITIVE_INFINITY);
        contesting.removeIf(
                rival -> all(rival).length > 0 && least(rival) > (all(rival).length < LEAST ? FAR : out) * fastest);
    }

    private double least(String who) {
        return Arrays.stream(all(who)).min().orElseThrow();
    }

    private double[] all(String who) {
        return Duel.joined(times(who));
    }

    private double[][] times(String who) {
        return nanos.getOrDefault(who, new double[generations][0]);
    }
}
