package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Browser;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.LivePage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A person watches a training in a browser, pauses it and stops it. */
@Timeout(180)
class LiveTest {
    private static final int SIDE = 8;

    @TempDir
    Path temp;

    private static Run train(LivePage page) {
        int n = 2000;
        float[] x = new Rng(1).normal(n * SIDE * SIDE, 0, 1);
        int[] y = new int[n];
        for (int i = 0; i < n; i++) {
            y[i] = x[i * SIDE * SIDE] > 0 ? 1 : 0;
        }
        var net = new Sequential(
                new Linear(SIDE * SIDE, 32).act(Activation.RELU),
                new Linear(32, 32).act(Activation.RELU),
                new Linear(32, 2));
        try (Dataset data = Dataset.of(x, Shape.of(SIDE * SIDE), y);
                Dataset some = data.subset(0, 1, 2, 3, 4);
                var model = Model.of(net, 1)) {
            page.examples(trained -> {
                int[] says = trained.predict(some).classes();
                ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1);
                for (int i = 0; i < says.length; i++) {
                    byte[] pixels = new byte[SIDE * SIDE];
                    for (int p = 0; p < pixels.length; p++) {
                        pixels[p] = (byte) Math.max(0, Math.min(255, 128 + 60 * x[i * pixels.length + p]));
                    }
                    sheet.add(pixels, says[i] == 1 ? "bright" : "dark");
                }
                return sheet;
            });
            return Trainer.of(model, Loss.crossEntropy(), new Adam(1e-4f))
                    .metrics(Metric.accuracy())
                    .callbacks(page)
                    .fit(data.shuffled(1).batches(8), data, 100_000);
        }
    }

    @Test
    void watched() throws Exception {
        Browser browser = Browser.found(temp);
        try (LivePage page = new LivePage(0)) {
            CompletableFuture<Run> training = CompletableFuture.supplyAsync(() -> train(page));
            try (Tab tab = new Tab(browser, page.address(), 1000, 900)) {
                tab.until("document.getElementById('phase')?.textContent.startsWith('Training: epoch ')");
                tab.until("document.querySelectorAll('#loss polyline').length === 3");
                tab.until("document.querySelectorAll('#gradients .bar').length === 6");
                tab.until("document.querySelectorAll('#pictures img').length === 5");
                tab.until("document.querySelectorAll('#other polyline')[1]?.points.length > 8");
                tab.picture(temp.resolve("live.png"));
                tab.is("document.getElementById('pause').click()");
                tab.until("document.getElementById('phase').textContent.startsWith('Paused')");
                tab.is("document.getElementById('pause').click()");
                tab.until("document.getElementById('phase').textContent.startsWith('Training')");
                tab.is("document.getElementById('stop').click()");
                assertThat(training.get().ended()).contains("stopped on the live page");
                tab.until("document.getElementById('phase').textContent.startsWith('The training ended: ')");
                tab.call(
                        "Emulation.setDeviceMetricsOverride",
                        "{\"width\":390,\"height\":800,\"deviceScaleFactor\":1,\"mobile\":true}");
                tab.until(
                        "document.documentElement.clientWidth === 390 && document.documentElement.scrollWidth === 390");
            }
        }
        String kept = System.getProperty("fathom.pictures");
        if (kept != null) {
            Files.copy(temp.resolve("live.png"), Path.of(kept).resolve("live.png"));
        }
    }

    @Test
    void quickstart() throws Exception {
        Path root = TinyImages.write(temp);
        CommandLineRun run = CommandLineRun.in(
                root,
                "quickstart",
                "--epochs",
                "2",
                "--live",
                "0",
                "--out",
                temp.resolve("out").toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("Open http://localhost:\\d+/ in a browser to watch\\.");
    }
}
