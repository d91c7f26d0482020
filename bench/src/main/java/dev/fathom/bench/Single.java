package dev.fathom.bench;

import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rows that need processes of their own. Cold starts and memory take a new one for each try, and the steady state is
 * counted in one.
 */
final class Single {
    /** Counts calls of malloc in a process into which it is preloaded. */
    static final Path MALLOCS = Contender.BENCH
            .resolveSibling("java/fathom/target/native/lib/libmalloc_count.so")
            .toAbsolutePath();

    /** A row for each {@link Jvm}. */
    static final String COLD_MLP = "cold-start-mlp";

    private static final String COLD_ENCODER = "cold-start-encoder";
    private static final String COLD_ONNX = "cold-start-onnx";

    /** The rows of {@link #cold}. */
    static final List<String> COLD = Stream.concat(
                    Jvm.all().stream().map(jvm -> COLD_MLP + jvm.suffix()), Stream.of(COLD_ENCODER, COLD_ONNX))
            .toList();

    /** The rows of {@link #steady}. */
    static final Map<String, Bar> STEADY = Map.of(
            "step-java-time", Bar.atMost(30),
            "step-java-bytes", Bar.atMost(4096),
            "step-mallocs", Bar.atMost(0),
            "run-java-bytes", Bar.atMost(0),
            "run-mallocs", Bar.atMost(0));

    /** The row of {@link #freezing}. */
    static final String FREEZING = "freeze-vgg16-bytes";

    private static final String OURS = "dev.fathom.bench.Fathom";
    private static final String THEIRS = "dev.fathom.bench.ort.Ort";

    private Single() {}

    /** JVM start to the first answer of a network read from a file, and to the first vector of a text. */
    static void cold(Predicate<String> wanted, boolean peers, boolean quick, Path out, List<Measurement> results)
            throws IOException {
        int tries = quick ? 5 : 11;
        Start mlp = new Start(Contender.Home.FATHOM, OURS + "Cold", out.resolve("mlp.plan"), List.of());
        Start onnx = new Start(Contender.Home.ORT, THEIRS + "Cold", out.resolve("mlp.onnx"), unpacked(out));
        for (Jvm jvm : Jvm.all()) {
            if (wanted.test(COLD_MLP + jvm.suffix())) {
                results.add(cold(COLD_MLP, jvm, Bar.atLeast(1.6, 2.0), tries, out, mlp, peers ? onnx : null));
            }
        }
        if (wanted.test(COLD_ENCODER)) {
            results.add(folder(COLD_ENCODER, "EncoderCold", Bar.atLeast(2.0, 2.0), tries, peers, out));
        }
        if (wanted.test(COLD_ONNX)) {
            results.add(folder(COLD_ONNX, "OnnxCold", Bar.atLeast(1.0, 1.2), tries, peers, out));
        }
    }

    /** A start with a folder, in which either side has what it needs. */
    private static Measurement folder(String row, String main, Bar bar, int tries, boolean peers, Path out) {
        Path folder = out.resolve(row);
        Start ours = new Start(Contender.Home.FATHOM, OURS + main, folder, List.of());
        Start theirs = new Start(Contender.Home.ORT, THEIRS + main, folder, unpacked(folder));
        return cold(row, Jvm.PLAIN, bar, tries, out, ours, peers ? theirs : null);
    }

    /** Where ONNX Runtime finds its library, which it would unpack at every start. */
    private static List<String> unpacked(Path folder) {
        return List.of("-Donnxruntime.native.path=" + folder);
    }

    /** A class that writes a file or folder with the argument {@code write}, and starts with it without. */
    private record Start(Contender.Home home, String main, Path file, List<String> options) {
        /** Runs it in this JVM to its end; its answers. */
        List<String> run(Jvm jvm, List<String> more, Path out, String... args) throws IOException {
            List<String> options = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED"));
            options.addAll(this.options);
            options.addAll(more);
            Contender contender =
                    new Contender(home, home == Contender.Home.FATHOM ? "fathom" : "onnxruntime", Map.of());
            ProcessBuilder process = contender.process(main, options, args);
            process.command().set(0, jvm.home().resolve("bin/java").toString());
            return once(process, main, out);
        }

        /** Makes what it starts with; the options of a start. */
        List<String> prepared(Jvm jvm, Path out) throws IOException {
            run(Jvm.PLAIN, List.of(), out, "write", file.toString());
            String writes = jvm.writes();
            if (writes == null) {
                return List.of();
            }
            String classes = out.resolve(home + jvm.suffix()).toString();
            run(jvm, List.of(writes + classes), out, file.toString());
            return List.of(jvm.reads() + classes);
        }

        /** Milliseconds of a start. */
        double took(Jvm jvm, List<String> prepared, Path out) throws IOException {
            return number(run(jvm, prepared, out, file.toString()));
        }
    }

    /** Tries of the contenders in turn. */
    private static Measurement cold(
            String row, Jvm jvm, Bar bar, int tries, Path out, Start ours, @Nullable Start theirs) {
        String name = row + jvm.suffix();
        double[][] took = new double[2][tries];
        try {
            List<String> a = ours.prepared(jvm, out);
            List<String> b = theirs == null ? List.of() : theirs.prepared(jvm, out);
            for (int i = -1; i < tries; i++) { // the first fills the page cache and does not count
                double our = ours.took(jvm, a, out);
                double their = theirs == null ? 0 : theirs.took(jvm, b, out);
                if (i >= 0) {
                    took[0][i] = our;
                    took[1][i] = their;
                }
            }
        } catch (IOException e) {
            return Measurement.failed(name, 1, "ms", bar, String.valueOf(e.getMessage()));
        }
        Duel duel = new Duel(new double[][] {took[0]});
        if (theirs != null) {
            duel.against("onnxruntime", new double[][] {took[1]});
        }
        return Measurement.of(name, 1, ms -> ms, "ms", duel, Double.NaN, bar);
    }

    /** Mallocs, Java heap bytes and Java time of training steps and of session runs. */
    static void steady(Predicate<String> wanted, boolean quick, Path out, List<Measurement> results)
            throws IOException {
        Map<String, Bar> bars = new TreeMap<>(STEADY);
        bars.keySet().removeIf(name -> !wanted.test(name));
        Map<String, String> env = new TreeMap<>(Contender.fathom(1).env());
        env.put("LD_PRELOAD", MALLOCS.toString());
        Contender fathom = new Contender(Contender.Home.FATHOM, "fathom", env);
        Map<String, String[]> figures = new TreeMap<>();
        String failure = "the process did not report it";
        try {
            for (String line : once(fathom, "dev.fathom.bench.FathomSteady", out, quick ? "1000" : "10000")) {
                String[] w = line.split(" "); // name, figure, unit
                figures.put(w[0], w);
            }
        } catch (IOException e) {
            failure = String.valueOf(e.getMessage());
        }
        for (Map.Entry<String, Bar> row : bars.entrySet()) {
            String[] w = figures.get(row.getKey());
            results.add(
                    w == null
                            ? Measurement.failed(row.getKey(), 1, "", row.getValue(), failure)
                            : Measurement.counted(w[0], Double.parseDouble(w[1]), w[2], row.getValue()));
        }
    }

    /** The rows of {@link #footprint}. */
    static List<String> footprints(boolean quick) {
        return trainings(quick).stream().map(Single::footprint).toList();
    }

    private static List<Row> trainings(boolean quick) {
        return Row.trainings().stream()
                .filter(row -> !quick || row.pace() != Row.Pace.SLOW)
                .toList();
    }

    private static String footprint(Row row) {
        return row.name() + "-bytes";
    }

    /** Megabytes above the idle process at the peak of training steps, a new process per try. */
    static void footprint(Predicate<String> wanted, boolean peers, boolean quick, Path out, List<Measurement> results)
            throws IOException {
        int tries = quick ? 1 : 2;
        for (Row row : trainings(quick)) {
            String name = footprint(row);
            if (!wanted.test(name)) {
                continue;
            }
            Bar bar = Bar.atLeast(1.1, 1.4);
            try {
                Duel duel = new Duel(
                        new double[][] {tries(row.ours(), "dev.fathom.bench.FathomFootprint", 512, tries, out)});
                for (Row.Entrant rival : peers ? row.rivals() : List.<Row.Entrant>of()) {
                    double[] theirs = tries(rival, "dev.fathom.bench.torch.TorchFootprint", 512, tries, out);
                    duel.against(rival.name(), new double[][] {theirs});
                }
                results.add(Measurement.of(name, row.threads(), mb -> mb, "MB", duel, Double.NaN, bar));
            } catch (IOException e) {
                results.add(Measurement.failed(name, row.threads(), "MB", bar, String.valueOf(e.getMessage())));
            }
        }
    }

    /** Megabytes that freezing VGG-16 takes beyond the model at its peak, beside those of its weights. */
    static Measurement freezing(Path out) {
        Bar bar = Bar.atLeast(1 / 1.25, 1 / 1.25);
        Row.Entrant freeze = new Row.Entrant(Contender.fathom(2), "fathom", "", "net=vgg16");
        double weights = 4 * Network.of("vgg16").parameters() / 1e6;
        try {
            double[] ours = tries(freeze, "dev.fathom.bench.FathomFreeze", 1536, 2, out);
            double[] theirs = {weights, weights};
            Duel duel = new Duel(new double[][] {ours}).against("weights", new double[][] {theirs});
            return Measurement.of(FREEZING, 2, mb -> mb, "MB", duel, Double.NaN, bar);
        } catch (IOException e) {
            return Measurement.failed(FREEZING, 2, "MB", bar, String.valueOf(e.getMessage()));
        }
    }

    /** The parameters of the entrant's benchmark are the arguments: {@code net=lenet,batch=64} is {@code lenet 64}. */
    private static double[] tries(Row.Entrant entrant, String main, int heap, int tries, Path out) throws IOException {
        String[] args = entrant.params().replaceAll("\\w+=", "").split(",");
        double[] megabytes = new double[tries];
        for (int i = 0; i < tries; i++) {
            megabytes[i] = number(once(entrant.contender(), main, Footprint.jvm(heap), out, args));
        }
        return megabytes;
    }

    private static double number(List<String> answers) throws IOException {
        if (answers.size() != 1) {
            throw new IOException("the process gave " + answers.size() + " answers instead of one");
        }
        return Double.parseDouble(answers.get(0));
    }

    /** Runs a process to its end; its answers. */
    static List<String> once(Contender contender, String main, Path out, String... args) throws IOException {
        return once(contender, main, List.of(), out, args);
    }

    private static List<String> once(Contender contender, String main, List<String> jvm, Path out, String... args)
            throws IOException {
        return once(contender.process(main, jvm, args), main, out);
    }

    private static List<String> once(ProcessBuilder process, String main, Path out) throws IOException {
        List<String> answers = new ArrayList<>();
        Path log = out.resolve(main.substring(main.lastIndexOf('.') + 1) + ".log");
        try (Child child = new Child(process, log)) {
            for (String answer = child.next(); answer != null; answer = child.next()) {
                answers.add(answer);
            }
            child.succeeded();
        }
        return answers;
    }
}
