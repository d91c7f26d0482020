package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.features.Examples;
import dev.fathom.features.Lda;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.RmsProp;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Table 10.1 of ISLR2 on handwritten digits: a network with ridge regularization, one with dropout, multinomial
 * logistic regression and linear discriminant analysis; and gradient descent in one dimension (figure 10.17, with the
 * function of exercise 6).
 */
public final class IslrLab implements Experiment {
    /** The penalty in front of the mean loss; the textbook does not print its own. */
    private static final float LAMBDA = 1e-4f;

    /** A network of the table, its batches and optimizer, and its published error. */
    private record Entry(String name, Layer net, int batch, RmsProp optimizer, String published, Penalty... penalties) {
        /** As in the R edition, whose RMSprop is Keras's. */
        Entry(String name, Layer net, String published, Penalty... penalties) {
            this(name, net, 128, new RmsProp(0.001f).alpha(0.9f).epsilon(1e-7f), published, penalties);
        }

        /** As in the Python edition, whose RMSprop is PyTorch's. */
        static Entry python(String name, Layer net, String published) {
            return new Entry(name, net, 256, new RmsProp(0.01f), published);
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network of the textbook", network(0.4f, 0.3f), 784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.isHere() ? ImageSet.MNIST.set() : ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        boolean digits = lab.data() != null || ImageSet.MNIST.isHere();
        ImageSet set = digits ? ImageSet.MNIST : ImageSet.FASHION_MNIST;
        Path folder = lab.data() == null ? set.orStandIn() : lab.data();
        try (Dataset all = pixels(set.read(folder, false), lab.of(Integer.MAX_VALUE, 6000), lab.seed());
                Dataset test = pixels(set.read(folder, true), lab.of(Integer.MAX_VALUE, 2000), lab.seed())) {
            Dataset.Split split = all.split(all.size() / 5, lab.seed());
            try (Dataset learn = split.rest();
                    Dataset validate = split.heldOut()) {
                lab.put("set", digits ? "MNIST" : "Fashion-MNIST, because MNIST was not found,");
                lab.put("learn", learn.size()).put("validate", validate.size()).put("test", test.size());
                lab.put("lambda", LAMBDA).put("epochs", lab.epochs(30, 3));
                SineDescent.show(lab);
                lab.section("Table 10.1");
                Table table = lab.table("errors", "method");
                String of = digits ? "" : " on these images"; // published errors are those of digits
                Chart losses = new Chart("Training loss", "epoch").logarithmic(false, true);
                Chart validation = new Chart("Validation loss", "epoch").logarithmic(false, true);
                for (Entry entry : List.of(
                        new Entry("Neural network + ridge", network(0, 0), "2.3 %", ridge()),
                        new Entry("Neural network + dropout", network(0.4f, 0.3f), "1.8 %"),
                        new Entry("Multinomial logistic regression", new Linear(784, 10), "7.2 %"))) {
                    Table.Row row = table.row(entry.name + of);
                    Run run = train(lab, entry, row, learn, validate, test);
                    row.cell("published", digits ? entry.published : "");
                    double[][] loss = run.curve("loss");
                    double[][] held = run.curve("val_loss");
                    losses.line(entry.name, loss[0], loss[1]);
                    validation.line(entry.name, held[0], held[1]);
                }
                Lda lda = Lda.fit(Examples.of(learn));
                table.row("Linear discriminant analysis" + of)
                        .cell(
                                "parameters",
                                lda.directions().length + (long) lda.centers().length * lda.width() + lda.mean().length)
                        .put("validation error", "%.2f %%", 100 * (1 - lda.accuracy(Examples.of(validate))))
                        .put("test error", "%.2f %%", 100 * (1 - lda.accuracy(Examples.of(test))))
                        .cell("published", digits ? "12.7 %" : "");
                lab.charts("epochs.png", 2, List.of(losses, validation));
                python(lab, of, learn, validate, test);
            }
        }
    }

    /** The lab of the Python edition: the same networks by PyTorch's RMSprop at 0.01 in batches of 256. */
    private static void python(Lab lab, String of, Dataset learn, Dataset validate, Dataset test) {
        lab.section("The lab of the Python edition");
        Table table = lab.table("python", "method").named("{row}, Python edition, {column}");
        for (Entry entry : List.of(
                Entry.python("Neural network + dropout", network(0.4f, 0.3f), "96.81 %"),
                Entry.python("Multinomial logistic regression", new Linear(784, 10), "92.41 %"))) {
            Table.Row row = table.row(entry.name + of);
            try (Model<Layer> model = Model.of(entry.net, lab.seed())) {
                Trainer<Layer> trainer = trainer(model, entry);
                fit(lab, entry.name + ", Python edition", entry, trainer, learn, validate);
                row.put("test accuracy", "%.2f %%", 100 - error(trainer, test))
                        .cell("published", of.isEmpty() ? entry.published : "");
            }
        }
    }

    private static Run fit(Lab lab, String name, Entry entry, Trainer<Layer> trainer, Dataset learn, Dataset validate) {
        return lab.train(name, "images", trainer, learn, entry.batch, validate, lab.epochs(30, 3));
    }

    private static Trainer<Layer> trainer(Model<Layer> model, Entry entry) {
        return Trainer.of(model, Loss.crossEntropy(), entry.optimizer)
                .metrics(Metric.accuracy())
                .penalties(entry.penalties);
    }

    /** Some images as rows of numbers from 0 to 1; closes all. */
    private static Dataset pixels(Dataset all, int most, long seed) {
        try (all;
                Dataset some = Images.sample(all, most, seed);
                Dataset rows = some.flattened()) {
            return rows.scaled(1f / 255, 0);
        }
    }

    /** 784-256-128-10 with ReLUs; layers 0, 2 and 4 have weights. */
    static Sequential network(float first, float second) {
        return new Sequential(
                new Linear(784, 256).act(RELU),
                new Dropout(first),
                new Linear(256, 128).act(RELU),
                new Dropout(second),
                new Linear(128, 10));
    }

    /** Ridge regularization of the two hidden layers, but not of their biases nor of the output layer. */
    static Penalty ridge() {
        return Penalty.l2(LAMBDA).on("0.weight", "2.weight");
    }

    private static Run train(Lab lab, Entry entry, Table.Row row, Dataset learn, Dataset validate, Dataset test) {
        try (Model<Layer> model = Model.of(entry.net, lab.seed())) {
            Trainer<Layer> trainer = trainer(model, entry);
            Run run = fit(lab, entry.name, entry, trainer, learn, validate);
            row.cell("parameters", model.parameterCount())
                    .put("validation error", "%.2f %%", error(trainer, validate))
                    .put("test error", "%.2f %%", error(trainer, test));
            return run;
        }
    }

    private static double error(Trainer<?> trainer, Dataset data) {
        return 100 * (1 - Objects.requireNonNull(trainer.evaluate(data).get("accuracy")));
    }
}
