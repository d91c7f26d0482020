package dev.fathom.bench;

import dev.fathom.bench.Callers.Samples;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Request;
import dev.fathom.serve.MicroBatcher.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a {@link MicroBatcher} makes of 64 requests that are always under way: those of as many threads that wait for
 * one each, or those of two threads that each keep half of them under way. Requests are used again and again.
 */
public final class FathomBatching {
    /** Requests under way. */
    static final int REQUESTS = 64;
    /** Examples of a batch: while one half is computed, the other one is sent. */
    private static final int EXAMPLES = 32;

    private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);
    private final Plan plan;
    private final Session session;
    private final Session batch;
    private final MicroBatcher batcher;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private FathomBatching() {
        plan = plan();
        session = plan.newSession(1).threads(1);
        batch = plan.newSession(EXAMPLES).threads(1).set(Work.gauss(1, EXAMPLES * pixels.length, 1));
        batcher = new MicroBatcher(plan(), Settings.of(EXAMPLES).workers(2).threads(1));
    }

    private Plan plan() {
        try (Model<Sequential> model = FathomMlp.model(true)) {
            return Plan.freeze(model, Shape.of(1, pixels.length));
        }
    }

    /**
     * {@code MILLIS BLOCKS}: answers for each block with nanoseconds of an answer to one caller and of a run, and then
     * from an answer to the next and the 99th percentile of both ways.
     */
    public static void main(String[] args) throws Exception {
        FathomBatching batching = new FathomBatching();
        long nanos = Long.parseLong(args[0]) * 1_000_000;
        for (int block = -1; block < Integer.parseInt(args[1]); block++) { // the first one warms
            double one = batching.alone(batching.session, nanos);
            double run = batching.alone(batching.batch, nanos / 4);
            double[] waiting = batching.sent(REQUESTS, 1, nanos);
            double[] pending = batching.sent(2, REQUESTS / 2, nanos);
            if (block >= 0) {
                System.out.println(Server.MARK + "ok " + one + " " + run + " " + waiting[0] + " " + waiting[1] + " "
                        + pending[0] + " " + pending[1]);
            }
        }
        System.exit(0);
    }

    /** Nanoseconds of a run. */
    private double alone(Session of, long nanos) {
        float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        long start = System.nanoTime();
        long took = 0;
        int runs = 0;
        for (; took < nanos; runs++) {
            if (of == session) {
                of.set(pixels).run();
                of.output().get(0, logits);
            } else {
                of.run();
            }
            took = System.nanoTime() - start;
        }
        return (double) took / runs;
    }

    /** Nanoseconds from an answer to the next, and the 99th percentile from sending a request to its answer. */
    private double[] sent(int callers, int each, long nanos) throws InterruptedException, ExecutionException {
        long start = System.nanoTime();
        List<Future<Samples>> sent = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            sent.add(threads.submit(() -> caller(each, start + nanos)));
        }
        Samples all = new Samples();
        for (Future<Samples> samples : sent) {
            all.add(samples.get());
        }
        return new double[] {(double) (System.nanoTime() - start) / all.size(), all.percentile(0.99)};
    }

    private Samples caller(int each, long end) throws InterruptedException {
        Samples samples = new Samples();
        Request[] requests = new Request[each];
        long[] since = new long[each];
        for (int i = 0; i < each; i++) {
            requests[i] = batcher.request();
            since[i] = System.nanoTime();
            requests[i].set(pixels).submit();
        }
        int next = 0;
        for (long now = System.nanoTime(); now < end; next = (next + 1) % each) {
            requests[next].result();
            now = System.nanoTime();
            samples.add(now - since[next]);
            since[next] = now;
            requests[next].set(pixels).submit();
        }
        for (Request request : requests) {
            request.result();
        }
        return samples;
    }
}
