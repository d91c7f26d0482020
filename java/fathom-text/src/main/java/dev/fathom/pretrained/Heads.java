package dev.fathom.pretrained;

import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.pretrained.Layout.Row;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * The heads of a family. A head has a dense layer or a norm where its rows name one.
 *
 * @param texts the activation of a text's head
 * @param words that of the head that fills in words
 * @param rows the names of their tensors
 */
record Heads(Activation texts, Function<Config, Activation> words, Map<Task, List<Row>> rows) {
    /** Those of BERT, whose dense layer of texts is its pooler. */
    static final Heads BERT = of(
            Activation.TANH,
            c -> c.activation("hidden_act", "gelu"),
            List.of(Row.of("head.dense.*", "pooler.dense.*"), Row.of("head.out.*", "classifier.*")),
            List.of(
                    Row.of("head.dense.*", "cls.predictions.transform.dense.*"),
                    Row.of("head.norm.*", "cls.predictions.transform.LayerNorm.*"),
                    Row.of("head.out.bias", "cls.predictions.bias"),
                    Row.of("head.out.weight", "cls.predictions.decoder.weight")));

    /** Those of RoBERTa, XLM-R and MPNet. */
    static final Heads ROBERTA = of(
            Activation.TANH,
            c -> Activation.GELU,
            List.of(Row.of("head.dense.*", "classifier.dense.*"), Row.of("head.out.*", "classifier.out_proj.*")),
            List.of(
                    Row.of("head.dense.*", "lm_head.dense.*"),
                    Row.of("head.norm.*", "lm_head.layer_norm.*"),
                    Row.of("head.out.bias", "lm_head.bias"),
                    Row.of("head.out.weight", "lm_head.decoder.weight")));

    /** Those of DistilBERT. */
    static final Heads DISTILLED = of(
            Activation.RELU,
            c -> c.activation("activation", "gelu"),
            List.of(Row.of("head.dense.*", "pre_classifier.*"), Row.of("head.out.*", "classifier.*")),
            List.of(
                    Row.of("head.dense.*", "vocab_transform.*"),
                    Row.of("head.norm.*", "vocab_layer_norm.*"),
                    Row.of("head.out.*", "vocab_projector.*")));

    /** The heads of tokens and of answers have the same names in all of these families. */
    private static Heads of(Activation act, Function<Config, Activation> words, List<Row> ofTexts, List<Row> ofWords) {
        return new Heads(
                act,
                words,
                Map.of(
                        Task.TEXTS,
                        ofTexts,
                        Task.TOKENS,
                        List.of(Row.of("head.out.*", "classifier.*")),
                        Task.ANSWERS,
                        List.of(Row.of("head.out.*", "qa_outputs.*")),
                        Task.WORDS,
                        ofWords));
    }

    /** Makes the head of a task as the settings say. */
    Headed on(TextEncoder encoder, Config c, Task task) {
        int width = encoder.width();
        Activation act = task == Task.WORDS ? words.apply(c) : texts;
        float epsilon = (float) c.number(1e-12, "layer_norm_eps");
        return new Headed(
                encoder,
                new Head(
                        names(task, "head.dense.") ? new Linear(width, width).act(act) : null,
                        names(task, "head.norm.") ? new LayerNorm(width).epsilon(epsilon) : null,
                        switch (task) {
                            case TEXTS, TOKENS -> new Linear(width, c.labels().size());
                            case ANSWERS -> new Linear(width, 2);
                            case WORDS -> words(encoder, c.flag("tie_word_embeddings", true));
                        }));
    }

    private static Linear words(TextEncoder encoder, boolean tied) {
        Linear own = new Linear(encoder.width(), encoder.vocabulary());
        Parameter bias = new Parameter(Shape.of(encoder.vocabulary()), Init.zeros());
        return new Linear(tied ? encoder.words().weight() : own.weight(), bias, null);
    }

    /** The rows of a task, which each of these families has. */
    List<Row> of(Task task) {
        return Objects.requireNonNull(rows.get(task));
    }

    private boolean names(Task task, String part) {
        return of(task).stream().anyMatch(row -> row.inNet().get(0).startsWith(part));
    }
}
