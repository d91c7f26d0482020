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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file of a run: safetensors with the model's own names, {@code optimizer.i/NAME} for the optimizer's moments,
 * {@code best/NAME} for the best weights so far, {@code state/NAME} for the state that a step carries, and a
 * {@link Position} among the texts, under one checksum.
 */
final class Checkpoint implements AutoCloseable {
    static final String LOGGER = Trainer.class.getName();
    private static final String OPTIMIZER = "optimizer";
    private static final String BEST = "best/";
    private static final String STATE = "state/";
    /** The setting that is 1 where a step carries a state; files did not always have it. */
    static final String CARRIED = "number of carried states";

    /** Settings that files did not always have. */
    static final String NET = "net";

    static final String LOSS = "loss";

    private static final int SAMPLED_BATCHES = 16;
    private static final int SAMPLED_BATCH = 64;

    private final Path file;
    private final Safetensors tensors;
    private final Position position;

    private Checkpoint(Path file, Safetensors tensors, Position position) {
        this.file = file;
        this.tensors = tensors;
        this.position = position;
    }

    // ---- writing

    /** Writes a checkpoint; {@code best} holds the best weights, in the layout of the model's. */
    static void write(
            Path file, Position position, Store model, BoundOptimizer optimizer, @Nullable Block best, State state) {
        Safetensors.Writer writer = new Safetensors.Writer();
        for (Variable h : model.<Variable>cells()) {
            writer.add(h.name(), h.shape(), model.view(Store.index(h)).asFloatBuffer(), h.fileOrder());
        }
        optimizer.save(writer, OPTIMIZER);
        if (best != null) {
            add(writer, model, best);
        }
        state.tensors().forEach((name, t) -> writer.add(STATE + name, t.shape(), FloatBuffer.wrap(t.toArray())));
        position.texts().forEach(writer::metadata);
        writer.checksum().write(file);
    }

    private static void add(Safetensors.Writer writer, Store layout, Block best) {
        List<Variable> all = layout.<Variable>cells();
        for (int i = 0; i < all.size(); i++) {
            Variable h = all.get(i);
            writer.add(BEST + h.name(), h.shape(), floats(layout, i, h, best), h.fileOrder());
        }
    }

    private static FloatBuffer floats(Store layout, int i, Variable h, Block values) {
        return values.view(4 * layout.offset(i), 4 * h.shape().size()).asFloatBuffer();
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
            return new Checkpoint(file, tensors, position(file, tensors));
        } catch (RuntimeException | Error e) {
            tensors.close();
            throw e;
        }
    }

    private static Position position(Path file, Safetensors tensors) {
        try {
            return Position.of(tensors.metadata());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    file + ": it does not say where a run stood (" + e.getMessage()
                            + "); give a checkpoint that a trainer wrote",
                    e);
        }
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

    Path file() {
        return file;
    }

    Position position() {
        return position;
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
        for (String name : settings.keySet()) {
            if ((name.equals(NET) || name.equals(LOSS)) && !position.settings().containsKey(name)) {
                continue;
            }
            String here = settings.getOrDefault(name, "0");
            String there = position.settings().getOrDefault(name, "0");
            if (!here.equals(there)) {
                List<String> lines = Description.difference(here, there);
                throw differs("the " + name + ": " + lines.get(0) + " here but " + lines.get(1) + " there");
            }
        }
    }

    private IllegalArgumentException differs(String what) {
        return new IllegalArgumentException("resume: the run in " + file + " differs in " + what
                + "; make both the same, or begin anew without resume()");
    }

    /**
     * Loads all values, those of the model last, once nothing can fail; {@code best} is where the best weights go, if
     * any were kept.
     */
    void load(Store model, BoundOptimizer optimizer, @Nullable Block best) {
        try (Block values = new Block("loaded weights", model.values().bytes())) {
            copy("", model, values);
            if (best != null) {
                copy(BEST, model, best);
            }
            optimizer.load(tensors, OPTIMIZER);
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
        List<Variable> all = layout.<Variable>cells();
        for (int i = 0; i < all.size(); i++) {
            Variable h = all.get(i);
            tensors.copy(prefix + h.name(), floats(layout, i, h, to), h.fileOrder());
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
