package dev.fathom.bench;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.SessionPool;

/** One plan: a session for each caller, a pool of them, or a batcher with a request for each caller. */
public final class FathomService implements Service {
    private final String kind;
    private final Plan plan;
    private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);

    private FathomService(String kind) {
        this.kind = kind;
        try (Model<Sequential> model = FathomMlp.model(true)) {
            plan = Plan.freeze(model, Shape.of(1, pixels.length));
        }
    }

    /** {@code session}, {@code pool} or {@code batcher}. */
    public static void main(String[] args) throws Exception {
        Callers.serve(new FathomService(args[0]));
    }

    @Override
    public String about() {
        return "Fathom, " + NativeRuntime.get().isa() + ", "
                + NativeRuntime.get().threads() + " threads, " + kind;
    }

    @Override
    public Caller caller() {
        float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        return switch (kind) {
            case "session" -> session(plan.newSession(1).threads(1), logits);
            case "pool" -> pool(new SessionPool(1, () -> plan.newSession(1).threads(1)), logits);
            case "batcher" -> batched(new MicroBatcher(plan, Settings.of(32)).request(), logits);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private Caller session(Session session, float[] logits) {
        return () -> {
            session.set(pixels).run();
            session.output().get(0, logits);
            return logits;
        };
    }

    private Caller pool(SessionPool pool, float[] logits) {
        return () -> {
            Session session = pool.take();
            session.set(pixels).run();
            session.output().get(0, logits);
            pool.give(session);
            return logits;
        };
    }

    private Caller batched(MicroBatcher.Request request, float[] logits) {
        return () -> {
            request.set(pixels).run();
            for (int i = 0; i < logits.length; i++) {
                logits[i] = request.output().getFloat(4 * i);
            }
            return logits;
        };
    }
}
