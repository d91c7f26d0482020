package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.assess.Ranking;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.ensemble.Diversity;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All methods on one series, on one thread. */
record Study(Lab lab, Settings settings) {
    /** The rates that are offered to recurrent auto-encoders, the first of which is that of the public code. */
    private static final float[] RATES = {1e-3f, 1e-2f};

    /** So many windows to score begin within the length of one. */
    static final int APART = 8;

    static final float CLIP = 10;
    private static final int CAE_ROWS = 32;

    /**
     * The sizes of everything.
     *
     * @param sizes of the recurrent ensembles, the largest last
     * @param windows the numbers of rows of a window that are offered to recurrent auto-encoders
     * @param learned the number of windows that a recurrent auto-encoder learns from, at most; a convolutional one has
     *     twice as many
     * @param epochs of a recurrent auto-encoder, at most
     * @param members of the convolutional ensemble, with vectors of {@code width}, each for {@code each} epochs
     * @param asked the windows that it scores, at most
     */
    record Settings(
            List<Integer> sizes,
            List<Integer> windows,
            int learned,
            int epochs,
            int members,
            int width,
            int each,
            int asked) {
        /** The number of members of the largest recurrent ensembles. */
        int most() {
            return sizes.get(sizes.size() - 1);
        }
    }

    /** How recurrent auto-encoders are trained, with the error of a scaled number of the rows that chose it. */
    record Choice(int rows, float rate, int epochs, double error) {}

    /** The area under the ROC curve and the average precision, with outliers as the positive class. */
    record Area(double roc, double precision) {
        private static Area of(Ranking ranking) {
            return new Area(ranking.rocAuc(), ranking.averagePrecision());
        }
    }

    /**
     * What came of a method.
     *
     * @param area of the scores
     * @param member the medians of the areas of the members of an ensemble
     * @param normal the average precision with the normal rows as the positive class and the scores negated
     * @param diversity DIV_F, the mean distance between what two members write for a training window
     * @param scores of the rows
     */
    record Result(Area area, Area member, double normal, double diversity, float[] scores) {
        /** Ranks by the median of the scores of some members [members][rows]. */
        private static Result of(LabeledSeries series, double diversity, double[]... members) {
            double[] scores = Reconstruction.median(members);
            List<Area> areas =
                    Stream.of(members).map(m -> Area.of(series.ranking(m))).toList();
            boolean[] normal = new boolean[scores.length];
            IntStream.range(0, normal.length).forEach(t -> normal[t] = !series.outliers()[t]);
            double[] negated = Arrays.stream(scores).map(s -> -s).toArray();
            return new Result(
                    Area.of(series.ranking(scores)),
                    new Area(Averages.median(areas, Area::roc), Averages.median(areas, Area::precision)),
                    Ranking.of(negated, normal).averagePrecision(),
                    diversity,
                    Averages.floats(scores));
        }
    }

    /** What came of all methods on a series, by their names. */
    record Outcome(LabeledSeries series, Choice choice, Map<String, Result> results) {
        Result of(String method) {
            return Objects.requireNonNull(results.get(method), method);
        }

        double roc(String method) {
            return of(method).area.roc;
        }
    }

    private record Part(Settings settings, String set, String series, int data, String method) {}

    /**
     * Scores a series by all methods. On the electrocardiograms recurrent ensembles of both cells and all sizes are
     * trained, else the largest with drawn connections.
     */
    Outcome on(LabeledSeries series) {
        Choice choice = part(series, "choice", Choice.class, () -> choice(series));
        Map<String, Result> results = new LinkedHashMap<>();
        for (Baseline b : Baseline.values()) {
            results.put(
                    b.label(),
                    part(series, b.label(), Result.class, () -> Result.of(series, 0, b.scores(series, lab.seed()))));
        }
        boolean all = series.set().equals("ECG");
        for (Cell cell : all ? Cell.values() : new Cell[] {Cell.DRAWN}) {
            String independent = Methods.recurrent(false, cell);
            Result[] bySize = part(series, independent, Result[].class, () -> independent(series, cell, choice));
            for (int s = 0; s < bySize.length; s++) {
                results.put(Methods.sized(independent, settings.sizes.get(s)), bySize[s]);
                results.put(independent, bySize[s]);
            }
            for (int size : all ? settings.sizes : List.of(settings.most())) {
                String name = Methods.sized(Methods.recurrent(true, cell), size);
                results.put(name, part(series, name, Result.class, () -> shared(series, cell, choice, size)));
                results.put(Methods.recurrent(true, cell), Objects.requireNonNull(results.get(name)));
            }
        }
        Result drawn = Objects.requireNonNull(results.get(Methods.recurrent(false, Cell.DRAWN)));
        results.put(Methods.SINGLE, new Result(drawn.member, drawn.member, drawn.normal, 0, drawn.scores));
        for (String name : all ? List.of(Methods.PLAIN, Methods.CAE) : List.of(Methods.CAE)) {
            float lambda = name.equals(Methods.PLAIN) ? 0 : 0.7f;
            results.put(name, part(series, name, Result.class, () -> convolutional(series, lambda)));
        }
        return new Outcome(series, choice, results);
    }

    private <T> T part(LabeledSeries series, String method, Class<T> type, Supplier<T> make) {
        int data = Objects.hash(
                Arrays.deepHashCode(series.training()),
                Arrays.deepHashCode(series.test()),
                Arrays.hashCode(series.outliers()));
        return lab.part(new Part(settings, series.set(), series.name(), data, method), type, make);
    }

    private Rng rng() {
        return new Rng(lab.seed());
    }

    // ---- trainings

    private <M extends Net> Run fit(
            Trainer<M> trainer, int batch, int epochs, long seed, Dataset learned, @Nullable Dataset held) {
        var batches = learned.shuffled(seed).batches(Math.min(batch, learned.size()));
        Trainer<M> whole = trainer.seed(seed)
                .clipNorm(CLIP)
                .callbacks(lab.run().interrupt().stopping());
        Run run = held == null ? whole.fit(batches, epochs) : whole.fit(batches, held, epochs);
        lab.check();
        return run;
    }

    private static Field field(String name, int columns, float[]... windows) {
        return Field.floats(name, Shape.of(windows[0].length / columns, columns), Averages.flat(windows));
    }

    /** The windows of some rows that a recurrent auto-encoder learns from. */
    private Dataset windows(LabeledSeries series, int length, float[]... rows) {
        SlidingWindows learned = SlidingWindows.atMost(settings.learned, length, series.training().length);
        return Dataset.of(field("x", series.columns(), learned.of(rows)).input());
    }

    private Model<RecurrentAutoencoder> member(LabeledSeries series, Cell cell, int number) {
        Rng rng = rng().split(number);
        return Model.of(RecurrentAutoencoder.of(series.columns(), cell, rng), rng.seed());
    }

    private Run train(
            Model<RecurrentAutoencoder> member, Choice choice, int number, Dataset learned, @Nullable Dataset held) {
        var trainer = Trainer.custom(
                member,
                new Adam(choice.rate),
                (net, b) -> new Step.Result(RecurrentEnsemble.error(net.again(b.x()), b.x())));
        return fit(trainer, 16, choice.epochs, rng().split(number).seed(), learned, held);
    }

    /**
     * Chooses without labels: with each pair of a window and a rate one auto-encoder learns the first 70 % of the rows
     * to learn from, and after each epoch it reconstructs the others. The window, rate and epoch with the least mean
     * squared error are taken.
     */
    Choice choice(LabeledSeries series) {
        float[][] all = series.training();
        float[][] first = Arrays.copyOf(all, all.length * 70 / 100);
        float[][] held = Arrays.copyOfRange(all, first.length, all.length);
        LabeledSeries part = new LabeledSeries("", "", first, held, new boolean[held.length]);
        Choice best = null;
        for (int rows : settings.windows.stream().filter(r -> r <= held.length).toList()) {
            for (float rate : RATES) {
                Choice tried = new Choice(rows, rate, settings.epochs, 0);
                try (Model<RecurrentAutoencoder> member = member(part, Cell.DRAWN, 0);
                        Dataset learned = windows(part, rows, first);
                        Dataset others = windows(part, rows, held)) {
                    EpochLog least = Objects.requireNonNull(
                            train(member, tried, 0, learned, others).best());
                    double error = least.value("val_loss");
                    best = best == null || error < best.error ? new Choice(rows, rate, least.epoch(), error) : best;
                }
            }
        }
        if (best == null) {
            throw new IllegalArgumentException("series " + series.name() + " has " + held.length
                    + " rows to choose settings on, but the shortest window has " + settings.windows.get(0));
        }
        return best;
    }

    /** Trains members that know nothing of each other, and uses them with their errors [members][rows]. */
    private <T> T members(
            LabeledSeries series,
            Cell cell,
            Choice choice,
            int count,
            BiFunction<List<RecurrentAutoencoder>, double[][], T> use) {
        List<Model<RecurrentAutoencoder>> models =
                IntStream.range(0, count).mapToObj(m -> member(series, cell, m)).toList();
        double[][] errors = new double[count][];
        try (Dataset learned = windows(series, choice.rows, series.training())) {
            for (int m = 0; m < count; m++) {
                RecurrentAutoencoder net = models.get(m).net();
                train(models.get(m), choice, m, learned, null);
                errors[m] = Reconstruction.errors(asked(choice), series.test(), x -> List.of(net.again(x)))[0];
            }
            return use.apply(models.stream().map(Model::net).toList(), errors);
        } finally {
            models.forEach(Model::close);
        }
    }

    private static SlidingWindows asked(Choice choice) {
        return new SlidingWindows(choice.rows, choice.rows / APART);
    }

    /** Independent members as ensembles of all sizes. */
    private Result[] independent(LabeledSeries series, Cell cell, Choice choice) {
        return members(
                series,
                cell,
                choice,
                settings.most(),
                (nets, errors) -> settings.sizes.stream()
                        .map(size -> Result.of(series, 0, Arrays.copyOf(errors, size)))
                        .toArray(Result[]::new));
    }

    private Result shared(LabeledSeries series, Cell cell, Choice choice, int members) {
        long seed = rng().split("shared").seed();
        RecurrentEnsemble net = RecurrentEnsemble.of(members, series.columns(), cell, true, lab.seed());
        try (Model<RecurrentEnsemble> model = Model.of(net, seed);
                Dataset learned = windows(series, choice.rows, series.training())) {
            var trainer = Trainer.custom(model, new Adam(choice.rate), (n, b) -> new Step.Result(n.loss(b.x())));
            fit(trainer, 16, choice.epochs, seed, learned, null);
            return Result.of(series, 0, Reconstruction.errors(asked(choice), series.test(), model.net()::again));
        }
    }

    /** The time of a row and the ROC-AUC as a stream, and the ROC-AUC of the same members by windows. */
    record Streamed(double microseconds, double roc, double windows) {}

    /** Scores a series as a stream by independent members, warmed up by some rows. */
    Streamed streamed(Outcome outcome, int members, int warm) {
        LabeledSeries series = outcome.series;
        return part(
                series,
                "stream",
                Streamed.class,
                () -> members(series, Cell.BOTH, outcome.choice, members, (nets, errors) -> {
                    try (Streaming stream = new Streaming(nets)) {
                        Stream.of(series.test()).limit(warm).forEach(stream::score);
                        stream.reset();
                        long began = System.nanoTime();
                        double[] scores = Stream.of(series.test())
                                .mapToDouble(stream::score)
                                .toArray();
                        return new Streamed(
                                (System.nanoTime() - began) / 1e3 / scores.length,
                                series.ranking(scores).rocAuc(),
                                series.ranking(Reconstruction.median(errors)).rocAuc());
                    }
                }));
    }

    /**
     * Convolutional auto-encoders, trained one after the other (Campos et al. 2021). A member begins with a share of
     * the weights of the one before it, and is rewarded for its distance from the mean of the members before it.
     */
    private Result convolutional(LabeledSeries series, float lambda) {
        int columns = series.columns();
        float[][] windows = SlidingWindows.atMost(2 * settings.learned, CAE_ROWS, series.training().length)
                .of(series.training());
        SlidingWindows asked = SlidingWindows.atMost(settings.asked, CAE_ROWS, series.test().length);
        float[][] test = asked.of(series.test());
        float[][][] written = new float[settings.members][][];
        double[][] errors = new double[settings.members][];
        try (Model<ConvolutionalAutoencoder> before = convolutional(columns, 0)) {
            for (int m = 0; m < errors.length; m++) {
                Field mean = field("y", columns, mean(Arrays.copyOf(written, m), windows));
                try (Model<ConvolutionalAutoencoder> model = convolutional(columns, m);
                        Dataset data = Dataset.of(field("x", columns, windows).input(), mean.target())) {
                    if (m > 0) {
                        model.copyFrom(before, 0.8f, rng().split("transfer").split(m));
                    }
                    float weight = m == 0 ? 0 : lambda;
                    ConvolutionalAutoencoder net = model.net();
                    var trainer = Trainer.custom(
                            model,
                            new Adam(1e-3f).weightDecay(1e-8f),
                            (n, b) -> new Step.Result(
                                    ConvolutionalAutoencoder.loss(n.again(b.x()), b.x(), b.y(), weight)));
                    fit(trainer, 64, settings.each, rng().split(m).seed(), data, null);
                    written[m] = Reconstruction.written(windows, columns, x -> List.of(net.again(x)))[0];
                    float[][] again = Reconstruction.written(test, columns, x -> List.of(net.again(x)))[0];
                    errors[m] = asked.last(Reconstruction.squared(again, test, columns), series.test().length);
                    before.copyFrom(model);
                }
            }
        }
        double distance = IntStream.range(0, windows.length)
                .mapToDouble(w ->
                        Diversity.distance(Stream.of(written).map(m -> m[w]).toArray(float[][]::new)))
                .reduce(0, Double::sum);
        return Result.of(series, distance / windows.length, errors);
    }

    private Model<ConvolutionalAutoencoder> convolutional(int columns, int member) {
        return Model.of(
                ConvolutionalAutoencoder.of(columns, CAE_ROWS, settings.width, 0.2f),
                rng().split("weights").split(member).seed());
    }

    /** What members write for each window, in the mean; zeros where there are none. */
    private static float[][] mean(float[][][] written, float[]... windows) {
        float[][] mean = new float[windows.length][windows[0].length];
        for (float[][] member : written) {
            for (int w = 0; w < mean.length; w++) {
                for (int i = 0; i < mean[w].length; i++) {
                    mean[w][i] += member[w][i] / written.length;
                }
            }
        }
        return mean;
    }
}
