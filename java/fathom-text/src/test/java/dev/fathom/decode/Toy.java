package dev.fathom.decode;

import dev.fathom.tensor.Rng;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model whose next token depends on all tokens before it, in a way that no search can foresee: its logits are random
 * numbers of a stream that the tokens choose. Its state is what each row was given, so that a row in the wrong place
 * changes every logit.
 */
final class Toy implements NextToken {
    private final int vocabulary;
    private final Rng rng;
    private List<List<Integer>> rows = new ArrayList<>();
    /** How many rows each step had. */
    final List<Integer> batches = new ArrayList<>();

    Toy(int vocabulary, long seed, int rows) {
        this.vocabulary = vocabulary;
        rng = new Rng(seed);
        for (int i = 0; i < rows; i++) {
            this.rows.add(List.of());
        }
    }

    float[] logits(List<Integer> tokens) {
        Rng stream = rng;
        for (int t : tokens) {
            stream = stream.split(t);
        }
        return stream.normal(vocabulary, 0, 2);
    }

    @Override
    public FloatBuffer step(int... tokens) {
        if (tokens.length != rows.size()) {
            throw new AssertionError(tokens.length + " tokens for " + rows.size() + " rows");
        }
        batches.add(tokens.length);
        float[] all = new float[tokens.length * vocabulary];
        for (int i = 0; i < tokens.length; i++) {
            List<Integer> longer = new ArrayList<>(rows.get(i));
            longer.add(tokens[i]);
            rows.set(i, longer);
            System.arraycopy(logits(longer), 0, all, i * vocabulary, vocabulary);
        }
        return FloatBuffer.wrap(all);
    }

    @Override
    public void reorder(int[] parents) {
        List<List<Integer>> old = rows;
        rows = new ArrayList<>(Arrays.stream(parents).mapToObj(old::get).toList());
    }
}
