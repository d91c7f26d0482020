package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who has a turn in a row, and when the row has had enough of them. A generation ends as soon as its turns say what the
 * ratio is to {@link #CLOSE}; another one follows the first two only where these disagree by more; and a rival that is
 * far from being the fastest has no more turns at all.
 */
final class Turns {
    /** The error, as a share of a ratio, below which another turn would tell nothing. */
    static final double CLOSE = 0.03;

    /** How many times as long as the fastest a rival takes at least, if it is out after two turns. */
    static final double OUT = 1.4;

    /** How many times as long as the fastest a rival takes at least, if it is out after one turn. */
    static final double FAR = 3;

    private static final int LEAST = 2;

    private final String ours;
    private final List<List<String>> lines;
    private final int generations;
    private final int most;
    /** Nanoseconds of each contender, by generation. */
    private final Map<String, double[][]> nanos = new LinkedHashMap<>();

    /**
     * Makes the turns of a row.
     *
     * @param ours Fathom's name
     * @param lines the rivals' names, for each line of the results that the row makes
     * @param generations at most
     * @param most turns in a generation
     */
    Turns(String ours, List<List<String>> lines, int generations, int most) {
        this.ours = ours;
        this.lines = lines;
        this.generations = generations;
        this.most = most;
    }

    /** Who takes part in the next turn of this generation, Fathom first; nobody where it has had enough. */
    Set<String> next(int generation) {
        Set<String> next = new LinkedHashSet<>();
        for (List<String> line : lines) {
            if (!enough(line, generation)) {
                next.add(ours);
                next.addAll(contesting(line));
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
        return Arrays.stream(times(ours)).anyMatch(turns -> turns.length > 0);
    }

    /** What came out against those of these rivals that had turns. */
    Duel duel(List<String> rivals) {
        Duel duel = new Duel(times(ours));
        for (String rival : rivals) {
            if (all(rival).length > 0) {
                duel.against(rival, times(rival));
            }
        }
        return duel;
    }

    private boolean enough(List<String> line, int generation) {
        if (generation >= 2 && error(line, 0, generation) < CLOSE) {
            return true;
        }
        int turns = turns(line, generation);
        return turns >= most || turns >= LEAST && error(line, generation, generation + 1) < CLOSE;
    }

    /** How many turns Fathom had beside a rival of this line. */
    private int turns(List<String> line, int generation) {
        return (line.isEmpty() ? List.of(ours) : line)
                .stream().mapToInt(who -> times(who)[generation].length).max().orElse(0);
    }

    /** The error of these generations as a share of the ratio, or of our time where there is none. */
    private double error(List<String> line, int from, int to) {
        Duel duel = new Duel(Arrays.copyOfRange(times(ours), from, to));
        for (String rival : line) {
            double[][] theirs = Arrays.copyOfRange(times(rival), from, to);
            if (Arrays.stream(theirs).anyMatch(turns -> turns.length > 0)) {
                duel.against(rival, theirs);
            }
        }
        Duel.Outcome outcome = duel.outcome();
        return line.isEmpty() ? outcome.oursError() / outcome.ours() : outcome.error() / outcome.ratio();
    }

    /** Those of a line that may be the fastest. */
    private List<String> contesting(List<String> line) {
        double fastest = line.stream()
                .filter(rival -> all(rival).length > 0)
                .mapToDouble(rival -> Duel.median(all(rival)))
                .min()
                .orElse(Double.POSITIVE_INFINITY);
        List<String> contesting = new ArrayList<>(line);
        contesting.removeIf(
                rival -> all(rival).length > 0 && least(rival) > (all(rival).length < LEAST ? FAR : OUT) * fastest);
        return contesting;
    }

    private double least(String who) {
        return Arrays.stream(all(who)).min().orElseThrow();
    }

    private double[] all(String who) {
        return Arrays.stream(times(who)).flatMapToDouble(Arrays::stream).toArray();
    }

    private double[][] times(String who) {
        return nanos.getOrDefault(who, new double[generations][0]);
    }
}
