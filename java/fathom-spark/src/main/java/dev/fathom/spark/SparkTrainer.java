package dev.fathom.spark;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Trainer;
import dev.fathom.tree.Records;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import scala.collection.Iterator;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/**
 * Trains one model on several executors: each computes its share of the shards of every batch, and all add up the
 * gradients, to the bits that one process has ({@link Trainer#shards}, {@link Trainer#exchange}).
 *
 * <pre>{@code
 * SparkRun<Sequential> run = SparkTrainer.of(
 *                 () -> Model.of(net(), 1),
 *                 model -> Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).metrics(Metric.accuracy()))
 *         .features("pixels", Shape.of(784))
 *         .label("digit")
 *         .workers(4)
 *         .batchSize(256)
 *         .folder("hdfs:///runs/digits")
 *         .validation(test)
 *         .fit(train, 10);
 * try (Model<Sequential> model = run.model()) { ... }
 * }</pre>
 *
 * <p>The rows are written once to the folder of the run, in an order that depends on them alone, and each executor
 * copies all of them to its own disk. Checkpoints are written to the folder too. If an executor is lost, Spark starts
 * the stage again, and it goes on from the newest checkpoint to the same bits; so does a {@code fit} of the same rows
 * with the same folder, also with another number of workers.
 *
 * <p>A trainer for Spark never changes: its methods return another with one more setting.
 *
 * @param <M> the net's type
 */
public final class SparkTrainer<M extends Net> {
    private final Settings<M> settings;
    private final @Nullable Dataset<Row> validation;

    private SparkTrainer(Settings<M> settings, @Nullable Dataset<Row> validation) {
        this.settings = settings;
        this.validation = validation;
    }

    /**
     * Makes the model from which training begins, on every executor.
     *
     * @param <M> the net's type
     */
    @FunctionalInterface
    public interface Start<M extends Net> extends Supplier<Model<M>>, Serializable {}

    /**
     * Makes the trainer of a model, on every executor.
     *
     * @param <M> the net's type
     */
    @FunctionalInterface
    public interface Recipe<M extends Net> extends Function<Model<M>, Trainer<M>>, Serializable {}

    /** What executors are told. */
    record Settings<M extends Net>(
            Start<M> model,
            Recipe<M> recipe,
            @Nullable String features,
            Columns.Kind kind,
            int @Nullable [] shape,
            @Nullable String target,
            int @Nullable [] targetShape,
            @Nullable String folder,
            int workers,
            int shards,
            int batchSize,
            long seed,
            int everySteps,
            DType gradients,
            int localSteps,
            Duration patience)
            implements Serializable {
        /** When checkpoints are written to a folder of this machine. */
        Checkpoints when(Path folder) {
            Checkpoints all = Checkpoints.in(folder).last(2).withoutBest();
            return everySteps == 0 ? all : all.everySteps(everySteps);
        }
    }

    private SparkTrainer<M> with(@Nullable Object... changes) {
        return new SparkTrainer<>(Records.with(settings, changes), validation);
    }

    /**
     * Makes a trainer with one worker, 16 shards, batches of 64 examples and a patience of ten minutes.
     *
     * @param model gives the same model wherever it is called, as {@code Model.of(net(), 1)} does
     * @param recipe of the training. It sets neither shards, exchange, checkpoints nor resume, which are set here; its
     *     callbacks are called on every executor and decide alike
     */
    public static <M extends Net> SparkTrainer<M> of(Start<M> model, Recipe<M> recipe) {
        Objects.requireNonNull(model, "SparkTrainer.of: model must not be null");
        Objects.requireNonNull(recipe, "SparkTrainer.of: recipe must not be null");
        Settings<M> settings = new Settings<>(
                model,
                recipe,
                null,
                Columns.Kind.FLOATS,
                null,
                null,
                null,
                null,
                1,
                16,
                64,
                0,
                0,
                DType.F32,
                0,
                Duration.ofMinutes(10));
        return new SparkTrainer<>(settings, null);
    }

    /**
     * Sets the column that is the input {@code x}, and its shape in an example. The numbers of several dimensions are
     * in one array, as {@link dev.fathom.plan.Plan#predict} takes them.
     */
    public SparkTrainer<M> features(String column, Shape shape) {
        return input(column, Columns.Kind.FLOATS, shape);
    }

    /**
     * Sets the column that is the input {@code x}, and its shape in an example: pixels, which are binary or whole
     * numbers from 0 to 255. They take a byte each, and a batch has them as floats, value / 255.
     */
    public SparkTrainer<M> pixels(String column, Shape shape) {
        return input(column, Columns.Kind.PIXELS, shape);
    }

    /**
     * Sets the column that is the input {@code x}: sequences of different lengths, of which each has the floats of all
     * its steps in one array, and their shape in a step. Batches are padded as
     * {@link dev.fathom.data.Field#ragged(long...)} says.
     */
    public SparkTrainer<M> sequences(String column, Shape step) {
        return input(column, Columns.Kind.SEQUENCES, step);
    }

    /**
     * Sets the column that is the input {@code x}: sequences of whole numbers and of different lengths, such as the
     * tokens of texts.
     */
    public SparkTrainer<M> tokens(String column) {
        return input(column, Columns.Kind.TOKENS, Shape.SCALAR);
    }

    private SparkTrainer<M> input(String column, Columns.Kind kind, Shape shape) {
        return with("features", column, "kind", kind, "shape", shape.toArray());
    }

    /** Sets the column with the class of a row, a whole number from 0 on, which is the target {@code y}. */
    public SparkTrainer<M> label(String column) {
        return with("target", column, "targetShape", null);
    }

    /** Sets the column that is the target {@code y} of a regression, and its shape in an example. */
    public SparkTrainer<M> target(String column, Shape shape) {
        return with("target", column, "targetShape", shape.toArray());
    }

    /**
     * Sets the folder of the run, in whatever Hadoop reads and all executors reach: rows, checkpoints and in the end
     * the weights lie there.
     */
    public SparkTrainer<M> folder(String path) {
        return with("folder", path);
    }

    /** Sets how many executors train, each by one task; their number divides that of the shards. */
    public SparkTrainer<M> workers(int n) {
        Checks.atLeast("SparkTrainer", "workers", n, 1);
        return with("workers", n);
    }

    /** Sets how many shards a batch is cut into, on which the bits depend. */
    public SparkTrainer<M> shards(int n) {
        Checks.atLeast("SparkTrainer", "shards", n, 1);
        return with("shards", n);
    }

    /** Sets how many examples a batch has, those of all workers together. */
    public SparkTrainer<M> batchSize(int n) {
        Checks.atLeast("SparkTrainer", "batchSize", n, 1);
        return with("batchSize", n);
    }

    /** Sets the seed by which examples are shuffled in every epoch, which is 0 at first. */
    public SparkTrainer<M> seed(long s) {
        return with("seed", s);
    }

    /** Writes a checkpoint after every {@code n} steps; without it, one is written after each epoch. */
    public SparkTrainer<M> everySteps(int n) {
        Checks.atLeast("SparkTrainer", "everySteps", n, 1);
        return with("everySteps", n);
    }

    /**
     * Sets the type in which workers send gradients: F32 at first, which keeps the bits of one process, or BF16, which
     * takes half the bytes. Gradients are then rounded to the nearest BF16, with ties to even, and added up as F32, and
     * the sums are rounded, too. As many workers give the same bits, also after a restart, and other numbers of workers
     * others. Buffers, such as the running statistics of batch norms, are sent as they are.
     *
     * @throws IllegalArgumentException if it is another type
     */
    public SparkTrainer<M> gradients(DType type) {
        if (type != DType.F32 && type != DType.BF16) {
            throw new IllegalArgumentException("SparkTrainer: gradients=" + type + " must be F32 or BF16");
        }
        return with("gradients", type);
    }

    /**
     * Lets workers take steps of their own and average weights and moments after every {@code k} steps and at the end
     * of an epoch, as {@link Trainer#localSteps} says. As many workers give the same bits, also after a restart.
     */
    public SparkTrainer<M> localSteps(int k) {
        Checks.atLeast("SparkTrainer", "localSteps", k, 1);
        return with("localSteps", k);
    }

    /**
     * Sets how long a worker waits for another one that says nothing, such as for one that computes longer or writes a
     * checkpoint. Then the stage fails, and Spark starts it again.
     */
    public SparkTrainer<M> patience(Duration time) {
        if (time.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("SparkTrainer: patience=" + time + " must be at least a millisecond");
        }
        return with("patience", time);
    }

    /** Measures these rows after each epoch, of which each executor computes all. */
    public SparkTrainer<M> validation(Dataset<Row> rows) {
        Objects.requireNonNull(rows, "SparkTrainer.validation: rows must not be null");
        return new SparkTrainer<>(settings, rows);
    }

    // ---- training

    /**
     * Trains until so many epochs are finished, counted from the beginning of the run in the folder. Where the folder
     * has no checkpoints, a run begins anew.
     *
     * @throws IllegalArgumentException if a setting is missing or does not fit, the folder holds other rows, or a
     *     function cannot be sent to executors
     * @throws IllegalStateException if the training cannot go on, such as after a loss that is not finite, or because
     *     the trainer refuses the model or the checkpoints
     */
    public SparkRun<M> fit(Dataset<Row> rows, int epochs) {
        Objects.requireNonNull(rows, "SparkTrainer.fit: rows must not be null");
        Checks.atLeast("SparkTrainer", "epochs", epochs, 1);
        check();
        SparkSession spark = rows.sparkSession();
        var context = new JavaSparkContext(spark.sparkContext());
        String path = new org.apache.hadoop.fs.Path(Objects.requireNonNull(settings.folder)).toString();
        var folder = new RemoteFolder(path, new SerializableConfiguration(context.hadoopConfiguration()));
        Examples train = new Examples(folder.in("train"), columns());
        train.prepare(rows);
        Examples more = null;
        if (validation != null) {
            more = new Examples(folder.in("validation"), columns());
            more.prepare(validation);
        }
        Training<M> training =
                new Training<>(UUID.randomUUID().toString(), Versions.here(), settings, folder, train, more, epochs);
        List<Integer> numbers = IntStream.range(0, settings.workers).boxed().toList();
        List<byte[]> outcomes = context.parallelize(numbers, settings.workers)
                .rdd()
                .barrier()
                .mapPartitions(new Worker<>(training), false, ClassTag$.MODULE$.<byte[]>apply(byte[].class))
                .toJavaRDD()
                .repartition(1) // because Spark gives a last stage up when a task fails, but runs one before it again
                .collect();
        Training.Outcome first = null;
        for (byte[] bytes : outcomes) {
            Training.Outcome outcome = Sent.object(bytes, Training.Outcome.class);
            if (!outcome.refused().isEmpty()) {
                throw new IllegalStateException(outcome.refused());
            }
            first = outcome.process() == 0 ? outcome : first;
        }
        return new SparkRun<>(
                settings.model, folder, Objects.requireNonNull(first).epochs(), first.ended());
    }

    /** The training as a task of Spark runs it. */
    private static final class Worker<M extends Net> extends AbstractFunction1<Iterator<Integer>, Iterator<byte[]>>
            implements Serializable {
        private static final long serialVersionUID = 1;

        private final Training<M> training;

        Worker(Training<M> training) {
            this.training = training;
        }

        @Override
        public Iterator<byte[]> apply(Iterator<Integer> number) {
            return scala.jdk.javaapi.CollectionConverters.asScala(
                    List.of(Sent.bytes(training.outcome())).iterator());
        }
    }

    private Columns columns() {
        return new Columns(
                Objects.requireNonNull(settings.features),
                settings.kind,
                Objects.requireNonNull(settings.shape),
                Objects.requireNonNull(settings.target),
                settings.targetShape);
    }

    private void check() {
        if (settings.features == null || settings.target == null || settings.folder == null) {
            throw new IllegalArgumentException(
                    "SparkTrainer: say which columns to read by features(..), and label(..) or"
                            + " target(..), and where the run lies by folder(..)");
        }
        if (settings.shards % settings.workers != 0) {
            throw new IllegalArgumentException("SparkTrainer: " + settings.shards + " shards cannot be divided among "
                    + settings.workers + " workers; give a number that divides them, or other shards(n)");
        }
        if (settings.localSteps > 0 && settings.gradients != DType.F32) {
            throw new IllegalArgumentException("SparkTrainer: localSteps(" + settings.localSteps
                    + ") sends weights and no gradients, so gradients(" + settings.gradients
                    + ") has nothing to round; say one of them");
        }
        Sent.check("SparkTrainer: the model or the recipe", settings.model, settings.recipe);
    }
}
