package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Quantization;
import dev.fathom.plan.Quantized;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** What a published network of images loses where its plan is stored, and multiplied, in fewer bytes. */
class QuantizedImagesTest {
    private static final int IMAGES = 1000;
    private static final int PIXELS = 32 * 32;
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

    private static int right(float[] logits, byte[] records) {
        int right = 0;
        for (int i = 0; i < IMAGES; i++) {
            int best = 0;
            for (int c = 1; c < 10; c++) {
                best = logits[10 * i + c] > logits[10 * i + best] ? c : best;
            }
            right += best == records[i * (1 + 3 * PIXELS)] ? 1 : 0;
        }
        return right;
    }

    /** Images [n, 32, 32, 3] of records of a label and three planes. */
    private static float[] images(byte[] records) {
        float[] x = new float[IMAGES * PIXELS * 3];
        for (int i = 0; i < x.length; i++) {
            int channel = i % 3;
            int at = i / (3 * PIXELS) * (1 + 3 * PIXELS) + 1 + channel * PIXELS + i / 3 % PIXELS;
            x[i] = ((records[at] & 0xff) / 255f - MEAN[channel]) / DEVIATION[channel];
        }
        return x;
    }

    /** Expected before it was measured: at least 99 % of the classes stay, and at most ten of a thousand are lost. */
    @Test
    void classesOfRealImagesStay() throws IOException {
        Path data = Path.of(System.getenv().getOrDefault("FATHOM_DATA", "nowhere"));
        Path test = data.resolve("cifar10/test_1000.bin.gz");
        assumeTrue(
                Files.exists(test) && Files.isDirectory(data.resolve("pretrained-cifar10")),
                "FATHOM_DATA has no cifar10 and pretrained-cifar10");
        byte[] records;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(test))) {
            records = in.readAllBytes();
        }
        float[] x = images(records);
        Pretrained resnet = Pretrained.named("resnet20", IllegalArgumentException::new);
        try (Model<Layer> model = resnet.load(data.resolve("pretrained-cifar10"));
                Plan plan = Plan.freeze(model, Shape.of(1, 32, 32, 3))) {
            int before = right(plan.predict(x), records);
            assertThat(before)
                    .as("right of 1,000, of which the network's page says 915")
                    .isBetween(910, 920);
            for (Quantization as : Quantization.values()) {
                Quantized quantized = plan.quantize(as, x);
                try (Plan small = quantized.plan()) {
                    assertThat(quantized.agreement()).as("%s", as).isGreaterThanOrEqualTo(0.99);
                    assertThat(right(small.predict(x), records)).as("%s", as).isGreaterThanOrEqualTo(before - 10);
                }
            }
        }
    }
}
