package dev.fathom.experiments.training;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A model as a service would run it, for one image at a time.
 *
 * @param microseconds from writing an image's floats to reading its logits: the median of the later half of
 *     {@value #RUNS} runs, or of as many as fit into half a second
 * @param difference the largest between a logit of the plan and the eager one's
 */
public record Frozen(double microseconds, float difference) {
    private static final int RUNS = 10_000;
    private static final long NANOS = 500_000_000;
    private static final int IMAGES = 100;

    /** Freezes {@code model} and runs it on images of {@code data}. */
    static Frozen of(Model<? extends Layer> model, Dataset data) {
        int n = Math.min(IMAGES, data.size());
        float[] pixels;
        float[] eager;
        Batches.Epoch epoch = data.batches(n).epoch(0);
        try (Pass pass = Pass.infer()) {
            var x = epoch.next().x();
            pixels = x.toArray();
            eager = model.net().apply(x).toArray();
        }
        int width = pixels.length / n;
        int classes = eager.length / n;
        try (Plan plan = Plan.freeze(model, Training.example(data.featureShape()));
                Session session = plan.newSession()) {
            FloatBuffer in = session.input();
            float[] logits = new float[classes];
            float difference = 0;
            double[] took = new double[RUNS];
            int runs = 0;
            for (long began = System.nanoTime(); runs < RUNS; ) {
                int image = runs % n;
                long start = System.nanoTime();
                in.put(0, pixels, image * width, width);
                session.run();
                session.output().get(0, logits);
                took[runs++] = (System.nanoTime() - start) / 1e3;
                for (int k = 0; k < classes; k++) {
                    difference = Math.max(difference, Math.abs(logits[k] - eager[image * classes + k]));
                }
                if (runs >= n && start - began > NANOS) {
                    break;
                }
            }
            Arrays.sort(took, runs / 2, runs);
            return new Frozen(took[runs / 2 + (runs - runs / 2) / 2], difference);
        }
    }

    /** What to say about {@link #difference}. */
    String agreement() {
        return difference == 0 ? "bit for bit the eager answers" : "within " + difference + " of the eager answers";
    }
}
