package dev.fathom.labs.images;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.labs.training.Training;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;

/**
 * One run of an {@link ImageLab}: its networks are taught one after the other, then set beside each other and beside
 * what is published.
 */
final class ImageRun {
    private final ImageLab lab;
    private final LabRun run;
    private final Images images;
    private final List<TrainedEntry> outcomes = new ArrayList<>();

    ImageRun(ImageLab lab, LabRun run, Images images) {
        this.lab = lab;
        this.run = run;
        this.images = images;
    }

    /** A column of the table; one that is empty for every network is left out. */
    private record Column(String name, Function<TrainedEntry, String> cell) {}

    /** Teaches all networks, and tells what came of them. */
    Findings result() {
        String data = line(
                "%s: %,d images to learn from, %,d to choose the best epoch by, %,d for the test",
                images.title(),
                images.learn().size(),
                images.choose().size(),
                images.test().size());
        run.out().println(data);
        Findings page = run.page("Lab " + lab.name() + ", " + images.title(), data);
        IntUnaryOperator asked = whole ->
                run.epochs() != null ? run.epochs() : run.brief() ? lab.brief().epochs() : whole;
        List<NetworkEntry> entries = lab.entries(images, asked);
        List<Images> seen =
                entries.stream().map(entry -> entry.view().apply(images)).toList();
        try {
            for (int i = 0; i < entries.size(); i++) {
                requireABatch(entries.get(i), seen.get(i));
            }
            teach(entries, seen);
            if (!outcomes.isEmpty()) {
                compare(page);
                if (outcomes.size() == entries.size() && !run.interrupt().requested()) {
                    lab.conclude(new Conclusion(images, outcomes, run, page));
                    if (!run.interrupt().requested()) {
                        page.finished();
                    }
                }
                page.section("Each network", "");
                outcomes.forEach(o -> page.link(
                        o.entry().folder() + "/report.html",
                        o.entry().name() + ", curves, confusion matrix and wrong answers"));
            }
            return page;
        } finally {
            outcomes.forEach(TrainedEntry::close);
            Set<Images> made = Collections.newSetFromMap(new IdentityHashMap<>());
            made.addAll(seen);
            made.remove(images);
            made.forEach(Images::close);
        }
    }

    private static void requireABatch(NetworkEntry entry, Images seen) {
        if (entry.recipe().batch() > seen.learn().size()) {
            throw new IllegalArgumentException(
                    entry.name() + " learns batches of " + entry.recipe().batch() + " images but there are "
                            + seen.learn().size() + "; give a folder with more");
        }
    }

    private void teach(List<NetworkEntry> entries, List<Images> seen) {
        Training training = run.training();
        for (int i = 0; i < entries.size() && !run.interrupt().requested(); i++) {
            NetworkEntry entry = entries.get(i);
            training.say("%n== %s", entry.name());
            TrainedEntry outcome =
                    training.run(entry, seen.get(i), lab.every(), run.folder().resolve(entry.folder()));
            if (outcome != null) {
                outcomes.add(outcome);
            }
        }
        training.say("");
    }

    /** The outcomes beside each other and beside what is published: figures, a table, and the curves of learning. */
    private void compare(Findings page) {
        outcomes.forEach(o -> page.key(accuracy(o)));
        String brief = line(
                " The short form: %,d images to learn from and few epochs, to see that everything works. "
                        + "What is to be reached, and what is published, is meant for the whole.",
                images.learn().size());
        page.section("Beside each other", capital(lab.shows()) + "." + (run.brief() ? brief : ""));
        List<Column> columns = columns();
        page.table(
                columns.stream().map(Column::name).toList(),
                outcomes.stream()
                        .map(o -> columns.stream().map(c -> c.cell().apply(o)).toList())
                        .toList());
        Map<String, double[][]> curves = new LinkedHashMap<>();
        outcomes.forEach(o -> curves.put(o.entry().name(), o.curve()));
        page.series(
                "learning.png",
                "Accuracy on the images held out, of every network",
                "held-out accuracy",
                lab.every() > 0 ? "steps" : "epoch",
                curves);
    }

    private Figure accuracy(TrainedEntry o) {
        double[] interval = o.answers().confusion().accuracyInterval95();
        return Figure.of(o.entry().name() + ", test accuracy", "%", 100 * o.accuracy())
                .interval(100 * interval[0], 100 * interval[1]);
    }

    private List<Column> columns() {
        return Stream.of(
                        new Column("network", o -> o.entry().name()),
                        new Column("parameters", o -> line("%,d", o.parameters())),
                        new Column("multiply-adds", o -> line("%,d", o.multiplyAdds())),
                        new Column(
                                "epochs",
                                o -> Integer.toString(o.history().epochs().size())),
                        new Column("seconds", o -> line("%.1f", o.seconds())),
                        new Column("test accuracy", o -> line("%.2f %%", 100 * o.accuracy())),
                        new Column("95 % interval", ImageRun::interval))
                .filter(c -> outcomes.stream().anyMatch(o -> !c.cell().apply(o).isEmpty()))
                .toList();
    }

    private static String interval(TrainedEntry o) {
        double[] interval = o.answers().confusion().accuracyInterval95();
        return line("%.2f to %.2f", 100 * interval[0], 100 * interval[1]);
    }

    private static String capital(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }
}
