package dev.fathom.pretrained;

import dev.fathom.nn.Model;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A folder with the head of a task as one plan. Any number of threads may share it.
 *
 * @param longest the most tokens that a text may have
 * @param around how many tokens the tokenizer sets around a single text
 * @param outputs how many numbers there are for each text or token
 */
record TextHead(Config config, PretrainedTokenizer tokenizer, int longest, int around, int outputs, TextRuns runs)
        implements AutoCloseable {

    /**
     * Loads a folder for a reader of this name, whose runs take at most so many texts.
     *
     * @throws IllegalArgumentException if it is of another task, or damaged
     */
    static TextHead load(Path folder, Task task, String reader, int texts) {
        Config config = Config.read(folder.resolve("config.json"));
        task.mustBeOf(config, reader);
        CompletableFuture<PretrainedTokenizer> reading = Family.tokenizer(folder);
        Model<Headed> model = Family.read(folder, config, task);
        boolean done = false;
        try {
            TextEncoder encoder = model.net().encoder();
            PretrainedTokenizer tokenizer = tokenizer(reading, folder, encoder);
            int longest = tokenizer.truncation().orElseThrow().length();
            int around = tokenizer.encode("").size();
            TextRuns.Weights weights = task == Task.WORDS
                    ? weights(FillMask.maskOf(folder, tokenizer))
                    : TextRuns.weights(Heads.pooling(config));
            TextRuns runs = new TextRuns(
                    model,
                    longest,
                    texts,
                    weights,
                    task == Task.TEXTS || task == Task.WORDS ? TextHead::ofOneVector : TextHead::ofTokens);
            TextHead result = new TextHead(
                    config,
                    tokenizer,
                    longest,
                    around,
                    model.net().head().out().weight().shape().dim(0),
                    runs);
            done = true;
            return result;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /**
     * The tokenizer of a folder, which cuts texts to what the encoder takes.
     *
     * @throws IllegalArgumentException if that leaves no room for a token of a text, or no token stands around it
     */
    static PretrainedTokenizer tokenizer(
            CompletableFuture<PretrainedTokenizer> reading, Path folder, TextEncoder encoder) {
        int longest = Math.min(encoder.context(), Family.longest(folder));
        PretrainedTokenizer tokenizer =
                Family.cutting(Family.tokenizer(reading, folder, encoder.vocabulary()), longest, folder);
        if (tokenizer.encode("").size() == 0) {
            throw new IllegalArgumentException(
                    folder + ": its tokenizer sets no tokens around a text, but the head reads"
                            + " one of them; give the tokenizer.json of the model");
        }
        return tokenizer;
    }

    static Tensor ofOneVector(Headed net, TextBatch texts, Tensor weights) {
        return net.head().apply(texts.pooled(net.encoder().encode(texts), weights));
    }

    private static Tensor ofTokens(Headed net, TextBatch texts, Tensor weights) {
        return net.head().apply(net.encoder().encode(texts));
    }

    /** The weights by which only this token is read. */
    private static TextRuns.Weights weights(int token) {
        return (text, to, at) -> {
            int[] ids = text.ids();
            for (int t = 0; t < ids.length; t++) {
                to.put(at + t, ids[t] == token ? 1 : 0);
            }
        };
    }

    /** Replaces logits z by exp(z) / sum of exp(z). */
    static void softmax(float[] z) {
        double most = Double.NEGATIVE_INFINITY;
        for (float each : z) {
            most = Math.max(most, each);
        }
        double sum = 0;
        for (float each : z) {
            sum += Math.exp(each - most);
        }
        for (int i = 0; i < z.length; i++) {
            z[i] = (float) (Math.exp(z[i] - most) / sum);
        }
    }

    static float sigmoid(float z) {
        return (float) (1 / (1 + Math.exp(-z)));
    }

    @Override
    public void close() {
        runs.close();
    }
}
