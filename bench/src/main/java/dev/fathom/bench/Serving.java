package dev.fathom.bench;

import dev.fathom.bench.Measurement.Figure;
import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Predicate;

/**
 * The rows {@code serve-}: the MLP as a service that several callers ask. The number of threads of such a row is that
 * of its callers; every contender computes an answer in the thread that asks.
 */
final class Serving {
    /** Callers at a time. */
    static final List<Integer> CALLERS = List.of(1, 2, 4);

    /** The rows of {@link #latency}. */
    static final List<String> LATENCY = List.of("serve-p50", "serve-p99.9", "serve-scaling");

    /** The rows of {@link #tails}. */
    static final List<String> TAILS =
            List.of("serve-tail", "serve-tail-p50", "serve-tail-p99", "serve-tail-p99.9", "serve-tail-max");

    /** The rows of {@link #steady}. */
    static final List<String> STEADY = List.of(
            "serve-java-bytes",
            "serve-mallocs",
            "serve-rss",
            "serve-size",
            "serve-pool-java-bytes",
            "serve-pool-mallocs",
            "serve-batcher-java-bytes",
            "serve-batcher-mallocs");

    /** The rows of {@link #batching}. */
    static final List<String> BATCHING = List.of(
            "serve-batcher-waiting", "serve-batcher-waiting-p99", "serve-batcher-pending", "serve-batcher-pending-p99");

    /** The rows of {@link #starts}. */
    static final List<String> STARTS = List.of("serve-start");

    private static final String TORCH = "dev.fathom.bench.torch.TorchService";
    private static final String DL4J = "dev.fathom.bench.dl4j.Dl4jService";

    /** What {@link Callers} says of a tail. */
    private static final List<String> TAIL = List.of("p50", "p99", "p99.9", "max");

    /** Nanoseconds that a clock hardly tells apart, the least excess of a tail. */
    private static final double TICK = 100;

    private static final Bar NOTHING = Bar.atMost(0);

    private final Predicate<String> wanted;
    private final boolean peers;
    private final boolean quick;
    private final int generations;
    private final Path out;
    private final Consumer<String> introduce;
    private final List<Measurement> results;

    /** A contender in these rows. */
    private record Side(String name, Contender contender, String main, List<String> arguments) {}

    Serving(
            Predicate<String> wanted,
            boolean peers,
            boolean quick,
            Path out,
            Consumer<String> introduce,
            List<Measurement> results) {
        this.wanted = wanted;
        this.peers = peers;
        this.quick = quick;
        generations = quick ? 1 : 3;
        this.out = out;
        this.introduce = introduce;
        this.results = results;
    }

    private List<Side> sides() throws IOException {
        List<Side> sides = new ArrayList<>();
        sides.add(fathom("session"));
        if (peers) {
            sides.add(onnxruntime());
            sides.add(new Side("torch", Contender.torch("torch", 1), TORCH, List.of()));
            sides.add(new Side("torch-mkl", Contender.official("torch-mkl", 1), TORCH, List.of()));
            sides.add(new Side("djl", Contender.djl(), Contender.Home.DJL.benchmarks, List.of(script())));
            sides.add(new Side("dl4j", Contender.dl4j(), DL4J, List.of()));
        }
        return sides;
    }

    /** The file of the network as TorchScript. */
    private String script() throws IOException {
        Path script = out.resolve("mlp.pt");
        if (!Files.exists(script)) {
            Single.once(Contender.torch("torch", 1), TORCH, out, "write", script.toString());
        }
        return script.toString();
    }

    private static Side fathom(String kind) {
        return new Side("fathom", Contender.fathom(1), "dev.fathom.bench.FathomService", List.of(kind));
    }

    private static Side onnxruntime() {
        return new Side("onnxruntime", Contender.ort(), "dev.fathom.bench.ort.OrtService", List.of());
    }

    private Child start(Side side, Contender contender, List<String> jvm) throws IOException {
        Path log = out.resolve("serve-" + side.name() + ".log");
        Child child =
                new Child(contender.process(side.main(), jvm, side.arguments().toArray(new String[0])), log);
        child.about = child.answer();
        introduce.accept(child.about);
        return child;
    }

    /** The processes of all of them. */
    private List<Child> start(List<Side> sides) throws IOException {
        List<Child> children = new ArrayList<>();
        try {
            for (Side side : sides) {
                children.add(start(side, side.contender(), List.of("-Xmx1g")));
            }
        } catch (IOException e) {
            children.forEach(Child::close);
            throw e;
        }
        return children;
    }

    private static double[] ask(Child child, String what) throws IOException {
        child.send(what);
        return Arrays.stream(child.answer().split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    /** Medians and 99.9th percentiles at 1, 2 and 4 callers, and what two callers get of one. */
    void latency() {
        int repetitions = quick ? 2 : 6;
        int millis = quick ? 60 : 300;
        try {
            List<Side> sides = sides();
            double[][][][] answers = times(sides, repetitions);
            double[][][][] medians = times(sides, repetitions);
            double[][][][] late = times(sides, 1);
            for (int g = 0; g < generations; g++) {
                List<Child> children = start(sides);
                try {
                    for (int c = 0; c < CALLERS.size(); c++) {
                        for (int i = 0; i < repetitions; i++) {
                            for (int s = 0; s < sides.size(); s++) {
                                double[] block = ask(children.get(s), "calls " + CALLERS.get(c) + " " + millis);
                                answers[c][s][g][i] = block[0];
                                medians[c][s][g][i] = block[1];
                            }
                        }
                        for (int s = 0; s < sides.size(); s++) {
                            late[c][s][g][0] = ask(children.get(s), "tail")[2];
                        }
                    }
                } finally {
                    children.forEach(Child::close);
                }
            }
            for (int c = 0; c < CALLERS.size(); c++) {
                add(micros("serve-p50", CALLERS.get(c), duel(sides, medians[c]), Bar.NONE));
                add(micros("serve-p99.9", CALLERS.get(c), duel(sides, late[c]), Bar.NONE));
            }
            Duel scaling = new Duel(answers[1][0]).against("one-caller", answers[0][0]);
            Bar twice = Bar.atLeast(1.95, 1.95);
            add(Measurement.of("serve-scaling", 2, ns -> 1e6 / ns, "calls/ms", scaling, Double.NaN, twice));
        } catch (IOException e) {
            failed("serve-p50", 1, "us", Bar.NONE, e);
        }
    }

    /** Of each number of callers and each side, those of all generations and repetitions. */
    private double[][][][] times(List<Side> sides, int repetitions) {
        return new double[CALLERS.size()][sides.size()][generations][repetitions];
    }

    private static Duel duel(List<Side> sides, double[][][] times) {
        Duel duel = new Duel(times[0]);
        for (int s = 1; s < times.length; s++) {
            duel.against(sides.get(s).name(), times[s]);
        }
        return duel;
    }

    private static Measurement micros(String name, int callers, Duel duel, Bar bar) {
        return Measurement.of(name, callers, ns -> ns / 1e3, "us", duel, Double.NaN, bar);
    }

    /**
     * How much longer the 99.9th percentile of a million calls, a third of them in each generation, is than that of as
     * many empty spins of a call's length, which alternate with the calls: what the machine itself does to a thread
     * does not count.
     */
    void tails() {
        Bar bar = Bar.atMost(10).or(1 / 0.6);
        int millis = quick ? 100 : 500;
        int calls = quick ? 10_000 : 334_000;
        try {
            List<Side> sides = peers ? List.of(fathom("session"), onnxruntime()) : List.of(fathom("session"));
            double[][][][] excess = times(sides, 1);
            List<double[][][][]> calledAndSpun = new ArrayList<>(); // as "tail" answers
            for (int i = 0; i < 2 * TAIL.size(); i++) {
                calledAndSpun.add(times(sides, 1));
            }
            for (int g = 0; g < generations; g++) {
                List<Child> children = start(sides);
                try {
                    for (int c = 0; c < 2; c++) {
                        double[] done = new double[sides.size()];
                        while (Arrays.stream(done).min().orElseThrow() < calls) {
                            for (int s = 0; s < done.length; s++) {
                                done[s] += ask(children.get(s), "beside " + CALLERS.get(c) + " " + millis)[0];
                            }
                        }
                        for (int s = 0; s < done.length; s++) {
                            double[] tail = ask(children.get(s), "tail");
                            excess[c][s][g][0] = Math.max(TICK, tail[2] - tail[6]);
                            for (int i = 0; i < tail.length; i++) {
                                calledAndSpun.get(i)[c][s][g][0] = tail[i];
                            }
                        }
                    }
                } finally {
                    children.forEach(Child::close);
                }
            }
            for (int c = 0; c < 2; c++) {
                add(micros("serve-tail", CALLERS.get(c), duel(sides, excess[c]), bar));
                for (int i = 0; i < TAIL.size(); i++) {
                    double[][][] spun = calledAndSpun.get(TAIL.size() + i)[c];
                    Duel duel = duel(sides, calledAndSpun.get(i)[c]);
                    for (int s = 0; s < sides.size(); s++) {
                        duel.against(s == 0 ? "spin" : sides.get(s).name() + "-spin", spun[s]);
                    }
                    add(micros("serve-tail-" + TAIL.get(i), CALLERS.get(c), duel, Bar.NONE));
                }
            }
        } catch (IOException e) {
            failed("serve-tail", 1, "us", bar, e);
        }
    }

    /** What an answer takes beside time, what a process holds, and how large the libraries are. */
    void steady() {
        try {
            List<Side> sides = sides();
            double[][][] bytes = new double[sides.size()][generations][1];
            double[][][] mallocs = new double[sides.size()][generations][1];
            double[][][] resident = new double[sides.size()][generations][1];
            for (int g = 0; g < generations; g++) {
                for (int s = 0; s < sides.size(); s++) {
                    double[] counts = count(sides.get(s));
                    bytes[s][g][0] = counts[0];
                    mallocs[s][g][0] = counts[1];
                    resident[s][g][0] = counts[2];
                }
            }
            add(counted("serve-java-bytes", sides, bytes, "B"));
            add(counted("serve-mallocs", sides, mallocs, "calls"));
            add(Measurement.of("serve-rss", 1, mb -> mb, "MB", duel(sides, resident), Double.NaN, Bar.NONE));
            List<Figure> size = new ArrayList<>();
            for (Side side : sides) {
                if (side.contender().closure() > 0) {
                    size.add(new Figure(side.name(), side.contender().closure(), Double.NaN, 0));
                }
            }
            add(Measurement.counted("serve-size", size, "MB", Bar.NONE));
            for (String kind : List.of("pool", "batcher")) {
                double[] counts = count(fathom(kind));
                add(Measurement.counted("serve-" + kind + "-java-bytes", counts[0], "B", NOTHING));
                add(Measurement.counted("serve-" + kind + "-mallocs", counts[1], "calls", NOTHING));
            }
        } catch (IOException e) {
            failed("serve-java-bytes", 1, "B", NOTHING, e);
        }
    }

    private static Measurement counted(String name, List<Side> sides, double[][][] counts, String unit) {
        List<Figure> medians = new ArrayList<>();
        for (int s = 0; s < counts.length; s++) {
            double median = new Duel(counts[s]).outcome().ours();
            medians.add(new Figure(sides.get(s).name(), median, Double.NaN, 0));
        }
        return Measurement.counted(name, medians, unit, NOTHING);
    }

    /** Bytes of the Java heap and calls of malloc of an answer, and the megabytes of the process. */
    private double[] count(Side side) throws IOException {
        Map<String, String> env = new TreeMap<>(side.contender().env());
        env.put("LD_PRELOAD", Single.MALLOCS.toString());
        Contender counting = new Contender(side.contender().home(), side.name(), env);
        try (Child child = start(side, counting, List.of("-Xmx128m", "-XX:+UseSerialGC"))) {
            double[] counts = ask(child, "steady 20000");
            return new double[] {counts[0], counts[1], ask(child, "memory")[0]};
        }
    }

    /**
     * Answers with 64 requests under way beside those to one caller, by threads that wait and by threads that do not;
     * and what a request may take: the delay, which is 0, the run under way and its own.
     */
    void batching() {
        try {
            String main = "dev.fathom.bench.FathomBatching";
            int blocks = quick ? 2 : 6;
            double[][][] times = new double[6][generations][blocks];
            for (int g = 0; g < generations; g++) {
                List<String> answers =
                        Single.once(Contender.fathom(2), main, out, quick ? "100" : "500", String.valueOf(blocks));
                for (int b = 0; b < blocks; b++) {
                    String[] words = answers.get(b).split(" ");
                    for (int i = 0; i < times.length; i++) {
                        times[i][g][b] = Double.parseDouble(words[i]) * (i == 1 ? 2 : 1);
                    }
                }
            }
            for (int way = 0; way < 2; way++) {
                String name = "serve-batcher-" + (way == 0 ? "waiting" : "pending");
                Duel rate = new Duel(times[2 + 2 * way]).against("batch-1", times[0]);
                Duel late = new Duel(times[3 + 2 * way]).against("2-runs", times[1]);
                add(batched(name, ns -> 1e6 / ns, "calls/ms", rate, Bar.atLeast(3, 3)));
                add(batched(name + "-p99", ns -> ns / 1e3, "us", late, Bar.atLeast(1, 1)));
            }
        } catch (IOException e) {
            failed("serve-batcher-waiting", FathomBatching.REQUESTS, "calls/ms", Bar.atLeast(3, 3), e);
        }
    }

    private static Measurement batched(String name, DoubleUnaryOperator figure, String unit, Duel duel, Bar bar) {
        return Measurement.of(name, FathomBatching.REQUESTS, figure, unit, duel, Double.NaN, bar);
    }

    /** From the start of the JVM to the first answer of a network in a file, of those that no other row has. */
    void starts() {
        try {
            String cold = "dev.fathom.bench.FathomCold";
            String plan = out.resolve("serve.plan").toString();
            Single.once(Contender.fathom(1), cold, out, "write", plan);
            List<Side> sides = new ArrayList<>();
            sides.add(new Side("fathom", Contender.fathom(1), cold, List.of(plan)));
            if (peers) {
                String model = out.resolve("mlp.dl4j").toString();
                Single.once(Contender.dl4j(), DL4J, out, "write", model);
                List<String> script = List.of("cold", script());
                sides.add(new Side("torch", Contender.torch("torch", 1), TORCH, script));
                sides.add(new Side("torch-mkl", Contender.official("torch-mkl", 1), TORCH, script));
                sides.add(new Side("djl", Contender.djl(), Contender.Home.DJL.benchmarks, script));
                sides.add(new Side("dl4j", Contender.dl4j(), DL4J, List.of("cold", model)));
            }
            int tries = quick ? 1 : 7;
            double[][][] took = new double[sides.size()][1][tries];
            for (int i = -1; i < tries; i++) { // the first fills the page cache and does not count
                for (int s = 0; s < sides.size(); s++) {
                    Side side = sides.get(s);
                    String[] arguments = side.arguments().toArray(new String[0]);
                    took[s][0][Math.max(0, i)] =
                            Double.parseDouble(Single.once(side.contender(), side.main(), out, arguments)
                                    .get(0));
                }
            }
            add(Measurement.of("serve-start", 1, ms -> ms, "ms", duel(sides, took), Double.NaN, Bar.NONE));
        } catch (IOException e) {
            failed("serve-start", 1, "ms", Bar.NONE, e);
        }
    }

    private void add(Measurement row) {
        if (wanted.test(row.name())) {
            results.add(row);
        }
    }

    private void failed(String name, int threads, String unit, Bar bar, IOException why) {
        results.add(Measurement.failed(name, threads, unit, bar, String.valueOf(why.getMessage())));
    }
}
