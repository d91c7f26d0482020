package dev.fathom.labs.autocts;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

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

    /** How often a round passes over a short list, in which a network would otherwise meet few others. */
    static final int REPEATS = 8;

    /** Begins with a comparator that has learned nothing. */
    static ComparatorTraining begin(long seed) {
        return new ComparatorTraining(Model.of(ArchitectureComparator.untrained(), seed), seed);
    }

    /** Goes on with a copy, so that this one stays as it is. */
    ComparatorTraining copy(long newSeed) {
        return new ComparatorTraining(model.copy(), newSeed);
    }

    /** Trains on batches of networks and chooses by others, for so many epochs. */
    interface Fit {
        void fit(Trainer<ArchitectureComparator> trainer, Batches learned, Batches held, int epochs);
    }

    /**
     * Learns which networks have the smaller error and keeps what is best on those that it does not learn from.
     *
     * @param rounds how often it passes over the networks, at most
     * @param repeats how many times a round passes over them, for lists that are short
     */
    void learn(List<Measured> networks, List<Measured> validation, int rounds, int repeats, Fit fit) {
        try (Dataset learned = ArchitectureComparator.dataset(networks);
                Dataset held = ArchitectureComparator.dataset(validation)) {
            var trainer = Trainer.custom(
                            model, new Adam(1e-4f).betas(0.5f, 0.999f).weightDecay(5e-4f), ArchitectureComparator::step)
                    .seed(seed)
                    .keepBest()
                    .callbacks(new EarlyStopping(PATIENCE * repeats));
            Batches batches = learned.shuffled(seed).batches(Math.min(BATCH, learned.size()));
            fit.fit(trainer, batches, held.batches(Math.min(4 * BATCH, held.size())), rounds * repeats);
        }
    }

    /** Learns the pairs of four fifths of some networks, and keeps what is best on the rest. */
    void learn(Lab lab, List<Measured> networks, int rounds) {
        List<Measured> mixed = new ArrayList<>(networks); // files list them by their hyperparameters
        Collections.shuffle(mixed, new Random(seed));
        int held = Math.max(2, mixed.size() / 5);
        learn(
                mixed.subList(held, mixed.size()),
                mixed.subList(0, held),
                rounds,
                REPEATS,
                (trainer, learned, others, n) -> {
                    trainer.callbacks(lab.run().interrupt().stopping()).fit(learned, others, n);
                    lab.check();
                });
    }

    /**
     * For each network, by the comparator, the expected share of the others of a pool to which it loses: the order that
     * a round-robin predicts for their errors.
     */
    double[] predicted(List<Measured> networks, List<Measured> pool) {
        try (Dataset ones = ArchitectureComparator.dataset(networks);
                Dataset others = ArchitectureComparator.dataset(pool);
                Pass pass = Pass.infer()) {
            ArchitectureComparator net = model.net();
            Tensor of = net.features(ones.batches(ones.size()).epoch(0).next());
            Tensor against = net.features(others.batches(others.size()).epoch(0).next());
            return Averages.doubles(
                    net.compare(of, against).neg().sigmoid().mean(1).toArray());
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
