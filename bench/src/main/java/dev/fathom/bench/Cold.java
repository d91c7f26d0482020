package dev.fathom.bench;

import java.lang.management.ManagementFactory;

/** The stopwatch of the cold start: a process of its own per try, timed by the JVM's own record of its start. */
public final class Cold {
    private Cold() {}

    /** The image asked about; cheap to make, so that making it is not what is measured. */
    public static float[] pixels() {
        float[] pixels = new float[Work.MLP[0]];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i % 17 / 17f;
        }
        return pixels;
    }

    /** Stops the clock, prints the milliseconds, then checks the answer against the network in double precision. */
    public static void answered(float[] logits) {
        long now = System.currentTimeMillis();
        double[] expected = Work.mlp(pixels());
        for (int i = 0; i < logits.length; i++) {
            Work.check("logit " + i, logits[i], expected[i], 1e-4);
        }
        System.out.println(Server.MARK
                + "ok "
                + (now - ManagementFactory.getRuntimeMXBean().getStartTime()));
    }
}
