package dev.fathom.bench;

import dev.fathom.bench.Charts.Bar;
import dev.fathom.bench.Charts.Range;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The part of {@link Page} about services: charts of the newest stored run that has their rows, and who is best. */
final class ServingPage {
    /** Where the charts stand. */
    static final Path PICTURES = Page.FILE.resolveSibling("pictures");

    private static final String INTRODUCTION = """

            ## Serving

            A service asks the network of the rows `mlp-` (784-256-128-10, 0.9 MB of weights) about one image at a time, from `float[]` to `float[]`. Every contender computes an
            answer in the thread that asks, and each caller asks again as soon as it is answered. PyTorch is the better of its two builds in every figure, called from Java by
            JavaCPP's presets; DJL runs TorchScript on PyTorch's official build. Where callers are more than processors, one waits until the turn of another ends.
            """;

    private static final String COLD = "cold-start-mlp";
    private static final double NO = Double.NaN;

    private final Report run;
    private final Map<String, String> charts = new LinkedHashMap<>();
    private final StringBuilder text = new StringBuilder();

    private ServingPage(Report run) {
        this.run = run;
        text.append(INTRODUCTION).append("Measured on ").append(run.machine().processor());
        text.append(", ").append(run.machine().cores()).append(" processors, commit ");
        text.append(commit()).append(".\n");
        latency();
        figure("serving-heap", "Java heap", "Bytes that an answer allocates; less is better", "serve-java-bytes");
        figure("serving-mallocs", "Native memory", "Calls of malloc of an answer; less is better", "serve-mallocs");
        coldStart();
        figure(
                "serving-memory",
                "Memory of the process",
                "Resident after 100,000 answers with at most 128 MB of Java heap; less is better",
                "serve-rss");
        figure(
                "serving-size",
                "Size of the libraries",
                "All jars that an application needs on this platform; less is better",
                "serve-size");
    }

    /** Of these rows, which may have been measured again after the others of the run. */
    private String commit() {
        String own = row(run, "serve-p50", 1).map(Measurement::commit).orElse("");
        return own.isEmpty() ? run.commit() : own;
    }

    /** The text about these runs; none where no run has such rows. */
    static String text(List<Report> runs) {
        return of(runs).map(page -> page.text.toString()).orElse("");
    }

    /** The texts of the charts, by the names of their files. */
    static Map<String, String> charts(List<Report> runs) {
        return of(runs).map(page -> page.charts).orElse(Map.of());
    }

    private static Optional<ServingPage> of(List<Report> runs) {
        return runs.stream()
                .filter(run -> !Page.held(run.machine(), runs))
                .filter(run -> row(run, "serve-p50", 1).isPresent())
                .max(Comparator.comparing(Report::date))
                .map(ServingPage::new);
    }

    private static Optional<Measurement> row(Report run, String name, int threads) {
        return run.rows().stream()
                .filter(r -> r.is(name, threads) && r.failure().isEmpty())
                .findFirst();
    }

    private void latency() {
        Map<String, List<Range>> groups = new LinkedHashMap<>();
        List<String> best = new ArrayList<>();
        for (int callers : Serving.CALLERS) {
            String with = callers == 1 ? "1 caller" : callers + " callers";
            Optional<Measurement> middle = row(run, "serve-p50", callers);
            Optional<Measurement> late = row(run, "serve-p99.9", callers);
            if (middle.isPresent() && late.isPresent()) {
                Map<String, Double> high = figures(late.get());
                groups.put(
                        with,
                        figures(middle.get()).entrySet().stream()
                                .map(e -> new Range(e.getKey(), e.getValue(), high.getOrDefault(e.getKey(), NO)))
                                .toList());
            }
            middle.ifPresent(r -> best.add(best("Median, " + with, r)));
            late.ifPresent(r -> best.add(best("99.9 % within, " + with, r)));
            row(run, "serve-tail", callers).ifPresent(r -> best.add(best("99.9 % beyond an empty spin, " + with, r)));
        }
        String title = "Latency of an answer";
        String what = "From the median to the 99.9th percentile; less is better";
        chart("serving-latency", title, Charts.ranges(title, what, "µs", groups), best);
    }

    private void figure(String file, String title, String what, String row) {
        row(run, row, 1).ifPresent(r -> {
            List<Bar> bars = new ArrayList<>();
            figures(r).forEach((name, value) -> bars.add(new Bar(name, value)));
            chart(file, title, Charts.bars(title, what, unit(r), bars), List.of(best(title, r)));
        });
    }

    /** The rows of cold starts, of which some have an archive of classes; one has the peers that others have not. */
    private void coldStart() {
        Map<String, Double> all = new LinkedHashMap<>();
        List<String> best = new ArrayList<>();
        for (Measurement r : run.rows()) {
            if ((r.name().startsWith(COLD) || r.name().equals("serve-start"))
                    && r.failure().isEmpty()) {
                String kind = r.name().startsWith(COLD) ? r.name().substring(COLD.length()) : "";
                String suffix = kind.isEmpty() ? "" : " (" + kind.substring(1) + ")";
                figures(r).forEach((name, value) -> all.putIfAbsent(name + suffix, value));
                best.add(best(r.name().startsWith(COLD) ? "Cold start" + suffix : "Cold start of all libraries", r));
            }
        }
        if (!all.isEmpty()) {
            List<Bar> bars = all.entrySet().stream()
                    .sorted(Map.Entry.comparingByValue())
                    .map(e -> new Bar(e.getKey(), e.getValue()))
                    .toList();
            String title = "Cold start";
            String what = "From the start of the JVM to the first answer of a network in a file; less is better";
            chart("serving-start", title, Charts.bars(title, what, "ms", bars), best);
        }
    }

    private void chart(String file, String title, String svg, List<String> best) {
        charts.put(file + ".svg", svg);
        text.append("\n![").append(title).append("](pictures/").append(file).append(".svg)\n\n");
        best.forEach(line -> text.append("- ").append(line).append('\n'));
    }

    private static String unit(Measurement row) {
        return row.unit().equals("us") ? "µs" : row.unit();
    }

    /** Who has the smallest figure, and who comes next, or Fathom where a peer is the best. */
    private static String best(String what, Measurement row) {
        String ours = Charts.figure(row.value()) + " " + unit(row);
        if (row.peer().isEmpty()) {
            return what + ": Fathom has " + ours + ".";
        }
        String theirs = Charts.figure(row.peerValue()) + " " + unit(row);
        return row.peerValue() < row.value()
                ? what + ": " + label(row.peer()) + " is best with " + theirs + "; Fathom has " + ours + "."
                : what + ": Fathom is best with " + ours + "; " + label(row.peer()) + " has " + theirs + ".";
    }

    /** The figures of a row by what is shown; of two builds of a library the better one's. */
    private static Map<String, Double> figures(Measurement row) {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("Fathom", row.value());
        row.contenders().forEach(f -> figures.merge(label(f.name()), f.value(), Math::min));
        return figures;
    }

    private static String label(String contender) {
        return switch (contender) {
            case "onnxruntime" -> "ONNX Runtime";
            case "torch", "torch-mkl" -> "PyTorch";
            case "djl" -> "DJL";
            case "dl4j" -> "Deeplearning4j";
            default -> contender;
        };
    }
}
