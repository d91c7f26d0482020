package dev.fathom.bench;

import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;

/** A frozen net that turns the same numbers into its answer again and again, from float[] to float[]. */
final class Served implements AutoCloseable {
    private final Plan plan;
    private final Session session;
    private final float[] x;
    private final float[] y;

    /** Serves this plan, which it closes in the end. */
    Served(Plan plan, float[] x) {
        this.plan = plan;
        this.x = x;
        session = plan.newSession();
        y = new float[(int) session.outputShape(0).size()];
    }

    /** The answer, which the next call overwrites. */
    float[] answer() {
        session.set(x).run();
        session.output().get(0, y);
        return y;
    }

    @Override
    public void close() {
        session.close();
        plan.close();
    }
}
