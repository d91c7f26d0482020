package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;

/** Bars, ranges and curves as SVG, which is the same text wherever it is drawn, so that a test can compare it. */
final class Charts {
    private static final int WIDTH = 760;
    private static final int LEFT = 190;
    private static final int RIGHT = 610;
    private static final int ROW = 24;
    private static final String INK = "#1f2933";
    private static final String MUTED = "#6b7785";
    private static final String GRID = "#e3e7eb";
    private static final String OURS = "#0072b2";
    private static final String THEIRS = "#9aa5b1";
    /** Of curves, told apart by the color-blind too (Okabe and Ito 2008). */
    private static final List<String> COLORS =
            List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000");

    /** A figure of a contender. */
    record Bar(String name, double value) {}

    /** A median and a high percentile of a contender. */
    record Range(String name, double low, double high) {}

    /** A line through points of the picture, with a label at its end. */
    private record Curve(String label, String color, List<double[]> points) {
        double end() {
            return points.get(points.size() - 1)[1];
        }
    }

    private final StringBuilder s = new StringBuilder();
    private int y = 58;

    private Charts(String title, String what) {
        text(20, 28, 16, "start", INK, "bold", title);
        text(20, 46, 12, "start", MUTED, "normal", what);
    }

    /** Bars from 0 on, each with its figure. */
    static String bars(String title, String what, String unit, List<Bar> bars) {
        Charts chart = new Charts(title, what);
        double most = bars.stream().mapToDouble(Bar::value).max().orElseThrow();
        for (Bar bar : bars) {
            double length = most == 0 ? 0 : bar.value / most * (RIGHT - LEFT);
            chart.name(bar.name);
            chart.rectangle(LEFT, chart.y + 4, length, ROW - 8, color(bar.name));
            String figure = figure(bar.value) + " " + unit;
            chart.text(LEFT + length + 8, chart.y + 17, 12, "start", INK, "normal", figure);
            chart.y += ROW;
        }
        return chart.end();
    }

    /** Ranges on a logarithmic axis, in groups under headings. */
    static String ranges(String title, String what, String unit, Map<String, List<Range>> groups) {
        List<Range> all = groups.values().stream().flatMap(List::stream).toList();
        double least =
                Math.floor(Math.log10(all.stream().mapToDouble(Range::low).min().orElseThrow()));
        double most =
                Math.ceil(Math.log10(all.stream().mapToDouble(Range::high).max().orElseThrow()));
        double decade = (RIGHT - LEFT) / Math.max(1, most - least);
        Charts chart = new Charts(title, what);
        chart.text(RIGHT + 60, chart.y + 14, 11, "end", MUTED, "normal", "median");
        chart.text(RIGHT + 130, chart.y + 14, 11, "end", MUTED, "normal", "99.9 %");
        int top = chart.y + 20;
        int bottom = top + ROW * (groups.size() + all.size());
        for (int d = 0; d <= most - least; d++) {
            double x = LEFT + d * decade;
            chart.rectangle(x, top, 1, bottom - top, GRID);
            String figure = String.format(Locale.ROOT, "%,.0f %s", Math.pow(10, least + d), unit);
            chart.text(x, bottom + 16, 11, "middle", MUTED, "normal", figure);
        }
        chart.y = top;
        groups.forEach((heading, ranges) -> {
            chart.text(20, chart.y + 17, 12, "start", INK, "bold", heading);
            chart.y += ROW;
            for (Range r : ranges) {
                double from = LEFT + (Math.log10(r.low) - least) * decade;
                double to = LEFT + (Math.log10(r.high) - least) * decade;
                chart.name(r.name);
                chart.rectangle(from, chart.y + 10, to - from, 4, color(r.name));
                chart.circle(from, chart.y + 12, 5, color(r.name));
                chart.text(RIGHT + 60, chart.y + 17, 12, "end", INK, "normal", figure(r.low));
                chart.text(RIGHT + 130, chart.y + 17, 12, "end", INK, "normal", figure(r.high));
                chart.y += ROW;
            }
        });
        chart.y += ROW;
        return chart.end();
    }

    /** How many times as fast rows are with more threads, by rows and numbers of threads, on logarithmic axes. */
    static String speedups(String what, List<Measurement> results) {
        Map<String, NavigableMap<Integer, Double>> curves = new LinkedHashMap<>();
        for (Measurement r : results) {
            if (r.failure().isEmpty()) {
                double times = Double.isNaN(r.ratio()) ? 1 : r.ratio();
                curves.computeIfAbsent(r.name(), name -> new TreeMap<>()).put(r.threads(), times);
            }
        }
        Charts chart = new Charts("Times as fast with more threads", what);
        if (!curves.isEmpty()) {
            chart.speedups(curves);
        }
        return chart.end();
    }

    private void speedups(Map<String, NavigableMap<Integer, Double>> curves) {
        TreeSet<Integer> threads = new TreeSet<>();
        curves.values().forEach(curve -> threads.addAll(curve.keySet()));
        double first = threads.first();
        double octaves = Math.max(1, log2(threads.last() / first));
        int left = 60;
        int right = 540;
        int top = y + 20;
        int bottom = top + 320;
        DoubleUnaryOperator across = times -> left + log2(times) / octaves * (right - left);
        DoubleUnaryOperator up = times -> bottom - log2(times) / octaves * (bottom - top);
        for (int n : threads) {
            double x = across.applyAsDouble(n / first);
            double at = up.applyAsDouble(n / first);
            rectangle(x, top, 1, bottom - top, GRID);
            rectangle(left, at, right - left, 1, GRID);
            text(x, bottom + 18, 11, "middle", MUTED, "normal", Integer.toString(n));
            text(left - 8, at + 4, 11, "end", MUTED, "normal", figure(n / first) + " x");
        }
        text((left + right) / 2.0, bottom + 38, 12, "middle", MUTED, "normal", "threads");
        line(List.of(new double[] {left, bottom}, new double[] {right, top}), THEIRS, "4 4");
        List<Curve> drawn = new ArrayList<>();
        curves.forEach((name, times) -> {
            List<double[]> points = times.entrySet().stream()
                    .map(p -> new double[] {across.applyAsDouble(p.getKey() / first), up.applyAsDouble(p.getValue())})
                    .toList();
            String label = name + " " + figure(times.lastEntry().getValue());
            drawn.add(new Curve(label, COLORS.get(drawn.size() % COLORS.size()), points));
        });
        drawn.sort(Comparator.comparingDouble(Curve::end)); // the fastest is the highest
        double below = top - 8;
        for (Curve curve : drawn) {
            line(curve.points, curve.color, "none");
            curve.points.forEach(p -> circle(p[0], p[1], 4, curve.color));
            below = Math.max(curve.end() + 4, below + 16); // names that would lie on one another move down
            text(right + 12, below, 12, "start", curve.color, "normal", curve.label);
        }
        y = (int) Math.max(bottom + 40, below);
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    /** As in the table, and thousands are set apart. */
    static String figure(double x) {
        return x < 1000 ? Measurement.figure(x) : String.format(Locale.ROOT, "%,.0f", x);
    }

    private static String color(String name) {
        return name.startsWith("Fathom") ? OURS : THEIRS;
    }

    private void name(String name) {
        text(LEFT - 10, y + 17, 12, "end", INK, name.startsWith("Fathom") ? "bold" : "normal", name);
    }

    private void text(double x, double at, int size, String anchor, String color, String weight, String text) {
        s.append(String.format(
                Locale.ROOT,
                "  <text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\" font-weight=\"%s\">%s"
                        + "</text>%n",
                x,
                at,
                size,
                anchor,
                color,
                weight,
                text));
    }

    private void rectangle(double x, double at, double width, double height, String color) {
        s.append(String.format(
                Locale.ROOT,
                "  <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>%n",
                x,
                at,
                width,
                height,
                color));
    }

    private void line(List<double[]> points, String color, String dashes) {
        String path = points.stream()
                .map(p -> String.format(Locale.ROOT, "%.1f,%.1f", p[0], p[1]))
                .collect(Collectors.joining(" "));
        s.append(String.format(
                Locale.ROOT,
                "  <polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>%n",
                path,
                color,
                dashes));
    }

    private void circle(double x, double at, double radius, String color) {
        s.append(String.format(
                Locale.ROOT, "  <circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>%n", x, at, radius, color));
    }

    private String end() {
        int height = y + 12;
        String head = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " " + height
                + "\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n  <rect width=\"" + WIDTH
                + "\" height=\"" + height + "\" fill=\"#ffffff\"/>\n";
        return head + s.toString().replace(System.lineSeparator(), "\n") + "</svg>\n";
    }
}
