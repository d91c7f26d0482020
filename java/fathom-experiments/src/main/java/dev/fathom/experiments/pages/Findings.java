package dev.fathom.experiments.pages;

import dev.fathom.sound.Wav;
import dev.fathom.view.Animation;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What came of an experiment: the parts of its page in their order, and its figures. Tables and paragraphs are printed
 * as they are added, so that a person who waits for a long run sees what is known so far.
 *
 * <pre>{@code
 * return run.page("Lab coin", "1,000 throws")
 *     .section("Throws", "A coin is fair if ...")
 *     .table(List.of("side", "throws"), rows)
 *     .key(Figure.of("heads", "%", 50.3).baseline("50 %", "a fair coin"))
 *     .finished();
 * }</pre>
 */
public final class Findings {
    /** A part of a page. */
    public sealed interface Part {}

    /** A heading, and a paragraph below it that is not printed; none where it is empty. */
    public record Section(String heading, String text) implements Part {}

    /** A paragraph. */
    public record Paragraph(String text) implements Part {}

    /** A table; each row is as long as the header. */
    public record Table(List<String> header, List<List<String>> rows) implements Part {}

    /**
     * Curves over a common axis.
     *
     * @param file name of the picture in the output folder
     * @param alt what it shows, for those who cannot see it
     * @param figure what is drawn upward
     * @param axis what is counted to the right
     * @param curves for each name the places on the axis, and the figure at each
     */
    public record Series(String file, String alt, String figure, String axis, Map<String, double[][]> curves)
            implements Part {}

    /**
     * A picture.
     *
     * @param file name of the picture in the output folder
     * @param alt what it shows, for those who cannot see it
     * @param draw fails with an IllegalStateException on a machine without fonts
     */
    public record Picture(String file, String alt, Supplier<BufferedImage> draw) implements Part {}

    /**
     * An animated picture.
     *
     * @param file name of the GIF in the output folder
     * @param alt what it shows, for those who cannot see it
     * @param draw fails with an IllegalStateException on a machine without fonts
     */
    public record Moving(String file, String alt, Supplier<Animation> draw) implements Part {}

    /**
     * A recording that the page plays.
     *
     * @param file name of the WAV file in the output folder
     * @param what what one hears
     */
    public record Sound(String file, String what, Wav wav) implements Part {}

    /** Text with its spaces and line ends as they are, after a heading. */
    public record Verbatim(String what, String text) implements Part {}

    /**
     * Text with a background color behind each character.
     *
     * @param text the characters
     * @param caption small print below the text
     * @param values of -1 to 1, one for each character
     */
    public record Colored(String text, String caption, double[] values) implements Part {}

    /** A file below the output folder, and what is in it. */
    public record Link(String file, String what) implements Part {}

    private static final String BRIEF = "This page comes from a part of the data and few epochs. It shows that "
            + "everything works; its figures are not those of the experiment, and they are held to no bands.";

    private final String title;
    private String data;
    private String made = "";
    private final PrintStream out;
    private final List<Part> parts = new ArrayList<>();
    private final List<Figure> figures = new ArrayList<>();
    private final List<Figure> keys = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private List<String> standIns = List.of();
    private boolean finished;
    private boolean brief;

    /**
     * Begins without parts.
     *
     * @param title of the page
     * @param data the training and test data, in a line
     * @param out where tables and paragraphs are printed
     */
    public Findings(String title, String data, PrintStream out) {
        this.title = title;
        this.data = data;
        this.out = out;
    }

    /** Begins a section with a paragraph that only the page shows; none where {@code text} is empty. */
    public Findings section(String heading, String text) {
        parts.add(new Section(heading, text));
        return this;
    }

    /** A paragraph. */
    public Findings text(String paragraph) {
        parts.add(new Paragraph(paragraph));
        out.println(paragraph);
        return this;
    }

    /** A table. */
    public Findings table(List<String> header, List<List<String>> rows) {
        parts.add(new Table(List.copyOf(header), List.copyOf(rows)));
        out.println(columns(header, rows));
        return this;
    }

    /** A figure that a stored run keeps. */
    public Findings figure(Figure figure) {
        figures.add(figure);
        return this;
    }

    /** A figure that a stored run keeps and the page shows large at its top. */
    public Findings key(Figure figure) {
        keys.add(figure);
        return figure(figure);
    }

    /**
     * Holds the figures to what is expected of them.
     *
     * @param whole whether the experiment was run as it is meant; bands are for such runs only
     */
    public Findings judged(Expectations expected, boolean whole) {
        figures.replaceAll(f -> expected.judge(f, whole));
        keys.replaceAll(f -> expected.judge(f, whole));
        return this;
    }

    /** Marks the experiment as done to its end; what was stopped on the way is not stored. */
    public Findings finished() {
        finished = true;
        return this;
    }

    /** Says that the run took a part of the data and few epochs, so that its figures mean little. */
    public Findings brief(boolean is) {
        brief = is;
        return this;
    }

    /** Says that small stand-ins lay in the place of these data sets, so that the figures mean nothing. */
    public Findings standIns(List<String> sets) {
        standIns = List.copyOf(sets);
        return this;
    }

    /** Whether a stand-in lay in the place of a data set. */
    public boolean onStandIns() {
        return !standIns.isEmpty();
    }

    /** What a page says where stand-ins lay in the place of some data sets. */
    public static String insteadOf(List<String> sets) {
        return "Small stand-ins lay in the place of the data: " + String.join(", ", sets) + ". They show that "
                + "everything works; what is measured on them says nothing about the data, and is held to no bands.";
    }

    /** Whether the experiment was done to its end. */
    public boolean isFinished() {
        return finished;
    }

    /** Says what the experiment learned from and was tested on, in a line. */
    public Findings learnedFrom(String words) {
        data = words;
        return this;
    }

    /** Adds a part that is not printed. */
    public Findings add(Part part) {
        parts.add(part);
        if (part instanceof Verbatim v) {
            out.println(v.what() + System.lineSeparator() + v.text() + System.lineSeparator());
        }
        return this;
    }

    /** Says that words and values of the page do not fit. */
    public Findings problem(String what) {
        problems.add(what);
        return this;
    }

    /** What does not fit between the words of the page and what was put on it. */
    public List<String> problems() {
        return Collections.unmodifiableList(problems);
    }

    /** What the experiment learned from and was tested on, in a line. */
    public String data() {
        return onStandIns() ? StoredRun.STAND_INS + String.join(", ", standIns) + "; " + data : data;
    }

    /** All parts in their order. */
    public List<Part> parts() {
        return Collections.unmodifiableList(parts);
    }

    /** All figures in their order. */
    public List<Figure> figures() {
        return Collections.unmodifiableList(figures);
    }

    /** Says at the end of the page how the run was started and how long it took. */
    public Findings made(String sentence) {
        made = sentence;
        return this;
    }

    /**
     * Writes {@code report.html} and every picture into {@code folder}. On a machine without fonts the page says so in
     * the place of each picture.
     *
     * @return the page
     */
    public Path write(Path folder) {
        HtmlReport page = new HtmlReport(title);
        if (onStandIns()) {
            page.note("Not the real data", insteadOf(standIns));
        }
        if (brief) {
            page.note("A short run", BRIEF);
        } else {
            keys.forEach(f -> page.figure(f.name(), f.value(), note(f)));
        }
        for (Part part : parts) {
            if (part instanceof Section s) {
                page.section(s.heading());
                if (!s.text().isEmpty()) {
                    page.text(s.text());
                }
            } else if (part instanceof Paragraph p) {
                page.text(p.text());
            } else if (part instanceof Table t) {
                page.table(t.header(), t.rows());
            } else if (part instanceof Series s) {
                drawn(page, () -> Plots.compare(s.figure(), s.axis(), s.curves()))
                        .ifPresent(picture -> show(page, folder, s.file(), s.alt(), picture));
            } else if (part instanceof Picture p) {
                drawn(page, p.draw()).ifPresent(picture -> show(page, folder, p.file(), p.alt(), picture));
            } else if (part instanceof Moving m) {
                drawn(page, m.draw()).ifPresent(animation -> {
                    page.captioned(animation, m.alt());
                    animation.write(folder.resolve(m.file()));
                });
            } else if (part instanceof Sound s) {
                page.sound(s.wav(), s.what());
                s.wav().write(folder.resolve(s.file()));
            } else if (part instanceof Verbatim v) {
                (v.what().isEmpty() ? page : page.text(v.what() + ":")).pre(v.text());
            } else if (part instanceof Colored c) {
                page.colored(c.text(), c.caption(), c.values());
            } else if (part instanceof Link l) {
                page.link(l.file(), l.what());
            }
        }
        if (!figures.isEmpty()) {
            Figures table = Figures.of(figures);
            page.section("Figures").table(table.header(), table.rows());
        }
        Path file = folder.resolve(FinishedRun.PAGE);
        page.section("Made with").text(data() + ".");
        if (!made.isEmpty()) {
            page.text(made);
        }
        page.text(Provenance.line() + ".").write(file);
        return file;
    }

    /** What {@code draw} gives; on a machine without fonts, nothing but a sentence on the page that says so. */
    private static <T> Optional<T> drawn(HtmlReport page, Supplier<T> draw) {
        try {
            return Optional.of(draw.get());
        } catch (IllegalStateException e) {
            page.text(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static void show(HtmlReport page, Path folder, String file, String alt, BufferedImage picture) {
        page.captioned(picture, alt);
        Plots.write(picture, folder.resolve(file));
    }

    private static String note(Figure f) {
        List<String> notes = new ArrayList<>();
        if (f.interval() != null) {
            notes.add("95 % interval " + f.interval().words(f.measured()));
        }
        if (!f.reference().isEmpty()) {
            notes.add(f.reference());
        }
        if (f.band() != null) {
            notes.add("expected " + f.expected() + ", " + f.judgment());
        }
        return String.join("; ", notes);
    }

    /** A table for a terminal. */
    public static String columns(List<String> header, List<List<String>> rows) {
        List<List<String>> all = new ArrayList<>(List.of(header));
        all.addAll(rows);
        StringBuilder out = new StringBuilder();
        for (List<String> row : all) {
            StringBuilder text = new StringBuilder();
            for (int c = 0; c < row.size(); c++) {
                int column = c;
                int width =
                        all.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
                text.append(row.get(c)).append(" ".repeat(width - row.get(c).length() + 2));
            }
            out.append(text.toString().stripTrailing()).append(System.lineSeparator());
        }
        return out.toString();
    }

    /** Formats numbers as every page does, whatever the machine's language. */
    public static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
