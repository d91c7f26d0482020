package dev.fathom.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests with more examples than the queue holds. */
@Timeout(120)
class LargeRequestsTest {
    private static final int IN = 4;
    private static final int OUT = 3;

    private final HttpClient client = HttpClient.newHttpClient();
    private final Plan reference = plan();
    private final CountDownLatch released = new CountDownLatch(1);

    private static Plan plan() {
        try (var model = Model.of(new Sequential(new Linear(IN, 8), Tensor::tanh, new Linear(8, OUT)), 1)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    @AfterEach
    void close() {
        released.countDown();
        reference.close();
    }

    private HttpResponse<String> post(Service service, float... x) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/predict"))
                        .POST(BodyPublishers.ofString(Arrays.toString(x)))
                        .build(),
                BodyHandlers.ofString());
    }

    private static float[] answer(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonArray rows = new Gson()
                .fromJson(response.body(), JsonObject.class)
                .getAsJsonObject("outputs")
                .getAsJsonArray("output");
        float[] all = new float[OUT * rows.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = rows.get(i / OUT).getAsJsonArray().get(i % OUT).getAsFloat();
        }
        return all;
    }

    /**
     * Keeps the worker busy until the release: what depends on a future runs on it, unless the future is done before.
     */
    private void block(MicroBatcher batcher) throws Exception {
        Thread caller = Thread.currentThread();
        CountDownLatch reached = new CountDownLatch(1);
        boolean[] tooLate = {true};
        while (tooLate[0]) {
            tooLate[0] = false;
            batcher.submit(new float[IN]).thenRun(() -> {
                tooLate[0] = Thread.currentThread() == caller;
                if (!tooLate[0]) {
                    reached.countDown();
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
            });
        }
        reached.await();
    }

    private static List<Map<String, double[]>> examples(int n) {
        List<Map<String, double[]>> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(Map.of("input", new double[IN]));
        }
        return all;
    }

    /** They are answered in order and to the last bit, and small ones beside them find room. */
    @Test
    void inParts() throws Exception {
        try (Service service = Service.on(0)
                .model(new ServedModel("net", plan(), Settings.of(8).capacity(200)))
                .start()) {
            float[] large = new Rng(1).normal(5000 * IN, 0, 1);
            float[] expected = new float[5000 * OUT];
            for (int i = 0; i < 5000; i++) {
                float[] y = reference.predict(Arrays.copyOfRange(large, i * IN, (i + 1) * IN));
                System.arraycopy(y, 0, expected, i * OUT, OUT);
            }
            List<CompletableFuture<float[]>> answers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                answers.add(CompletableFuture.supplyAsync(() -> {
                    try {
                        return answer(post(service, large));
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                }));
            }
            for (int i = 0; i < 100; i++) {
                float[] small = new Rng(100 + i).normal(IN, 0, 1);
                assertThat(answer(post(service, small))).containsExactly(reference.predict(small));
            }
            for (CompletableFuture<float[]> each : answers) {
                assertThat(each.get()).containsExactly(expected);
            }
            MicroBatcher.Statistics done = service.models().get("net").batcher().statistics();
            assertThat(done.requests()).isEqualTo(3 * 5000 + 100);
            assertThat(done.rejected() + done.late() + done.canceled()).isZero();
        }
    }

    /** What cannot be in time is given up as a whole, and leaves nothing behind. */
    @Test
    void aDeadlineThatCannotBeKept() throws Exception {
        try (Service service = Service.on(0)
                .model(new ServedModel("net", plan(), Settings.of(8)))
                .deadline(Duration.ofMillis(50))
                .start()) {
            MicroBatcher batcher = service.models().get("net").batcher();
            float[] x = new Rng(1).normal(IN, 0, 1);
            float[] expected = reference.predict(x);
            block(batcher);
            long before = Memory.stats().owned();
            long computed = batcher.statistics().requests();
            for (int i = 0; i < 3; i++) {
                HttpResponse<String> late = post(service, new float[5000 * IN]);
                assertThat(late.statusCode()).isEqualTo(504);
                assertThat(late.body()).contains("not run before its deadline");
            }
            released.countDown();
            assertThat(batcher.predict(x)).containsExactly(expected);
            MicroBatcher.Statistics done = batcher.statistics();
            assertThat(done.waiting()).isZero();
            assertThat(done.requests()).isEqualTo(computed + 1);
            assertThat(Memory.stats().owned()).isEqualTo(before);
        }
    }

    /** A caller that is interrupted takes back what was not run. */
    @Test
    void canceled() throws Exception {
        try (ServedModel model = new ServedModel("net", plan(), Settings.of(8))) {
            block(model.batcher());
            long computed = model.batcher().statistics().requests();
            Thread caller =
                    new Thread(() -> assertThatThrownBy(() -> model.infer(examples(5000), Duration.ofMinutes(1)))
                            .isInstanceOf(InterruptedException.class));
            caller.start();
            while (model.batcher().statistics().waiting() < 16) { // two batches of eight, and no more
                Thread.sleep(1);
            }
            caller.interrupt();
            caller.join();
            released.countDown();
            model.batcher().predict(new float[IN]);
            assertThat(model.batcher().statistics().canceled()).isEqualTo(16);
            assertThat(model.batcher().statistics().requests()).isEqualTo(computed + 1);
        }
    }

    /** A queue that others have filled refuses, and one that they fill meanwhile makes the rest wait. */
    @Test
    void aFullQueue() throws Exception {
        try (Service service = Service.on(0)
                .model(new ServedModel("net", plan(), Settings.of(1).capacity(6)))
                .start()) {
            MicroBatcher batcher = service.models().get("net").batcher();
            block(batcher);
            CompletableFuture<HttpResponse<String>> begun = CompletableFuture.supplyAsync(() -> {
                try {
                    return post(service, new float[100 * IN]);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            while (batcher.statistics().waiting() < 2) {
                Thread.sleep(1);
            }
            for (int i = 0; i < 4; i++) {
                batcher.submit(new float[IN]);
            }
            assertThatThrownBy(() -> batcher.submit(new float[IN])).isInstanceOf(RejectedExecutionException.class);
            HttpResponse<String> full = post(service, new float[100 * IN]);
            assertThat(full.statusCode()).isEqualTo(503);
            assertThat(full.headers().firstValue("Retry-After")).contains("1");
            assertThat(full.body()).contains("6 requests wait already");
            released.countDown();
            assertThat(answer(begun.get())).hasSize(100 * OUT);
        }
    }
}
