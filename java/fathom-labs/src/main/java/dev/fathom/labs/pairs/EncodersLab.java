package dev.fathom.labs.pairs;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One data set of captioned shapes under every pair of an encoder and a decoder, label to picture and back, questions
 * about pictures, and translation with a picture beside the text.
 */
public final class EncodersLab implements Experiment {
    private record Reader(String name, String reads, Supplier<Pair.Encoder> net) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "From a picture to its code and back",
                new Sequential(Pair.OfPicture.cnn(Pair.CODE).layers(), Pair.painter(Pair.CODE, 3)),
                Scene.SIDE,
                Scene.SIDE,
                3);
    }

    @Override
    public void run(Lab lab) {
        CaptionedShapes stored = CaptionedShapes.alone(lab.of(1000, 200), 5 * lab.seed());
        CaptionedShapes training = CaptionedShapes.alone(lab.of(6000, 480), 5 * lab.seed() + 1);
        CaptionedShapes test = CaptionedShapes.alone(lab.of(1500, 200), 5 * lab.seed() + 2);
        CaptionedShapes two = CaptionedShapes.pairs(lab.of(12_000, 800), 5 * lab.seed() + 3);
        CaptionedShapes twoTest = CaptionedShapes.pairs(lab.of(1500, 200), 5 * lab.seed() + 4);
        lab.put("learn", training.size()).put("test", test.size());
        pairs(lab, stored, training, test);
        Drawings.run(lab, training, test);
        Answers.run(lab, two, twoTest);
        int learned = lab.of(4000, 700);
        CaptionedShapes heldOut = two.part(learned, learned + lab.of(500, 100));
        Translations.run(lab, two.first(learned), heldOut, twoTest);
    }

    private static void pairs(Lab lab, CaptionedShapes stored, CaptionedShapes training, CaptionedShapes test) {
        lab.section("Every encoder with every decoder");
        List<Reader> readers = List.of(
                new Reader("CNN", "picture", () -> Pair.OfPicture.cnn(Pair.CODE)),
                new Reader("MLP", "picture", Pair.OfPicture::mlp),
                new Reader("nearest neighbors", "picture", () -> new Pair.OfNeighbors(stored.size())),
                new Reader("RNN (LSTM)", "caption", Pair.OfSentence::new),
                new Reader("word embeddings", "caption", Pair.OfWords::new));
        List<Task> tasks = Task.all();
        int[] nearest =
                Arrays.stream(test.nearest(stored, 1)).mapToInt(n -> n[0]).toArray();
        List<Double> scores;
        try (Dataset learn = Task.dataset(training, stored);
                Dataset judge = Task.dataset(test, stored)) {
            scores = Workers.all().run(readers.size() * tasks.size(), i -> {
                Reader reader = readers.get(i / tasks.size());
                Task task = tasks.get(i % tasks.size());
                String name = reader.name + " to " + task.name();
                try (Model<Pair> model =
                        Model.of(new Pair(reader.net.get(), task.net().get()), lab.seed())) {
                    teach(lab, name, model, Pair::step, learn, lab.epochs(10, 3), lab.of(40, 16));
                    double score = task.score(measure(judge, task.metric(), model.net()::step), training, test);
                    lab.say("%s: %.1f %% (%s)", name, 100 * score, task.answers());
                    return score;
                }
            });
        }
        Table table = lab.table("pairs", "encoder").named("{row} to {column}");
        Table.Row answers = table.row("what is answered").cell("reads", "");
        tasks.forEach(task -> answers.cell(task.name(), task.answers()));
        double[] baselines =
                tasks.stream().mapToDouble(t -> t.usual(training, test)).toArray();
        for (int e = 0; e < readers.size(); e++) {
            Table.Row row = table.row(readers.get(e).name).cell("reads", readers.get(e).reads);
            for (int t = 0; t < tasks.size(); t++) {
                row.put(tasks.get(t).name(), "%.1f %%", 100 * scores.get(e * tasks.size() + t))
                        .baseline(100 * baselines[t], "mean or most frequent answer");
            }
        }
        Table.Row copied = table.row("the nearest picture's").cell("reads", "picture");
        Table.Row blind = table.row("mean or most frequent").cell("reads", "nothing");
        for (int t = 0; t < tasks.size(); t++) {
            Task task = tasks.get(t);
            copied.cell(task.name(), "%.1f %%", 100 * task.copied(stored, training, test, nearest));
            blind.cell(task.name(), "%.1f %%", 100 * baselines[t]);
        }
    }

    /** Trains one of many small networks by Adam and a rate that falls on a cosine. */
    static <N extends Net> void teach(
            Lab lab, String name, Model<N> model, Step<N> step, Dataset learn, int epochs, int batch) {
        var trainer = Trainer.custom(model, new Adam(3e-3f), step)
                .schedule(Schedule.cosine(epochs))
                .clipNorm(5)
                .seed(lab.seed());
        lab.quietly(name, trainer, learn.shuffled(lab.seed()).batches(batch), epochs);
    }

    /** The metric of what {@code step} answers over all examples. */
    static double measure(Dataset data, Metric metric, Function<Batch, Step.Result> step) {
        double[] sum = new double[2];
        data.forEach(batch -> {
            Step.Result result = step.apply(batch);
            Metric.Sum some =
                    metric.of(Objects.requireNonNull(result.output()), Objects.requireNonNull(result.target()));
            sum[0] += some.value();
            sum[1] += some.weight();
        });
        return sum[0] / sum[1];
    }
}
