package dev.fathom.labs.autocts;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.Trainer;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Trains a comparator as AutoCTS+ does: Adam at 0.0001 with betas of 0.5 and 0.999 and a weight decay of 0.0005, until
 * the validation loss has not fallen for three rounds. A batch holds 16 networks, all of whose pairs are compared.
 *
 * @param model what is trained
 * @param seed of the order of the networks
 */
record ComparatorTraining(Model<ArchitectureComparator> model, long seed) implements AutoCloseable {
    static final int BATCH = 16;
    private static final int PATIENCE = 3;

    /** Begins with a comparator that has learned nothing. */
    static ComparatorTraining begin(long seed) {
        return new ComparatorTraining(Model.of(ArchitectureComparator.untrained(), seed), seed);
    }

    /** Goes on with a copy, so that this one stays as it is. */
    ComparatorTraining copy(long newSeed) {
        return new ComparatorTraining(model.copy(), newSeed);
    }

    /**
     * Learns which networks have the smaller error and keeps what is best on those that it does not learn from.
     *
     * @param epochs of the networks' training after which their errors are compared
     * @param rounds how often it passes over the networks, at most
     * @param repeats how many times a round passes over them, for lists that are short
     * @param attach adds what the trainer needs, such as its end at Ctrl-C
     */
    void learn(
            List<Measured> networks,
            List<Measured> validation,
            int epochs,
            int rounds,
            int repeats,
            UnaryOperator<Trainer<ArchitectureComparator>> attach) {
        try (Dataset learned = ArchitectureComparator.dataset(networks, epochs);
                Dataset held = ArchitectureComparator.dataset(validation, epochs)) {
            var trainer = Trainer.custom(
                            model, new Adam(1e-4f).betas(0.5f, 0.999f).weightDecay(5e-4f), ArchitectureComparator::step)
                    .seed(seed)
                    .keepBest()
                    .callbacks(new EarlyStopping(PATIENCE * repeats));
            Batches batches = learned.shuffled(seed).batches(Math.min(BATCH, learned.size()));
            attach.apply(trainer).fit(batches, held.batches(held.size()), rounds * repeats);
        }
    }

    /**
     * For each network, by the comparator, the mean probability of being worse than another one of a pool: the
     * predicted order of their errors.
     */
    double[] predicted(List<Measured> networks, List<Measured> pool) {
        try (Dataset ones = ArchitectureComparator.dataset(networks, 1);
                Dataset others = ArchitectureComparator.dataset(pool, 1);
                Pass pass = Pass.infer()) {
            ArchitectureComparator net = model.net();
            Tensor of = net.features(ones.batches(ones.size()).epoch(0).next());
            Tensor against = net.features(others.batches(others.size()).epoch(0).next());
            float[] worse = net.compare(of, against).neg().sigmoid().mean(1).toArray();
            double[] all = new double[worse.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = worse[i];
            }
            return all;
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
