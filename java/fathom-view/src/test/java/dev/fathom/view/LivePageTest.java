package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A training that somebody watches, pauses and stops from a browser. */
@Timeout(120)
class LivePageTest {
    private final HttpClient client = HttpClient.newHttpClient();

    private HttpResponse<String> get(LivePage page, String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(page.address() + path)).build(), BodyHandlers.ofString());
    }

    private JsonObject state(LivePage page) throws Exception {
        return new Gson().fromJson(get(page, "state").body(), JsonObject.class);
    }

    private int post(LivePage page, String path, boolean own) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(page.address() + path)).POST(BodyPublishers.noBody());
        return client.send((own ? request.header("X-Fathom", "1") : request).build(), BodyHandlers.discarding())
                .statusCode();
    }

    private void until(LivePage page, String phase) throws Exception {
        while (!state(page).get("phase").getAsString().equals(phase)) {
            Thread.sleep(5);
        }
    }

    private static Dataset points() {
        float[] x = new Rng(1).normal(2 * 4000, 0, 1);
        int[] y = new int[4000];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[2 * i] > x[2 * i + 1] ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), y);
    }

    private static Run train(LivePage page, int epochs) {
        try (Dataset data = points();
                var model = Model.of(new Linear(2, 2), 1)) {
            return Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                    .metrics(Metric.accuracy())
                    .callbacks(page)
                    .fit(data.batches(8), data, epochs);
        }
    }

    @Test
    void watchesPausesAndStops() throws Exception {
        try (LivePage page = new LivePage(0)) {
            assertThat(state(page).get("phase").getAsString()).isEqualTo("waiting");
            page.examples(model -> new ImageSheet(1, 2, 1).add(new byte[] {0, 127}, "two pixels"));
            CompletableFuture<Run> training = CompletableFuture.supplyAsync(() -> train(page, 100_000));
            while (state(page).getAsJsonArray("epochLogs").size() < 2
                    || state(page).getAsJsonArray("gradients").isEmpty()) {
                Thread.sleep(5);
            }
            JsonObject state = state(page);
            assertThat(state.get("phase").getAsString()).isEqualTo("training");
            assertThat(state.getAsJsonArray("losses").size()).isGreaterThan(1);
            JsonObject values =
                    state.getAsJsonArray("epochLogs").get(0).getAsJsonObject().getAsJsonObject("values");
            assertThat(values.keySet()).contains("loss", "accuracy", "val_loss", "val_accuracy");
            JsonObject gradient = state.getAsJsonArray("gradients").get(0).getAsJsonObject();
            assertThat(gradient.get("name").getAsString()).isEqualTo("weight");
            assertThat(gradient.get("gradient").getAsDouble()).isPositive();
            assertThat(state.getAsJsonArray("examples")
                            .get(0)
                            .getAsJsonObject()
                            .get("caption")
                            .getAsString())
                    .isEqualTo("two pixels");
            assertThat(state.get("speed").getAsDouble()).isPositive();
            assertThat(state.get("native").getAsLong()).isPositive();

            assertThat(post(page, "pause", true)).isEqualTo(204);
            until(page, "paused");
            Thread.sleep(50);
            int epoch = state(page).get("epoch").getAsInt();
            int step = state(page).get("step").getAsInt();
            Thread.sleep(100);
            assertThat(state(page).get("epoch").getAsInt()).isEqualTo(epoch);
            assertThat(state(page).get("step").getAsInt()).isEqualTo(step);
            assertThat(post(page, "resume", true)).isEqualTo(204);
            until(page, "training");
            assertThat(training.isDone()).isFalse();

            assertThat(post(page, "pause", true)).isEqualTo(204);
            assertThat(post(page, "stop", true)).isEqualTo(204);
            assertThat(training.get().ended()).contains("stopped on the live page");
            until(page, "ended");
            assertThat(state(page).get("ended").getAsString()).contains("stopped on the live page");
        }
    }

    /** A page of another site can look for the port, and change nothing. */
    @Test
    void othersChangeNothing() throws Exception {
        try (LivePage page = new LivePage(0)) {
            assertThat(post(page, "stop", false)).isEqualTo(403);
            assertThat(get(page, "stop").statusCode()).isEqualTo(405);
            assertThat(get(page, "nope").statusCode()).isEqualTo(404);
            assertThat(get(page, "").body())
                    .contains("<title>Fathom trains</title>")
                    .doesNotContain("https://");
            assertThat(train(page, 1).epochs()).hasSize(1);
        }
    }

    /** A close lets a training go on that was paused. */
    @Test
    void closedWhilePaused() throws Exception {
        LivePage page = new LivePage(0);
        CompletableFuture<Run> training = CompletableFuture.supplyAsync(() -> train(page, 40));
        until(page, "training");
        post(page, "pause", true);
        until(page, "paused");
        assertThatThrownBy(() -> new LivePage(URI.create(page.address()).getPort()))
                .hasMessageContaining("cannot be taken");
        page.close();
        page.close();
        assertThat(training.get().epochs()).hasSize(40);
    }
}
