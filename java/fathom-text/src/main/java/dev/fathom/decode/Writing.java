package dev.fathom.decode;

import dev.fathom.tensor.Rng;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Writes a sequence behind each prompt, token by token. What a model does not read at once of its prompt a row reads
 * while others may be writing, and it leaves the batch when its sequence is finished. While no row leaves, a step
 * allocates nothing but the room for more tokens, and that seldom.
 */
final class Writing implements AutoCloseable {
    /** So many tokens have room at first. */
    private static final int ROOM = 1024;

    private final Sampling sampling;
    private final NextToken model;
    private final Choices choices;
    private final Row[] all;
    /** The sequences that are rows of the batch now. */
    private int[] alive;
    /** The tokens that they read next. */
    private int[] next;
    /** The rows that stay. */
    private final int[] staying;

    private final BitSet seen = new BitSet();
    private double[] reached = new double[0];
    private int step;

    /** A sequence that is being written. */
    private static final class Row {
        private final int[] prompt;
        /** What is left to read of the prompt. */
        private final int[] rest;

        private final Rng rng;
        private int[] tokens;
        private IntBuffer view;
        private int count;
        private double logProbability;
        private boolean finished;

        Row(int[] prompt, int[] rest, Rng rng, int maxTokens) {
            this.prompt = prompt;
            this.rest = rest;
            this.rng = rng;
            tokens = new int[Math.min(ROOM, maxTokens)];
            view = IntBuffer.wrap(tokens).asReadOnlyBuffer();
        }

        void add(int token) {
            if (count == tokens.length) {
                tokens = Arrays.copyOf(tokens, (int) Math.min(2L * count, Integer.MAX_VALUE - 8));
                view = IntBuffer.wrap(tokens).asReadOnlyBuffer();
            }
            tokens[count++] = token;
        }

        /** The tokens behind the prompt. */
        IntBuffer written() {
            return view.clear().limit(count);
        }

        Hypothesis result() {
            List<Integer> all = Arrays.stream(tokens, 0, count).boxed().toList();
            return new Hypothesis(all, logProbability, logProbability, finished);
        }
    }

    /** Reads what the model reads at once of the prompts. */
    Writing(String search, Sampling sampling, NextToken model, Rng rng, int[]... prompts) {
        SequenceRows.checkPrompts(search, prompts);
        this.sampling = sampling;
        this.model = model;
        choices = new Choices(search, sampling.stop(), sampling.temperature() == 0 ? 1 : sampling.topK());
        int[][] rest = model.prefill(prompts);
        all = IntStream.range(0, prompts.length)
                .mapToObj(i -> new Row(prompts[i], rest[i], rng.split(i), sampling.maxTokens()))
                .toArray(Row[]::new);
        alive = IntStream.range(0, prompts.length).toArray();
        next = SequenceRows.first(rest);
        staying = new int[prompts.length];
    }

    /** The sequences that follow the prompts. */
    static List<Hypothesis> all(String search, Sampling sampling, NextToken model, Rng rng, int[]... prompts) {
        try (Writing writing = new Writing(search, sampling, model, rng, prompts)) {
            while (writing.step()) {}
            return Arrays.stream(writing.all).map(Row::result).toList();
        }
    }

    /** How many tokens a sequence has so far, behind its prompt. */
    int count(int i) {
        return all[i].count;
    }

    int token(int i, int at) {
        return all[i].tokens[at];
    }

    /** Reads or writes a token of each sequence that is not finished, and returns whether there was one. */
    boolean step() {
        if (alive.length == 0) {
            return false;
        }
        FloatBuffer logits = choices.read(model, next);
        boolean writes = false;
        for (int row = 0; row < alive.length; row++) {
            Row s = all[alive[row]];
            if (step + 1 >= s.rest.length) {
                writes = true;
                penalize(logits, row * choices.vocabulary(), s);
            }
        }
        if (writes) {
            choices.choose(step);
        }
        advance();
        step++;
        return true;
    }

    private void penalize(FloatBuffer logits, int from, Row s) {
        if (sampling.repetitionPenalty() != 1) {
            seen.clear();
            penalize(logits, from, s.prompt, s.prompt.length);
            penalize(logits, from, s.tokens, s.count);
        }
    }

    private void penalize(FloatBuffer logits, int from, int[] tokens, int count) {
        float r = sampling.repetitionPenalty();
        for (int i = 0; i < count; i++) {
            int token = tokens[i];
            if (token >= 0 && token < choices.vocabulary() && !seen.get(token)) {
                seen.set(token);
                float z = logits.get(from + token);
                logits.put(from + token, z > 0 ? z / r : z * r);
            }
        }
    }

    /** Gives each row its next token, of its prompt or of the choices, and lets those leave that are finished. */
    private void advance() {
        int left = 0;
        for (int row = 0; row < alive.length; row++) {
            Row s = all[alive[row]];
            if (step + 1 < s.rest.length) {
                next[left] = s.rest[step + 1];
            } else if (write(s, row)) {
                next[left] = s.tokens[s.count - 1];
            } else {
                continue;
            }
            alive[left] = alive[row];
            staying[left++] = row;
        }
        if (left < alive.length) {
            if (left > 0) {
                model.reorder(Arrays.copyOf(staying, left));
            }
            next = Arrays.copyOf(next, left);
            alive = Arrays.copyOf(alive, left);
        }
    }

    /** Chooses a token, and returns whether another one follows. */
    private boolean write(Row s, int row) {
        int at = row * choices.k();
        if (sampling.temperature() > 0) {
            if (reached.length < choices.k()) {
                reached = new double[choices.k()];
            }
            at += sampling.draw(choices, at, s.rng.uniformOf(s.count), reached);
        }
        s.logProbability += choices.logProbability(at);
        s.finished = choices.token(at) == sampling.stop();
        if (s.finished) {
            return false;
        }
        s.add(choices.token(at));
        s.finished = sampling.until().ends(s.written());
        return !s.finished && s.count < sampling.maxTokens();
    }

    @Override
    public void close() {
        choices.close();
    }
}
