package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.reviews.ReviewStudy.Trained;
import dev.fathom.labs.reviews.Reviews.Part;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The networks on the page of lab imdb. Each part returns whether it was finished; if the run was interrupted, the page
 * has the networks that were.
 *
 * @param lasso the test accuracy of the lasso on binary rows in percent, which is the baseline
 */
record ImdbNetworks(LabRun run, Findings page, Reviews reviews, double lasso) {
    private static final String LASSO = "lasso on binary rows";

    private ReviewStudy study() {
        return new ReviewStudy(run, reviews);
    }

    private ReviewExperiments experiments() {
        return new ReviewExperiments(run, reviews);
    }

    /** The textbook's network on bags of words, and the right panel of its figure. */
    boolean bag() {
        Path file = run.folder().resolve("bag").resolve("curve.csv");
        Trained bag = study().train(experiments().bag(), reviews.train(), file);
        if (bag == null) {
            return false;
        }
        List<double[]> measured = AccuracyCurve.read(file, 2);
        double[] epochs =
                IntStream.rangeClosed(1, measured.size()).mapToDouble(e -> e).toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("train", new double[][] {
            epochs, measured.stream().mapToDouble(e -> e[0]).toArray()
        });
        curves.put("validation", new double[][] {epochs, bag.history().series("val_accuracy")});
        curves.put("test", new double[][] {
            epochs, measured.stream().mapToDouble(e -> e[1]).toArray()
        });
        double last = 100 * measured.get(measured.size() - 1)[1];
        page.section(
                        "Bags of words in a network",
                        "A network with two hidden layers of 16 units reads the binary rows, which are given as "
                                + "lists of word indices. The published "
                                + "figure is that of the last epoch; the table has the epoch with the best "
                                + "validation accuracy.")
                .table(ReviewStudy.HEADER, List.of(ReviewStudy.row(bag)))
                .series(
                        "network.png",
                        "Accuracy of the network on training, validation and test reviews over epochs, the right "
                                + "panel of Figure 10.11",
                        "accuracy",
                        "epoch",
                        curves);
        page.figure(Figure.of("Parameters of the 2x16 network", "", (double) bag.parameters()))
                .key(Figure.of("2x16 network, test accuracy after the last epoch", "%", last))
                .figure(Figure.of("2x16 network, test accuracy of the best epoch", "%", 100 * bag.test())
                        .baseline(lasso, LASSO));
        return true;
    }

    /** The networks that read words in order, or their mean. */
    boolean readers() {
        List<ReviewExperiment> wanted = experiments().readers();
        List<Trained> all = study().train(wanted, reviews.train());
        if (all.isEmpty()) {
            return false;
        }
        for (int i = 0; i < all.size(); i++) {
            page.figure(accuracy(wanted.get(i).title(), all.get(i)).baseline(lasso, LASSO));
        }
        page.section("Networks on word vectors", experiments().readersText())
                .table(ReviewStudy.HEADER, all.stream().map(ReviewStudy::row).toList())
                .text("The baseline of all of them is the lasso on binary rows with the lambda that the "
                        + "validation reviews choose: "
                        + line("%.2f %% of the test reviews.", lasso));
        curves(
                "nets.png",
                "the networks without gates",
                all.stream().filter(t -> !gated(t)).toList());
        curves(
                "gates.png",
                "the LSTMs and the GRU",
                all.stream().filter(ImdbNetworks::gated).toList());
        all.stream()
                .filter(t -> t.experiment().folder().equals("lstm-book"))
                .forEach(t -> page.figure(Figure.of("Parameters of the textbook's LSTM", "", (double) t.parameters())));
        return all.size() == wanted.size();
    }

    private static Figure accuracy(String name, Trained trained) {
        return Figure.of(name + ", test accuracy", "%", 100 * trained.test());
    }

    private static boolean gated(Trained t) {
        return t.experiment().folder().contains("lstm")
                || t.experiment().folder().contains("gru");
    }

    private void curves(String file, String networks, List<Trained> all) {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Trained t : all) {
            double[] accuracies = t.history().series("val_accuracy");
            double[] epochs = IntStream.rangeClosed(1, accuracies.length)
                    .mapToDouble(e -> e)
                    .toArray();
            curves.put(t.experiment().title(), new double[][] {epochs, accuracies});
        }
        if (!curves.isEmpty()) {
            page.series(
                    file,
                    "Validation accuracy of " + networks + " over epochs",
                    "validation accuracy",
                    "epoch",
                    curves);
        }
    }

    /** Word vectors that are learned, frozen or tuned, random or by PCA. */
    boolean embeddings() {
        List<ReviewExperiment> wanted = experiments().embeddings();
        List<Trained> all = study().train(wanted, reviews.train());
        if (all.isEmpty()) {
            return false;
        }
        for (Trained t : all) {
            String title = t.experiment().title();
            String learned = title.substring(0, title.indexOf(',')) + ", learned";
            Trained baseline = all.stream()
                    .filter(other -> other.experiment().title().equals(learned))
                    .findFirst()
                    .orElseThrow();
            Figure figure = accuracy("Word vectors: " + title, t);
            page.figure(
                    t.equals(baseline)
                            ? figure.baseline(lasso, LASSO)
                            : figure.baseline(100 * baseline.test(), "learned vectors"));
        }
        page.section("Where the word vectors come from", ReviewExperiments.VECTORS)
                .table(ReviewStudy.HEADER, all.stream().map(ReviewStudy::row).toList());
        return all.size() == wanted.size();
    }

    /** A GRU against an LSTM, trained on few and on many reviews. */
    boolean sizes() {
        List<List<String>> rows = new ArrayList<>();
        List<String> counts = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        int[] sizes = experiments().sizes();
        for (int i = 0; i < sizes.length; i++) {
            Part part = reviews.train().first(sizes[i]);
            String count = line("%,d", part.size());
            counts.add(count);
            List<Trained> both = study().train(experiments().gates(sizes[i]), part);
            for (Trained t : both) {
                List<String> row = new ArrayList<>(ReviewStudy.row(t));
                row.add(0, count);
                rows.add(row);
                String title = t.experiment().title();
                curves.computeIfAbsent(title, name -> new double[sizes.length])[i] = t.test();
                Trained other = both.get(both.size() - 1 - both.indexOf(t));
                String name = other.experiment().title();
                Figure accuracy = accuracy(title + " on " + count + " reviews", t);
                Figure time = Figure.of(title + " on " + count + " reviews, time of a step", "ms", t.milliseconds());
                page.figure(t.equals(other) ? accuracy : accuracy.baseline(100 * other.test(), name))
                        .figure(t.equals(other) ? time : time.baseline(other.milliseconds(), name));
            }
        }
        if (rows.isEmpty()) {
            return false;
        }
        List<String> header = new ArrayList<>(ReviewStudy.HEADER);
        header.add(0, "reviews");
        page.section("GRU and LSTM by the number of training reviews", ReviewExperiments.SIZES)
                .table(header, rows);
        if (rows.size() < 2 * sizes.length) {
            return false;
        }
        page.picture(
                "sizes.png",
                "Test accuracy of GRU and LSTM by the number of training reviews",
                () -> Plots.compare("test accuracy", "training reviews", counts, curves));
        return true;
    }
}
