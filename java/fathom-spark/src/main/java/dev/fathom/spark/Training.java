package dev.fathom.spark;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.spark.SparkTrainer.Settings;
import dev.fathom.train.EpochLog;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.hadoop.fs.FileUtil;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;

/**
 * What each task of a barrier stage does: it trains a model of its own, together with the others, from the newest
 * checkpoint of the folder.
 *
 * @param run a name that no other run has
 * @param version of Fathom at the driver
 */
record Training<M extends Net>(
        String run,
        String version,
        Settings<M> settings,
        RemoteFolder folder,
        Examples train,
        @Nullable Examples validation,
        int epochs)
        implements Serializable {
    /** The file of the weights in the end. */
    static final String MODEL = "model.safetensors";

    /** An epoch, as it is sent. */
    private record Finished(int epoch, double learningRate, double seconds, LinkedHashMap<String, Double> values)
            implements Serializable {}

    /**
     * What a task has come to.
     *
     * @param ended why it ended
     * @param refused why it cannot be trained at all, or empty
     */
    record Outcome(int process, ArrayList<Finished> finished, String ended, String refused) implements Serializable {
        private static Outcome of(int process, Run run) {
            var all = new ArrayList<Finished>();
            for (EpochLog e : run.epochs()) {
                all.add(new Finished(e.epoch(), e.learningRate(), e.seconds(), new LinkedHashMap<>(e.values())));
            }
            return new Outcome(process, all, run.ended(), "");
        }

        private static Outcome refused(int process, @Nullable String why) {
            return new Outcome(process, new ArrayList<>(), "", String.valueOf(why));
        }

        List<EpochLog> epochs() {
            return finished.stream()
                    .map(e -> new EpochLog(e.epoch, e.learningRate, e.seconds, e.values))
                    .toList();
        }
    }

    /** Trains as the task that calls it. */
    Outcome outcome() {
        Versions.check(version, Versions.here());
        BarrierTaskContext task = BarrierTaskContext.get();
        Path local = temporary();
        String attempt = run + "/" + task.stageAttemptNumber();
        Party me = new Party(attempt, task.partitionId(), settings.workers(), settings.shards(), Versions.here());
        try (Dataset data = train.open(local.resolve("train"));
                Dataset more = validation == null ? null : validation.open(local.resolve("validation"));
                AllReduce with = new AllReduce(me, settings.patience())) {
            with.gradients(settings.gradients());
            try {
                return Outcome.of(me.process(), trained(local, meet(task, with), data, more, with));
            } catch (AllReduce.End e) {
                return Outcome.refused(me.process(), e.getMessage());
            } catch (IllegalArgumentException | NonFiniteLossException e) { // as it would be once more
                with.end("SparkTrainer: " + e.getMessage());
                return Outcome.refused(me.process(), "SparkTrainer: " + e.getMessage());
            } catch (RuntimeException | Error e) {
                with.fail(e);
                throw e;
            }
        } finally {
            FileUtil.fullyDelete(local.toFile());
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("fathom-training");
        } catch (IOException e) {
            throw new UncheckedIOException("SparkTrainer: no temporary folder can be made: " + e.getMessage(), e);
        }
    }

    /** Connects with the other tasks, and returns the names of the checkpoints that the first has found. */
    private List<String> meet(BarrierTaskContext task, AllReduce with) {
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        String found = with.process() > 0 ? "" : String.join(" ", Uploads.names(folder));
        String[] told = task.allGather(host + " " + with.port() + "\n" + found);
        with.connect(Arrays.stream(told)
                .map(each -> each.lines().findFirst().orElseThrow().split(" "))
                .map(each -> new InetSocketAddress(each[0], Integer.parseInt(each[1])))
                .toList());
        return told[0].lines()
                .skip(1)
                .flatMap(names -> Arrays.stream(names.split(" ")))
                .toList();
    }

    private Run trained(Path local, List<String> checkpoints, Dataset data, @Nullable Dataset more, AllReduce with) {
        Path files = local.resolve("checkpoints");
        files.toFile().mkdir();
        checkpoints.forEach(name -> folder.read(name, files.resolve(name)));
        try (Model<M> model = settings.model().get()) {
            Trainer<M> trainer =
                    settings.recipe().apply(model).shards(settings.shards()).exchange(with);
            if (settings.localSteps() > 0) {
                trainer = trainer.localSteps(settings.localSteps());
            }
            if (with.process() == 0) {
                folder.tidy();
                trainer = trainer.checkpoints(settings.when(files)).callbacks(new Uploads(files, folder));
            }
            if (!checkpoints.isEmpty()) {
                trainer = trainer.resume(files);
            }
            Batches batches = data.shuffled(settings.seed()).batches(Math.min(settings.batchSize(), data.size()));
            Run run = more == null ? trainer.fit(batches, epochs) : trainer.fit(batches, more, epochs);
            if (with.process() == 0) {
                model.save(local.resolve(MODEL));
                folder.write(MODEL, local.resolve(MODEL));
            }
            return run;
        }
    }
}
