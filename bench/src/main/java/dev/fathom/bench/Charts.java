package dev.fathom.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Bars and ranges as SVG, which is the same text wherever it is drawn, so that a test can compare it. */
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

    /** A figure of a contender. */
    record Bar(String name, double value) {}

    /** A median and a high percentile of a contender. */
    record Range(String name, double low, double high) {}

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
