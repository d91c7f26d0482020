package dev.fathom.bench;

import dev.fathom.bench.Row.Bar;
import dev.fathom.bench.Row.Beside;
import dev.fathom.bench.Row.Entrant;
import dev.fathom.bench.Row.Limit;
import dev.fathom.bench.Row.Pace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A run. It first measures rows in generations of fresh processes, in which the contenders of a row take turns, by
 * families that have the same contenders, so that few processes start again; and then the blocks of rows that need
 * processes of their own.
 */
final class Run {
    private final List<Row> rows;
    private final Predicate<String> wanted;
    private final boolean peers;
    private final boolean quick;
    private final Path out;
    private final Path samples;
    private final Journal journal;
    private final int generations;
    private final Map<Row, Turns> turns = new LinkedHashMap<>();
    private final Map<Row, String> failures = new HashMap<>();
    /** Who left a row because it failed, and why. */
    private final List<String> left = new ArrayList<>();
    /** What an earlier run that was cut off has measured. */
    private final List<Journal.Entry> known = new ArrayList<>();

    /** The first answer to each row, with which those of all contenders must agree. */
    private final Map<Row, double[]> told = new HashMap<>();

    private final List<Measurement> single = new ArrayList<>();
    private final Set<String> abouts = new LinkedHashSet<>();
    private final Set<Contender.Home> unpacked = EnumSet.noneOf(Contender.Home.class);
    private long bytes;

    /** Writes what was measured so far. */
    interface Keeper {
        void keep() throws IOException;
    }

    /**
     * Rows that are measured together.
     *
     * @param rows their names
     * @param seconds that they take in full length with peers
     */
    private record Block(String name, List<String> rows, int seconds, Measuring measuring) {}

    /** Adds the rows of a block that are wanted to the results. */
    private interface Measuring {
        void measure(Run run, List<Measurement> results) throws IOException;
    }

    private static List<Block> blocks(boolean quick) {
        return List.of(
                new Block(
                        "cold starts",
                        Single.COLD,
                        60,
                        (run, all) -> Single.cold(run.wanted, run.peers, quick, run.out, all)),
                new Block(
                        "steps",
                        List.copyOf(Single.STEADY.keySet()),
                        20,
                        (run, all) -> Single.steady(run.wanted, quick, run.out, all)),
                new Block(
                        "memory",
                        Single.footprints(quick),
                        80,
                        (run, all) -> Single.footprint(run.wanted, run.peers, quick, run.out, all)),
                new Block(
                        "freezing",
                        quick ? List.of() : List.of(Single.FREEZING),
                        10,
                        (run, all) -> all.add(Single.freezing(run.out))),
                service("latency of services", Serving.LATENCY, 120, Serving::latency),
                service("tails of services", Serving.TAILS, 90, Serving::tails),
                service("steady services", Serving.STEADY, 60, Serving::steady),
                service("batches of requests", Serving.BATCHING, 45, Serving::batching),
                service("starts of services", Serving.STARTS, 50, Serving::starts));
    }

    private static Block service(String name, List<String> rows, int seconds, Consumer<Serving> part) {
        return new Block(name, rows, seconds, (run, all) -> part.accept(run.serving(all)));
    }

    /**
     * Refuses a filter that matches nothing, before the run replaces the files of an earlier one.
     *
     * @param filter prefixes of names
     * @param rows that are measured besides those of blocks
     * @throws IOException if a prefix matches no row
     */
    static void check(List<String> filter, List<Row> rows, boolean quick) throws IOException {
        List<String> names = Stream.concat(
                        rows.stream().map(Row::name), blocks(quick).stream().flatMap(block -> block.rows.stream()))
                .toList();
        for (String prefix : filter) {
            if (names.stream().noneMatch(name -> name.startsWith(prefix))) {
                throw new IOException("--filter " + prefix + " matches no row of this run");
            }
        }
    }

    /** A run of {@code rows} and of the wanted rows of blocks, which goes on with what the journal has. */
    Run(List<Row> rows, Predicate<String> wanted, boolean peers, boolean quick, Path out, Journal journal)
            throws IOException {
        this.rows = rows;
        this.wanted = wanted;
        this.peers = peers;
        this.quick = quick;
        this.out = out;
        this.journal = journal;
        generations = quick ? 1 : 3;
        samples = out.resolve("samples.csv");
        Files.writeString(samples, "row,threads,contender,generation,repetition,ns\n");
        for (Row row : rows) {
            int most = quick ? 3 : row.pace() == Pace.SLOW ? 3 : 5;
            turns.put(row, new Turns(row.ours().name(), contests(row), generations, most));
            for (Journal.Entry entry : journal.entries()) {
                if (entry.is(row)) {
                    know(row, entry);
                }
            }
        }
    }

    /** Adds what was measured before. */
    private void know(Row row, Journal.Entry entry) throws IOException {
        entry.nanos().forEach((who, all) -> {
            for (double ns : all) {
                turns(row).took(entry.generation(), who, ns);
            }
        });
        if (entry.told().length > 0) {
            told.putIfAbsent(row, entry.told());
        }
        introduce(entry.abouts());
        write(entry);
        known.add(entry);
    }

    /** Measures everything, and calls {@code keeper} after each family of rows and each block. */
    void measure(Keeper keeper) throws IOException {
        List<Block> blocks = blocks(quick).stream()
                .filter(block -> block.rows.stream().anyMatch(wanted))
                .toList();
        double expected = blocks.stream().mapToDouble(this::seconds).sum();
        for (Row row : rows) {
            for (int g = 0; g < generations; g++) {
                expected += seconds(row, g);
            }
        }
        Progress progress = new Progress(System.err, System.console() != null, System::nanoTime, expected);
        OnnxFolder.clear();
        for (int g = 0; g < generations; g++) {
            try (Crew crew = new Crew(out, unpacked)) {
                for (List<Row> family : families()) {
                    generation(g, family, crew, progress);
                    keeper.keep();
                }
            }
        }
        OnnxFolder.clear();
        for (Block block : blocks) {
            double seconds = seconds(block);
            if (seconds > 0) {
                progress.part(block.name);
            }
            measure(block);
            progress.passed(seconds);
            keeper.keep();
        }
        progress.clear();
    }

    /** Rows whose processes are the same, in the order of the first of each family. */
    Collection<List<Row>> families() {
        return rows.stream()
                .collect(Collectors.groupingBy(this::contenders, LinkedHashMap::new, Collectors.toList()))
                .values();
    }

    private Set<Contender> contenders(Row row) {
        return entrants(row).stream().map(Entrant::contender).collect(Collectors.toSet());
    }

    /** The expected seconds of a generation of a row. Later generations have fewer contenders and turns. */
    private double seconds(Row row, int generation) {
        if (known.stream().anyMatch(entry -> entry.is(row) && entry.generation() == generation)) {
            return 0;
        }
        double each = row.pace() == Pace.SLOW ? 3 : row.pace() == Pace.BRIEF ? 0.8 : 1.4;
        double share = generation == 0 ? 1 : generation == 1 ? 0.7 : 0.3;
        return (quick ? 0.5 : 1) * each * share * entrants(row).size();
    }

    private double seconds(Block block) {
        if (journal.block(block.name) != null) {
            return 0;
        }
        return (quick ? 0.1 : 1) * (peers ? 1 : 0.4) * block.seconds;
    }

    /** Measures a generation of a family. In each row the contenders take turns. */
    private void generation(int g, List<Row> family, Crew crew, Progress progress) {
        String names = family.size() == 1
                ? family.get(0).name()
                : family.get(0).name() + " to " + family.get(family.size() - 1).name();
        progress.part(String.format("generation %d of %d, %d rows, %s", g + 1, generations, family.size(), names));
        for (Row row : family) {
            if (!failures.containsKey(row) && turns(row).nanos(g).isEmpty()) {
                try {
                    generation(g, row, crew, progress);
                } catch (IOException e) {
                    failures.put(row, String.valueOf(e.getMessage()));
                }
            }
            progress.passed(seconds(row, g));
        }
        bytes = Math.max(bytes, crew.most());
    }

    private void generation(int g, Row row, Crew crew, Progress progress) throws IOException {
        Turns turns = turns(row);
        for (Set<String> next = turns.next(g); !next.isEmpty(); next = turns.next(g)) {
            crew.summon(next.stream()
                    .map(name -> entrant(row, name).contender())
                    .collect(Collectors.toCollection(LinkedHashSet::new)));
            for (String name : next) {
                progress.now(row.name() + ", " + row.threads() + " thread(s): " + name);
                crew.makeRoom(Crew.ROOM, row.name(), entrant(row, name).contender(), contenders(row));
                boolean first = !turns.nanos(g).containsKey(name);
                try {
                    turns.took(g, name, turn(row, entrant(row, name), first, crew));
                } catch (Failure e) {
                    if (name.equals(row.ours().name()) || !turns.leave(name)) {
                        throw e;
                    }
                    left.add("row " + row.name() + " goes on without " + e.getMessage());
                }
            }
        }
        if (!turns.nanos(g).isEmpty()) {
            Journal.Entry entry =
                    Journal.Entry.of(row, g, turns.nanos(g), told.getOrDefault(row, new double[0]), crew.abouts());
            introduce(entry.abouts());
            journal.add(entry);
            write(entry);
        }
    }

    /** Nanoseconds of a call, whose results must agree with those of the other contenders. */
    private double turn(Row row, Entrant entrant, boolean first, Crew crew) throws IOException {
        int part = row.pace() == Pace.BRIEF ? 2 : 1;
        boolean cold = first || crew.isNew(entrant.contender());
        int begin = quick ? 100 : row.pace() == Pace.SLOW ? 400 : 250;
        int again = quick ? 10 : 60;
        int warm = (cold ? begin : again) / part;
        int measure = (quick ? 60 : 200) / part;
        String request = entrant.method() + " " + entrant.params() + " " + warm + " " + measure;
        String reply;
        try {
            reply = crew.ask(entrant.contender(), request);
        } catch (IOException e) {
            throw new Failure(entrant, e);
        }
        double[] answer =
                Arrays.stream(reply.split(" ")).mapToDouble(Double::parseDouble).toArray();
        try {
            if (!row.otherSize(entrant)) {
                double[] numbers = Arrays.copyOfRange(answer, 1, answer.length);
                agree(told.computeIfAbsent(row, r -> numbers), numbers);
            }
            return answer[0];
        } catch (IOException e) {
            throw new IOException(entrant.name() + ": " + e.getMessage(), e);
        }
    }

    /** A contender could not do its work. */
    private static final class Failure extends IOException {
        private static final long serialVersionUID = 1;

        Failure(Entrant entrant, IOException e) {
            super(entrant.name() + ": " + e.getMessage(), e);
        }
    }

    private static void agree(double[] first, double[] told) throws IOException {
        if (told.length != first.length) {
            throw new IOException(
                    "it reports " + told.length + " numbers, but the first contender reported " + first.length);
        }
        for (int i = 0; i < told.length; i++) {
            try {
                Work.check("number " + (i + 1) + " that it reports", told[i], first[i], 1e-3);
            } catch (IllegalStateException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    private void write(Journal.Entry entry) throws IOException {
        StringBuilder lines = new StringBuilder();
        entry.nanos().forEach((who, all) -> {
            for (int i = 0; i < all.length; i++) {
                lines.append(String.format(
                        Locale.ROOT,
                        "%s,%d,%s,%d,%d,%.0f%n",
                        entry.name(),
                        entry.threads(),
                        who,
                        entry.generation(),
                        i,
                        all[i]));
            }
        });
        Files.writeString(samples, lines, StandardOpenOption.APPEND);
    }

    private Turns turns(Row row) {
        return Objects.requireNonNull(turns.get(row));
    }

    /** The rivals in each line of the results: first those of the row, then one that has a line of its own. */
    private List<List<Entrant>> lines(Row row) {
        List<List<Entrant>> lines = new ArrayList<>();
        lines.add(row.rivals().stream()
                .filter(rival -> peers || rival.contender().home() == Contender.Home.FATHOM)
                .toList());
        Beside beside = row.beside();
        if (peers && beside != null) {
            lines.add(List.of(beside.rival()));
        }
        return lines;
    }

    /** The lines as {@link Turns} wants them: each is compared with the peer itself and with what its bar asks. */
    private List<Turns.Line> contests(Row row) {
        List<Turns.Line> contests = new ArrayList<>();
        Beside beside = row.beside();
        for (List<Entrant> line : lines(row)) {
            Bar bar = contests.isEmpty() || beside == null ? row.bar() : beside.bar();
            double figure = bar.atMost() ? Double.NaN : 1;
            contests.add(new Turns.Line(names(line), figure, bar.must(), bar.goal()));
        }
        return contests;
    }

    private Collection<Entrant> entrants(Row row) {
        Set<Entrant> entrants = new LinkedHashSet<>(List.of(row.ours()));
        lines(row).forEach(entrants::addAll);
        return entrants;
    }

    private Entrant entrant(Row row, String name) {
        return entrants(row).stream()
                .filter(e -> e.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> names(List<Entrant> entrants) {
        return entrants.stream().map(Entrant::name).toList();
    }

    /** Adds what contenders say of themselves, once with the kernels of OpenBLAS, which are known only after a call. */
    void introduce(Collection<String> more) {
        for (String about : more) {
            if (abouts.stream().noneMatch(known -> completes(known, about))) {
                abouts.removeIf(known -> completes(about, known));
                abouts.add(about);
            }
        }
    }

    private static boolean completes(String whole, String about) {
        return whole.equals(about) || whole.startsWith(about + Child.KERNELS);
    }

    /** What all contenders said of themselves. */
    List<String> abouts() {
        return List.copyOf(abouts);
    }

    /** The most bytes that the processes of a row held together. */
    long bytes() {
        return bytes;
    }

    /** Who left a row because it failed, and why. */
    List<String> left() {
        return left;
    }

    private Serving serving(List<Measurement> results) {
        return new Serving(wanted, peers, quick, out, about -> introduce(List.of(about)), results);
    }

    private void measure(Block block) throws IOException {
        Journal.Entry entry = journal.block(block.name);
        if (entry == null) {
            List<Measurement> results = new ArrayList<>();
            block.measuring.measure(this, results);
            entry = Journal.Entry.of(block.name, results, abouts());
            if (results.stream().allMatch(r -> r.failure().isEmpty())) {
                journal.add(entry);
            }
        }
        introduce(entry.abouts());
        single.addAll(entry.rows());
    }

    /** The results so far, in the order of the rows; the means of those that are whole. */
    List<Measurement> results(Map<Limit, double[]> limits) {
        List<Measurement> results = new ArrayList<>();
        for (Row row : rows) {
            if (turns(row).begun() || failures.containsKey(row)) {
                List<List<Entrant>> lines = lines(row);
                results.add(result(row, row.name(), row.bar(), lines.get(0), limits));
                Beside beside = row.beside();
                if (lines.size() > 1 && beside != null) {
                    results.add(result(row, row.name() + "-" + beside.suffix(), beside.bar(), lines.get(1), limits));
                }
            }
        }
        Row.means().forEach(mean -> Measurement.mean(mean, results));
        results.addAll(single);
        return results;
    }

    private Measurement result(Row row, String name, Bar bar, List<Entrant> rivals, Map<Limit, double[]> limits) {
        String failure = failures.get(row);
        if (failure != null) {
            return Measurement.failed(name, row.threads(), row.unit().text, bar, failure);
        }
        Duel duel = turns(row).duel(names(rivals));
        double[] limit = limits.get(row.limit());
        double rate = row.work() / duel.outcome().ours();
        return Measurement.of(
                        name,
                        row.threads(),
                        ns -> row.unit().of(ns, row.work()),
                        row.unit().text,
                        duel,
                        limit == null ? Double.NaN : rate / limit[row.threads() - 1],
                        bar)
                .without(names(rivals).stream().filter(turns(row)::lacks).toList());
    }
}
