package dev.fathom.train;

import dev.fathom.data.Batches;
import dev.fathom.nn.BatchNorm;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.util.ArrayList;
import java.util.List;

/**
 * The running statistics of a model's batch norms, computed anew for weights that were not trained but averaged
 * (Izmailov et al. 2018).
 */
final class NormStatistics {
    private final Trainer<?> trainer;
    private final Store store;
    private final List<Variable> variables;
    private final List<BatchNorm> norms;

    NormStatistics(Trainer<?> trainer) {
        this.trainer = trainer;
        store = StoreRange.store(trainer.model.range());
        variables = store.<Variable>cells();
        norms = Structure.walk(trainer.model.net()).stream()
                .map(Structure.Named::value)
                .filter(BatchNorm.class::isInstance)
                .map(BatchNorm.class::cast)
                .toList();
    }

    boolean any() {
        return !norms.isEmpty();
    }

    /** The values of all buffers. */
    List<float[]> buffers() {
        return variables.subList(store.parameters(), variables.size()).stream()
                .map(b -> b.value().toArray())
                .toList();
    }

    /** Brings back what {@link #buffers()} gave. */
    void buffers(List<float[]> values) {
        for (int i = 0; i < values.size(); i++) {
            write(store.parameters() + i, values.get(i));
        }
    }

    private void write(int i, float[] values) {
        store.change("training", i, () -> store.view(i).asFloatBuffer().put(values));
    }

    private void write(Variable buffer, float[] values) {
        write(Store.index(buffer), values);
    }

    /** What one norm has seen. */
    private static final class Seen {
        private final BatchNorm norm;
        private final double[] means;
        private final double[] variances;
        private int batches;

        Seen(BatchNorm norm) {
            this.norm = norm;
            means = new double[norm.runningMean().shape().dim(0)];
            variances = new double[means.length];
        }

        /** Adds the statistics of a batch that the buffers, which began at zero, have followed by their share. */
        void add() {
            if (norm.numBatchesTracked().value().item() == 0) {
                return; // fixed in evaluation mode, or not called
            }
            float share = norm.momentum() != null ? norm.momentum() : 1;
            add(means, norm.runningMean().value().toArray(), share);
            add(variances, norm.runningVar().value().toArray(), share);
            batches++;
        }

        private static void add(double[] sums, float[] running, float share) {
            for (int c = 0; c < sums.length; c++) {
                sums[c] += (double) running[c] / share;
            }
        }

        private float[] mean(double[] sums) {
            float[] values = new float[sums.length];
            for (int c = 0; c < values.length; c++) {
                values[c] = (float) (sums[c] / batches);
            }
            return values;
        }
    }

    /**
     * Gives each norm the mean of its statistics over the batches of an epoch, in training mode. A norm with momentum 0
     * stays as it is, and so do the buffers of other nets.
     */
    void refresh(Batches.Epoch epoch) {
        List<Seen> all = new ArrayList<>();
        norms.stream().filter(n -> n.momentum() == null || n.momentum() > 0).forEach(n -> all.add(new Seen(n)));
        if (all.isEmpty()) {
            return;
        }
        List<float[]> before = buffers();
        try (KeptState carried = new KeptState()) {
            pass(epoch, all, carried);
        } finally {
            buffers(before);
        }
        for (Seen s : all) {
            if (s.batches > 0) {
                write(s.norm.runningMean(), s.mean(s.means));
                write(s.norm.runningVar(), s.mean(s.variances));
                write(s.norm.numBatchesTracked(), new float[] {s.batches});
            }
        }
    }

    private void pass(Batches.Epoch epoch, List<Seen> all, KeptState carried) {
        Rng rng = new Rng(0);
        while (epoch.hasNext()) {
            for (Seen s : all) {
                write(s.norm.runningMean(), new float[s.means.length]);
                write(s.norm.runningVar(), new float[s.means.length]);
                write(s.norm.numBatchesTracked(), new float[1]);
            }
            try (Pass pass = Pass.train(rng)) {
                Step.Result result = trainer.run(epoch.next(), carried.state());
                carried.keep(result.state());
                // buffers follow when backward has succeeded: one that goes no further than a zero added at the end
                Tensor zero = pass.watch(Tensor.scalar(0));
                pass.backward(result.loss().add(zero), zero);
            }
            all.forEach(Seen::add);
        }
    }
}
