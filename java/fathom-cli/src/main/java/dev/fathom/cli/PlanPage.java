package dev.fathom.cli;

import dev.fathom.plan.Plan;
import dev.fathom.plan.Profile;
import dev.fathom.view.Diagram;
import dev.fathom.view.HtmlReport;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a plan does, as a page: its calls with their times, and how they are joined. */
final class PlanPage {
    private static final String TEXT = "\\[label=\"((?:[^\"\\\\]|\\\\.)*)\"(, shape=ellipse)?]";
    /** A line of {@link Plan#toDot} or of {@code OnnxGraph.toDot}: a box, or an arrow between two. */
    private static final Pattern LINE = Pattern.compile("(?m)^  (\\w+)(?: -> (\\w+))?(?: " + TEXT + ")?;$");

    private PlanPage() {}

    /**
     * Makes a page.
     *
     * @param sizes of what was measured, such as {@code 1 examples, 2 threads}
     * @param flops floating-point operations a second that this machine gives
     * @param bandwidth bytes a second that it moves
     */
    static HtmlReport of(String name, Plan plan, Profile profile, String sizes, double flops, double bandwidth) {
        double sum = profile.rows().stream().mapToDouble(Profile.Row::micros).sum();
        long work = profile.rows().stream().mapToLong(Profile.Row::multiplyAdds).sum();
        HtmlReport page = new HtmlReport("The plan " + name)
                .text("From " + plan.inputs() + " to " + plan.outputs() + ".")
                .figure("one run", number("%.1f µs", profile.micros()), sizes)
                .figure("multiply-adds", number("%,d", work))
                .figure("native memory", number("%.1f MB", plan.memory() / 1e6))
                .section("Where the time goes");
        page.table(
                List.of("µs", "share", "of the bound", "call", "kernels", "shapes"),
                profile.rows().stream()
                        .map(row -> List.of(
                                number("%.1f", row.micros()),
                                number("%.1f %%", 100 * row.micros() / sum),
                                number("%.0f %%", 100 * row.shareOfBound(flops, bandwidth)),
                                row.where(),
                                String.join(" ", row.kernels()).toLowerCase(Locale.ROOT),
                                row.shapes()))
                        .toList());
        page.small("The bound of a call is the time that this machine takes to compute its products, or to move its"
                + " bytes in the caches, whichever is longer.");
        return page.section("How the calls are joined")
                .picture(diagram(name, plan.toDot()).render(), "calls of the plan");
    }

    private static String number(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }

    /** The drawing of a graph in the form in which a plan gives it. */
    static Diagram diagram(String name, String dot) {
        Diagram diagram = new Diagram(name);
        Map<String, Integer> boxes = new HashMap<>();
        LINE.matcher(dot).results().filter(line -> line.group(2) == null).forEach(line -> {
            String text = line.group(3).replaceAll("\\\\(.)", "$1");
            boxes.put(line.group(1), line.group(4) == null ? diagram.box(text) : diagram.input(text));
        });
        Matcher arrows = LINE.matcher(dot);
        while (arrows.find()) {
            if (arrows.group(2) != null) {
                String label = arrows.group(3) == null ? "" : arrows.group(3);
                diagram.arrow(
                        Objects.requireNonNull(boxes.get(arrows.group(1))),
                        Objects.requireNonNull(boxes.get(arrows.group(2))),
                        label);
            }
        }
        return diagram;
    }
}
