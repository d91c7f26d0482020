package dev.fathom.labs.autocts;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.StandIn;
import dev.fathom.labs.autocts.CellGraph.Edge;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A network that was trained, with its validation error after each epoch.
 *
 * @param candidate the architecture and the hyperparameters
 * @param errors the mean absolute error after each epoch, at least one
 */
record Measured(Candidate candidate, double[] errors) {
    private static final List<String> CLEAN = List.of("clean1.json", "clean2.json", "clean3.json");
    private static final List<String> NOISY =
            List.of("noisy.json", "noisy1.json", "noisy2.json", "noisy3.json", "noisy4.json", "noisy5.json");
    static final DataSet DATA = DataSet.of(
            "autocts-pairs",
            IntStream.range(0, CLEAN.size() + NOISY.size())
                    .mapToObj(i -> i < CLEAN.size() ? CLEAN.get(i) : NOISY.get(i - CLEAN.size()))
                    .toList(),
            "take the files of clean_seed and noisy_seed from the repository decisionintelligence/AutoCTS_plus",
            "none stated",
            Measured::standIn);

    /** The values of the hyperparameters in the files of AutoCTS+, by their levels. */
    private static final int[][] VALUES = {{2, 4, 6}, {4, 6}, {32, 64}, {128, 256, 512}, {0, 1}, {0, 1}};

    /** Drawn networks, of which one with more convolutions and a greater width has smaller errors. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(14);
        for (String file : DATA.files()) {
            List<Entry> entries = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                int[] hyper = Arrays.stream(VALUES)
                        .mapToInt(values -> values[random.nextInt(values.length)])
                        .toArray();
                int[][] arch = new int[hyper[1] == 4 ? 7 : 11][];
                Arrays.setAll( // one edge from the node before, and one from an earlier node
                        arch, e -> new int[] {
                            e % 2 == 0 ? CellGraph.to(e) - 1 : random.nextInt(CellGraph.to(e) - 1), random.nextInt(5)
                        });
                long convolutions = Arrays.stream(arch).filter(e -> e[1] == 1).count();
                double error = 22 - convolutions - hyper[2] / 32.0 + random.nextDouble();
                double[][] info = new double[CLEAN.contains(file) ? 100 : 5][];
                Arrays.setAll(info, epoch -> new double[] {error + 10 / (1.0 + epoch), 0, 0});
                entries.add(new Entry(arch, hyper, info));
            }
            StandIn.text(folder.resolve(file), new Gson().toJson(entries));
        }
    }

    /** The networks of AutoCTS+ on PEMS08 that were trained for 100 epochs. */
    static List<Measured> clean(@Nullable Path data) {
        return read(data, CLEAN);
    }

    /** The networks of AutoCTS+ on PEMS08 that were trained for five epochs; the files list some of them twice. */
    static List<Measured> noisy(@Nullable Path data) {
        return read(data, NOISY);
    }

    /** The smallest error of the first {@code epochs} epochs. */
    double best(int epochs) {
        return Arrays.stream(errors, 0, Math.min(epochs, errors.length)).min().orElseThrow();
    }

    /** The smallest error of all epochs. */
    double best() {
        return best(errors.length);
    }

    /** The smallest error of the first {@code epochs} epochs of each of some networks. */
    static double[] after(int epochs, List<Measured> networks) {
        return networks.stream().mapToDouble(m -> m.best(epochs)).toArray();
    }

    /** The first of those that have the same architecture and hyperparameters. */
    static List<Measured> distinct(Collection<Measured> all) {
        Map<Candidate, Measured> first = new LinkedHashMap<>();
        all.forEach(m -> first.putIfAbsent(m.candidate, m));
        return List.copyOf(first.values());
    }

    // ---- files

    /** A network as the files hold it; arrays are null where a file lacks them. */
    private record Entry(int @Nullable [][] arch, int @Nullable [] hyper, double @Nullable [][] info) {}

    private static List<Measured> read(@Nullable Path data, List<String> files) {
        Path folder = DATA.folder(data);
        List<Measured> all = new ArrayList<>();
        for (String name : files) {
            Path file = folder.resolve(name);
            @Nullable Entry[] entries = entries(file);
            for (int i = 0; i < entries.length; i++) {
                try {
                    all.add(measured(entries[i]));
                } catch (IllegalArgumentException | NullPointerException | IndexOutOfBoundsException e) {
                    throw new IllegalArgumentException(
                            file + ": network " + (i + 1) + " has no sound arch, hyper and info (" + e.getMessage()
                                    + "); get the file anew",
                            e);
                }
            }
        }
        return all;
    }

    private static @Nullable Entry[] entries(Path file) {
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            @Nullable Entry @Nullable [] entries = new Gson().fromJson(reader, Entry[].class);
            if (entries == null || entries.length == 0) {
                throw new IllegalArgumentException(file + " has no networks; get the file anew");
            }
            return entries;
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(file + " is not a list of networks in JSON; get the file anew", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static Measured measured(@Nullable Entry entry) {
        if (entry == null || entry.arch == null || entry.hyper == null || entry.info == null) {
            throw new IllegalArgumentException("something is missing");
        }
        List<Edge> edges = Arrays.stream(entry.arch)
                .map(e -> new Edge(e[0], Operator.WITHOUT_NONE.get(e[1])))
                .toList();
        int[] hyper = entry.hyper;
        List<Integer> levels = IntStream.range(0, hyper.length)
                .mapToObj(i -> level(VALUES[i], hyper[i]))
                .toList();
        double[] errors = Arrays.stream(entry.info).mapToDouble(e -> e[0]).toArray();
        if (errors.length == 0 || !Arrays.stream(errors).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("its errors are " + Arrays.toString(errors));
        }
        return new Measured(new Candidate(new CellGraph(edges), levels), errors);
    }

    private static int level(int[] values, int value) {
        return IntStream.range(0, values.length)
                .filter(i -> values[i] == value)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(value + " is not one of " + Arrays.toString(values)));
    }
}
