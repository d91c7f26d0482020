package dev.fathom.labs.pairs;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.data.Thing;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A network that says what is on a picture: the features of a CNN start an LSTM that writes the caption (Vinyals et al.
 * 2015), and with attention each word looks at the cells of the feature map once more (Xu et al. 2015).
 *
 * @param start maps the features of all cells to the first state of the LSTM, hidden and cell; it standardizes them,
 *     because states that begin far from 0 saturate the gates, and then the picture is not learned
 */
record Captioner(Cells cells, Layer start, Writer writer) implements Net {
    private static final int WIDTH = 32;
    private static final int HIDDEN = 96;

    static Captioner of(boolean attention) {
        return new Captioner(
                new Cells(WIDTH),
                new Sequential(new BatchNorm(Cells.COUNT * WIDTH), new Linear(Cells.COUNT * WIDTH, 2 * HIDDEN)),
                Writer.of(
                                new Writer.Sizes(CaptionedShapes.ENGLISH.size(), 32, HIDDEN, 1, attention ? WIDTH : 0),
                                Init.normal(0, 1),
                                Init.uniform(-0.1f, 0.1f))
                        .remembering());
    }

    /** Pictures as x, captions with a stop symbol as y. */
    static Dataset dataset(CaptionedShapes shapes) {
        int[][] captions = shapes.sentences(CaptionedShapes.ENGLISH, scene -> scene.english(true));
        return Dataset.of(
                shapes.images("x").input(),
                Field.ragged("y", Writer.stopped(captions)).target());
    }

    Step.Result step(Batch batch) {
        Tensor scores = scores(batch.x(), batch.y());
        return new Step.Result(Writer.loss(scores, batch.y(), batch.lengths("y")), scores, batch.y());
    }

    /** The logits of the words of captions, each from the picture and the words before it. */
    Tensor scores(Tensor pictures, Tensor captions) {
        return writer.scores(captions, memory(pictures));
    }

    private State memory(Tensor pictures) {
        Tensor memory = cells.apply(pictures);
        State first = Writer.first(start, memory.flatten(1));
        return writer.attention() == null ? Writer.memory(first) : Writer.memory(first, memory);
    }

    /** The captions that it writes, the most probable word each time. */
    List<List<String>> captions(Dataset pictures) {
        BeamSearch greedy = new BeamSearch(1, Reserved.STANDARD.end(), 12);
        List<List<String>> all = new ArrayList<>();
        pictures.forEach(batch -> writer.search(greedy, () -> memory(batch.x()))
                .forEach(beam ->
                        all.add(CaptionedShapes.ENGLISH.tokens(beam.get(0).toArray()))));
        return all;
    }

    /** How much each word of the true captions looks at each cell [pictures, words + 1, cells]. */
    float[][][] attention(Dataset pictures) {
        try (Pass pass = Pass.infer()) {
            Batch batch = pictures.batches(pictures.size()).epoch(0).next();
            return writer.attentionWeights(batch.y(), memory(batch.x()));
        }
    }

    /**
     * Of the attention that falls on one of the two things while it or the other is named, the share that falls on the
     * one that is named. It would be about a half if words looked anywhere.
     */
    static double focus(CaptionedShapes shapes, float[][][] attention) {
        double right = 0;
        double both = 0;
        for (int i = 0; i < shapes.size(); i++) {
            int words = shapes.captions().get(i).size();
            for (int word = 1; word < 4; word++) {
                for (int named = 0; named < 2; named++) {
                    float[] weights = attention[i][named == 0 ? word : words - 4 + word];
                    double on = on(shapes.scenes().get(i).things().get(named), weights);
                    right += on;
                    both += on + on(shapes.scenes().get(i).things().get(1 - named), weights);
                }
            }
        }
        return right / both;
    }

    /** The attention on the cells whose middle lies in the circle around a thing. */
    private static double on(Thing thing, float... weights) {
        double pixels = (double) Scene.SIDE / Cells.SIDE;
        return IntStream.range(0, weights.length)
                .filter(i -> {
                    int row = i / Cells.SIDE;
                    return thing.covers((i % Cells.SIDE + 0.5) * pixels, (row + 0.5) * pixels);
                })
                .mapToDouble(i -> weights[i])
                .sum();
    }
}
