package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Heads on tiny encoders give what PyTorch and the pipelines of transformers do with the same weights, as
 * test-data/pretrained/heads.py writes them down.
 */
class HeadsTest {
    @TempDir
    Path temp;

    private static Path folder(String kind) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "heads-" + kind);
    }

    private static JsonObject expected(String kind) throws IOException {
        return new Gson().fromJson(Files.readString(folder(kind).resolve("expected.json")), JsonObject.class);
    }

    /** The folder of a family for another task, and with another setting where one is given. */
    private Path folder(String kind, String task, String... setting) throws IOException {
        Path to = Files.createTempDirectory(temp, kind);
        try (var files = Files.list(folder(kind))) {
            for (Path each : (Iterable<Path>) files::iterator) {
                Files.copy(each, to.resolve(each.getFileName()));
            }
        }
        JsonObject config = new Gson().fromJson(Files.readString(to.resolve("config.json")), JsonObject.class);
        String name = config.getAsJsonArray("architectures").get(0).getAsString();
        JsonArray names = new JsonArray();
        names.add(name.replace("ForSequenceClassification", task));
        config.add("architectures", names);
        for (int i = 0; i < setting.length; i += 2) {
            config.add(setting[i], new Gson().fromJson(setting[i + 1], JsonElement.class));
        }
        Files.writeString(to.resolve("config.json"), config.toString());
        return to;
    }

    /** The folder of ModernBERT whose {@code classifier} is the head of answers, which heads.py calls another name. */
    private Path answering() throws IOException {
        return renamed(
                folder("modernbert", "ForQuestionAnswering"),
                name -> name.startsWith("classifier.") ? "" : name.replace("qa_outputs.", "classifier."));
    }

    /** This folder with other names of the tensors in its file, and without those whose name is empty. */
    private static Path renamed(Path folder, UnaryOperator<String> names) {
        Path file = folder.resolve("model.safetensors");
        Safetensors.Writer writer = new Safetensors.Writer();
        try (Safetensors all = Safetensors.read(file)) {
            for (String name : all.names()) {
                float[] values = new float[(int) all.shape(name).size()];
                all.copy(name, FloatBuffer.wrap(values));
                String other = names.apply(name);
                if (!other.isEmpty()) {
                    writer.add(other, all.shape(name), FloatBuffer.wrap(values));
                }
            }
        }
        writer.write(file);
        return folder;
    }

    private static List<JsonObject> list(JsonElement all) {
        List<JsonObject> each = new ArrayList<>();
        all.getAsJsonArray().forEach(e -> each.add(e.getAsJsonObject()));
        return each;
    }

    private static double[] doubles(JsonElement all) {
        return new Gson().fromJson(all, double[].class);
    }

    private static void close(double actual, double expected, String what) {
        assertThat(actual).as(what).isCloseTo(expected, offset(1e-5 * Math.abs(expected) + 1e-6));
    }

    private static double[] softmax(double[] z) {
        double sum =
                IntStream.range(0, z.length).mapToDouble(i -> Math.exp(z[i])).sum();
        return IntStream.range(0, z.length)
                .mapToDouble(i -> Math.exp(z[i]) / sum)
                .toArray();
    }

    private static void labels(List<Classifier.Label> actual, List<String> names, double[] scores, String what) {
        assertThat(actual).as(what).hasSize(scores.length);
        for (Classifier.Label each : actual) {
            close(each.score(), scores[names.indexOf(each.label())], what + " " + each.label());
        }
        assertThat(actual)
                .isSortedAccordingTo(
                        Comparator.comparing(Classifier.Label::score).reversed());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert", "nomic"})
    void aClassifier(String kind) throws IOException {
        JsonObject expected = expected(kind);
        try (Classifier classifier = Classifier.load(folder(kind))) {
            assertThat(classifier.labels()).containsExactly("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
            assertThat(classifier.tokensPerSecond()).isZero();
            for (JsonObject each : list(expected.get("texts"))) {
                String text = each.get("text").getAsString();
                double[] scores = softmax(doubles(each.get("logits")));
                labels(classifier.classify(text), classifier.labels(), scores, text);
            }
            for (JsonObject each : list(expected.get("pairs"))) {
                String[] pair = new Gson().fromJson(each.get("pair"), String[].class);
                double[] scores = softmax(doubles(each.get("logits")));
                labels(classifier.classify(pair[0], pair[1]), classifier.labels(), scores, pair[0]);
            }
            assertThat(classifier.tokensPerSecond()).isPositive();
            assertThat(classifier.classify(List.of())).isEmpty();
        }
    }

    @Test
    void fewerThreadsGiveTheSameBits() {
        try (Classifier classifier = Classifier.load(folder("bert"))) {
            List<Classifier.Label> before = classifier.classify("anna lives in paris .");
            classifier.threads(1);
            assertThat(classifier.classify("anna lives in paris .")).isEqualTo(before);
            assertThatThrownBy(() -> classifier.threads(-1)).hasMessageContaining("Classifier: threads=-1");
        }
    }

    /** RoBERTa has one type, and transformers gives it no others although its tokenizer's files may name them. */
    @Test
    void aPairMayNameTypesThatAreNotThere() throws IOException {
        Path folder = folder("xlm-roberta", "ForSequenceClassification");
        Path file = folder.resolve("tokenizer.json");
        JsonObject tokenizer = new Gson().fromJson(Files.readString(file), JsonObject.class);
        tokenizer.add("post_processor", new Gson().fromJson("""
                {"type": "TemplateProcessing",
                 "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                            {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                 "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                          {"SpecialToken": {"id": "</s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
                          {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "</s>", "type_id": 1}}],
                 "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                                    "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}
                """, JsonObject.class));
        Files.writeString(file, tokenizer.toString());
        try (Classifier named = Classifier.load(folder);
                Classifier plain = Classifier.load(folder("xlm-roberta"))) {
            assertThat(named.classify("who ?", "bob .")).isEqualTo(plain.classify("who ?", "bob ."));
        }
    }

    /** The problem's type says what becomes of the outputs. */
    @Test
    void severalLabelsAndRegression() throws IOException {
        JsonObject first = list(expected("bert").get("texts")).get(0);
        String text = first.get("text").getAsString();
        double[] logits = doubles(first.get("logits"));
        double[] sigmoids = IntStream.range(0, 5)
                .mapToDouble(i -> 1 / (1 + Math.exp(-logits[i])))
                .toArray();
        for (String type : List.of("multi_label_classification", "regression")) {
            Path folder = folder("bert", "ForSequenceClassification", "problem_type", '"' + type + '"');
            try (Classifier classifier = Classifier.load(folder)) {
                double[] scores = type.equals("regression") ? logits : sigmoids;
                labels(classifier.classify(text), classifier.labels(), scores, type);
            }
        }
    }

    /** A folder whose last layer gives only the first of its five outputs. */
    private Path oneOutput(String kind, String... setting) throws IOException {
        Path folder = folder(
                kind,
                "ForSequenceClassification",
                Stream.concat(Stream.of("id2label", "{\"0\": \"LABEL_0\"}"), Stream.of(setting))
                        .toArray(String[]::new));
        Path file = folder.resolve("model.safetensors");
        Safetensors.Writer writer = new Safetensors.Writer();
        try (Safetensors all = Safetensors.read(file)) {
            String out = kind.equals("xlm-roberta") ? "classifier.out_proj." : "classifier.";
            for (String name : all.names()) {
                float[] values = new float[(int) all.shape(name).size()];
                all.copy(name, FloatBuffer.wrap(values));
                Shape whole = all.shape(name);
                Shape shape = name.startsWith(out) ? whole.with(0, 1) : whole;
                writer.add(name, shape, FloatBuffer.wrap(values, 0, (int) shape.size()));
            }
        }
        writer.write(file);
        return folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert", "nomic"})
    void aReranker(String kind) throws IOException {
        List<JsonObject> pairs = list(expected(kind).get("pairs"));
        Path plain = oneOutput(kind);
        Path identity = oneOutput(kind, "sbert_ce_default_activation_function", "\"torch.nn.modules.linear.Identity\"");
        try (Reranker sigmoids = Reranker.load(plain);
                Reranker outputs = Reranker.load(identity);
                Classifier one = Classifier.load(plain)) {
            for (JsonObject each : pairs) {
                String[] pair = new Gson().fromJson(each.get("pair"), String[].class);
                double output = doubles(each.get("logits"))[0];
                close(outputs.scores(pair[0], List.of(pair[1]))[0], output, pair[0]);
                double sigmoid = 1 / (1 + Math.exp(-output));
                close(sigmoids.scores(pair[0], List.of(pair[1]))[0], sigmoid, pair[0]);
                close(one.classify(pair[0], pair[1]).get(0).score(), sigmoid, pair[0]);
            }
            List<String> passages = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                passages.add("anna lives near the river . ".repeat(i % 7) + "the red cat".substring(i % 11));
            }
            float[] scores = outputs.scores("where is anna ?", passages);
            List<Reranker.Ranked> ranked = outputs.rank("where is anna ?", passages);
            assertThat(ranked)
                    .isSortedAccordingTo(Comparator.comparing(Reranker.Ranked::score)
                            .reversed()
                            .thenComparing(Reranker.Ranked::passage));
            for (Reranker.Ranked each : ranked) {
                assertThat(each.score()).isEqualTo(scores[each.passage()]);
                String passage = passages.get(each.passage());
                assertThat(outputs.scores("where is anna ?", List.of(passage))).containsExactly(each.score());
            }
            assertThat(outputs.tokensPerSecond()).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert"})
    void spansOfTokens(String kind) throws IOException {
        try (TokenClassifier classifier = TokenClassifier.load(folder(kind, "ForTokenClassification"))) {
            for (JsonObject each : list(expected(kind).get("spans"))) {
                String text = each.get("text").getAsString();
                List<TokenClassifier.Span> spans = classifier.spans(text);
                List<JsonObject> those = list(each.get("spans"));
                assertThat(spans).as(text).hasSameSizeAs(those);
                for (int i = 0; i < spans.size(); i++) {
                    TokenClassifier.Span s = spans.get(i);
                    JsonObject e = those.get(i);
                    assertThat(List.of(s.label(), s.begin(), s.end()))
                            .as(text)
                            .isEqualTo(List.of(
                                    e.get("label").getAsString(),
                                    e.get("begin").getAsInt(),
                                    e.get("end").getAsInt()));
                    close(s.score(), e.get("score").getAsDouble(), text);
                }
            }
            assertThat(classifier.spans("")).isEmpty();
            assertThat(classifier.tokensPerSecond()).isPositive();
        }
    }

    /** All tokens of a text that is read in windows have a label, and those far from a cut see what they always do. */
    @Test
    void aLongTextIsReadInWindows() throws IOException {
        Path folder = folder(
                "bert",
                "ForTokenClassification",
                "id2label",
                "{\"0\":\"B-a\",\"1\":\"B-b\",\"2\":\"B-c\",\"3\":\"B-d\",\"4\":\"B-e\"}");
        try (TokenClassifier classifier = TokenClassifier.load(folder)) {
            String sentence = "anna lives in paris . ";
            for (int n : new int[] {1, 9, 10, 20, 57}) { // 46 tokens fit beside [CLS] and [SEP]
                List<TokenClassifier.Span> spans = classifier.spans(sentence.repeat(n));
                assertThat(spans).hasSize(5 * n);
                for (int i = 0; i < spans.size(); i++) {
                    int begin = new int[] {0, 5, 11, 14, 20}[i % 5] + 22 * (i / 5);
                    assertThat(spans.get(i).begin()).isEqualTo(begin);
                }
            }
            String whole = sentence.repeat(20);
            List<TokenClassifier.Span> first = classifier.spans(whole.substring(0, 9 * 22 + 5)); // the first window
            assertThat(classifier.spans(whole).subList(0, 34)).isEqualTo(first.subList(0, 34));
            assertThat(classifier.spans(whole).subList(34, 46)).isNotEqualTo(first.subList(34, 46));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert", "nomic"})
    void maskedWords(String kind) throws IOException {
        String mask = kind.equals("xlm-roberta") ? "<mask>" : "[MASK]";
        try (FillMask fill = FillMask.load(folder(kind, "ForMaskedLM"))) {
            assertThat(fill.mask()).isEqualTo(mask);
            List<String> texts = new ArrayList<>();
            for (JsonObject each : list(expected(kind).get("words"))) {
                String text = each.get("text").getAsString();
                texts.add(text);
                double[] probabilities = doubles(each.get("probabilities"));
                String[] tokens = new Gson().fromJson(each.get("tokens"), String[].class);
                List<FillMask.Filled> filled = fill.fill(text, 5);
                assertThat(filled).extracting(FillMask.Filled::token).containsExactly(tokens);
                for (int i = 0; i < 5; i++) {
                    close(filled.get(i).probability(), probabilities[i], text);
                }
                assertThat(fill.fill(text, 1)).isEqualTo(filled.subList(0, 1));
            }
            List<List<FillMask.Filled>> all = fill.fill(texts, 5);
            for (int i = 0; i < texts.size(); i++) {
                assertThat(all.get(i)).isEqualTo(fill.fill(texts.get(i), 5));
            }
            assertThatThrownBy(() -> fill.fill("the cat", 1))
                    .hasMessageContaining("text 0 has 0 times " + mask + " among its first");
            assertThatThrownBy(() -> fill.fill(mask + mask, 1)).hasMessageContaining("text 0 has 2 times");
            assertThatThrownBy(() -> fill.fill(mask, 0)).hasMessageContaining("fill: k = 0 but there are");
            assertThatThrownBy(() -> fill.fill(mask, 1000)).hasMessageContaining("fill: k = 1000 but there are");
        }
    }

    @Test
    void theWholeTextIsWritten() throws IOException {
        try (FillMask fill = FillMask.load(folder("bert", "ForMaskedLM"))) {
            for (FillMask.Filled each : fill.fill("anna lives in [MASK] .", 30)) {
                String token = each.token();
                if (!token.startsWith("[") && Character.isLetter(token.charAt(0))) {
                    assertThat(each.text()).isEqualTo("anna lives in " + token + ".");
                } else if (token.startsWith("##")) {
                    assertThat(each.text()).isEqualTo("anna lives in" + token.substring(2) + ".");
                }
            }
        }
    }

    /** The matrix of words is one parameter of both ends. */
    @Test
    void theWordsAreTied() throws IOException {
        Path folder = folder("bert", "ForMaskedLM");
        try (Model<Headed> model = Family.read(folder, Config.read(folder.resolve("config.json")), Task.WORDS)) {
            Headed net = model.net();
            assertThat(net.head().out().weight()).isSameAs(net.encoder().words().weight());
        }
        Path apart = folder("bert", "ForMaskedLM", "tie_word_embeddings", "false");
        assertThatThrownBy(() -> FillMask.load(apart)).hasMessageContaining("it lacks [head.out.weight]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert"})
    void answers(String kind) throws IOException {
        try (QuestionAnswering reader = QuestionAnswering.load(
                kind.equals("modernbert") ? answering() : folder(kind, "ForQuestionAnswering"))) {
            for (JsonObject each : list(expected(kind).get("answers"))) {
                String question = each.get("question").getAsString();
                String context = each.get("context").getAsString();
                QuestionAnswering.Answer a = reader.answer(question, context);
                assertThat(List.of(a.begin(), a.end()))
                        .as(question)
                        .isEqualTo(List.of(
                                each.get("begin").getAsInt(), each.get("end").getAsInt()));
                close(a.score(), each.get("score").getAsDouble(), question);
                assertThat(a.text()).isEqualTo(context.substring(a.begin(), a.end()));
            }
            assertThat(reader.longest(1)
                            .answer("who ?", "anna lives in paris .")
                            .text())
                    .isIn("anna", "lives", "in", "paris", ".");
            assertThat(reader.answer("who ".repeat(42), "anna lives in paris .").text())
                    .isNotEmpty();
            assertThatThrownBy(() -> reader.answer("who ".repeat(46), "anna"))
                    .hasMessageContaining("leaves none of 48 for the context; ask a shorter one");
            assertThatThrownBy(() -> reader.answer("who ?", " ")).hasMessageContaining("the context has no token");
            assertThatThrownBy(() -> reader.longest(0)).hasMessageContaining("answers of at most 0 tokens");
            assertThat(reader.tokensPerSecond()).isPositive();
        }
    }

    /** ModernBERT's head of texts reads the mean of all tokens where the settings say so. */
    @Test
    void aClassifierOfMeans() throws IOException {
        Path folder = folder("modernbert", "ForSequenceClassification", "classifier_pooling", "\"mean\"");
        try (Classifier classifier = Classifier.load(folder)) {
            for (JsonObject each : list(expected("modernbert").get("means"))) {
                String text = each.get("text").getAsString();
                labels(classifier.classify(text), classifier.labels(), softmax(doubles(each.get("logits"))), text);
            }
        }
        Path other = folder("modernbert", "ForSequenceClassification", "classifier_pooling", "\"max\"");
        assertThatThrownBy(() -> Classifier.load(other))
                .hasMessageContaining("\"classifier_pooling\" is \"max\" but only cls and mean are known");
    }

    /** The names of Microsoft's own files, and a head of pretraining, which fills in words. */
    @Test
    void otherNamesOfTheWordsHead() throws IOException {
        Path folder = renamed(
                folder("deberta", "ForMaskedLM"),
                name -> name.replace("cls.predictions.transform.", "lm_predictions.lm_head.")
                        .replace("cls.predictions.", "lm_predictions.lm_head."));
        try (FillMask theirs = FillMask.load(folder);
                FillMask ours = FillMask.load(folder("deberta", "ForMaskedLM"));
                FillMask nomic = FillMask.load(folder("nomic", "ForPreTraining"));
                FillMask same = FillMask.load(folder("nomic", "ForMaskedLM"))) {
            assertThat(theirs.fill("anna [MASK] .", 5)).isEqualTo(ours.fill("anna [MASK] .", 5));
            assertThat(nomic.fill("anna [MASK] .", 5)).isEqualTo(same.fill("anna [MASK] .", 5));
        }
        Path tokens = folder("nomic", "ForTokenClassification");
        assertThatThrownBy(() -> TokenClassifier.load(tokens))
                .hasMessageContaining(
                        "no head of the family \"nomic_bert\" in Nomic's own code is known for TokenClassifier;"
                                + " those are of [bert, camembert, deberta-v2, distilbert, modernbert, mpnet, nomic_bert, roberta,"
                                + " xlm-roberta]");
    }

    /** Alone, in any batch and beside other threads a text gives the same bits. */
    @ParameterizedTest
    @ValueSource(strings = {"bert", "xlm-roberta", "distilbert", "deberta", "modernbert"})
    void theSameBitsInAnyBatch(String kind) throws Exception {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            texts.add(
                    "anna sees the old dog near berlin and ".repeat(i % 9) + "river walks to a cat".substring(i % 19));
        }
        texts.add("");
        try (Classifier classifier = Classifier.load(folder(kind));
                TokenClassifier tokens = TokenClassifier.load(folder(kind, "ForTokenClassification"));
                FillMask fill = FillMask.load(folder(kind, "ForMaskedLM"))) {
            List<String> masked = texts.stream().map(t -> fill.mask() + " " + t).toList();
            List<Object> alone = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                alone.add(List.of(
                        classifier.classify(texts.get(i)), tokens.spans(texts.get(i)), fill.fill(masked.get(i), 3)));
            }
            ExecutorService threads = Executors.newFixedThreadPool(3);
            List<Future<List<Object>>> all = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Callable<List<Object>> job = () -> {
                    var labels = classifier.classify(texts);
                    var spans = tokens.spans(texts);
                    var words = fill.fill(masked, 3);
                    return IntStream.range(0, texts.size())
                            .mapToObj(i -> (Object) List.of(labels.get(i), spans.get(i), words.get(i)))
                            .toList();
                };
                all.add(threads.submit(job));
            }
            for (Future<List<Object>> each : all) {
                assertThat(each.get()).isEqualTo(alone);
            }
            threads.shutdown();
        }
    }

    @Test
    void anotherArchitectureIsNamed() throws IOException {
        Path masked = folder("bert", "ForMaskedLM");
        assertThatThrownBy(() -> Classifier.load(masked))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(masked.resolve("config.json") + ": it is of a BertForMaskedLM, which FillMask reads, but"
                        + " Classifier reads one whose name ends with ForSequenceClassification");
        Path bare = folder("distilbert", "Model");
        assertThatThrownBy(() -> QuestionAnswering.load(bare))
                .hasMessageContaining("it is of a DistilBertModel, which Embedder reads, but QuestionAnswering");
        Path other = folder("xlm-roberta", "ForMultipleChoice");
        assertThatThrownBy(() -> TokenClassifier.load(other))
                .hasMessageContaining("it is of a XLMRobertaForMultipleChoice, but TokenClassifier");
        assertThatThrownBy(() -> Reranker.load(folder("bert")))
                .hasMessageContaining("it has the labels [O, B-PER, I-PER, B-LOC, I-LOC], which Classifier reads");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "classifier_bias => true => only a \"classifier_bias\" of false and a \"decoder_bias\" of true are known",
                "model_type => \"t5\" => the family \"t5\" is not known",
                "id2label => {\"0\": \"a\", \"2\": \"b\"} => \"id2label\" has 2 labels but none for 1",
                "id2label => {\"0\": \"a\", \"1\": \"b\"} => does not fit the model: it has shapes [head.out.weight",
                "num_hidden_layers => 3 => it lacks [encoder.encoder.layers.2.self_attn.in_proj_weight, ",
            })
    void whatAConfigSaysWronglyIsNamed(String line) throws IOException {
        String[] parts = line.split(" => ");
        Path folder = folder("bert", "ForSequenceClassification", parts[0], parts[1]);
        assertThatThrownBy(() -> Classifier.load(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(parts[2]);
    }

    @Test
    void aClosedHeadSaysSo() {
        Classifier classifier = Classifier.load(folder("bert"));
        classifier.classify("a");
        classifier.close();
        classifier.close();
        assertThatThrownBy(() -> classifier.classify("a")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Classifier.load(temp.resolve("none")))
                .isInstanceOfAny(IllegalArgumentException.class, UncheckedIOException.class);
    }
}
