package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fathom.experiments.Browser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A page in a browser without a window, which a test looks at and touches by Chromium's DevTools protocol. */
final class Tab implements AutoCloseable {
    private static final int PATIENCE = 60;

    private final Process process;
    private final LinkedBlockingQueue<JsonObject> answers = new LinkedBlockingQueue<>();
    private final WebSocket socket;
    private int calls;

    /** Opens a page in a window of this size. */
    Tab(Browser browser, String url, int width, int height) throws Exception {
        Path profile = browser.temp().resolve("tab");
        process = new ProcessBuilder(
                        browser.program().toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--remote-debugging-port=0",
                        "--remote-allow-origins=*",
                        "--user-data-dir=" + profile,
                        "--window-size=" + width + "," + height,
                        url)
                .redirectErrorStream(true)
                .redirectOutput(browser.temp().resolve("tab.log").toFile())
                .start();
        try {
            HttpClient client = HttpClient.newHttpClient();
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create(address(client, port(profile), url)), new Listener())
                    .get(PATIENCE, TimeUnit.SECONDS);
        } catch (Exception | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static int port(Path profile) throws Exception {
        Path file = profile.resolve("DevToolsActivePort");
        for (int i = 0; i < 100 * PATIENCE; i++) {
            if (Files.exists(file) && Files.size(file) > 0) {
                return Integer.parseInt(Files.readAllLines(file).get(0));
            }
            Thread.sleep(10);
        }
        throw new AssertionError("the browser does not say its port");
    }

    private static String address(HttpClient client, int port, String url) throws Exception {
        for (int i = 0; i < 100 * PATIENCE; i++) {
            String tabs = client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
            for (var tab : JsonParser.parseString(tabs).getAsJsonArray()) {
                if (tab.getAsJsonObject().get("url").getAsString().startsWith(url)) {
                    return tab.getAsJsonObject().get("webSocketDebuggerUrl").getAsString();
                }
            }
            Thread.sleep(10);
        }
        throw new AssertionError("the browser does not open the page");
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                answers.add(JsonParser.parseString(text.toString()).getAsJsonObject());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    /** Calls a method of the protocol with these parameters as JSON, and returns its result. */
    JsonObject call(String method, String parameters) throws Exception {
        int id = ++calls;
        socket.sendText("{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}", true)
                .get(PATIENCE, TimeUnit.SECONDS);
        while (true) {
            JsonObject answer = answers.poll(PATIENCE, TimeUnit.SECONDS);
            assertThat(answer).as("an answer to " + method).isNotNull();
            if (answer.has("id") && answer.get("id").getAsInt() == id) {
                assertThat(answer.has("error")).as(answer.toString()).isFalse();
                return answer.getAsJsonObject("result");
            }
        }
    }

    /** What an expression of JavaScript is on the page, as a text, or what it throws. */
    String is(String expression) throws Exception {
        JsonObject parameters = new JsonObject();
        parameters.addProperty("expression", "String(" + expression + ")");
        JsonObject result = call("Runtime.evaluate", parameters.toString()).getAsJsonObject("result");
        return (result.has("value") ? result.get("value") : result.get("description")).getAsString();
    }

    /** Waits until an expression of JavaScript is true. */
    void until(String expression) throws Exception {
        long end = System.nanoTime() + PATIENCE * 1_000_000_000L;
        while (!is(expression).equals("true")) {
            assertThat(System.nanoTime()).as(expression).isLessThan(end);
            Thread.sleep(20);
        }
    }

    /** Draws with the mouse from point to point, x and y of each. */
    void draw(double... points) throws Exception {
        for (int i = 0; i < points.length; i += 2) {
            mouse(i == 0 ? "mousePressed" : "mouseMoved", points[i], points[i + 1]);
        }
        mouse("mouseReleased", points[points.length - 2], points[points.length - 1]);
    }

    private void mouse(String what, double x, double y) throws Exception {
        call(
                "Input.dispatchMouseEvent",
                "{\"type\":\"" + what + "\",\"x\":" + x + ",\"y\":" + y
                        + ",\"button\":\"left\",\"buttons\":1,\"clickCount\":1}");
    }

    /** Writes what the page looks like to a file. */
    void picture(Path file) throws Exception {
        String data = call("Page.captureScreenshot", "{\"format\":\"png\"}")
                .get("data")
                .getAsString();
        Files.write(file, Base64.getDecoder().decode(data));
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        process.destroy();
        for (ProcessHandle one : all) { // each of which writes into its folder
            try {
                one.onExit().get(10, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                one.destroyForcibly();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
