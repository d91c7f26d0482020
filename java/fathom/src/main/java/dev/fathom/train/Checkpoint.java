package dev.fathom.train;

import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.Warnings;
import dev.fathom.op.DType;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file of a run: safetensors with the model's own names, {@code optimizer.i/NAME} for the optimizer's moments,
 * {@code best/NAME} for the best weights so far, {@code state/NAME} for the state that a step carries, and among the
 * texts {@code fathom.run.epoch} and so on, which say where the run stood, and {@code fathom.setting.NAME} for each
 * setting, under one checksum.
 */
final class Checkpoint implements AutoCloseable {
    static final String LOGGER = Trainer.class.getName();
    private static final String OPTIMIZER = "optimizer";
    private static final String BEST = "best/";
    private static final String STATE = "state/";
    /** The setting that is 1 where a step carries a state; files did not always have it. */
    static final String CARRIED = "number of carried states";

    /** The setting that is 0 where batches are not cut; files did not always have it. */
    static final String SHARDS = "number of shards";

    /** Settings that are 0 where an exchange keeps the bits of one process; files did not always have them. */
    static final String ROUNDED = "number of bits that gradients lose in the exchange";

    static final String LOCAL = "number of steps between averages of processes";

    /** Settings that files did not always have. */
    static final String NET = "net";

    static final String LOSS = "loss";

    private static final String RUN = "fathom.run.";
    private static final String SETTING = "fathom.setting.";

    private static final int SAMPLED_BATCHES = 16;
    private static final int SAMPLED_BATCH = 64;

    private final Safetensors tensors;
    private final Map<String, String> texts;
    final Path file;
    /** The epoch under way or just finished. */
    final int epoch;
    /** Steps taken in it, the examples that they saw, and the sums of loss and metrics over these. */
    final int step;

    final long examples;
    final double[] tally;
    /** What it has taken. */
    final double seconds;
    /** That of the random stream. */
    final long counter;
    /** Of each parameter. */
    final List<Boolean> trainable;
    /** The epochs finished, and the number of the best among them from 0, which is -1 before the first. */
    final List<EpochLog> history = new ArrayList<>();

    final int best;
    /** Whether the best weights are here. */
    final boolean kept;

    // ---- writing

    /**
     * Writes a checkpoint.
     *
     * @param settings what must be the same for the same bits, by name
     * @param at where the run stands: a text, or a list with a line for each element, by name
     * @param best the best weights, in the layout of the model's
     */
    static void write(
            Path file,
            Map<String, String> settings,
            Map<String, Object> at,
            Store model,
            BoundOptimizer optimizer,
            @Nullable Block best,
            State state) {
        Safetensors.Writer writer = new Safetensors.Writer();
        for (Variable h : model.<Variable>cells()) {
            writer.add(h.name(), h.shape(), model.view(Store.index(h)).asFloatBuffer(), h.fileOrder());
            if (best != null) {
                writer.add(BEST + h.name(), h.shape(), floats(model, h, best), h.fileOrder());
            }
        }
        optimizer.save(writer, OPTIMIZER);
        state.tensors().forEach((name, t) -> writer.add(STATE + name, t.shape(), FloatBuffer.wrap(t.toArray())));
        settings.forEach((name, value) -> writer.metadata(SETTING + name, value));
        at.forEach((name, value) -> {
            Stream<?> lines = value instanceof List<?> all ? all.stream() : Stream.of(value);
            writer.metadata(RUN + name, lines.map(String::valueOf).collect(Collectors.joining("\n")));
        });
        writer.checksum().write(file);
    }

    /** What {@link #write} takes for a finished epoch. */
    static List<?> lines(EpochLog e) {
        Stream<?> figures = e.values().entrySet().stream();
        return Stream.concat(Stream.of(e.epoch(), e.learningRate(), e.seconds()), figures)
                .toList();
    }

    private static FloatBuffer floats(Store layout, Variable h, Block values) {
        return layout.view(Store.index(h), values).asFloatBuffer();
    }

    // ---- reading

    /**
     * Opens a checkpoint and compares all of it with its checksum.
     *
     * @throws IllegalArgumentException if it is damaged or something else
     */
    static Checkpoint read(Path file) {
        Safetensors tensors = Safetensors.read(file);
        try {
            tensors.verify();
            return new Checkpoint(file, tensors);
        } catch (RuntimeException | Error e) {
            tensors.close();
            throw e;
        }
    }

    private Checkpoint(Path file, Safetensors tensors) {
        this.file = file;
        this.tensors = tensors;
        texts = tensors.metadata();
        try {
            for (int i = 0; texts.containsKey(RUN + "history." + i); i++) {
                history.add(finished("history." + i));
            }
            trainable = lines("trainable").stream().map(Boolean::valueOf).toList();
            epoch = Integer.parseInt(text("epoch"));
            step = Integer.parseInt(text("step"));
            examples = Long.parseLong(text("examples"));
            tally = lines("tally").stream().mapToDouble(Double::parseDouble).toArray();
            seconds = Double.parseDouble(text("seconds"));
            counter = Long.parseLong(text("counter"));
            best = Integer.parseInt(text("best"));
            kept = Boolean.parseBoolean(text("kept"));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    file + ": it does not say where a run stood (" + e.getMessage()
                            + "); give a checkpoint that a trainer wrote",
                    e);
        }
    }

    private EpochLog finished(String name) {
        List<String> lines = lines(name);
        if (lines.size() < 3) {
            throw new IllegalArgumentException(RUN + name + " is cut short");
        }
        Map<String, Double> values = new LinkedHashMap<>();
        for (String line : lines.subList(3, lines.size())) {
            int equals = line.lastIndexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException(RUN + name + " has a line without =");
            }
            values.put(line.substring(0, equals), Double.valueOf(line.substring(equals + 1)));
        }
        return new EpochLog(
                Integer.parseInt(lines.get(0)),
                Double.parseDouble(lines.get(1)),
                Double.parseDouble(lines.get(2)),
                values);
    }

    private List<String> lines(String name) {
        return text(name).lines().toList();
    }

    private String text(String name) {
        String text = texts.get(RUN + name);
        if (text == null) {
            throw new IllegalArgumentException(RUN + name + " is missing");
        }
        return text;
    }

    /**
     * The newest whole checkpoint of a folder; what is damaged is noted and moved out of the way of the files to come.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Checkpoint newest(Path folder, Run run) {
        List<Path> all = Checkpoints.all(folder);
        String damage = "";
        for (Path file : all) {
            try {
                return read(file);
            } catch (IllegalArgumentException e) {
                damage = String.valueOf(e.getMessage());
                Warnings.warn(LOGGER, "skipped " + damage);
                run.note("skipped " + damage);
            }
        }
        throw new IllegalArgumentException("resume: "
                + (all.isEmpty() ? "there is no checkpoint in " + folder : "no checkpoint in " + folder + " is whole")
                + "; give the folder of a run, or begin anew without resume()"
                + (damage.isEmpty() ? "" : " (" + damage + ")"));
    }

    /**
     * Refuses to go on where the bits would not be those of one run.
     *
     * @throws IllegalArgumentException naming what differs
     */
    void mustFit(Map<String, String> settings, Store model) {
        Set<String> mine = new HashSet<>();
        for (Variable h : model.<Variable>cells()) {
            mine.add(h.name());
            String there =
                    tensors.names().contains(h.name()) ? tensors.shape(h.name()).toString() : "missing";
            if (!there.equals(h.fileShape().toString())) {
                throw differs("the model: " + h.name() + " is " + h.fileShape() + " here but " + there + " there");
            }
        }
        for (String name : tensors.names()) {
            if (name.indexOf('/') < 0 && !mine.contains(name)) {
                throw differs("the model: it also had " + name);
            }
        }
        if (trainable.size() != model.parameters()) {
            throw differs(
                    "the parameters: there are " + model.parameters() + " here but " + trainable.size() + " there");
        }
        settings.forEach((name, here) -> {
            String unsaid = name.equals(NET) || name.equals(LOSS) ? here : "0";
            String there = texts.getOrDefault(SETTING + name, unsaid);
            if (!here.equals(there)) {
                List<String> lines = Description.difference(here, there);
                throw differs("the " + name + ": " + lines.get(0) + " here but " + lines.get(1) + " there");
            }
        });
    }

    private IllegalArgumentException differs(String what) {
        return new IllegalArgumentException("resume: the run in " + file + " differs in " + what
                + "; make both the same, or begin anew without resume()");
    }

    /** Loads what the optimizer keeps, of which nothing changes unless all of it fits. */
    void load(BoundOptimizer optimizer) {
        optimizer.load(tensors, OPTIMIZER);
    }

    /**
     * Loads all values, those of the model last, once nothing can fail; {@code best} is where the best weights go, if
     * any were kept.
     */
    void load(Store model, @Nullable Block best) {
        try (Block values = new Block("loaded weights", model.values().bytes())) {
            copy("", model, values);
            if (best != null) {
                copy(BEST, model, best);
            }
            model.replace("resume", () -> Block.copy(values, model.values()));
        }
    }

    /** Restores the carried state. */
    void load(KeptState carried) {
        try (Pass pass = Pass.infer()) {
            State state = State.EMPTY;
            for (String name : tensors.names()) {
                if (name.startsWith(STATE)) {
                    state = state.with(name.substring(STATE.length()), tensors.tensor(name));
                }
            }
            carried.keep(state);
        }
    }

    private void copy(String prefix, Store layout, Block to) {
        for (Variable h : layout.<Variable>cells()) {
            tensors.copy(prefix + h.name(), floats(layout, h, to), h.fileOrder());
        }
    }

    @Override
    public void close() {
        tensors.close();
    }

    // ---- data

    /**
     * A checksum of up to 1,024 examples spread evenly over a data set, its size and shapes: other data has another.
     */
    static String fingerprint(Dataset data) {
        int batch = Math.min(SAMPLED_BATCH, data.size());
        int all = (data.size() - 1) / batch + 1;
        int n = Math.min(SAMPLED_BATCHES, all);
        int[] sampled = IntStream.range(0, n)
                .map(i -> (int) ((long) i * all / n) * batch)
                .flatMap(from -> IntStream.range(from, Math.min(from + batch, data.size())))
                .toArray();
        CRC32C crc = new CRC32C();
        try (Dataset sample = data.subset(sampled)) {
            sample.batches(batch).forEach(b -> {
                for (String name : b.names()) {
                    update(crc, b.get(name));
                    if (b.ragged(name)) {
                        update(crc, b.lengths(name));
                    }
                }
            });
        }
        return data.size() + " examples " + data.shape(data.fields().get(0)) + " of checksum "
                + Long.toHexString(crc.getValue());
    }

    private static void update(CRC32C crc, Tensor t) {
        int n = Math.toIntExact(t.shape().size());
        ByteBuffer bytes = ByteBuffer.allocate(4 * n);
        if (t.dtype() == DType.F32) {
            bytes.asFloatBuffer().put(t.toArray());
        } else {
            bytes.asIntBuffer().put(t.toIntArray());
        }
        crc.update(bytes);
    }
}
