package dev.fathom.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A service as its callers see it. */
@Timeout(120)
class ServiceTest {
    private static final int IN = 4;
    private static final Gson JSON = new Gson();

    private final HttpClient client = HttpClient.newHttpClient();
    private Plan reference;
    private Service service;

    static Plan digits() {
        try (var model = Model.of(new Sequential(new Linear(IN, 8), Tensor::tanh, new Linear(8, 3)), 1)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    private record Words(Embedding words, Linear out) implements Net {}

    /** A number for each token, and the number of the largest. */
    private static Plan words() {
        try (var model = Model.of(new Words(new Embedding(9, 4), new Linear(4, 2)), 1)) {
            return Plan.freeze(
                    model,
                    (net, in) -> {
                        Tensor y = net.out().apply(net.words().apply(in[0]));
                        return new Labeled(y, y.argmax(-1));
                    },
                    Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH));
        }
    }

    private record Labeled(Tensor logits, Tensor labels) {}

    @BeforeEach
    void start() {
        reference = digits();
        service = Service.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .model(new ServedModel("digits", digits(), Settings.of(8), List.of("a", "b", "c")))
                .model(new ServedModel("words", words(), Settings.of(8).lengths(1, 2, 3)))
                .largestBody(100_000)
                .start();
    }

    @AfterEach
    void stop() {
        service.close();
        reference.close();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + path));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path, String body) throws Exception {
        return send(to(path).POST(BodyPublishers.ofString(body)));
    }

    private JsonObject posted(String path, String body) throws Exception {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        return JSON.fromJson(response.body(), JsonObject.class);
    }

    private JsonObject got(String path) throws Exception {
        HttpResponse<String> response = send(to(path));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.fromJson(response.body(), JsonObject.class);
    }

    private static float[] floats(JsonArray array) {
        float[] all = new float[array.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = array.get(i).getAsFloat();
        }
        return all;
    }

    // ---- answers

    /** A model whose input and output have this type, asked through both protocols and by bytes. */
    @ParameterizedTest
    @CsvSource({
        "F32, FP32, 1.1, 0",
        "I32, INT32, -100, 2147483647",
        "U8, UINT8, 100, 255",
        "I8, INT8, -100, 127",
        "F16, FP16, 1.0996094, 0",
        "BF16, BF16, 1.1015625, 0"
    })
    void everyTypeIsServed(DType type, String name, double value, int most) throws Exception {
        try (var model = Model.of(new Sequential(), 1);
                Service other = Service.on(0)
                        .model(new ServedModel(
                                "any",
                                Plan.freeze(model, (net, in) -> in[0].flip(1), Spec.of("x", type, Dim.BATCH, 2)),
                                Settings.of(8)))
                        .start()) {
            String at = "http://localhost:" + other.port();
            String data = type.isWhole() ? "[" + (int) value + ", 3]" : "[1.1, 3]";
            String flat = type.isWhole() ? "[3," + (int) value + "]" : "[3.0," + value + "]";
            String answer = body(at + "/v2/models/any/infer", BodyPublishers.ofString("""
                    {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "%s", "data": %s}]}
                    """.formatted(name, data)));
            assertThat(answer)
                    .contains("{\"name\":\"output\",\"datatype\":\"" + name + "\",\"shape\":[1,2],\"data\":" + flat);
            ByteBuffer bytes = ByteBuffer.allocate(2 * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            type.put(bytes, 0, value);
            type.put(bytes, 1, 3);
            assertThat(body(at + "/predict/any", BodyPublishers.ofByteArray(bytes.array())))
                    .contains("[" + flat + "]");
            if (type.isWhole()) {
                assertThat(body(at + "/predict/any", BodyPublishers.ofString("[1, 3000000000]")))
                        .contains("holds 3.0E9 at element 1; give whole numbers from")
                        .contains(" to " + most);
            }
        }
    }

    private String body(String at, HttpRequest.BodyPublisher content) throws Exception {
        String type = content.contentLength() <= 8 ? "application/octet-stream" : "application/json";
        return send(HttpRequest.newBuilder(URI.create(at))
                        .header("Content-Type", type)
                        .POST(content))
                .body();
    }

    @Test
    void predicts() throws Exception {
        float[] x = new Rng(1).normal(2 * IN, 0, 1);
        float[] y = reference.predict(x);
        for (String body : List.of(
                Arrays.toString(x),
                "[" + Arrays.toString(Arrays.copyOf(x, IN)) + "," + Arrays.toString(Arrays.copyOfRange(x, IN, 2 * IN))
                        + "]",
                "{\"inputs\": {\"input\": " + Arrays.toString(x) + "}}")) {
            JsonObject answer = posted("/predict/digits", body);
            JsonArray rows = answer.getAsJsonObject("outputs").getAsJsonArray("output");
            assertThat(rows).hasSize(2);
            assertThat(floats(rows.get(0).getAsJsonArray())).containsExactly(Arrays.copyOf(y, 3));
            assertThat(floats(rows.get(1).getAsJsonArray())).containsExactly(Arrays.copyOfRange(y, 3, 6));
            assertThat(answer.get("examples").getAsInt()).isEqualTo(2);
            JsonArray classes = answer.getAsJsonArray("classes").get(0).getAsJsonArray();
            double sum = 0;
            double least = 1;
            for (int c = 0; c < 3; c++) {
                double p = classes.get(c).getAsJsonObject().get("probability").getAsDouble();
                assertThat(p).isLessThanOrEqualTo(least);
                least = p;
                sum += p;
            }
            assertThat(sum).isBetween(0.999999, 1.000001);
            int best = y[0] > Math.max(y[1], y[2]) ? 0 : y[1] > y[2] ? 1 : 2;
            assertThat(classes.get(0).getAsJsonObject().get("name").getAsString())
                    .isEqualTo("abc".substring(best, best + 1));
        }
    }

    /** {@code curl -d} does not say that it sends JSON. */
    @Test
    void bodiesOfCurl() throws Exception {
        HttpResponse<String> answer = send(to("/predict/digits")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("[1, 2, 3, 4]")));
        assertThat(answer.statusCode()).isEqualTo(200);
    }

    @Test
    void rawBytes() throws Exception {
        float[] x = new Rng(1).normal(2 * IN, 0, 1);
        ByteBuffer bytes = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(x);
        HttpResponse<String> answer = send(to("/predict/digits")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(bytes.array())));
        JsonArray rows = JSON.fromJson(answer.body(), JsonObject.class)
                .getAsJsonObject("outputs")
                .getAsJsonArray("output");
        assertThat(floats(rows.get(1).getAsJsonArray()))
                .containsExactly(Arrays.copyOfRange(reference.predict(x), 3, 6));
        answer = send(to("/predict/digits")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(new byte[13])));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("13 bytes, which are no whole number of F32");
    }

    /** Sequences of different lengths in one request. */
    @Test
    void sequences() throws Exception {
        JsonObject outputs =
                posted("/predict/words", "[[1, 2, 3], [4], [8, 0]]").getAsJsonObject("outputs");
        JsonArray logits = outputs.getAsJsonArray("logits");
        assertThat(logits.get(0).getAsJsonArray()).hasSize(3);
        assertThat(logits.get(1).getAsJsonArray()).hasSize(1);
        assertThat(logits.get(2).getAsJsonArray().get(1).getAsJsonArray()).hasSize(2);
        assertThat(outputs.getAsJsonArray("labels").get(2).getAsJsonArray()).hasSize(2);
        JsonObject alone = posted("/predict/words", "[8, 0]").getAsJsonObject("outputs");
        assertThat(alone.getAsJsonArray("logits").get(0)).isEqualTo(logits.get(2));
    }

    @Test
    void openInference() throws Exception {
        assertThat(got("/v2").get("name").getAsString()).isEqualTo("fathom");
        assertThat(got("/v2/health/live").get("live").getAsBoolean()).isTrue();
        assertThat(got("/v2/health/ready").get("ready").getAsBoolean()).isTrue();
        assertThat(got("/v2/models/words/ready").get("ready").getAsBoolean()).isTrue();
        assertThat(got("/v2/models/words"))
                .hasToString(
                        "{\"name\":\"words\",\"versions\":[\"1\"],\"platform\":\"fathom_plan\",\"inputs\":[{\"name\":"
                                + "\"tokens\",\"datatype\":\"INT32\",\"shape\":[-1,-1]}],\"outputs\":[{\"name\":\"logits\","
                                + "\"datatype\":\"FP32\",\"shape\":[-1,-1,2]},{\"name\":\"labels\",\"datatype\":\"INT32\","
                                + "\"shape\":[-1,-1]}]}");
        float[] x = new Rng(1).normal(2 * IN, 0, 1);
        JsonObject answer = posted("/v2/models/digits/infer", """
                {"id": "7", "inputs": [{"name": "input", "shape": [2, 4], "datatype": "FP32", "data": %s}]}
                """.formatted(Arrays.toString(x)));
        assertThat(answer.get("id").getAsString()).isEqualTo("7");
        assertThat(answer.get("model_name").getAsString()).isEqualTo("digits");
        JsonObject output = answer.getAsJsonArray("outputs").get(0).getAsJsonObject();
        assertThat(output.get("shape")).hasToString("[2,3]");
        assertThat(output.get("datatype").getAsString()).isEqualTo("FP32");
        assertThat(floats(output.getAsJsonArray("data"))).containsExactly(reference.predict(x));
        answer = posted("/v2/models/words/infer", """
                {"inputs": [{"name": "tokens", "shape": [2, 3], "datatype": "INT64", "data": [[1, 2, 3], [4, 5, 6]]}],
                 "outputs": [{"name": "labels"}]}
                """);
        assertThat(answer.getAsJsonArray("outputs")).hasSize(1);
        assertThat(answer.getAsJsonArray("outputs").get(0).getAsJsonObject().get("shape"))
                .hasToString("[2,3]");
    }

    /** A result that is no number is null, and the others stay. */
    @Test
    void notANumber() throws Exception {
        try (var model = Model.of(new Sequential(Tensor::log), 1);
                Service log = Service.on(0)
                        .model(new ServedModel("log", Plan.freeze(model, Shape.of(1, 3)), Settings.of(2)))
                        .start()) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + log.port() + "/predict"))
                            .POST(BodyPublishers.ofString("[-1, 0, 1]"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(answer.body()).contains("[[null,null,0.0]]");
        }
    }

    // ---- refusals

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    /predict/digits | [1, 2, 3]                              | takes 4 values but 3 were given
                    /predict/digits | []                                     | takes 4 values but 0 were given
                    /predict/digits | {}                                     | must be an array of numbers
                    /predict/digits | 7                                      | must be an array of numbers
                    /predict/digits | [1, 2, "a", 4]                         | holds something else at element 2
                    /predict/digits | [1, 2, 3, 1e99]                        | too large for a float
                    /predict/digits | [1, 2, 3, NaN]                         | the body is no JSON
                    /predict/digits | [1, 2, 3, 4                            | ends within its JSON value
                    /predict/digits | [1, 2, 3, 4] 5                         | goes on behind its JSON value
                    /predict/digits | {"inputs": {"x": [1, 2, 3, 4]}}        | the inputs are [x] but the model takes
                    /predict/digits | {"inputs": {"input": "a"}}             | give an array of numbers
                    /predict/digits | [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]] | nested more than 16 deep
                    /predict/digits | {"inputs": 1, "inputs": 2}             | twice in one object
                    /predict/words  | [1, 2, 3, 4]                           | no bucket takes 4 steps
                    /predict/words  | [1, 2.5]                               | holds 2.5 at element 1; give whole numbers
                    /predict/words  | [1, 9]                                 | 9
                    /v2/models/digits/infer | {"inputs": []}                 | the inputs are [] but the model takes
                    /v2/models/digits/infer | {"inputs": [{"name": "x"}]}    | the model has no input "x"
                    /v2/models/digits/infer | {"inputs": [{"name": "input", "datatype": "FP64"}]} | send FP32
                    /v2/models/digits/infer | {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 5]}]} | dimension 1
                    /v2/models/digits/infer | {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 4], "data": [1]}]} | has 1 values
                    /v2/models/digits/infer | [] | the body must be
                    """)
    void badBodies(String path, String body, String says) throws Exception {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(JSON.fromJson(response.body(), JsonObject.class).get("error").getAsString())
                .contains(says);
    }

    /** Shapes whose product no number holds, and what is no path, get an answer too. */
    @Test
    void theWorst() throws Exception {
        String shape = "[9000000000000000000, 4]";
        HttpResponse<String> huge = post(
                "/v2/models/digits/infer",
                "{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": " + shape
                        + ", \"data\": [1]}]}");
        assertThat(huge.statusCode()).isEqualTo(413);
        assertThat(huge.body()).contains("too many or too large");
        HttpResponse<String> deep = post("/predict/digits", "[".repeat(50_000));
        assertThat(deep.statusCode()).isEqualTo(400);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.port())) {
            socket.getOutputStream()
                    .write("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            socket.setSoTimeout(10_000);
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .contains("404");
        }
    }

    @Test
    void badAddressesAndMethods() throws Exception {
        for (String path : List.of(
                "/nope",
                "/predict/nope",
                "/predict",
                "/v2/models/nope",
                "/v2/models",
                "/v2/health/nope",
                "/v2/models/digits/nope",
                "/v2/models/digits/infer/x",
                "/health/x")) {
            HttpResponse<String> response = send(to(path));
            assertThat(response.statusCode()).as(path).isEqualTo(404);
            assertThat(JSON.fromJson(response.body(), JsonObject.class)
                            .get("error")
                            .getAsString())
                    .isNotEmpty();
        }
        HttpResponse<String> wrong = send(to("/predict/digits"));
        assertThat(wrong.statusCode()).isEqualTo(405);
        assertThat(wrong.headers().firstValue("Allow")).contains("POST");
        wrong = send(to("/health").DELETE());
        assertThat(wrong.statusCode()).isEqualTo(405);
        assertThat(wrong.headers().firstValue("Allow")).contains("GET, HEAD");
        wrong = send(to("/predict/digits").header("Content-Type", "text/html").POST(BodyPublishers.ofString("x")));
        assertThat(wrong.statusCode()).isEqualTo(415);
        assertThat(send(to("/health").method("HEAD", BodyPublishers.noBody())).statusCode())
                .isEqualTo(200);
    }

    /** A body that says that it is too long, and one that does not say how long it is. */
    @Test
    void hugeBodies() throws Exception {
        HttpResponse<String> told = post("/predict/digits", " ".repeat(100_001));
        assertThat(told.statusCode()).isEqualTo(413);
        assertThat(told.body()).contains("100001 bytes but 100000 are the most");
        byte[] bytes = new byte[8_000_000];
        HttpResponse<String> chunked = send(to("/predict/digits")
                .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(bytes))));
        assertThat(chunked.statusCode()).isEqualTo(413);
        assertThat(got("/health").get("status").getAsString()).isEqualTo("ok");
    }

    /** What is no HTTP, or ends within a request, closes its connection and nothing else. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "POST /predict/digits HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[1,",
                "POST /predict/digits HTTP/1.1\r\nHost: x\r\nContent-Length: -7\r\n\r\n",
                "POST /predict/digits HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost",
                ""
            })
    void brokenRequests(String text) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.port())) {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            socket.shutdownOutput();
            socket.setSoTimeout(10_000);
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(answer).doesNotContain(" 200 ");
        } catch (IOException e) {
            assertThat(e.getMessage()).contains("reset"); // as good as an end
        }
        assertThat(got("/health").get("status").getAsString()).isEqualTo("ok");
    }

    /** The page knows the models, and nothing in it comes from elsewhere. */
    @Test
    void aPage() throws Exception {
        HttpResponse<String> page = send(to("/"));
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
        assertThat(page.body())
                .contains("const models = [{\"name\":\"digits\"")
                .contains("\"name\":\"words\"")
                .doesNotContain("http://", "https://", "/*models*/");
    }

    // ---- under load

    @Test
    void manyCallers() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(32);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 32; t++) {
                int seed = t;
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 20; i++) {
                        float[] x = new Rng(100L * seed + i).normal(IN, 0, 1);
                        JsonArray rows = posted("/predict/digits", Arrays.toString(x))
                                .getAsJsonObject("outputs")
                                .getAsJsonArray("output");
                        assertThat(floats(rows.get(0).getAsJsonArray())).containsExactly(reference.predict(x));
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        } finally {
            threads.shutdownNow();
        }
        String metrics = send(to("/metrics")).body();
        assertThat(metrics)
                .contains("fathom_http_requests_total{route=\"predict\",status=\"200\"} 640")
                .contains("fathom_http_request_seconds_count 640")
                .contains("fathom_http_request_seconds_bucket{le=\"+Inf\"} 640")
                .contains("fathom_model_examples_total{model=\"digits\"} 640")
                .containsPattern("fathom_model_memory_bytes\\{model=\"digits\"} [1-9]\\d{3}")
                .containsPattern("fathom_http_requests_in_flight [1-9]");
        for (String line : metrics.split("\n")) {
            assertThat(line).matches("# (HELP|TYPE) fathom_\\w+ .+|fathom_\\w+(\\{[^}]*\\})? [0-9.E+-]+");
        }
    }

    /** A plan whose runs take some tenths of a second. */
    private static Plan slow() {
        try (var model = Model.of(
                new Sequential(
                        new Linear(IN, 2000),
                        x -> {
                            Tensor y = x;
                            for (int i = 0; i < 100; i++) {
                                y = y.sin().add(x);
                            }
                            return y;
                        },
                        new Linear(2000, 3)),
                1)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    /** A close answers what was accepted, and then nothing answers. */
    @Test
    void closesAfterWhatItAccepted() throws Exception {
        Service slow = Service.on(0)
                .model(new ServedModel("slow", slow(), Settings.of(1)))
                .start();
        URI address = URI.create("http://localhost:" + slow.port() + "/predict");
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(client.sendAsync(
                    HttpRequest.newBuilder(address)
                            .POST(BodyPublishers.ofString("[1, 2, 3, 4]"))
                            .build(),
                    BodyHandlers.ofString()));
        }
        while (slow.models().get("slow").batcher().statistics().requests() == 0) {
            Thread.sleep(1);
        }
        slow.close();
        slow.close();
        long computed = slow.models().get("slow").batcher().statistics().requests();
        long answered = 0;
        for (CompletableFuture<HttpResponse<String>> f : all) {
            try {
                assertThat(f.get().statusCode()).isIn(200, 503);
                answered += f.get().statusCode() == 200 ? 1 : 0;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(IOException.class); // it came too late to be accepted
            }
        }
        assertThat(answered).isEqualTo(computed).isPositive();
        assertThatThrownBy(() -> client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);
    }

    /** Callers who go on asking do not keep it from closing, and are answered until it is closed. */
    @Test
    void closesUnderLoad() throws Exception {
        Service busy = Service.on(0)
                .model(new ServedModel("digits", digits(), Settings.of(8)))
                .grace(Duration.ofHours(1))
                .start();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + busy.port() + "/predict"))
                .POST(BodyPublishers.ofString("[1, 2, 3, 4]"))
                .build();
        AtomicInteger answered = new AtomicInteger();
        List<CompletableFuture<Void>> callers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            callers.add(CompletableFuture.runAsync(
                    () -> {
                        HttpClient mine = HttpClient.newHttpClient();
                        try {
                            while (true) {
                                int status = mine.send(request, BodyHandlers.ofString())
                                        .statusCode();
                                assertThat(status).isIn(200, 503);
                                answered.addAndGet(status == 200 ? 1 : 0);
                            }
                        } catch (IOException | InterruptedException e) {
                            assertThat(e).isInstanceOf(IOException.class); // nobody is there any more
                        }
                    },
                    task -> new Thread(task).start()));
        }
        while (answered.get() < 100) {
            Thread.sleep(1);
        }
        busy.close();
        for (CompletableFuture<Void> caller : callers) {
            caller.get();
        }
    }

    @Test
    void aDeadline() throws Exception {
        try (Service hurried = Service.on(0)
                .model(new ServedModel("slow", slow(), Settings.of(1)))
                .deadline(Duration.ofNanos(1))
                .start()) {
            HttpResponse<String> late = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + hurried.port() + "/predict"))
                            .POST(BodyPublishers.ofString("[1, 2, 3, 4, 5, 6, 7, 8]"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(late.statusCode()).isEqualTo(504);
            assertThat(late.body()).contains("was not run before its deadline");
        }
    }

    // ---- settings

    @Test
    void describesItself() throws Exception {
        JsonObject paths = got("/openapi.json").getAsJsonObject("paths");
        assertThat(paths.keySet())
                .contains("/predict/digits", "/v2/models/words/infer", "/v2/health/live", "/metrics", "/health");
        for (String path : paths.keySet()) {
            String method = paths.getAsJsonObject(path).keySet().iterator().next();
            HttpResponse<String> there = method.equals("get") ? send(to(path)) : post(path, "[]");
            assertThat(there.statusCode()).as(path).isIn(200, 400);
        }
    }

    @Test
    void mistakesOfTheOwner() {
        assertThatThrownBy(() -> Service.on(0).start()).hasMessageContaining("there is no model");
        assertThatThrownBy(() -> Service.on(0).port()).hasMessageContaining("is not started");
        assertThatThrownBy(() -> service.start()).hasMessageContaining("started already");
        try (ServedModel again = new ServedModel("digits", digits(), Settings.of(1))) {
            assertThatThrownBy(() -> service.model(again)).hasMessageContaining("a model \"digits\" already");
            assertThatThrownBy(() -> Service.on(service.port()).model(again).start())
                    .hasMessageContaining("cannot be taken");
        }
        try (Plan plan = digits()) {
            assertThatThrownBy(() -> new ServedModel("a/b", plan, Settings.of(1)))
                    .hasMessageContaining("\"a/b\"");
            assertThatThrownBy(() -> new ServedModel("a", plan, Settings.of(1), List.of("x")))
                    .hasMessageContaining("there are 1 classes but the first output is output F32 [batch, 3]");
        }
    }
}
