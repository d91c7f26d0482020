package dev.fathom.labs.ensembles;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.ensemble.Combination;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.ensemble.Timing;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.dtree.CARTClassificationTrainer;
import org.tribuo.classification.dtree.impurity.GiniIndex;
import org.tribuo.classification.ensemble.VotingCombiner;
import org.tribuo.common.tree.DecisionTreeTrainer;
import org.tribuo.common.tree.RandomForestTrainer;
import org.tribuo.ensemble.EnsembleCombiner;
import org.tribuo.ensemble.EnsembleModel;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.ensemble.AveragingCombiner;
import org.tribuo.regression.rtree.CARTRegressionTrainer;
import org.tribuo.regression.rtree.impurity.MeanSquaredError;

/**
 * A random forest of Tribuo (Breiman 2001): trees of bootstrap samples that choose each question among a random part of
 * the features, and are grown until no question helps. Trees vote for a class and average numbers. The weights of the
 * examples are not used.
 *
 * @param trees how many
 * @param share of the features among which a question is chosen
 */
record Forest(int trees, double share) implements Learner {
    /** What Tribuo says of every tree is not for the page; the reference keeps the level from being forgotten. */
    private static final Logger TRIBUO = Logger.getLogger("org.tribuo");

    static {
        TRIBUO.setLevel(Level.WARNING);
    }

    private static final String NUMBER = "y";

    /** The ensemble of the trees, which are fitted one after the other and not timed one by one. */
    @Override
    public Ensemble fit(Examples data, long seed) {
        Rng rng = new Rng(seed);
        long own = rng.split("trees").seed();
        if (data.areClasses()) {
            int[] labels = data.labels();
            return grow(
                    data,
                    i -> new Label(Integer.toString(labels[i])),
                    new LabelFactory(),
                    new CARTClassificationTrainer(Integer.MAX_VALUE, 1, 0, (float) share, false, new GiniIndex(), own),
                    new VotingCombiner(),
                    rng.seed(),
                    label -> {
                        float[] chosen = new float[data.outputs()];
                        chosen[Integer.parseInt(label.getLabel())] = 1;
                        return chosen;
                    });
        }
        return grow(
                data,
                i -> new Regressor(NUMBER, data.y()[i][0]),
                new RegressionFactory(),
                new CARTRegressionTrainer(Integer.MAX_VALUE, 1, 0, (float) share, false, new MeanSquaredError(), own),
                new AveragingCombiner(),
                rng.seed(),
                number -> new float[] {(float) number.getValues()[0]});
    }

    private <T extends Output<T>> Ensemble grow(
            Examples data,
            IntFunction<T> target,
            OutputFactory<T> factory,
            DecisionTreeTrainer<T> tree,
            EnsembleCombiner<T> combiner,
            long seed,
            Function<T, float[]> row) {
        long start = System.nanoTime();
        String[] names = IntStream.range(0, data.columns())
                .mapToObj(j -> line("%05d", j)) // Tribuo sorts features by their names
                .toArray(String[]::new);
        MutableDataset<T> rows = new MutableDataset<>(new SimpleDataSourceProvenance("examples", factory), factory);
        for (int i = 0; i < data.size(); i++) {
            rows.add(new ArrayExample<>(target.apply(i), names, Averages.doubles(data.x()[i])));
        }
        EnsembleModel<T> forest = new RandomForestTrainer<>(tree, combiner, trees, seed).train(rows);
        double[] weights = new double[trees];
        Arrays.fill(weights, 1);
        Prediction kind = data.areClasses() ? Prediction.PROBABILITIES : Prediction.NUMBERS;
        List<Predictor> members = forest.getModels().stream()
                .map(model -> predictor(kind, model, names, factory.getUnknownOutput(), row))
                .toList();
        double seconds = (System.nanoTime() - start) * 1e-9;
        return new Ensemble(
                members,
                weights,
                data.areClasses() ? Combination.VOTE : Combination.MEAN,
                new Timing(1, seconds, new double[0]));
    }

    private static <T extends Output<T>> Predictor predictor(
            Prediction kind, Model<T> tree, String[] names, T unknown, Function<T, float[]> row) {
        return Predictor.of(kind, x -> {
            float[][] rows = new float[x.length][];
            for (int i = 0; i < x.length; i++) {
                var example = new ArrayExample<>(unknown, names, Averages.doubles(x[i]));
                rows[i] = row.apply(tree.predict(example).getOutput());
            }
            return rows;
        });
    }
}
