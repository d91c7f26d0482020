package dev.fathom.pretrained;

import dev.fathom.nn.Model;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The encoder of a folder with the head of a task, to be trained and written back as a folder that transformers reads,
 * and {@link Classifier}, {@link Reranker}, {@link TokenClassifier}, {@link QuestionAnswering} or {@link FillMask}:
 *
 * <pre>{@code
 * try (var tuning = HeadTuning.classifier(folder, "negative", "positive");
 *         var optimizer = new AdamW(2e-5f).on(tuning.model())) {
 *     for (...) {
 *         try (Pass pass = Pass.train(rng)) {
 *             Tensor logits = tuning.logits(TextBatch.of(tuning.tokenizer().encode(texts)));
 *             pass.backward(logits.crossEntropy(Tensor.ofInts(labels, labels.length)));
 *             optimizer.step();
 *         }
 *     }
 *     tuning.save(Path.of("sentiment"));
 * }
 * }</pre>
 *
 * <p>The head is the one in the folder if that has one of this task with these labels. Otherwise it begins anew, its
 * weights normal with the deviation 0.02 and its biases 0, except that a dense layer in front of the outputs keeps the
 * weights that the folder has for it, such as those of BERT's pooler. Transformers drops numbers between the encoder
 * and the last layer of a head too; here only the encoder drops any.
 */
public final class HeadTuning implements AutoCloseable {
    private final Path folder;
    private final Config config;
    private final Task task;
    private final Model<Headed> model;
    private final PretrainedTokenizer tokenizer;

    private HeadTuning(Path folder, Config config, Task task, Model<Headed> model) {
        this.folder = folder;
        this.config = config;
        this.task = task;
        this.model = model;
        boolean done = false;
        try {
            tokenizer = TextHead.tokenizer(
                    Family.tokenizer(folder), folder, model.net().encoder());
            done = true;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /**
     * Loads a folder with the head that it has.
     *
     * @throws IllegalArgumentException if it has none that is known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning stored(Path folder) {
        Config c = Config.read(folder.resolve("config.json"));
        String name = c.architecture();
        Task task = Arrays.stream(Task.values())
                .filter(t -> name != null && t.is(name))
                .findFirst()
                .orElseThrow(() -> c.wrong("it is of a " + name + ", which has no head that is known; give it one of"
                        + " classifier, tokenClassifier and the other methods of HeadTuning"));
        return new HeadTuning(folder, c, task, Family.read(folder, c, task));
    }

    /**
     * Loads a folder for texts or pairs of texts that have one of these labels each, to be trained by
     * {@link Tensor#crossEntropy} and read by {@link Classifier}.
     *
     * @throws IllegalArgumentException if there are fewer than two labels or two are equal, no head of the family is
     *     known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning classifier(Path folder, String... labels) {
        return labeled(folder, Task.TEXTS, "single_label_classification", 2, labels);
    }

    /**
     * Loads a folder for texts or pairs of texts that have any number of these labels each, to be trained by
     * {@link Tensor#bceWithLogits} and read by {@link Classifier}.
     *
     * @throws IllegalArgumentException if there is no label or two are equal, no head of the family is known, or a file
     *     is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning multiLabel(Path folder, String... labels) {
        return labeled(folder, Task.TEXTS, "multi_label_classification", 1, labels);
    }

    /**
     * Loads a folder for pairs of texts of which it is scored whether the second answers the first, to be trained by
     * {@link Tensor#bceWithLogits} and read by {@link Reranker}: a CrossEncoder of sentence-transformers.
     *
     * @throws IllegalArgumentException if no head of the family is known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning reranker(Path folder) {
        return labeled(folder, Task.TEXTS, null, 1, onlyLabel(folder));
    }

    /**
     * Loads a folder for a number for each text or pair of texts, to be trained by {@link dev.fathom.nn.Loss#mse} and
     * read by {@link Classifier}.
     *
     * @throws IllegalArgumentException if no head of the family is known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning regression(Path folder) {
        return labeled(folder, Task.TEXTS, "regression", 1, onlyLabel(folder));
    }

    /**
     * Loads a folder for tokens that have one of these labels each, such as {@code O}, {@code B-PER} and {@code I-PER},
     * to be trained by {@link Tensor#crossEntropy} and read by {@link TokenClassifier}.
     *
     * @throws IllegalArgumentException if there are fewer than two labels or two are equal, no head of the family is
     *     known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning tokenClassifier(Path folder, String... labels) {
        return labeled(folder, Task.TOKENS, null, 2, labels);
    }

    /**
     * Loads a folder for masked words, whose head keeps all weights that the folder has for it, to be read by
     * {@link FillMask}.
     *
     * @throws IllegalArgumentException if no head of the family is known, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static HeadTuning fillMask(Path folder) {
        Config c = Config.read(folder.resolve("config.json"));
        return loaded(folder, c.headed(Family.architecture(c, Task.WORDS), List.of(), null), Task.WORDS, true);
    }

    /** The name of the only output that the head in a folder has, or the usual one. */
    private static String onlyLabel(Path folder) {
        List<String> labels = Config.read(folder.resolve("config.json")).labels();
        return labels.size() == 1 ? labels.get(0) : "LABEL_0";
    }

    private static HeadTuning labeled(Path folder, Task task, @Nullable String problem, int least, String... labels) {
        Config c = Config.read(folder.resolve("config.json"));
        List<String> all = List.of(labels);
        if (all.size() < least || all.stream().distinct().count() < all.size()) {
            throw new IllegalArgumentException("HeadTuning: the labels " + all + " must be at least " + least
                    + " and differ; name each once, in the order of the model's outputs");
        }
        String name = c.architecture();
        boolean keeps = name != null && task.is(name) && c.labels().equals(all);
        return loaded(folder, c.headed(Family.architecture(c, task), all, problem), task, keeps);
    }

    private static HeadTuning loaded(Path folder, Config c, Task task, boolean keeps) {
        return new HeadTuning(folder, c, task, Family.readForTuning(folder, c, task, keeps));
    }

    /** Returns the model, of which each parameter may be trained. */
    public Model<Headed> model() {
        return model;
    }

    /** Returns the tokenizer, which cuts a text or a pair to what the model takes. */
    public PretrainedTokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns the labels in the order of the outputs, or of a head without labels those that it would have. */
    public List<String> labels() {
        return config.labels();
    }

    /**
     * Returns the number of the token that masks others, such as {@code [MASK]}.
     *
     * @throws IllegalArgumentException if the tokenizer has none
     */
    public int mask() {
        return FillMask.maskOf(folder, tokenizer);
    }

    /** Returns what of a text's tokens the head of texts reads, for {@link Headed#texts}. */
    public Pooling pooling() {
        return Heads.pooling(config);
    }

    /**
     * Returns the outputs for texts, before any softmax or sigmoid: [texts, outputs] of a head of texts, and otherwise
     * [tokens, outputs].
     */
    public Tensor logits(TextBatch texts) {
        return task == Task.TEXTS
                ? model.net().texts(texts, pooling())
                : model.net().tokens(texts);
    }

    /** Returns the outputs for texts or pairs of texts that {@link #tokenizer} has cut, as the other method does. */
    public Tensor logits(List<EncodedText> texts) {
        return logits(TextBatch.of(texts));
    }

    /**
     * Writes a folder that transformers reads: the weights in F32 as {@code model.safetensors}, a {@code config.json}
     * with the architecture, the labels and the {@code problem_type}, and copies of all other files of the folder from
     * which the model was read.
     *
     * @param to another folder, which is made if it is not there
     * @throws IllegalArgumentException if both are one folder
     * @throws java.io.UncheckedIOException if a file cannot be read or written
     */
    public void save(Path to) {
        Family.save(model, config, task, folder, to);
    }

    /** Closes the model. */
    @Override
    public void close() {
        model.close();
    }
}
