package dev.fathom.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.TextWriter;
import dev.fathom.serve.MicroBatcher.Settings;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models of texts as the callers of a service see them, beside the models themselves. */
@Timeout(120)
class TextServiceTest {
    private static final Gson JSON = new Gson();
    private static final List<String> TEXTS = List.of("The cat sat.", "What is a river?", "A dog");

    private final HttpClient client = HttpClient.newHttpClient();
    private Service service;

    private static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "by-transformers", name);
    }

    @BeforeEach
    void start() {
        service = Service.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .text(ServedText.load("vectors", folder("sentences-mean"), Settings.of(8)))
                .text(ServedText.load("labels", folder("bert-classes"), Settings.of(8)))
                .text(ServedText.load("writer", folder("gpt2"), Settings.of(8)))
                .deadline(Duration.ofSeconds(5))
                .start();
    }

    @AfterEach
    void stop() {
        service.close();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + path));
    }

    private HttpResponse<String> post(String path, String body) throws Exception {
        return send(to(path).POST(BodyPublishers.ofString(body)));
    }

    private JsonObject posted(String path, String body) throws Exception {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.fromJson(response.body(), JsonObject.class);
    }

    // ---- vectors

    private static float[] floats(JsonElement array) {
        JsonArray all = array.getAsJsonArray();
        float[] numbers = new float[all.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = all.get(i).getAsFloat();
        }
        return numbers;
    }

    private static List<float[]> vectors(JsonObject answer) {
        List<float[]> all = new ArrayList<>();
        for (JsonElement each : answer.getAsJsonArray("data")) {
            assertThat(each.getAsJsonObject().get("object").getAsString()).isEqualTo("embedding");
            assertThat(each.getAsJsonObject().get("index").getAsInt()).isEqualTo(all.size());
            all.add(floats(each.getAsJsonObject().get("embedding")));
        }
        return all;
    }

    @Test
    void embeddings() throws Exception {
        try (Embedder embedder = Embedder.load(folder("sentences-mean"))) {
            JsonObject one =
                    posted("/v1/embeddings", "{\"model\": \"vectors\", \"input\": \"A dog\", \"user\": \"me\"}");
            assertThat(one.get("object").getAsString()).isEqualTo("list");
            assertThat(one.get("model").getAsString()).isEqualTo("vectors");
            assertThat(vectors(one)).containsExactly(embedder.embed("A dog"));
            JsonObject usage = one.getAsJsonObject("usage");
            assertThat(usage.get("prompt_tokens").getAsInt())
                    .isEqualTo(embedder.encode("A dog").size())
                    .isGreaterThan(3);
            assertThat(usage.get("total_tokens")).isEqualTo(usage.get("prompt_tokens"));

            String several = "\"input\": " + JSON.toJson(TEXTS);
            assertThat(vectors(posted("/v1/embeddings", "{" + several + "}"))).containsExactly(embedder.embed(TEXTS));
            assertThat(vectors(posted("/v1/embeddings", "{" + several + ", \"dimensions\": 5}")))
                    .containsExactly(embedder.dimensions(5).embed(TEXTS));
            assertThat(vectors(posted("/v1/embeddings", "{" + several + ", \"input_type\": \"query\"}")))
                    .containsExactly(
                            embedder.prompt(embedder.prompts().get("query")).embed(TEXTS));

            String bytes = posted("/v1/embeddings", "{\"input\": \"A dog\", \"encoding_format\": \"base64\"}")
                    .getAsJsonArray("data")
                    .get(0)
                    .getAsJsonObject()
                    .get("embedding")
                    .getAsString();
            float[] read = new float[embedder.dimensions()];
            ByteBuffer.wrap(Base64.getDecoder().decode(bytes))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(read);
            assertThat(read).containsExactly(embedder.embed("A dog"));
        }
    }

    /** What many callers ask at the same time is computed together, and each gets its own. */
    @Test
    void manyCallers() throws Exception {
        try (Embedder embedder = Embedder.load(folder("sentences-mean"))) {
            List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 200)
                    .mapToObj(i -> client.sendAsync(
                            to("/v1/embeddings")
                                    .POST(BodyPublishers.ofString("{\"input\": \"dog " + i + "\"}"))
                                    .build(),
                            BodyHandlers.ofString()))
                    .toList();
            for (int i = 0; i < answers.size(); i++) {
                assertThat(vectors(JSON.fromJson(answers.get(i).get().body(), JsonObject.class)))
                        .containsExactly(embedder.embed("dog " + i));
            }
        }
        assertThat(service.texts().get("vectors").statistics().requests()).isEqualTo(200);
    }

    /** More texts than the queue holds are one request. */
    @Test
    void manyTexts() throws Exception {
        List<String> texts = IntStream.range(0, 3000).mapToObj(i -> "dog " + i).toList();
        try (Embedder embedder = Embedder.load(folder("sentences-mean"))) {
            assertThat(vectors(posted("/v1/embeddings", "{\"input\": " + JSON.toJson(texts) + "}")))
                    .containsExactly(embedder.embed(texts));
        }
    }

    // ---- labels

    @Test
    void labels() throws Exception {
        try (Classifier classifier = Classifier.load(folder("bert-classes"))) {
            JsonObject answer = posted("/predict/labels", JSON.toJson(TEXTS));
            assertThat(answer.get("examples").getAsInt()).isEqualTo(3);
            List<List<Classifier.Label>> expected = classifier.classify(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                JsonArray labels = answer.getAsJsonArray("classes").get(i).getAsJsonArray();
                assertThat(labels).hasSize(Math.min(5, classifier.labels().size()));
                for (int k = 0; k < labels.size(); k++) {
                    JsonObject label = labels.get(k).getAsJsonObject();
                    assertThat(label.get("name").getAsString())
                            .isEqualTo(expected.get(i).get(k).label());
                    assertThat(label.get("probability").getAsFloat())
                            .isEqualTo(expected.get(i).get(k).score());
                }
            }
            assertThat(posted("/predict/labels", "\"A dog\"").getAsJsonArray("classes"))
                    .hasSize(1);
        }
    }

    // ---- what follows

    private static JsonObject choice(JsonObject answer, int index) {
        JsonObject choice = answer.getAsJsonArray("choices").get(index).getAsJsonObject();
        assertThat(choice.get("index").getAsInt()).isEqualTo(index);
        return choice;
    }

    private static String text(JsonObject choice) {
        return choice.get("text").getAsString();
    }

    @Test
    void completions() throws Exception {
        try (TextWriter loaded = TextWriter.load(folder("gpt2"))) {
            TextWriter greedy = loaded.sampling(loaded.sampling().temperature(0).maxTokens(12));
            JsonObject answer = posted(
                    "/v1/completions",
                    "{\"model\": \"writer\", \"prompt\": \"The cat\", \"max_tokens\": 12, \"temperature\": 0}");
            assertThat(answer.get("object").getAsString()).isEqualTo("text_completion");
            assertThat(answer.get("id").getAsString()).startsWith("cmpl-");
            String expected = greedy.write("The cat");
            assertThat(text(choice(answer, 0))).isEqualTo(expected);
            assertThat(choice(answer, 0).get("finish_reason").getAsString()).isEqualTo("length");
            JsonObject usage = answer.getAsJsonObject("usage");
            int read;
            try (TextWriter.Pieces pieces = greedy.pieces("The cat")) {
                read = pieces.promptTokens();
            }
            assertThat(usage.get("prompt_tokens").getAsInt()).isEqualTo(read);
            assertThat(usage.get("completion_tokens").getAsInt()).isEqualTo(12);
            assertThat(usage.get("total_tokens").getAsInt()).isEqualTo(read + 12);

            String stop = expected.substring(4, 6);
            JsonObject stopped = posted(
                    "/v1/completions",
                    "{\"prompt\": \"The cat\", \"max_tokens\": 12, \"temperature\": 0, \"stop\": " + JSON.toJson(stop)
                            + "}");
            assertThat(text(choice(stopped, 0))).isEqualTo(expected.substring(0, expected.indexOf(stop)));
            assertThat(choice(stopped, 0).get("finish_reason").getAsString()).isEqualTo("stop");

            TextWriter drawing = loaded.sampling(
                    loaded.sampling().temperature(1.5f).topK(20).topP(0.9f).maxTokens(8));
            JsonObject drawn = posted(
                    "/v1/completions",
                    "{\"prompt\": [\"The cat\", \"A dog\"], \"n\": 2, \"seed\": 7, \"temperature\": 1.5, \"top_k\": 20,"
                            + " \"top_p\": 0.9, \"max_tokens\": 8, \"echo\": true}");
            for (int i = 0; i < 4; i++) {
                String prompt = i < 2 ? "The cat" : "A dog";
                assertThat(text(choice(drawn, i)))
                        .isEqualTo(prompt + drawing.seed(7 + i % 2).write(prompt));
            }
            assertThat(text(choice(drawn, 0))).isNotEqualTo(text(choice(drawn, 1)));
        }
    }

    @Test
    void streams() throws Exception {
        String asked = "{\"prompt\": [\"The cat\", \"A dog\"], \"max_tokens\": 10, \"seed\": 3, \"temperature\": 1";
        JsonObject whole = posted("/v1/completions", asked + "}");
        HttpResponse<String> response =
                post("/v1/completions", asked + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}}");
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
        List<String> events = Arrays.stream(response.body().split("\n\n"))
                .peek(event -> assertThat(event).startsWith("data: "))
                .map(event -> event.substring(6))
                .toList();
        assertThat(events.get(events.size() - 1)).isEqualTo("[DONE]");
        String[] texts = {"", ""};
        String[] reasons = new String[2];
        List<JsonObject> chunks = events.subList(0, events.size() - 1).stream()
                .map(event -> JSON.fromJson(event, JsonObject.class))
                .toList();
        assertThat(chunks.size()).isGreaterThan(10);
        for (JsonObject chunk : chunks.subList(0, chunks.size() - 1)) {
            JsonObject choice = chunk.getAsJsonArray("choices").get(0).getAsJsonObject();
            int index = choice.get("index").getAsInt();
            assertThat(reasons[index]).isNull();
            texts[index] += text(choice);
            if (!choice.get("finish_reason").isJsonNull()) {
                reasons[index] = choice.get("finish_reason").getAsString();
            }
            assertThat(chunk.get("id")).isEqualTo(chunks.get(0).get("id"));
        }
        for (int i = 0; i < 2; i++) {
            assertThat(texts[i]).isEqualTo(text(choice(whole, i)));
            assertThat(reasons[i])
                    .isEqualTo(choice(whole, i).get("finish_reason").getAsString());
        }
        JsonObject last = chunks.get(chunks.size() - 1);
        assertThat(last.getAsJsonArray("choices")).isEmpty();
        assertThat(last.get("usage")).isEqualTo(whole.get("usage"));
    }

    /** A caller that goes away ends its turn, and the next gets it. */
    @Test
    void goesAway() throws Exception {
        for (int i = 0; i < 3; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.port())) {
                String body = "{\"prompt\": \"The cat\", \"max_tokens\": 100, \"n\": 100, \"stream\": true}";
                OutputStream out = socket.getOutputStream();
                out.write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.UTF_8));
                out.flush();
                assertThat(socket.getInputStream().read()).isEqualTo('H');
            }
        }
        posted("/v1/completions", "{\"prompt\": \"The cat\"}");
    }

    @Test
    void waitsForItsTurn() throws Exception {
        try (Service late = Service.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .deadline(Duration.ofMillis(50))) {
            ServedWriter writer = new ServedWriter("writer", TextWriter.load(folder("gpt2")), 1);
            late.text(writer).start();
            long begin = writer.begin(Duration.ofSeconds(1));
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://localhost:" + late.port() + "/v1/completions"))
                    .POST(BodyPublishers.ofString("{\"prompt\": \"The cat\"}"))
                    .build();
            assertThat(client.send(request, BodyHandlers.ofString()).statusCode())
                    .isEqualTo(504);
            writer.end(begin);
            assertThat(client.send(request, BodyHandlers.ofString()).statusCode())
                    .isEqualTo(200);
            assertThat(writer.statistics().late()).isEqualTo(1);
        }
    }

    /** A close ends what is still being written after the time of grace, with an answer or a broken stream. */
    @Test
    void closesWhileItWrites() throws Exception {
        service.grace(Duration.ofMillis(20));
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (boolean stream : new boolean[] {true, false}) {
            String body = "{\"prompt\": \"The cat\", \"max_tokens\": 1000, \"n\": 128, \"stream\": " + stream + "}";
            answers.add(client.sendAsync(
                    to("/v1/completions").POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString()));
        }
        Thread.sleep(100);
        service.close();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertThat(answer.handle((response, failed) -> true).get()).isTrue();
        }
    }

    // ---- mistakes

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    embeddings | []                                                    | 400 | the body must be an object
                    embeddings | {}                                                    | 400 | "input" must be a text or an array of texts
                    embeddings | {"input": []}                                         | 400 | "input" must be a text or an array of texts
                    embeddings | {"input": [1, 2]}                                     | 400 | "input" must be a text or an array of texts
                    embeddings | {"input": "a", "model": "other"}                      | 404 | no model "other" that gives vectors; there are [vectors]
                    embeddings | {"input": "a", "model": "writer"}                     | 404 | no model "writer" that gives vectors
                    embeddings | {"input": "a", "dimension": 5}                        | 400 | "dimension" is not known
                    embeddings | {"input": "a", "dimensions": 5.5}                     | 400 | "dimensions" is 5.5; give a whole number
                    embeddings | {"input": "a", "dimensions": 10000}                   | 400 | 10000 dimensions
                    embeddings | {"input": "a", "encoding_format": "hex"}              | 400 | give float or base64
                    embeddings | {"input": "a", "input_type": "poem"}                  | 400 | no input_type "poem"
                    completions | {"prompt": ""}                                       | 400 | the text has 0 tokens
                    completions | {"prompt": "a", "temperature": -1}                   | 400 | temperature
                    completions | {"prompt": "a", "temperature": "hot"}                | 400 | "temperature" must be a number
                    completions | {"prompt": "a", "max_tokens": 0}                     | 400 | "max_tokens" is 0.0
                    completions | {"prompt": "a", "logprobs": 2}                       | 400 | "logprobs" is not supported
                    completions | {"prompt": "a", "stream": 1}                         | 400 | "stream" must be true or false
                    completions | {"prompt": "a", "stop": ["a", "b", "c", "d", "e"]}   | 400 | 5 stops
                    completions | {"prompt": "a", "stop": ""}                          | 400 | an empty stop
                    completions | {"prompt": ["a", "b"], "n": 100}                     | 400 | more than 128 texts
                    """)
    void refusals(String route, String body, int status, String message) throws Exception {
        HttpResponse<String> response = post("/v1/" + route, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonObject error = JSON.fromJson(response.body(), JsonObject.class).getAsJsonObject("error");
        assertThat(error.get("message").getAsString()).contains(message);
        assertThat(error.get("type").getAsString()).isEqualTo("invalid_request_error");
        assertThat(posted("/v1/completions", "{\"prompt\": \"a\", \"presence_penalty\": 0, \"best_of\": 1}"))
                .isNotNull(); // and its turn came
    }

    @Test
    void otherMistakes() throws Exception {
        assertThat(send(to("/v1/embeddings")).statusCode()).isEqualTo(405);
        assertThat(send(to("/v1/models/none")).statusCode()).isEqualTo(404);
        assertThat(send(to("/v1/chat/completions")).statusCode()).isEqualTo(404);
        assertThat(post("/predict/vectors", "[1]").body()).contains("is one of texts; ask it at /v1");
        assertThat(post("/predict/labels", "[1]").body()).contains("must be a text or an array of texts");
        assertThat(post("/predict", "\"a\"").body()).contains("[vectors, labels, writer]");
        assertThatThrownBy(() -> Service.on(0)
                        .text(service.texts().get("labels"))
                        .text(service.texts().get("labels")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is a model \"labels\" already");
        assertThatThrownBy(() -> ServedText.load("a b", folder("gpt2"), Settings.of(1)))
                .hasMessageContaining("the name \"a b\" is part of an address");
        assertThatThrownBy(() -> ServedText.load("tokens", folder("roberta-tokens"), Settings.of(1)))
                .hasMessageContaining("RobertaForTokenClassification");
    }

    // ---- the rest

    @Test
    void seenFromOutside() throws Exception {
        posted("/v1/embeddings", "{\"input\": [\"a\", \"b\"]}");
        JsonArray models =
                JSON.fromJson(send(to("/v1/models")).body(), JsonObject.class).getAsJsonArray("data");
        assertThat(models)
                .map(m -> m.getAsJsonObject().get("id").getAsString())
                .containsExactly("vectors", "labels", "writer");
        assertThat(send(to("/v1/models/writer")).body()).contains("\"id\":\"writer\"");
        assertThat(send(to("/metrics")).body())
                .contains("fathom_model_examples_total{model=\"vectors\"} 2")
                .contains("route=\"v1/embeddings\",status=\"200\"");
        assertThat(send(to("/openapi.json")).body())
                .contains("/v1/embeddings", "/v1/completions", "/predict/labels", "/v1/models");
        assertThat(send(to("/")).body()).contains("\"kind\":\"writer\"");
        assertThat(service.texts().get("vectors"))
                .hasToString("vectors: vectors of 16 numbers, of texts of at most 10 tokens");
    }

    /** A service of plans needs nothing of the module of texts. */
    @Test
    void withoutTexts() throws IOException, InterruptedException {
        String path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("fathom-text") && !entry.contains("fathom-nets"))
                .collect(Collectors.joining(File.pathSeparator));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        path,
                        Plain.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("no texts").contains("\"outputs\"");
    }

    /** A service of one plan, in a process without models of texts. */
    static final class Plain {
        private Plain() {}

        public static void main(String[] args) throws Exception {
            try {
                Class.forName("dev.fathom.pretrained.Embedder");
            } catch (ClassNotFoundException e) {
                System.out.println("no texts");
            }
            try (Service service = Service.on(0)
                    .model(new ServedModel("digits", ServiceTest.digits(), Settings.of(8)))
                    .start()) {
                HttpClient client = HttpClient.newHttpClient();
                String home = "http://localhost:" + service.port();
                for (String get : List.of("/", "/metrics", "/openapi.json", "/v1/models", "/nothing")) {
                    client.send(HttpRequest.newBuilder(URI.create(home + get)).build(), BodyHandlers.ofString());
                }
                System.out.println(client.send(
                                HttpRequest.newBuilder(URI.create(home + "/predict"))
                                        .POST(BodyPublishers.ofString("[1, 2, 3, 4]"))
                                        .build(),
                                BodyHandlers.ofString())
                        .body());
            }
        }
    }
}
