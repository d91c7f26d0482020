package dev.fathom.pretrained;

import dev.fathom.io.InputFile;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.pretrained.Layout.Row;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The heads of a family. A head has a dense layer, a norm or a bias where its rows name one.
 *
 * @param texts the activation of the dense layer of all heads but that which fills in words
 * @param words that of the head that fills in words
 * @param epsilon of its norm, where the settings do not say it
 * @param rows the names of their tensors
 */
record Heads(
        Function<Config, Activation> texts,
        Function<Config, Activation> words,
        double epsilon,
        Map<Task, List<Row>> rows) {
    /** Those of BERT, whose dense layer of texts is its pooler. */
    static final Heads BERT = of(
            c -> Activation.TANH,
            c -> c.activation("hidden_act", "gelu"),
            1e-12,
            List.of(Row.of("head.dense.*", "pooler.dense.*"), Row.of("head.out.*", "classifier.*")),
            List.of(
                    Row.of("head.dense.*", "cls.predictions.transform.dense.*"),
                    Row.of("head.norm.*", "cls.predictions.transform.LayerNorm.*"),
                    Row.of("head.out.bias", "cls.predictions.bias"),
                    Row.of("head.out.weight", "cls.predictions.decoder.weight")));

    /**
     * Those of DeBERTa, of which the words' have BERT's names in files of transformers and others in those of
     * Microsoft.
     */
    static final Heads DEBERTA = of(
            c -> c.activation("pooler_hidden_act", "gelu"),
            c -> c.activation("hidden_act", "gelu"),
            1e-7,
            BERT.of(Task.TEXTS),
            Stream.concat(
                            BERT.of(Task.WORDS).stream(),
                            Stream.of(
                                    Row.of("head.dense.*", "lm_predictions.lm_head.dense.*"),
                                    Row.of("head.norm.*", "lm_predictions.lm_head.LayerNorm.*"),
                                    Row.of("head.out.bias", "lm_predictions.lm_head.bias")))
                    .toList());

    /** Those of RoBERTa, XLM-R and MPNet. */
    static final Heads ROBERTA = of(
            c -> Activation.TANH,
            c -> Activation.GELU,
            1e-12,
            List.of(Row.of("head.dense.*", "classifier.dense.*"), Row.of("head.out.*", "classifier.out_proj.*")),
            List.of(
                    Row.of("head.dense.*", "lm_head.dense.*"),
                    Row.of("head.norm.*", "lm_head.layer_norm.*"),
                    Row.of("head.out.bias", "lm_head.bias"),
                    Row.of("head.out.weight", "lm_head.decoder.weight")));

    /** Those of DistilBERT. */
    static final Heads DISTILLED = of(
            c -> Activation.RELU,
            c -> c.activation("activation", "gelu"),
            1e-12,
            List.of(Row.of("head.dense.*", "pre_classifier.*"), Row.of("head.out.*", "classifier.*")),
            List.of(
                    Row.of("head.dense.*", "vocab_transform.*"),
                    Row.of("head.norm.*", "vocab_layer_norm.*"),
                    Row.of("head.out.*", "vocab_projector.*")));

    /** Those of ModernBERT, which have one form. */
    static final Heads MODERN = modern();

    /** Those of NomicBERT in transformers. */
    static final Heads NOMIC = of(
            c -> Activation.TANH,
            c -> Activation.SILU,
            1e-12,
            BERT.of(Task.TEXTS),
            List.of(
                    Row.of("head.dense.*", "cls.predictions.transform.dense.*"),
                    Row.of("head.norm.*", "cls.predictions.transform.layer_norm.*"),
                    Row.of("head.out.bias", "cls.predictions.bias"),
                    Row.of("head.out.weight", "cls.predictions.decoder.weight")));

    /** Those of NomicBERT in Nomic's own code, which has no others. */
    static final Heads OF_NOMIC = new Heads(
            c -> Activation.TANH,
            c -> Activation.SILU,
            1e-12,
            Map.of(
                    Task.TEXTS,
                    BERT.of(Task.TEXTS),
                    Task.WORDS,
                    List.of(
                            Row.of("head.dense.weight", "cls.predictions.transform.dense.weight"),
                            Row.of("head.norm.*", "cls.predictions.transform.layer_norm.*"),
                            Row.of("head.out.weight", "cls.predictions.decoder.weight"))));

    private static Heads modern() {
        Function<Config, Activation> act = c -> c.activation("classifier_activation", "gelu");
        List<Row> front = List.of(
                Row.of("head.dense.weight", "head.dense.weight"), Row.of("head.norm.weight", "head.norm.weight"));
        List<Row> labels = Stream.concat(front.stream(), Stream.of(Row.of("head.out.*", "classifier.*")))
                .toList();
        List<Row> decoder = Stream.concat(front.stream(), Stream.of(Row.of("head.out.*", "decoder.*")))
                .toList();
        return new Heads(
                act,
                act,
                1e-5,
                Map.of(Task.TEXTS, labels, Task.TOKENS, labels, Task.ANSWERS, labels, Task.WORDS, decoder));
    }

    /** The heads of tokens and of answers have the same names in all of these families. */
    private static Heads of(
            Function<Config, Activation> texts,
            Function<Config, Activation> words,
            double epsilon,
            List<Row> ofTexts,
            List<Row> ofWords) {
        return new Heads(
                texts,
                words,
                epsilon,
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

    /**
     * Makes the head of a task as the settings say.
     *
     * @throws IllegalArgumentException if the settings have biases that are not known
     */
    Headed on(TextEncoder encoder, Config c, Task task) {
        if (c.flag("classifier_bias", false) || !c.flag("decoder_bias", true)) {
            throw c.wrong("only a \"classifier_bias\" of false and a \"decoder_bias\" of true are known");
        }
        int width = encoder.width();
        int inner = task == Task.WORDS ? encoder.words().weight().shape().dim(1) : width;
        Linear dense = fresh(width, inner).act((task == Task.WORDS ? words : texts).apply(c));
        float small = (float) c.number(epsilon, "layer_norm_eps", "norm_eps", "layer_norm_epsilon");
        LayerNorm norm = new LayerNorm(inner).epsilon(small);
        Linear out = switch (task) {
            case TEXTS, TOKENS -> fresh(width, c.labels().size());
            case ANSWERS -> fresh(width, 2);
            case WORDS -> words(encoder, c.flag("tie_word_embeddings", true));
        };
        return new Headed(
                encoder,
                new Head(
                        !names(task, "dense", "weight")
                                ? null
                                : names(task, "dense", "bias") ? dense : dense.withoutBias(),
                        !names(task, "norm", "weight")
                                ? null
                                : names(task, "norm", "bias") ? norm : new LayerNorm(norm.weight(), null, 1, small),
                        names(task, "out", "bias") ? out : out.withoutBias()));
    }

    /** The layer {@code Dense} of sentence-transformers on vectors of this width, as its folder says. */
    static Linear dense(int width, Path folder) {
        Config c = Config.read(folder.resolve("config.json"));
        c.mustBe("module_input_name", "sentence_embedding");
        c.mustBe("module_output_name", "sentence_embedding");
        int in = c.count("in_features");
        if (in != width) {
            throw c.wrong("\"in_features\" is " + in + " but the vectors of the encoder have " + width + " numbers");
        }
        Linear linear = fresh(in, c.count("out_features"));
        String name = c.text("activation_function");
        if (name == null || name.endsWith(".Tanh")) { // the default of sentence-transformers
            linear = linear.act(Activation.TANH);
        } else if (!name.endsWith(".Identity")) {
            throw c.wrong("\"activation_function\" is " + InputFile.quoted(name) + " but only Tanh and Identity of"
                    + " torch.nn are known");
        }
        return c.flag("bias", true) ? linear : linear.withoutBias();
    }

    /** A layer that begins as transformers' do by default. */
    private static Linear fresh(int in, int out) {
        return new Linear(in, out, Init.normal(0, 0.02f)).withBias(Init.zeros());
    }

    private static Linear words(TextEncoder encoder, boolean tied) {
        Linear own = fresh(encoder.words().weight().shape().dim(1), encoder.vocabulary());
        Parameter bias = new Parameter(Shape.of(encoder.vocabulary()), Init.zeros());
        return new Linear(tied ? encoder.words().weight() : own.weight(), bias, null);
    }

    /** The rows of a task, which are none where no head of it is known. */
    List<Row> of(Task task) {
        return rows.getOrDefault(task, List.of());
    }

    /** What of a text's tokens its head reads. */
    static Pooling pooling(Config c) {
        String name = "modernbert".equals(c.text("model_type")) ? c.text("classifier_pooling") : null;
        if (name == null || name.equals("cls")) {
            return Pooling.CLS;
        }
        if (name.equals("mean")) {
            return Pooling.MEAN;
        }
        throw c.wrong("\"classifier_pooling\" is " + InputFile.quoted(name) + " but only cls and mean are known");
    }

    private boolean names(Task task, String part, String tensor) {
        String name = "head." + part + ".";
        return of(task).stream()
                .map(row -> row.inNet().get(0))
                .anyMatch(row -> row.equals(name + tensor) || row.equals(name + "*"));
    }
}
