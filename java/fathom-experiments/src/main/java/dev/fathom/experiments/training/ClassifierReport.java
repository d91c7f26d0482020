package dev.fathom.experiments.training;

import dev.fathom.assess.Classification;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Provenance;
import dev.fathom.op.Shape;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a classifier of images learned, as pictures and as one page. */
public record ClassifierReport(Images images, TrainedEntry outcome) {
    private static final int WRONG = 30;

    /**
     * Writes curves.png, confusion.png, wrong.png where an answer is wrong, and report.html.
     *
     * @return why there are no pictures; empty where there are
     */
    String write(Path folder) {
        Run history = outcome.history();
        ImageSheet sheet = sheet();
        List<BufferedImage> curves = List.of();
        BufferedImage confusion = null;
        String missing = "";
        try {
            confusion = Plots.confusion(outcome.answers().confusion(), images.classes());
            curves = Plots.metrics(history).stream()
                    .map(name -> Plots.curve(history, name))
                    .toList();
            Plots.write(Plots.curves(history), folder.resolve("curves.png"));
            Plots.write(confusion, folder.resolve("confusion.png"));
            if (anyWrong()) {
                Plots.write(sheet.render(), folder.resolve("wrong.png"));
            }
        } catch (IllegalStateException e) { // a machine without fonts
            missing = String.valueOf(e.getMessage());
        }
        page(sheet, curves, confusion).write(folder.resolve("report.html"));
        return missing;
    }

    /** What {@link #write} and the training before it leave in the folder. */
    String contents(boolean pictures) {
        String files = "  report.html      all of it on one page%n";
        if (pictures) {
            files += "  curves.png       loss and accuracy over the epochs%n"
                    + "  confusion.png    which class was taken for which%n";
        }
        if (pictures && anyWrong()) {
            files += "  wrong.png        the wrong answers given with the most confidence%n";
        }
        return String.format(files
                + "  history.csv      every figure of every epoch%n"
                + "  net.safetensors  the weights, under PyTorch's names%n"
                + "  checkpoints      where training goes on with --resume");
    }

    private HtmlReport page(ImageSheet sheet, List<BufferedImage> curves, @Nullable BufferedImage confusion) {
        Run history = outcome.history();
        Frozen frozen = outcome.frozen();
        EpochLog best = Objects.requireNonNull(history.best()); // a run without an epoch has no report
        int epochs = history.epochs().size();
        HtmlReport page = new HtmlReport(
                        images.title() + ", learned by " + outcome.entry().name())
                .accuracy("Test accuracy", outcome.answers().confusion())
                .figure(
                        "Training",
                        line("%.1f s", outcome.seconds()),
                        epochs + (epochs == 1 ? " epoch" : " epochs") + ", validation included")
                .figure(
                        "Best epoch",
                        Integer.toString(best.epoch()),
                        line("%.2f %% of the images held out are right", 100 * best.value("val_accuracy")))
                .figure(
                        "One prediction",
                        line("%.1f µs", frozen.microseconds()),
                        "median, frozen plan; " + frozen.agreement());
        page.section("Learning").text(outcome.plan() + ".");
        List<String> metrics = Plots.metrics(history);
        for (int i = 0; i < curves.size(); i++) {
            page.picture(curves.get(i), metrics.get(i) + " over the epochs, training and validation");
        }
        page.section("Right and wrong");
        if (confusion != null) {
            page.picture(confusion, "Confusion matrix of the test: which class was taken for which");
        }
        page.classes(outcome.answers().confusion(), images.classes());
        page.section("Wrong with the most confidence")
                .text(
                        anyWrong()
                                ? "What it is, then what the network said and how sure it was. Some of the labels are "
                                        + "debatable."
                                : "Every answer about the test images is right.")
                .sheet(sheet);
        page.section("The network").pre(outcome.summary());
        page.section("Every epoch").history(history);
        page.section("Files")
                .link("history.csv", "every figure of every epoch")
                .link("net.safetensors", "the weights, under PyTorch's names");
        return page.section("Made with").text(Provenance.line() + ".");
    }

    private boolean anyWrong() {
        return outcome.answers().confusion().correct() < outcome.answers().size();
    }

    private ImageSheet sheet() {
        Classification answers = outcome.answers();
        Shape image = images.image();
        ImageSheet sheet = new ImageSheet(image.dim(0), image.dim(1), image.dim(2));
        for (int i : answers.wrong(WRONG)) {
            sheet.add(
                    images.test().pixels(i),
                    line(
                            "%s, said %s %.1f %%",
                            images.classes().get(answers.actual(i)),
                            images.classes().get(answers.predicted(i)),
                            100 * answers.probability(i)));
        }
        return sheet;
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
