package dev.fathom.finetune;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.decode.CausalNet;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.AdamW;
import dev.fathom.parameter.Parameter;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.FillMask;
import dev.fathom.pretrained.HeadTuning;
import dev.fathom.pretrained.Pretrained;
import dev.fathom.pretrained.Reranker;
import dev.fathom.pretrained.TextEncoder;
import dev.fathom.pretrained.TokenClassifier;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads on encoders are trained as PyTorch does, and come back from the folders to which they were written. */
class HeadTuningTest {
    private static final String[] LABELS = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};
    private static final List<String> TEXTS = List.of("anna lives in paris .", "bob sees a dog", "cat");

    @TempDir
    Path temp;

    private static float[] gradient(Model<?> model, String name) {
        return requireNonNull(model.parameter(name).gradient()).toArray();
    }

    private static float[] query(Model<?> model) {
        float[] all = gradient(model, "encoder.encoder.layers.0.self_attn.in_proj_weight");
        return Arrays.copyOf(all, all.length / 3);
    }

    @Test
    void aClassifierHasPyTorchsGradients() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("classifier");
        List<String> texts = List.of(new Gson().fromJson(of.get("texts"), String[].class));
        try (HeadTuning tuning = HeadTuning.classifier(Golden.folder("heads-bert"), LABELS);
                Pass pass = Pass.grad()) {
            Tensor loss = tuning.logits(tuning.tokenizer().encode(texts))
                    .crossEntropy(Tensor.ofInts(Golden.ints(of.get("classes")), 3));
            Golden.loss(loss, of);
            pass.backward(loss);
            Golden.gradient(query(tuning.model()), of, "bert.encoder.layer.0.attention.self.query.weight");
            Golden.gradient(gradient(tuning.model(), "head.dense.weight"), of, "bert.pooler.dense.weight");
            Golden.gradient(gradient(tuning.model(), "head.out.weight"), of, "classifier.weight");
            Golden.gradient(gradient(tuning.model(), "head.out.bias"), of, "classifier.bias");
        }
    }

    @Test
    void tokensHavePyTorchsGradients() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("tokens");
        try (HeadTuning tuning = HeadTuning.tokenClassifier(tokens(), LABELS);
                Pass pass = Pass.grad()) {
            Tensor loss = tuning.logits(
                            List.of(tuning.tokenizer().encode(of.get("text").getAsString())))
                    .crossEntropy(Tensor.ofInts(Golden.ints(of.get("classes")), 7));
            Golden.loss(loss, of);
            pass.backward(loss);
            Golden.gradient(query(tuning.model()), of, "bert.encoder.layer.0.attention.self.query.weight");
            Golden.gradient(gradient(tuning.model(), "head.out.weight"), of, "classifier.weight");
        }
    }

    /** The folder heads-bert with the name of a token classifier, whose head it has. */
    private Path tokens() throws IOException {
        Path folder = temp.resolve("tokens");
        try (HeadTuning tuning = HeadTuning.stored(Golden.folder("heads-bert"))) {
            assertThat(tuning.labels()).containsExactly(LABELS);
            tuning.save(folder);
        }
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replace("BertForSequenceClassification", "BertForTokenClassification"));
        return folder;
    }

    private static void train(HeadTuning tuning, Function<Tensor, Tensor> loss, List<EncodedText> texts) {
        float first = Float.NaN;
        float last = Float.NaN;
        try (var optimizer = new AdamW(5e-3f).on(tuning.model())) {
            for (int step = 0; step < 30; step++) {
                try (Pass pass = Pass.train(new Rng(step))) {
                    Tensor value = loss.apply(tuning.logits(texts));
                    pass.backward(value);
                    last = value.item();
                    first = step == 0 ? last : first;
                    optimizer.step();
                }
            }
        }
        assertThat(last).isLessThan(0.6f * first);
    }

    private static float[] logits(HeadTuning tuning, List<EncodedText> texts) {
        try (Pass pass = Pass.infer()) {
            assertThat(pass.training()).isFalse();
            return tuning.logits(texts).toArray();
        }
    }

    private static JsonObject config(Path folder) throws IOException {
        return new Gson().fromJson(Files.readString(folder.resolve("config.json")), JsonObject.class);
    }

    /** The weights of the reader that was loaded again give the bits of the net that was trained. */
    private void again(HeadTuning tuning, Path to, List<EncodedText> texts, String architecture) throws IOException {
        tuning.save(to);
        assertThat(config(to).getAsJsonArray("architectures").get(0).getAsString())
                .isEqualTo(architecture);
        try (HeadTuning stored = HeadTuning.stored(to)) {
            assertThat(logits(stored, texts)).isEqualTo(logits(tuning, texts));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "distilbert", "xlm-roberta", "deberta", "modernbert", "nomic"})
    void aClassifierOfNewLabelsIsReadAgain(String kind) throws IOException {
        Path to = temp.resolve("a").resolve("b");
        Path folder = Golden.folder("heads-" + kind);
        String class_ = config(folder).getAsJsonArray("architectures").get(0).getAsString();
        try (HeadTuning tuning = HeadTuning.classifier(folder, "no", "yes", "perhaps")) {
            List<EncodedText> texts = tuning.tokenizer().encode(TEXTS);
            train(tuning, y -> y.crossEntropy(Tensor.ofInts(new int[] {2, 0, 1}, 3)), texts);
            again(tuning, to, texts, class_);
            JsonObject config = config(to);
            assertThat(config.getAsJsonObject("id2label").toString())
                    .isEqualTo("{\"0\":\"no\",\"1\":\"yes\",\"2\":\"perhaps\"}");
            assertThat(config.getAsJsonObject("label2id").toString()).isEqualTo("{\"no\":0,\"yes\":1,\"perhaps\":2}");
            assertThat(config.get("problem_type").getAsString()).isEqualTo("single_label_classification");
            assertThat(config.get("vocab_size")).isEqualTo(config(folder).get("vocab_size"));
        }
        try (Classifier classifier = Classifier.load(to)) {
            List<String> best = classifier.classify(TEXTS).stream()
                    .map(labels -> labels.get(0).label())
                    .toList();
            assertThat(best).containsExactly("perhaps", "no", "yes");
        }
    }

    /** The names are those of transformers' classes, whose heads stand beside the encoder's prefix. */
    @Test
    void namesAreThoseOfTransformers() throws IOException {
        for (String kind : List.of("bert", "xlm-roberta", "distilbert", "deberta", "modernbert", "nomic")) {
            Path from = Golden.folder("heads-" + kind);
            Path to = temp.resolve(kind);
            try (HeadTuning tuning = HeadTuning.stored(from)) {
                tuning.save(to);
            }
            try (Safetensors all = Safetensors.read(from.resolve("model.safetensors"));
                    Safetensors some = Safetensors.read(to.resolve("model.safetensors"))) {
                assertThat(all.names()).as(kind).containsAll(some.names());
                Set<String> rest = new TreeSet<>(all.names());
                rest.removeAll(some.names());
                // the heads of the other tasks alone are left out
                assertThat(rest)
                        .as(kind)
                        .allMatch(
                                name -> name.matches(
                                        "(cls|lm_head|vocab_|qa_outputs|decoder|classifier\\.(weight|bias)|.*lm_predictions).*"));
            }
        }
    }

    @Test
    void severalLabelsScoresAndNumbers() throws IOException {
        Path folder = Golden.folder("heads-bert");
        try (HeadTuning tuning = HeadTuning.multiLabel(folder, "red", "old")) {
            List<EncodedText> texts = tuning.tokenizer().encode(TEXTS);
            train(
                    tuning,
                    y -> y.bceWithLogits(Tensor.of(new float[] {1, 0, 1, 1, 0, 0}, 3, 2))
                            .mean(),
                    texts);
            again(tuning, temp.resolve("multi"), texts, "BertForSequenceClassification");
        }
        try (Classifier classifier = Classifier.load(temp.resolve("multi"))) {
            assertThat(classifier.classify(TEXTS.get(1))).allMatch(label -> label.score() > 0.5f);
        }
        try (HeadTuning tuning = HeadTuning.reranker(folder)) {
            List<EncodedText> pairs = List.of(
                    tuning.tokenizer().encode("where is anna ?", "anna lives in paris ."),
                    tuning.tokenizer().encode("where is anna ?", "the old dog walks"));
            train(
                    tuning,
                    y -> y.bceWithLogits(Tensor.of(new float[] {1, 0}, 2, 1)).mean(),
                    pairs);
            again(tuning, temp.resolve("rerank"), pairs, "BertForSequenceClassification");
        }
        try (Reranker reranker = Reranker.load(temp.resolve("rerank"))) {
            assertThat(reranker.rank("where is anna ?", List.of("the old dog walks", "anna lives in paris ."))
                            .get(0)
                            .passage())
                    .isEqualTo(1);
        }
        try (HeadTuning tuning = HeadTuning.regression(temp.resolve("rerank"))) {
            List<EncodedText> texts = tuning.tokenizer().encode(TEXTS);
            train(
                    tuning,
                    y -> y.sub(Tensor.of(new float[] {3, -2, 5}, 3, 1)).square().mean(),
                    texts);
            again(tuning, temp.resolve("number"), texts, "BertForSequenceClassification");
            float[] numbers = logits(tuning, texts);
            try (Classifier classifier = Classifier.load(temp.resolve("number"))) {
                assertThat(classifier.classify("cat").get(0).score()).isEqualTo(numbers[2]);
            }
        }
    }

    @Test
    void otherHeadsAreReadAgain() throws IOException {
        Path folder = Golden.folder("heads-bert");
        try (HeadTuning tuning = HeadTuning.tokenClassifier(folder, "O", "NAME")) {
            List<EncodedText> texts = tuning.tokenizer().encode(List.of("anna lives ."));
            train(tuning, y -> y.crossEntropy(Tensor.ofInts(new int[] {0, 1, 0, 0, 0}, 5)), texts);
            again(tuning, temp.resolve("names"), texts, "BertForTokenClassification");
        }
        try (TokenClassifier names = TokenClassifier.load(temp.resolve("names"))) {
            assertThat(names.spans("anna lives ."))
                    .extracting(TokenClassifier.Span::end)
                    .containsExactly(4);
        }
        try (HeadTuning tuning = HeadTuning.fillMask(folder)) {
            again(tuning, temp.resolve("words"), tuning.tokenizer().encode(TEXTS), "BertForMaskedLM");
        }
        try (FillMask first = FillMask.load(temp.resolve("words"))) {
            assertThat(first.fill("the [MASK] sees a dog .", 3)).hasSize(3);
        }
        Path answers = temp.resolve("names");
        Files.writeString(
                answers.resolve("config.json"),
                Files.readString(answers.resolve("config.json")).replace("TokenClassification", "QuestionAnswering"));
        assertThatThrownBy(() -> HeadTuning.stored(answers).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("head.out.weight");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama-3"})
    void decodersAreReadAgain(String kind) throws IOException {
        Path folder = Golden.folder(kind);
        Path to = temp.resolve(kind);
        try (Model<CausalNet> model = Pretrained.decoder(folder);
                var optimizer = new AdamW(1e-2f).on(model)) {
            try (Pass pass = Pass.grad()) {
                pass.backward(next(model).square().mean());
                optimizer.step();
            }
            Pretrained.save(model, folder, to);
            try (Model<CausalNet> again = Pretrained.decoder(to);
                    Model<CausalNet> before = Pretrained.decoder(folder);
                    Pass pass = Pass.infer()) {
                assertThat(pass.training()).isFalse();
                assertThat(values(again)).isEqualTo(values(model)).isNotEqualTo(values(before));
                assertThat(next(again).toArray()).isEqualTo(next(model).toArray());
            }
        }
        assertThat(config(to)).isEqualTo(config(folder));
        try (Safetensors written = Safetensors.read(to.resolve("model.safetensors"))) {
            String prefix = kind.equals("gpt2") ? "transformer." : "model.";
            assertThat(written.names()).allMatch(n -> n.startsWith(prefix) || n.equals("lm_head.weight"));
            if (kind.equals("gpt2")) {
                int width = written.shape("transformer.wte.weight").dim(1);
                assertThat(written.shape("transformer.h.0.attn.c_attn.weight").toArray())
                        .containsExactly(width, 3 * width);
            }
        }
    }

    private static Tensor next(Model<CausalNet> model) {
        CausalNet net = model.net();
        return net.step(Tensor.ofInts(new int[] {3, 1, 4, 1, 5}, 1, 5), net.state(1, 5))
                .output();
    }

    private static List<String> values(Model<?> model) {
        return model.parameters().stream()
                .map((Parameter p) -> p.name() + Arrays.hashCode(p.value().toArray()))
                .toList();
    }

    @Test
    void encodersAreReadAgain() {
        Path folder = Golden.folder("heads-bert");
        try (Model<TextEncoder> model = Pretrained.encoder(folder)) {
            Pretrained.save(model, folder, temp.resolve("encoder"));
        }
        try (Embedder first = Embedder.load(folder);
                Embedder again = Embedder.load(temp.resolve("encoder"))) {
            assertThat(again.embed("cat")).isEqualTo(first.embed("cat"));
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Path folder = Golden.folder("heads-bert");
        assertThatThrownBy(() -> HeadTuning.classifier(folder, "a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("HeadTuning: the labels [a] must be at least 2 and differ; name each once, in the order of"
                        + " the model's outputs");
        assertThatThrownBy(() -> HeadTuning.multiLabel(folder, "a", "a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[a, a]");
        assertThatThrownBy(() -> HeadTuning.stored(Golden.folder("bert")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no head that is known");
        assertThatThrownBy(() -> HeadTuning.classifier(Golden.folder("gpt2"), "a", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the family \"gpt2\" is not known; those are [bert, camembert");
        assertThatThrownBy(() -> HeadTuning.tokenClassifier(Golden.folder("heads-nomic"), "a", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no head of the family \"nomic_bert\" in Nomic's own code is known");
        try (HeadTuning tuning = HeadTuning.stored(folder)) {
            assertThatThrownBy(() -> tuning.save(folder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is the folder from which the model was read");
            Model<? extends Net> model = tuning.model();
            assertThatThrownBy(() -> Pretrained.save(model, folder, temp))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("save: a Headed is neither an encoder nor a decoder; save a net with a head by"
                            + " HeadTuning.save");
        }
    }
}
