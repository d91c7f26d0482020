package dev.fathom.labs.pairs;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.labs.translation.Writer;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A network that says what is on a picture: the features of a CNN start an LSTM that writes the caption (Vinyals et al.
 * 2015), and with attention each word looks at the cells of the feature map once more (Xu et al. 2015).
 *
 * @param start maps the features of all cells to the first state of the LSTM, hidden and cell
 */
record Captioner(Cells cells, Linear start, Writer writer) implements Net {
    private static final int WIDTH = 32;
    private static final int HIDDEN = 96;
    private static final int CHUNK = 200;

    static Captioner of(boolean attention) {
        return new Captioner(
                new Cells(WIDTH),
                new Linear(Cells.COUNT * WIDTH, 2 * HIDDEN),
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
                Field.ragged("y", Arrays.stream(captions).map(Writer::stopped).toArray(int[][]::new))
                        .target());
    }

    Step.Result step(Batch batch) {
        Tensor scores = writer.scores(batch.y(), memory(batch.x()));
        return new Step.Result(Writer.loss(scores, batch.y(), batch.lengths("y")), scores, batch.y());
    }

    private State memory(Tensor pictures) {
        Tensor memory = cells.apply(pictures);
        int n = memory.dim(0);
        List<Tensor> state =
                start.apply(memory.flatten(1)).tanh().reshape(n, 1, 2 * HIDDEN).chunk(2, 2);
        State first = State.of("hidden", state.get(0), "cell", state.get(1));
        return writer.attention() == null ? Writer.memory(first) : Writer.memory(first, memory);
    }

    /** The captions that it writes, the most probable word each time. */
    List<List<String>> captions(Dataset pictures) {
        BeamSearch greedy = new BeamSearch(1, Reserved.STANDARD.end(), 12);
        List<List<String>> all = new ArrayList<>();
        var batches = pictures.batches(Math.min(CHUNK, pictures.size())).epoch(0);
        while (batches.hasNext()) {
            List<List<Hypothesis>> beams;
            try (Pass pass = Pass.infer()) {
                Tensor x = batches.next().x();
                beams = writer.search(greedy, () -> memory(x));
            }
            beams.forEach(
                    beam -> all.add(CaptionedShapes.ENGLISH.tokens(beam.get(0).toArray())));
        }
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
        double wrong = 0;
        for (int i = 0; i < shapes.size(); i++) {
            Scene scene = shapes.scenes().get(i);
            int words = CaptionedShapes.words(scene.english(true)).size();
            for (int word = 1; word < 4; word++) {
                float[] first = attention[i][word];
                float[] second = attention[i][words - 4 + word];
                right += on(scene, 0, first) + on(scene, 1, second);
                wrong += on(scene, 1, first) + on(scene, 0, second);
            }
        }
        return right / (right + wrong);
    }

    /** The attention on the cells whose middle lies in the circle around a thing. */
    private static double on(Scene scene, int thing, float... weights) {
        double pixels = (double) Scene.SIDE / Cells.SIDE;
        double sum = 0;
        for (int cell = 0; cell < weights.length; cell++) {
            int row = cell / Cells.SIDE;
            int column = cell % Cells.SIDE;
            sum += scene.things().get(thing).covers((column + 0.5) * pixels, (row + 0.5) * pixels) ? weights[cell] : 0;
        }
        return sum;
    }
}
