package dev.fathom.labs;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A model as a service would run it, for one image at a time.
 *
 * @param microseconds from writing an image's floats to reading its logits: the median of {@value #RUNS} runs after as many for warmth
 * @param difference the largest between a logit of the plan and the eager one's
 */
record Frozen(double microseconds, float difference) {
    private static final int RUNS = 5000;
    private static final int IMAGES = 100;

    /** Freezes {@code model} and runs it on images of {@code data}, whose features are vectors. */
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
        try (Plan plan = Plan.freeze(model, Shape.of(1, width));
                Session session = plan.newSession()) {
            FloatBuffer in = session.input();
            FloatBuffer out = session.output();
            float[] logits = new float[classes];
            float difference = 0;
            double[] took = new double[RUNS];
            for (int i = -RUNS; i < RUNS; i++) {
                int image = Math.floorMod(i, n);
                long start = System.nanoTime();
                in.put(0, pixels, image * width, width);
                session.run();
                out.get(0, logits);
                if (i >= 0) {
                    took[i] = (System.nanoTime() - start) / 1e3;
                }
                for (int k = 0; k < classes; k++) {
                    difference = Math.max(difference, Math.abs(logits[k] - eager[image * classes + k]));
                }
            }
            Arrays.sort(took);
            return new Frozen(took[RUNS / 2], difference);
        }
    }

    /** What to say about {@link #difference}. */
    String agreement() {
        return difference == 0 ? "bit for bit the eager answers" : "within " + difference + " of the eager answers";
    }
}
