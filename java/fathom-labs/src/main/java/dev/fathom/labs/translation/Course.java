package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Seq2Seq;
import dev.fathom.decode.Seq2Seq.Sizes;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.train.Run;
import java.util.Arrays;
import java.util.Map;

/**
 * What all networks on a corpus have in common.
 *
 * @param range weights start uniform in +- this number
 */
record Course(Lab lab, ParallelCorpus corpus, Sizes sizes, float range, int epochs, int batch) {
    static Course of(Lab lab, ParallelCorpus corpus) {
        int width = lab.of(256, 40);
        int english = corpus.english().size();
        int french = corpus.french().size();
        Sizes sizes = new Sizes(english, french, width, width, lab.of(4, 2));
        return new Course(lab, corpus, sizes, range(width), lab.epochs(6, 8), lab.of(32, 16));
    }

    /**
     * The 0.08 of Sutskever et al. (2014) for layers of 1,000 cells, which grows for narrower ones so that sums over a
     * layer keep their size; otherwise little of a sentence passes four layers.
     */
    private static float range(int width) {
        return (float) (0.08 * Math.sqrt(1000.0 / width));
    }

    /** Returns a course of the same networks on sentences of which each joins {@code count} of this course. */
    Course joined(int count) {
        return new Course(lab, corpus.joined(count), sizes, range, epochs, batch);
    }

    /** The number of pairs that networks are trained on. */
    int pairs() {
        return ParallelCorpus.pairs(corpus.training());
    }

    /** The mean number of words of an English sentence of the training part. */
    double words() {
        return corpus.training().stream()
                .mapToInt(s -> s.english().size())
                .average()
                .orElseThrow();
    }

    /** Trains a network, keeps its best epoch, and puts its perplexity into a row and among the curves. */
    Model<Seq2Seq> learn(Setting setting, Table.Row row, Map<String, double[][]> curves) {
        Seq2Seq net = Seq2Seq.of(sizes, setting.attention(), Init.normal(0, 1), Init.uniform(-range, range));
        Model<Seq2Seq> model = Model.of(net, lab.seed());
        try (Dataset train = corpus.dataset(corpus.training(), setting.reversed());
                Dataset validation = corpus.dataset(corpus.validation(), setting.reversed())) {
            var trainer = setting.trainer(model, epochs, lab.seed());
            var batches = train.shuffled(lab.seed()).batches(batch).bucketed("y", 50);
            Run history = lab.train(setting.name(), "pairs", trainer, batches, validation, epochs);
            double[][] curve = history.curve("val_loss"); // of sentences
            double words = ParallelCorpus.meanLength(corpus.validation());
            Arrays.setAll(curve[1], epoch -> Math.exp(curve[1][epoch] / words));
            curves.put(setting.name(), curve);
            double best = Arrays.stream(curve[1]).min().orElseThrow();
            row.cell("parameters", model.parameterCount())
                    .cell("seconds", Math.round(history.seconds()))
                    .put("validation perplexity", "%.2f", best)
                    .baseline(corpus.unigramPerplexity(), "unigram model");
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }
}
