package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.Browser;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.plan.Spec;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom serve}: files of plans behind HTTP, and a page on which a person draws. */
@Timeout(180)
class ServeTest {
    private static final Pattern PORT = Pattern.compile("Open http://localhost:(\\d+)/ in a browser");
    private static final int SIDE = 28;

    @TempDir
    Path temp;

    /** A service that runs on a thread of its own. */
    private static final class Running implements AutoCloseable {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final AtomicInteger code = new AtomicInteger(-1);
        private final Thread thread;
        private final int port;

        Running(String... args) throws Exception {
            PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
            thread = new Thread(() -> code.set(Main.run(to, to, args)));
            thread.start();
            Matcher said = PORT.matcher("");
            while (!said.reset(said()).find()) {
                assertThat(thread.isAlive()).as(said()).isTrue();
                Thread.sleep(10);
            }
            port = Integer.parseInt(said.group(1));
        }

        String said() {
            return out.toString(StandardCharsets.UTF_8);
        }

        String get(String path) throws Exception {
            return HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        }

        /** Ends the service by an interrupt, as Ctrl-C does. */
        @Override
        public void close() throws InterruptedException {
            thread.interrupt();
            thread.join();
        }
    }

    /** Tells in which half of an image there is more ink: left, right, top or bottom. */
    private static void halves(Path file) {
        float[] w = new float[4 * SIDE * SIDE];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int at = y * SIDE + x;
                w[at] = x < SIDE / 2 ? 1 : -1;
                w[SIDE * SIDE + at] = -w[at];
                w[2 * SIDE * SIDE + at] = y < SIDE / 2 ? 1 : -1;
                w[3 * SIDE * SIDE + at] = -w[2 * SIDE * SIDE + at];
            }
        }
        var linear = new Linear(new Parameter(Shape.of(4, SIDE * SIDE), (shape, rng) -> w), null, null);
        try (Model<Layer> model = Model.of((Layer) linear, 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0].to(DType.F32).div(255).flatten(1)),
                        Spec.of("pixels", DType.U8, Dim.BATCH, SIDE, SIDE))) {
            PlanFile.save(file, Map.of("halves", plan), Map.of("classes", "left\nright\ntop\nbottom"));
        }
    }

    /** A person draws with the mouse, and sees the answer. */
    @Test
    void drawing() throws Exception {
        Path file = temp.resolve("where is it.plan");
        halves(file);
        Browser browser = Browser.found(temp);
        try (Running service = new Running("serve", file.toString(), "--port", "0");
                Tab tab = new Tab(browser, "http://localhost:" + service.port + "/", 1000, 800)) {
            assertThat(service.said())
                    .contains("where-is-it: from [pixels U8 [batch, 28, 28]] to [output F32 [batch, 4]]");
            tab.until("document.readyState === 'complete' && document.getElementById('takes').textContent.length > 0");
            tab.is("document.getElementById('fit').click()"); // where it is drawn matters here
            double left = Double.parseDouble(tab.is("document.getElementById('canvas').getBoundingClientRect().left"));
            double top = Double.parseDouble(tab.is("document.getElementById('canvas').getBoundingClientRect().top"));
            double side = Double.parseDouble(tab.is("document.getElementById('canvas').getBoundingClientRect().width"));
            tab.draw(left + 0.2 * side, top + 0.2 * side, left + 0.2 * side, top + 0.8 * side);
            tab.until(
                    "document.querySelector('.bar span') && document.querySelector('.bar span').textContent === 'left'");
            assertThat(tab.is("document.getElementById('said').textContent")).matches("computed in [\\d,]+ µs, .* ms");
            assertThat(tab.is("document.querySelectorAll('.bar').length")).isEqualTo("4");
            keep(tab, "serve.png");
            tab.is("document.getElementById('clear').click()");
            tab.draw(left + 0.2 * side, top + 0.85 * side, left + 0.8 * side, top + 0.85 * side);
            tab.until(
                    "document.querySelector('.bar span') && document.querySelector('.bar span').textContent === 'bottom'");
            assertThat(service.get("/metrics"))
                    .containsPattern("fathom_model_examples_total\\{model=\"where-is-it\"} [1-9]");
        }
    }

    /** Takes a picture, which stays where -Dfathom.pictures says. */
    private void keep(Tab tab, String name) throws Exception {
        Path picture = temp.resolve(name);
        tab.picture(picture);
        assertThat(Files.size(picture)).isGreaterThan(10_000);
        String kept = System.getProperty("fathom.pictures");
        if (kept != null) {
            Files.copy(picture, Path.of(kept).resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static String texts(String folder) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "by-transformers", folder)
                .toString();
    }

    /** A person types sentences, sees how near they are and what they are called, and has one go on. */
    @Test
    void writing() throws Exception {
        try (Running service = new Running(
                        "serve", texts("sentences-mean"), texts("bert-classes"), texts("gpt2"), "--port", "0");
                Tab tab = new Tab(Browser.found(temp), "http://localhost:" + service.port + "/", 1000, 800)) {
            assertThat(service.said())
                    .contains("sentences-mean: vectors of 16 numbers")
                    .contains("bert-classes: the labels [");
            tab.until("document.querySelectorAll('.bar').length === 2");
            assertThat(tab.is("document.querySelector('.bar span').textContent"))
                    .isEqualTo("I forgot my login");
            assertThat(tab.is("document.getElementById('said').textContent")).matches("\\d+ tokens, answered in .* ms");
            String type = "document.getElementById('sentence').value = '%s',"
                    + "document.getElementById('sentence').dispatchEvent(new Event('input'))";
            tab.is(type.formatted("a\\na\\nb c\\nd"));
            tab.until("document.querySelectorAll('.bar').length === 3");
            assertThat(tab.is("document.querySelector('.bar b').textContent")).isEqualTo("1.000");

            assertThat(tab.is("document.getElementById('write').offsetParent")).isEqualTo("null");
            keep(tab, "serve-vectors.png");
            String choose =
                    "document.getElementById('model').value = '%s', document.getElementById('model').onchange()";
            tab.is(choose.formatted("bert-classes"));
            tab.until("document.querySelector('.bar b') && document.querySelector('.bar b').textContent.endsWith('%')");

            tab.is(choose.formatted("gpt2"));
            tab.is("document.getElementById('most').value = 12");
            tab.is("document.getElementById('write').click()");
            tab.until("document.getElementById('said').textContent.startsWith('12 tokens in ')");
            assertThat(tab.is("document.getElementById('written').textContent"))
                    .startsWith("Once upon a time")
                    .hasSizeGreaterThan("Once upon a time".length());
            tab.until("!document.getElementById('write').disabled && document.getElementById('halt').disabled");
            keep(tab, "serve-writer.png");
            tab.is("document.getElementById('sentence').value = '', document.getElementById('write').click()");
            tab.until("document.getElementById('said').textContent.includes('the text has 0 tokens')");
        }
    }

    /** On a telephone nothing is cut off. */
    @Test
    void narrow() throws Exception {
        Path file = temp.resolve("halves.plan");
        halves(file);
        try (Running service = new Running("serve", file.toString(), "--port", "0");
                Tab tab = new Tab(Browser.found(temp), "http://localhost:" + service.port + "/", 500, 800)) {
            tab.until("document.readyState === 'complete'");
            tab.call(
                    "Emulation.setDeviceMetricsOverride",
                    "{\"width\":390,\"height\":800,\"deviceScaleFactor\":1,\"mobile\":true}");
            tab.until("document.documentElement.clientWidth === 390 && document.documentElement.scrollWidth === 390");
        }
    }

    @Test
    void severalPlansAndAnEnd() throws Exception {
        Path file = temp.resolve("two.plan");
        try (var model = Model.of(new Linear(3, 2), 1);
                Plan one = Plan.freeze(model, Shape.of(1, 3))) {
            PlanFile.save(file, Map.of("a", one, "b", one), Map.of());
        }
        Running service = new Running("serve", file.toString(), "--port", "0", "--batch", "4", "--delay", "100");
        try (service) {
            assertThat(service.get("/v2/models/a")).contains("\"shape\":[-1,3]");
            assertThat(service.get("/v2/models/b")).contains("\"name\":\"b\"");
            assertThat(service.get("/")).contains("const models = [{");
        }
        assertThat(service.code.get()).isEqualTo(130);
    }

    @Test
    void mistakes() throws Exception {
        CommandLineRun none =
                CommandLineRun.of("serve", temp.resolve("none.plan").toString());
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).startsWith("fathom serve: cannot read ").contains("it does not exist");
        Path text = Files.writeString(temp.resolve("a.plan"), "text");
        assertThat(CommandLineRun.of("serve", text.toString()).err()).contains("it is no plan");
        assertThat(CommandLineRun.of("serve").code()).isEqualTo(2);
        for (String[] bad :
                new String[][] {{"--port", "70000"}, {"--batch", "0"}, {"--delay", "-1"}, {"--host", "no such"}}) {
            CommandLineRun run = CommandLineRun.of("serve", text.toString(), bad[0], bad[1]);
            assertThat(run.code()).as(bad[0]).isEqualTo(2);
            assertThat(run.err()).contains(bad[0] + " " + bad[1]);
        }
    }
}
