package dev.fathom.labs.embeddings;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.EnglishFrench;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.nn.Input;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Bert;
import dev.fathom.pretrained.TextBatch;
import dev.fathom.view.Diagram;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A tiny BERT from random weights to two uses: vectors of sentences by which each finds its translation among all, and
 * a classifier of reviews of films that has first learned to fill in masked words.
 */
public final class EmbeddingsLab implements Experiment {
    /** Tokens of a text at most. */
    private static final int CONTEXT = 128;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The encoder of two sentences of four tokens",
                encoder(8000, 128, 0),
                (net, in) -> net.encode(new TextBatch(in[0], in[1], in[2], in[3], in[4])),
                Input.ints(1, 8),
                Input.ints(1, 8),
                Input.ints(8),
                Input.ints(8),
                Input.ints(2));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(EnglishFrench.SET, Imdb.SET);
    }

    @Override
    public void run(Lab lab) {
        TranslationSearch.run(lab);
        ReviewClassifier.run(lab);
    }

    /** An encoder of two layers. */
    static Bert encoder(int vocabulary, int width, float dropout) {
        return Bert.of(
                new Bert.Sizes(vocabulary, CONTEXT, 0, width, 2 * width, 4, 2), Activation.GELU, 1e-5f, dropout, 0);
    }

    /** The folder of a set of data below the one that a person gave, or null for the usual one. */
    static @Nullable Path data(Lab lab, String set) {
        Path data = lab.data();
        return data == null ? null : data.resolve(set);
    }
}
