package dev.fathom.tokenizer;

import dev.fathom.tokenizer.PatternParser.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression whose matches are found in time linear in the length of the text, whatever the expression. They
 * are those that an engine with backtracking finds: the leftmost one, and of several there the one that the order of
 * the alternatives prefers.
 *
 * <p>The expression is a nondeterministic automaton (Thompson 1968). A pass over the text from its end finds at each
 * place the states from which a match can be completed; as in a deterministic automaton, each such set is one state of
 * its own, made when it is first needed. A pass from the beginning then takes at each fork the first way that leads to
 * a match, and never has to go back. Lookaheads are automata of their own in the same pass.
 */
final class LinearPattern {
    /** What is called for each match. */
    interface Found {
        void match(int start, int end);
    }

    private static final int MOST_NODES = 5_000;
    /** How many bits all sets of states may have together; all are forgotten where more are needed. */
    private static final long MOST_BITS = 1L << 27;
    /** How many places of a text have their states at hand at a time; of the others only each of so many has. */
    private static final int BLOCK = 1 << 12;

    private static final int MATCH = 0;
    private static final int ONE = 1;
    private static final int FORK = 2;
    private static final int AHEAD = 3;
    private static final int NOT_AHEAD = 4;
    private static final int BEHIND = 5;
    /** A fork before the first turn of a loop, and one after each turn. */
    private static final int ENTER = 6;

    private static final int AGAIN = 7;

    private final String regex;

    // the automaton: of each node its kind, where it leads, and its other way, its lookahead or its set
    private int[] kinds = new int[32];
    private int[] nexts = new int[32];
    private int[] others = new int[32];
    private int[] levels = new int[32];
    /** Of each node how many loops it is in, with its own; and whether its loop prefers to end. */
    private int[] loops = new int[32];

    private final BitSet lazy = new BitSet();
    private int size;
    private int level;
    private int deepest;
    private int loop;
    private int mostLoops;
    private final int start;
    private final List<CodePoints> sets = new ArrayList<>();
    private final Map<CodePoints, Integer> numbers = new HashMap<>();

    /** Of each set of code points, and whether it takes the beginning of the text, for lookbehinds. */
    private final List<CodePoints> behind = new ArrayList<>();

    private final List<Boolean> begins = new ArrayList<>();

    // classes of code points that no set tells apart
    private final char[] plane = new char[1 << 16];
    private final int[] bounds;
    private final char[] classes;
    private final int classCount;
    private final BitSet[] setClasses;
    /** Of each class which lookbehinds take it, as a number of a combination; the last is that of the beginning. */
    private final int[] combinations;

    private final BitSet[] taken;

    private final Map<BitSet, State> states = new HashMap<>();
    private long bits;
    private final State[] ends;

    /** The nodes that are live at a place of a text. */
    private static final class State {
        final BitSet live;
        final boolean starts;
        /** What is live one place before, by the class that lies between and the combination before that. */
        final @Nullable State[] before;
        /** Of each node where it leads here, plus 1: to a node that takes a code point, or to a match. */
        final int[] leads;

        State(BitSet live, boolean starts, int ways, int nodes) {
            this.live = live;
            this.starts = starts;
            before = new State[ways];
            leads = new int[nodes];
        }
    }

    private LinearPattern(String regex) {
        this.regex = regex;
        Part all = PatternParser.parse(regex);
        int match = node(MATCH, 0, 0);
        start = compile(all, match);
        int[] cuts = cuts();
        Map<BitSet, Integer> signatures = new HashMap<>();
        List<BitSet> ofClass = new ArrayList<>();
        bounds = cuts;
        classes = new char[cuts.length];
        for (int i = 0; i < cuts.length; i++) {
            BitSet in = new BitSet();
            for (int s = 0; s < sets.size(); s++) {
                in.set(s, sets.get(s).contains(cuts[i]));
            }
            Integer known = signatures.get(in);
            if (known == null) {
                known = signatures.size();
                signatures.put(in, known);
                ofClass.add(in);
            }
            classes[i] = (char) (int) known;
        }
        classCount = ofClass.size();
        for (int i = 0; i < cuts.length && cuts[i] < plane.length; i++) {
            Arrays.fill(
                    plane,
                    cuts[i],
                    Math.min(plane.length, i + 1 < cuts.length ? cuts[i + 1] : plane.length),
                    classes[i]);
        }
        setClasses = new BitSet[sets.size()];
        for (int s = 0; s < setClasses.length; s++) {
            setClasses[s] = new BitSet();
            for (int c = 0; c < classCount; c++) {
                setClasses[s].set(c, ofClass.get(c).get(s));
            }
        }
        combinations = new int[classCount + 1];
        taken = combinations(ofClass);
        ends = new State[taken.length];
    }

    /** The combinations of lookbehinds that take some class, or the beginning. */
    private BitSet[] combinations(List<BitSet> ofClass) {
        Map<BitSet, Integer> known = new HashMap<>();
        for (int c = 0; c <= classCount; c++) {
            BitSet takes = new BitSet();
            for (int b = 0; b < behind.size(); b++) {
                boolean in = c == classCount ? begins.get(b) : ofClass.get(c).get(number(behind.get(b)));
                takes.set(b, in);
            }
            combinations[c] = known.computeIfAbsent(takes, t -> known.size());
        }
        BitSet[] all = new BitSet[known.size()];
        known.forEach((takes, number) -> all[number] = takes);
        return all;
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException if it is none, or has what cannot be matched in linear time
     */
    static LinearPattern compile(String regex) {
        return new LinearPattern(regex);
    }

    @Override
    public String toString() {
        return regex;
    }

    // ---- the automaton

    private int node(int kind, int next, int other) {
        if (size == MOST_NODES) {
            throw new IllegalArgumentException("the regular expression " + regex + " has more than " + MOST_NODES
                    + " states; give one with smaller counts");
        }
        if (size == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * size);
            nexts = Arrays.copyOf(nexts, 2 * size);
            others = Arrays.copyOf(others, 2 * size);
            levels = Arrays.copyOf(levels, 2 * size);
            loops = Arrays.copyOf(loops, 2 * size);
        }
        kinds[size] = kind;
        nexts[size] = next;
        others[size] = other;
        levels[size] = level;
        loops[size] = loop;
        deepest = Math.max(deepest, level);
        return size++;
    }

    private int number(CodePoints set) {
        for (Map.Entry<CodePoints, Integer> known : numbers.entrySet()) {
            if (Arrays.equals(known.getKey().ranges(), set.ranges())) {
                return known.getValue();
            }
        }
        numbers.put(set, sets.size());
        sets.add(set);
        return sets.size() - 1;
    }

    /** The node in which a part begins that leads to {@code next}. */
    private int compile(Part part, int next) {
        if (part instanceof Part.One one) {
            return node(ONE, next, number(one.set()));
        }
        if (part instanceof Part.All all) {
            int to = next;
            for (int i = all.parts().size() - 1; i >= 0; i--) {
                to = compile(all.parts().get(i), to);
            }
            return to;
        }
        if (part instanceof Part.Any any) {
            int to = compile(any.parts().get(any.parts().size() - 1), next);
            for (int i = any.parts().size() - 2; i >= 0; i--) {
                to = node(FORK, compile(any.parts().get(i), next), to);
            }
            return to;
        }
        if (part instanceof Part.Repeat repeat) {
            return compile(repeat, next);
        }
        if (part instanceof Part.Ahead ahead) {
            level++;
            int inner = compile(ahead.part(), node(MATCH, 0, 0));
            level--;
            return node(ahead.negative() ? NOT_AHEAD : AHEAD, next, inner);
        }
        Part.Behind back = (Part.Behind) part;
        number(back.set());
        behind.add(back.set());
        begins.add(back.begins());
        return node(BEHIND, next, behind.size() - 1);
    }

    private int compile(Part.Repeat repeat, int next) {
        int to = next;
        if (repeat.most() < 0) {
            mostLoops = Math.max(mostLoops, ++loop);
            int again = node(AGAIN, 0, next);
            int body = compile(repeat.part(), again);
            nexts[again] = body;
            to = node(ENTER, body, next);
            lazy.set(again, repeat.lazy());
            lazy.set(to, repeat.lazy());
            loop--;
        }
        for (int i = repeat.least(); i < repeat.most(); i++) {
            int body = compile(repeat.part(), to);
            to = repeat.lazy() ? node(FORK, next, body) : node(FORK, body, next);
        }
        for (int i = 0; i < repeat.least(); i++) {
            int before = size;
            to = compile(repeat.part(), to);
            if (size == before) {
                break; // a part without nodes is nothing, however often
            }
        }
        return to;
    }

    /** The code points at which some set begins, or ends before. */
    private int[] cuts() {
        var all = new java.util.TreeSet<Integer>();
        all.add(0);
        for (CodePoints set : sets) {
            for (int i = 0; i < set.ranges().length; i += 2) {
                all.add(set.ranges()[i]);
                if (set.ranges()[i + 1] < Character.MAX_CODE_POINT) {
                    all.add(set.ranges()[i + 1] + 1);
                }
            }
        }
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    private int classOf(int c) {
        if (c < plane.length) {
            return plane[c];
        }
        int at = Arrays.binarySearch(bounds, c);
        return classes[at >= 0 ? at : -at - 2];
    }

    // ---- what is live

    /** All that is live where these nodes are, which take the next code point. */
    private State state(BitSet takers, int combination) {
        BitSet live = (BitSet) takers.clone();
        for (int l = deepest; l >= 0; l--) {
            boolean changed = true;
            while (changed) {
                changed = false;
                for (int n = 0; n < size; n++) {
                    if (levels[n] == l && !live.get(n) && alive(n, live, combination)) {
                        live.set(n);
                        changed = true;
                    }
                }
            }
        }
        State known = states.get(live);
        if (known == null) {
            long more = size + 32L * (size + classCount * taken.length);
            if (bits + more > MOST_BITS) {
                forget();
            }
            bits += more;
            known = new State(live, live.get(start), classCount * taken.length, size);
            states.put(live, known);
        }
        return known;
    }

    /** Forgets all states. Searches that are on their way keep those that they hold, which lead to no others. */
    private void forget() {
        for (State state : states.values()) {
            Arrays.fill(state.before, null);
        }
        states.clear();
        Arrays.fill(ends, null);
        bits = 0;
    }

    private boolean alive(int n, BitSet live, int combination) {
        return switch (kinds[n]) {
            case MATCH -> true;
            case FORK, ENTER, AGAIN -> live.get(nexts[n]) || live.get(others[n]);
            case AHEAD -> live.get(nexts[n]) && live.get(others[n]);
            case NOT_AHEAD -> live.get(nexts[n]) && !live.get(others[n]);
            case BEHIND -> live.get(nexts[n]) && taken[combination].get(others[n]);
            default -> false;
        };
    }

    private synchronized State end(int combination) {
        State end = ends[combination];
        if (end == null) {
            end = state(new BitSet(), combination);
            ends[combination] = end;
        }
        return end;
    }

    private synchronized State before(State after, int c, int combination) {
        BitSet takers = new BitSet();
        for (int n = 0; n < size; n++) {
            if (kinds[n] == ONE && after.live.get(nexts[n]) && setClasses[others[n]].get(c)) {
                takers.set(n);
            }
        }
        State before = state(takers, combination);
        after.before[c * taken.length + combination] = before;
        return before;
    }

    /** The node that takes the next code point on the preferred way from a live node, or that of the match. */
    private int leads(State at, int node) {
        int known = at.leads[node];
        if (known > 0) {
            return known - 1;
        }
        int n = resolved(at.live, node);
        at.leads[node] = n + 1;
        return n;
    }

    /**
     * Where a live node leads without taking anything. A turn of a loop that took nothing ends the loop. Of the loops
     * around a node those that began their turn at this place are the innermost ones, so that the outermost of them
     * tells which they are, and no node needs to be visited twice with the same one.
     */
    private int resolved(BitSet live, int node) {
        int none = mostLoops + 1;
        BitSet visited = new BitSet();
        int[] todo = new int[16]; // nodes, each with the outermost loop that began here
        int count = 1;
        todo[0] = node * (none + 1) + none;
        while (count > 0) {
            int visit = todo[--count];
            int n = visit / (none + 1);
            int begun = visit % (none + 1);
            if (!live.get(n) || visited.get(visit)) {
                continue;
            }
            visited.set(visit);
            if (kinds[n] == ONE || kinds[n] == MATCH) {
                return n;
            }
            if (count + 2 > todo.length) {
                todo = Arrays.copyOf(todo, 2 * todo.length);
            }
            int own = loops[n];
            switch (kinds[n]) {
                case FORK -> {
                    todo[count++] = others[n] * (none + 1) + begun;
                    todo[count++] = nexts[n] * (none + 1) + begun;
                }
                case ENTER, AGAIN -> {
                    int turn = nexts[n] * (none + 1) + Math.min(begun, own);
                    int end = others[n] * (none + 1) + (begun == own ? none : begun);
                    boolean ends = kinds[n] == AGAIN && begun <= own;
                    if (!ends && lazy.get(n)) {
                        todo[count++] = turn;
                    }
                    todo[count++] = end;
                    if (!ends && !lazy.get(n)) {
                        todo[count++] = turn;
                    }
                }
                default -> todo[count++] = nexts[n] * (none + 1) + begun;
            }
        }
        throw new AssertionError("a live node of " + regex + " leads nowhere");
    }

    /** The states at the places of a text, for a walk from its beginning. */
    private final class Places {
        private final int[] points;
        private final int from;
        private final int n;
        /** The state at the beginning of each block, and at the end of the text. */
        private final State[] marks;

        private final State[] block;
        private int first;
        private int last;

        Places(int[] points, int from, int to) {
            this.points = points;
            this.from = from;
            n = to - from;
            int blocks = (n + BLOCK - 1) / BLOCK;
            marks = new State[blocks + 1];
            marks[blocks] = end(combinations[before(n)]);
            block = new State[Math.min(n, BLOCK) + 1];
            for (int b = blocks - 1; b >= 0; b--) {
                fill(b);
                marks[b] = block[0];
            }
        }

        /** The class before a place, or that of the beginning. */
        private int before(int i) {
            return i == 0 ? classCount : classOf(points[from + i - 1]);
        }

        private void fill(int b) {
            int ways = taken.length;
            first = b * BLOCK;
            last = Math.min(n, first + BLOCK);
            State state = marks[b + 1];
            block[last - first] = state;
            int next = before(last);
            for (int i = last - 1; i >= first; i--) {
                int c = next;
                next = before(i);
                int combination = combinations[next];
                State before = state.before[c * ways + combination];
                state = before == null ? LinearPattern.this.before(state, c, combination) : before;
                block[i - first] = state;
            }
        }

        /** The state at a place that is none before the last one asked for, and at most one after it. */
        State at(int i) {
            if (i > last) {
                fill(last / BLOCK);
            }
            return block[i - first];
        }
    }

    /**
     * Calls {@code found} for each match from {@code from} to {@code to}, in their order. The text begins and ends
     * there for what looks around. A match of nothing is none.
     */
    void matches(int[] points, int from, int to, Found found) {
        Places places = new Places(points, from, to);
        int n = to - from;
        for (int i = 0; i < n; ) {
            State here = places.at(i);
            if (!here.starts) {
                i++;
                continue;
            }
            int end = i;
            int node = leads(here, start);
            while (kinds[node] == ONE) {
                node = leads(places.at(++end), nexts[node]);
            }
            if (end > i) {
                found.match(from + i, from + end);
            }
            i = Math.max(end, i + 1);
        }
    }
}
