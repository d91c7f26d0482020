package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.op.*;
import dev.fathom.plan.*;
import dev.fathom.tensor.*;

/**
 * A plan is a network frozen for serving. All threads share it; each has a session, whose run is one native call and
 * allocates nothing.
 */
public final class E08Serving {
    public static void main(String[] args) throws InterruptedException {
        var net = new Sequential(new Linear(4, 64), Tensor::relu, new Dropout(0.5f), new Linear(64, 3));
        float[] x = {0.1f, 0.2f, 0.3f, 0.4f};
        try (var model = Model.of(net, 1);
                var plan = Plan.freeze(model, Shape.of(1, 4))) {
            System.out.print("The plan:\n" + plan); // the activation is fused, the dropout gone
            Thread[] threads = new Thread[2];
            for (int t = 0; t < threads.length; t++) {
                threads[t] = new Thread(() -> {
                    try (Session session = plan.newSession(1).threads(1)) { // one example at a time, on one thread
                        for (int i = 0; i < 10_000; i++) {
                            session.set(x).run();
                        }
                    }
                });
                threads[t].start();
            }
            for (Thread t : threads) {
                t.join();
            }
            try (Session session = plan.newSession();
                    Pass pass = Pass.infer()) {
                session.set(x).run();
                float eager = net.apply(Tensor.of(x, 1, 4)).get(0, 2);
                System.out.println("frozen " + session.output().get(2) + ", eager " + eager);
            }
        }
    }
}
