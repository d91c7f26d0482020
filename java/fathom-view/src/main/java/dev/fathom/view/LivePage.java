package dev.fathom.view;

import com.google.gson.stream.JsonWriter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Model;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Progress;
import dev.fathom.train.Run;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * A page that shows a training while it runs, for a browser on this machine: the loss and the figures of each epoch,
 * the gradients of each parameter, examples, speed, time left and memory. It has buttons to pause the training, to go
 * on, and to stop it, after which the trainer keeps what is finished.
 *
 * <pre>{@code
 * try (LivePage page = new LivePage(8080)) {
 *     System.out.println(page.address());
 *     trainer.callbacks(page, new ProgressBar()).fit(batches, 30);
 * }
 * }</pre>
 *
 * <p>Nobody but this machine reaches it. A step reads the clock. Gradients are copied twice a second while somebody
 * looks, and never otherwise. After the training the page shows how it ended, until it is closed.
 */
public final class LivePage implements Callback, AutoCloseable {
    private static final long POINT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long GRADIENT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** For so long after a question, somebody is taken to look. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** Points of a curve; when there are more, every second one goes. */
    private static final int MOST_POINTS = 2000;
    /** What a script of another page cannot send without being asked. */
    private static final String HEADER = "X-Fathom";

    private final HttpServer server;
    private final ExecutorService executor;
    private final byte[] page;

    // ---- what is shown, all of it read and written while this is locked

    private final List<double[]> losses = new ArrayList<>();
    private final List<EpochLog> epochs = new ArrayList<>();
    private final Map<String, double[]> gradients = new LinkedHashMap<>();
    private List<String> pictures = List.of();
    private List<String> captions = List.of();
    private @Nullable Function<? super Model<?>, ImageSheet> examples;
    private @Nullable Model<?> model;
    private @Nullable Run run;
    private String ended = "";
    private boolean paused;
    private long began;
    private long pausedNanos;
    private long lastPoint;
    private long lastGradient;
    private long lastLook;
    private long seen;

    /**
     * Opens the page on a port of this machine, or on a free one for 0.
     *
     * @throws UncheckedIOException if the port cannot be taken
     */
    public LivePage(int port) {
        try (InputStream in = LivePage.class.getResourceAsStream("live.html")) {
            page = Objects.requireNonNull(in, "live.html").readAllBytes();
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
        } catch (IOException e) {
            throw new UncheckedIOException("LivePage: port " + port + " cannot be taken: " + e.getMessage(), e);
        }
        executor = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "fathom-live");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(executor);
        server.createContext("/", this::answer);
        server.start();
    }

    /**
     * Shows the images of a sheet after each epoch, such as what the model says of some images held out. They are made
     * on the training thread, between two epochs. Returns this page.
     */
    public synchronized LivePage examples(Function<? super Model<?>, ImageSheet> maker) {
        examples = maker;
        return this;
    }

    /** Returns where a browser finds the page, such as {@code http://localhost:8080/}. */
    public String address() {
        return "http://localhost:" + server.getAddress().getPort() + "/";
    }

    // ---- the training

    @Override
    public synchronized void onTrainBegin(Run training) {
        losses.clear();
        epochs.clear();
        gradients.clear();
        run = training;
        ended = "";
        began = System.nanoTime();
        pausedNanos = 0;
        seen = 0;
    }

    @Override
    public void onBackwardEnd(Run training, Model<?> trained) {
        long now = System.nanoTime();
        synchronized (this) {
            model = trained;
            if (now - lastGradient < GRADIENT_NANOS || lastLook == 0 || now - lastLook > LOOK_NANOS) {
                return;
            }
            lastGradient = now;
        }
        Map<String, double[]> found = new LinkedHashMap<>();
        for (Parameter p : trained.parameters()) {
            Tensor gradient = p.gradient();
            if (gradient != null) {
                found.put(p.name(), new double[] {rootMeanSquare(gradient), rootMeanSquare(p.value())});
            }
        }
        synchronized (this) {
            gradients.clear();
            gradients.putAll(found);
        }
    }

    private static double rootMeanSquare(Tensor tensor) {
        double squares = 0;
        float[] values = tensor.toArray();
        for (float v : values) {
            squares += (double) v * v;
        }
        return Math.sqrt(squares / values.length);
    }

    @Override
    public synchronized void onStepEnd(Run training) {
        long now = System.nanoTime();
        if (now - lastPoint >= POINT_NANOS) {
            lastPoint = now;
            point(training.progress());
        }
        if (paused) {
            while (paused) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    paused = false;
                    Thread.currentThread().interrupt();
                }
            }
            pausedNanos += System.nanoTime() - now;
        }
    }

    private void point(Progress progress) {
        losses.add(new double[] {
            progress.epoch() - 1 + (double) progress.step() / Math.max(1, progress.steps()), progress.loss()
        });
        if (losses.size() > MOST_POINTS) {
            for (int i = losses.size() - 2; i > 0; i -= 2) {
                losses.remove(i);
            }
        }
        seen = (progress.epoch() - 1L) * progress.examplesPerEpoch() + progress.examples();
    }

    @Override
    public void onEpochEnd(Run training, EpochLog log) {
        Function<? super Model<?>, ImageSheet> maker;
        Model<?> trained;
        synchronized (this) {
            point(training.progress());
            epochs.add(log);
            maker = examples;
            trained = model;
        }
        if (maker != null && trained != null) {
            ImageSheet sheet = maker.apply(trained);
            List<String> made = sheet.images().stream().map(LivePage::png).toList();
            synchronized (this) {
                pictures = made;
                captions = sheet.captions();
            }
        }
    }

    private static String png(BufferedImage picture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array takes all
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    @Override
    public synchronized void onTrainEnd(Run training) {
        ended = training.ended();
        paused = false;
        model = null;
    }

    // ---- the page

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            boolean post = exchange.getRequestMethod().equals("POST");
            switch (path) {
                case "/" -> send(exchange, 200, "text/html; charset=utf-8", page);
                case "/state" -> send(exchange, 200, "application/json", state().getBytes(StandardCharsets.UTF_8));
                case "/pause", "/resume", "/stop" -> {
                    if (!post || exchange.getRequestHeaders().getFirst(HEADER) == null) {
                        send(exchange, post ? 403 : 405, "text/plain", new byte[0]);
                    } else {
                        act(path);
                        send(exchange, 204, "text/plain", new byte[0]);
                    }
                }
                default -> send(exchange, 404, "text/plain", new byte[0]);
            }
        }
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    private synchronized void act(String what) {
        Run current = run;
        paused = what.equals("/pause") && current != null && ended.isEmpty();
        if (what.equals("/stop") && current != null) {
            current.stopNow("stopped on the live page");
        }
        notifyAll();
    }

    private synchronized String state() {
        lastLook = System.nanoTime();
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            out.name("phase")
                    .value(run == null ? "waiting" : !ended.isEmpty() ? "ended" : paused ? "paused" : "training");
            out.name("ended").value(ended);
            if (run != null) {
                progress(out, run.progress());
            }
            out.name("losses").beginArray();
            for (double[] p : losses) {
                out.beginArray();
                number(out, p[0]);
                number(out, p[1]);
                out.endArray();
            }
            out.endArray();
            epochs(out);
            out.name("gradients").beginArray();
            for (Map.Entry<String, double[]> g : gradients.entrySet()) {
                out.beginObject().name("name").value(g.getKey()).name("gradient");
                number(out, g.getValue()[0]);
                out.name("value");
                number(out, g.getValue()[1]);
                out.endObject();
            }
            out.endArray();
            out.name("examples").beginArray();
            for (int i = 0; i < pictures.size(); i++) {
                out.beginObject()
                        .name("png")
                        .value(pictures.get(i))
                        .name("caption")
                        .value(captions.get(i))
                        .endObject();
            }
            out.endArray();
            Memory.Stats memory = Memory.stats();
            Runtime heap = Runtime.getRuntime();
            out.name("native").value(memory.owned() + memory.passes() + memory.pooled() + memory.buffers());
            out.name("limit").value(memory.limit());
            out.name("heap").value(heap.totalMemory() - heap.freeMemory());
            out.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a string takes all
        }
        return text.toString();
    }

    private void progress(JsonWriter out, Progress p) throws IOException {
        double seconds = (System.nanoTime() - began - pausedNanos) * 1e-9;
        double done = (p.epoch() - 1 + (double) p.step() / Math.max(1, p.steps())) / Math.max(1, p.epochs());
        out.name("epoch").value(p.epoch()).name("epochs").value(p.epochs());
        out.name("step").value(p.step()).name("steps").value(p.steps());
        out.name("loss");
        number(out, p.loss());
        out.name("rate");
        number(out, p.learningRate());
        out.name("done");
        number(out, done);
        out.name("speed");
        number(out, seen / seconds);
        out.name("left").value(done > 0 ? Numbers.duration(Math.ceil(seconds / done * (1 - done))) : "");
    }

    private void epochs(JsonWriter out) throws IOException {
        out.name("epochLogs").beginArray();
        for (EpochLog log : epochs) {
            out.beginObject().name("epoch").value(log.epoch()).name("values").beginObject();
            for (Map.Entry<String, Double> e : log.values().entrySet()) {
                out.name(e.getKey());
                number(out, e.getValue());
            }
            out.endObject().endObject();
        }
        out.endArray();
    }

    private static void number(JsonWriter out, double value) throws IOException {
        if (Double.isFinite(value)) {
            out.value(value);
        } else {
            out.nullValue();
        }
    }

    /** Closes the page. A training that is paused goes on. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (this) {
            paused = false;
            notifyAll();
        }
        server.stop(0);
        executor.shutdownNow();
    }
}
