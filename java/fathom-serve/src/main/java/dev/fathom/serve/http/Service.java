package dev.fathom.serve.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fathom.op.Checks;
import dev.fathom.plan.Spec;
import dev.fathom.serve.DeadlineException;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Models behind HTTP/1.1.
 *
 * <pre>{@code
 * try (Service service = Service.on(8080).model(new ServedModel("digits", plan, Settings.of(32))).start()) {
 *     ...
 * }
 * }</pre>
 *
 * <table>
 *   <caption>What it answers</caption>
 *   <tr><th>address</th><th>answer</th></tr>
 *   <tr><td>{@code /}</td>
 *     <td>a page on which a person draws, drops a photograph or types numbers, and sees answers</td></tr>
 *   <tr><td>{@code POST /predict/NAME}, or {@code /predict} where there is one model</td>
 *     <td>the outputs of an example or of several: JSON, or little-endian bytes of the only input</td></tr>
 *   <tr><td>{@code POST /v1/embeddings}, {@code POST /v1/completions}, {@code /v1/models}, {@code /v1/models/NAME}</td>
 *     <td>vectors of texts and what follows texts, also as a stream, as clients of OpenAI ask for them</td></tr>
 *   <tr><td>{@code /v2}, {@code /v2/health/live}, {@code /v2/health/ready}, {@code /v2/models/NAME},
 *     {@code /v2/models/NAME/ready}, {@code POST /v2/models/NAME/infer}</td>
 *     <td>the open inference protocol, version 2, of KServe</td></tr>
 *   <tr><td>{@code /health}</td><td>200 while it serves, 503 while it stops</td></tr>
 *   <tr><td>{@code /metrics}</td><td>counts and times, as Prometheus reads them</td></tr>
 *   <tr><td>{@code /openapi.json}</td><td>a description of all this</td></tr>
 * </table>
 *
 * <p>A bad request gets a sentence as {@code {"error": ..}} and its status: 400 (malformed, or refused by the run),
 * 404, 405, 411 or 413 (a body of unknown length, or too long), 415, 503 (the queue is full, or the service stops), 504
 * (not run before the deadline).
 */
public final class Service implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Service.class);
    private static final String JSON = "application/json";
    /** What curl says of a body of which it was told nothing. */
    private static final String UNSAID = "application/x-www-form-urlencoded";

    private static final int CHUNK = 1 << 16;
    /** For so many milliseconds a close goes on refusing requests before it breaks connections. */
    private static final long LINGER = 50;
    /** So many times it breaks them. */
    private static final int STOPS = 5;
    /** What is read of a body that is too long before it is refused, at most. */
    private static final long DRAINED = 16 << 20;

    private final InetSocketAddress address;
    private final Map<String, ServedModel> models = new LinkedHashMap<>();
    private final Map<String, ServedText> texts = new LinkedHashMap<>();
    private final Metrics metrics = new Metrics();
    private int threads = 64;
    private long largest = 64L << 20;
    private Duration deadline = Duration.ofSeconds(10);
    private Duration grace = Duration.ofSeconds(30);
    private @Nullable HttpServer server;
    private @Nullable ExecutorService executor;
    private volatile boolean stopping;

    static {
        // the JDK's server waits for more to send otherwise, and for slow clients for ever
        defaultProperty("sun.net.httpserver.nodelay", "true");
        defaultProperty("sun.net.httpserver.maxReqTime", "30");
        defaultProperty("sun.net.httpserver.maxRspTime", "30");
    }

    private static void defaultProperty(String name, String value) {
        if (System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    private Service(InetSocketAddress address) {
        this.address = address;
    }

    /** Makes a service on a port of this machine, or on a free one for 0. */
    public static Service on(int port) {
        return on(new InetSocketAddress(port));
    }

    /** Makes a service on an address, such as one that only this machine reaches. */
    public static Service on(InetSocketAddress address) {
        return new Service(address);
    }

    // ---- settings

    /**
     * Serves a model, which belongs to this service from now on. Returns this service.
     *
     * @throws IllegalArgumentException if there is one of its name
     */
    public Service model(ServedModel model) {
        checkFree("model", model.name());
        models.put(model.name(), model);
        return this;
    }

    /**
     * Serves a model of texts, which belongs to this service from now on. Returns this service.
     *
     * @throws IllegalArgumentException if there is one of its name
     */
    public Service text(ServedText text) {
        checkFree("text", text.name());
        texts.put(text.name(), text);
        return this;
    }

    private void checkFree(String method, String name) {
        if (models.containsKey(name) || texts.containsKey(name)) {
            throw new IllegalArgumentException(
                    method + ": there is a model \"" + name + "\" already; give each its own name");
        }
    }

    /**
     * Answers at most so many requests at a time, 64 unless told otherwise. Returns this service.
     *
     * @throws IllegalArgumentException if there is to be none
     */
    public Service threads(int number) {
        threads = Checks.atLeast("threads", "number", number, 1);
        return this;
    }

    /**
     * Refuses bodies of more bytes, 64 MiB unless told otherwise. Returns this service.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Service largestBody(int bytes) {
        largest = Checks.atLeast("largestBody", "bytes", bytes, 1);
        return this;
    }

    /**
     * Gives a request so much time until all of it runs, 10 seconds unless told otherwise; zero for no limit. Returns
     * this service.
     */
    public Service deadline(Duration time) {
        deadline = time;
        return this;
    }

    /** Lets a close wait so long for requests under way, 30 seconds unless told otherwise. Returns this service. */
    public Service grace(Duration time) {
        grace = time;
        return this;
    }

    // ---- running

    /**
     * Begins to serve.
     *
     * @throws IllegalStateException if there is no model, or it was started already
     * @throws UncheckedIOException if the address cannot be taken
     */
    public synchronized Service start() {
        if (models.isEmpty() && texts.isEmpty() || server != null) {
            throw new IllegalStateException(
                    server != null ? "start: the service is started already" : "start: there is no model; give one");
        }
        try {
            HttpServer made = HttpServer.create(address, 1024);
            AtomicInteger number = new AtomicInteger();
            executor = Executors.newFixedThreadPool(threads, task -> {
                Thread thread = new Thread(task, "fathom-http-" + number.getAndIncrement());
                thread.setDaemon(true);
                return thread;
            });
            made.setExecutor(executor);
            made.createContext("/", this::handle);
            made.start();
            server = made;
        } catch (IOException e) {
            throw new UncheckedIOException("start: " + address + " cannot be taken: " + e.getMessage(), e);
        }
        return this;
    }

    /**
     * Returns the port on which it serves.
     *
     * @throws IllegalStateException if it does not
     */
    public synchronized int port() {
        if (server == null) {
            throw new IllegalStateException("port: the service is not started; call start() first");
        }
        return server.getAddress().getPort();
    }

    /** Returns the models by their names. */
    public Map<String, ServedModel> models() {
        return Map.copyOf(models);
    }

    /** Returns the models of texts by their names. */
    public Map<String, ServedText> texts() {
        return Map.copyOf(texts);
    }

    /** Answers what it has accepted, refuses more, and closes the models. Closing twice does nothing. */
    @Override
    public synchronized void close() {
        stopping = true;
        long end = System.nanoTime() + grace.toNanos();
        boolean interrupted = false;
        while (metrics.underWay.get() > 0 && System.nanoTime() < end) {
            interrupted |= slept(1);
        }
        if (server != null) {
            interrupted |= slept(LINGER); // what is on its way from a socket to a thread is told that the service stops
            for (int i = 0; i < STOPS; i++) { // that of JDK 17 forgets a connection that it accepts meanwhile
                server.stop(0);
                interrupted |= slept(LINGER / STOPS);
            }
            server = null;
        }
        if (executor != null) {
            executor.shutdown();
        }
        models.values().forEach(ServedModel::close);
        texts.values().forEach(ServedText::close);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sleeps, and returns whether it was interrupted. */
    private static boolean slept(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    // ---- requests

    /** An answer before it is sent. */
    private record Answer(
            int status, String type, byte[] body, @Nullable Completion stream) {
        Answer(int status, String type, byte[] body) {
            this(status, type, body, null);
        }

        static Answer json(int status, String text) {
            return new Answer(status, JSON, text.getBytes(StandardCharsets.UTF_8));
        }

        /** An answer that is still being written. */
        static Answer of(Completion stream) {
            return new Answer(200, "text/event-stream", new byte[0], stream);
        }
    }

    /** What is wrong, in the form that the callers of a route expect. */
    private static Answer refusal(String route, int status, @Nullable String message) {
        String text = String.valueOf(message);
        return Answer.json(status, route.startsWith("v1") ? OpenAi.error(status, text) : Json.error(text));
    }

    private void handle(HttpExchange exchange) throws IOException {
        long begin = System.nanoTime();
        metrics.underWay.incrementAndGet();
        boolean refused = stopping;
        if (refused) { // a close waits for those that came before it
            metrics.underWay.decrementAndGet();
        }
        try (exchange) {
            String[] path = path(exchange);
            String route = route(path);
            Answer answer = answerOrRefuse(exchange, route, path);
            try (Completion stream = answer.stream) {
                if (stream != null) {
                    send(exchange, answer.type, stream);
                }
                metrics.answered(route, answer.status, System.nanoTime() - begin); // before anybody can know
            }
            if (answer.stream == null) {
                send(exchange, answer);
            }
        } finally {
            if (!refused) {
                metrics.underWay.decrementAndGet();
            }
        }
    }

    private static String[] path(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        return path == null ? new String[] {"*"} : path.replaceFirst("^/+", "").split("/+");
    }

    /** The answer, or what is wrong in a sentence: nothing that a caller sends leaves the connection without one. */
    private Answer answerOrRefuse(HttpExchange exchange, String route, String... path) throws IOException {
        try {
            return answer(exchange, route, path);
        } catch (HttpException e) {
            return refusal(route, e.status(), e.getMessage());
        } catch (IllegalArgumentException e) {
            return refusal(route, 400, e.getMessage());
        } catch (RejectedExecutionException e) {
            exchange.getResponseHeaders().set("Retry-After", "1");
            return refusal(route, 503, e.getMessage());
        } catch (DeadlineException e) {
            return refusal(route, 504, e.getMessage());
        } catch (IllegalStateException | InterruptedException e) {
            return refusal(route, 503, e.getMessage());
        } catch (ArithmeticException e) {
            return refusal(route, 413, "the examples are too many or too large; send fewer");
        } catch (OutOfMemoryError e) {
            return refusal(route, 503, "the service has not enough memory for the body; send fewer examples");
        } catch (RuntimeException e) {
            LOG.error("the service failed at {}", exchange.getRequestURI(), e);
            return refusal(route, 500, "the service failed, and its log says how");
        }
    }

    /** Sends an answer piece by piece, as it is written. */
    private static void send(HttpExchange exchange, String type, Completion stream) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.getResponseHeaders().set("Cache-Control", "no-cache");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            stream.stream(out);
        }
    }

    private void send(HttpExchange exchange, Answer answer) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", answer.type);
        if (stopping) {
            exchange.getResponseHeaders().set("Connection", "close");
        }
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(answer.status, head || answer.body.length == 0 ? -1 : answer.body.length);
        if (!head && answer.body.length > 0) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(answer.body);
            }
        }
    }

    /** What is asked for, as metrics count it. */
    private static String route(String... path) {
        String first = path[0];
        String last = path[path.length - 1];
        return switch (first) {
            case "" -> "page";
            case "predict", "health", "metrics", "openapi.json" ->
                path.length <= (first.equals("predict") ? 2 : 1) ? first : "other";
            case "v1" ->
                path.length == 2
                                && List.of("models", "embeddings", "completions")
                                        .contains(path[1])
                        ? "v1/" + path[1]
                        : path.length == 3 && path[1].equals("models") ? "v1/model" : "other";
            case "v2" ->
                path.length == 1
                        ? "v2"
                        : path[1].equals("health") && path.length == 3
                                ? "v2/health"
                                : !path[1].equals("models") || path.length < 3
                                        ? "other"
                                        : path.length == 3 ? "v2/model" : path.length == 4 ? "v2/" + last : "other";
            default -> "other";
        };
    }

    private Answer answer(HttpExchange exchange, String route, String... path)
            throws IOException, InterruptedException {
        if (stopping && !route.equals("metrics")) {
            throw new HttpException(503, "the service stops; ask another");
        }
        return switch (route) {
            case "predict" -> {
                String name = known(path.length == 2 ? path[1] : only());
                method(exchange, "POST");
                yield texts.get(name) instanceof ServedClassifier classifier
                        ? Answer.json(200, classifier.predict(Json.read(text(exchange)), deadline))
                        : predict(model(name), exchange);
            }
            case "v1/models" -> got(exchange, OpenAi.models(names()));
            case "v1/model" -> got(exchange, OpenAi.model(known(path[2])));
            case "v1/embeddings" -> {
                method(exchange, "POST");
                yield Answer.json(200, OpenAi.embeddings(texts.values(), Json.read(text(exchange)), deadline));
            }
            case "v1/completions" -> {
                method(exchange, "POST");
                yield complete(Completion.of(texts.values(), Json.read(text(exchange)), deadline));
            }
            case "v2/infer" -> {
                ServedModel model = model(path[2]);
                method(exchange, "POST");
                yield Answer.json(200, OpenInference.infer(model, Json.read(text(exchange)), deadline));
            }
            case "v2" -> got(exchange, OpenInference.server());
            case "v2/health" -> got(exchange, OpenInference.health(path[2]));
            case "v2/model" -> got(exchange, OpenInference.metadata(model(path[2])));
            case "v2/ready" -> got(exchange, OpenInference.ready(model(path[2])));
            case "health" -> got(exchange, "{\"status\":\"ok\"}");
            case "openapi.json" -> got(exchange, OpenApi.of(models.values(), texts.values()));
            case "page" -> {
                method(exchange, "GET", "HEAD");
                yield new Answer(200, "text/html; charset=utf-8", Page.of(models.values(), texts.values()));
            }
            case "metrics" -> {
                method(exchange, "GET", "HEAD");
                yield new Answer(
                        200,
                        "text/plain; version=0.0.4; charset=utf-8",
                        metrics.text(statistics(), memory()).getBytes(StandardCharsets.UTF_8));
            }
            default ->
                throw new HttpException(
                        404, "there is nothing at " + exchange.getRequestURI().getPath() + "; see /openapi.json");
        };
    }

    private static Answer got(HttpExchange exchange, String json) {
        method(exchange, "GET", "HEAD");
        return Answer.json(200, json);
    }

    private static void method(HttpExchange exchange, String... allowed) {
        if (!List.of(allowed).contains(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", String.join(", ", allowed));
            throw new HttpException(
                    405, exchange.getRequestMethod() + " is not allowed here; use " + String.join(" or ", allowed));
        }
    }

    private static Answer complete(Completion completion) throws IOException {
        if (completion.streams()) {
            return Answer.of(completion);
        }
        try (completion) {
            return Answer.json(200, completion.whole());
        }
    }

    private List<String> names() {
        return Stream.concat(models.keySet().stream(), texts.keySet().stream()).toList();
    }

    private Map<String, Long> memory() {
        Map<String, Long> all = new LinkedHashMap<>();
        models.forEach((name, model) -> all.put(name, model.batcher().memory()));
        return all;
    }

    private Map<String, Statistics> statistics() {
        Map<String, Statistics> all = new LinkedHashMap<>();
        models.forEach((name, model) -> all.put(name, model.batcher().statistics()));
        texts.forEach((name, text) -> all.put(name, text.statistics()));
        return all;
    }

    private String only() {
        if (models.size() + texts.size() > 1) {
            throw new HttpException(404, "there are the models " + names() + "; ask one of them by /predict/NAME");
        }
        return names().get(0);
    }

    private String known(String name) {
        if (!names().contains(name)) {
            throw new HttpException(404, "there is no model \"" + name + "\"; there are " + names());
        }
        return name;
    }

    private ServedModel model(String name) {
        ServedModel model = models.get(known(name));
        if (model == null) {
            throw new HttpException(
                    404, "the model \"" + name + "\" is one of texts; ask it at /v1, see /openapi.json");
        }
        return model;
    }

    // ---- bodies

    private static String type(HttpExchange exchange) {
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        String given = type == null ? JSON : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        return given.equals(UNSAID) ? JSON : given;
    }

    private String text(HttpExchange exchange) throws IOException {
        if (!type(exchange).equals(JSON)) {
            throw new HttpException(415, "the body is of type " + type(exchange) + "; send " + JSON);
        }
        return new String(body(exchange), StandardCharsets.UTF_8);
    }

    private byte[] body(HttpExchange exchange) throws IOException {
        String length = exchange.getRequestHeaders().getFirst("Content-Length");
        boolean told = length != null && Long.parseLong(length) > largest;
        try (InputStream in = exchange.getRequestBody()) {
            byte[] all = told ? new byte[0] : in.readNBytes((int) Math.min(largest + 1, Integer.MAX_VALUE - CHUNK));
            if (told || all.length > largest) {
                drain(in); // a client reads no answer before it has sent what it wants
                throw new HttpException(
                        413,
                        "the body has " + (told ? length : "more than " + largest) + " bytes but " + largest
                                + " are the most; send fewer examples");
            }
            return all;
        }
    }

    private static void drain(InputStream in) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long left = DRAINED;
        int n = 0;
        while (left > 0 && n >= 0) {
            n = in.read(chunk, 0, (int) Math.min(chunk.length, left));
            left -= n;
        }
    }

    // ---- predict

    private Answer predict(ServedModel model, HttpExchange exchange) throws IOException, InterruptedException {
        List<Map<String, double[]>> examples;
        if (type(exchange).equals("application/octet-stream")) {
            Spec input = onlyInput(model);
            double[] values = ServedModel.numbers(input.dtype(), body(exchange));
            examples = examples(Map.of(
                    input.name(),
                    ServedModel.steps(input, values.length) > 0 ? List.of(values) : Json.rows(input, values)));
        } else {
            examples = examples(inputs(model, Json.read(text(exchange))));
        }
        long begin = System.nanoTime();
        Map<String, List<double[]>> outputs = model.infer(examples, deadline);
        return Answer.json(200, predicted(model, outputs, examples.size(), System.nanoTime() - begin));
    }

    private static Spec onlyInput(ServedModel model) {
        if (model.given().size() > 1) {
            throw new HttpException(
                    400, "the model has the inputs " + model.given() + "; send {\"inputs\": {name: numbers}}");
        }
        return model.given().get(0);
    }

    private static Map<String, List<double[]>> inputs(ServedModel model, @Nullable Object body) {
        Map<String, List<double[]>> inputs = new LinkedHashMap<>();
        if (body instanceof Map<?, ?> map && map.get("inputs") instanceof Map<?, ?> named) {
            for (Spec input : model.given()) {
                if (named.containsKey(input.name())) {
                    inputs.put(input.name(), Json.examples(input, named.get(input.name())));
                }
            }
            if (inputs.size() < model.given().size() || named.size() > inputs.size()) {
                throw new HttpException(
                        400, "the inputs are " + named.keySet() + " but the model takes " + model.given());
            }
        } else if (body instanceof double[] || body instanceof List) {
            Spec input = onlyInput(model);
            inputs.put(input.name(), Json.examples(input, body));
        } else {
            throw new HttpException(400, "the body must be an array of numbers, or {\"inputs\": {name: numbers}}");
        }
        return inputs;
    }

    /** Example by example what was given input by input. */
    static List<Map<String, double[]>> examples(Map<String, List<double[]>> inputs) {
        int n = inputs.values().iterator().next().size();
        List<Map<String, double[]>> examples = new ArrayList<>();
        inputs.forEach((name, values) -> {
            if (values.size() != n) {
                throw new HttpException(
                        400,
                        "input " + name + " has " + values.size() + " examples but another has " + n
                                + "; give one of each for every example");
            }
        });
        if (n == 0) {
            throw new HttpException(400, "there is no example; give at least one");
        }
        for (int i = 0; i < n; i++) {
            Map<String, double[]> example = new HashMap<>();
            for (Map.Entry<String, List<double[]>> e : inputs.entrySet()) {
                example.put(e.getKey(), e.getValue().get(i));
            }
            examples.add(example);
        }
        return examples;
    }

    private static String predicted(ServedModel model, Map<String, List<double[]>> outputs, int n, long nanos) {
        return Json.write(out -> {
            out.beginObject();
            out.name("model").value(model.name());
            out.name("outputs").beginObject();
            for (Spec output : model.outputs()) {
                out.name(output.name()).beginArray();
                for (double[] example : outputs.getOrDefault(output.name(), List.of())) {
                    Json.example(out, output, example);
                }
                out.endArray();
            }
            out.endObject();
            if (!model.classes().isEmpty()) {
                out.name("classes").beginArray();
                for (double[] logits :
                        outputs.getOrDefault(model.outputs().get(0).name(), List.of())) {
                    Classes.write(out, model.classes(), logits);
                }
                out.endArray();
            }
            out.name("examples").value(n);
            out.name("microseconds").value(nanos / 1000);
            out.endObject();
        });
    }
}
