package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.ChildJvm;
import dev.fathom.train.Metric;
import dev.fathom.train.Trainer;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a training step costs beside its arithmetic once it is warm: hardly any Java heap, no pages, no OpenBLAS. No
 * clock is read.
 */
class SteadyStepTest {
    private static final int BATCH = 128;

    private static Sequential mlp() {
        return new Sequential(
                new Linear(784, 256),
                Tensor::relu,
                new Dropout(0.4f),
                new Linear(256, 128),
                Tensor::relu,
                new Dropout(0.3f),
                new Linear(128, 10));
    }

    private static Dataset images(int n) {
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 10;
        }
        return Dataset.images(new byte[784 * n], Shape.of(784), labels);
    }

    @Test
    @Tag("any-instruction-set") // fenced memory has a map entry for each piece
    void aWarmStepAllocatesLittleAndMapsNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        int steps = 16;
        long least = Long.MAX_VALUE;
        try (var model = Model.of(mlp(), 42);
                var adam = new Adam(1e-3f).on(model);
                Dataset data = images(steps * BATCH)) {
            Batches batches = data.shuffled(1).batches(BATCH);
            Loss loss = Loss.crossEntropy();
            Metric accuracy = Metric.accuracy();
            Rng rng = new Rng(7);
            long mapped = 0;
            double sum = 0;
            for (int window = 0; window < 12; window++) {
                Batches.Epoch epoch = batches.epoch(window);
                long before = bean.getThreadAllocatedBytes(thread);
                while (epoch.hasNext()) {
                    try (Pass pass = Pass.train(rng)) {
                        Batch batch = epoch.next();
                        Tensor output = model.net().apply(batch.x());
                        Tensor value = loss.of(output, batch.y());
                        sum += value.item() + accuracy.of(output, batch.y()).value();
                        pass.backward(value, model);
                        adam.step();
                    }
                }
                least = Math.min(least, (bean.getThreadAllocatedBytes(thread) - before) / steps);
                if (window == 0) {
                    mapped = mapped();
                }
            }
            assertThat(sum).isFinite();
            assertThat(mapped()).as("pages mapped after the first window").isLessThanOrEqualTo(mapped);
            int labels = 4 * BATCH + 256; // the metric reads them to refuse what is no class, and gives a record
            assertThat(least).as("bytes of Java heap a step").isLessThanOrEqualTo(4224 + labels);
        }
    }

    private static long mapped() {
        Memory.Stats s = Memory.stats();
        return s.owned() + s.passes() + s.pooled();
    }

    // ---- OpenBLAS stays away

    /** Trains, freezes and runs, then prints which OpenBLAS or JavaCPP libraries the process has mapped. */
    static final class Child {
        public static void main(String[] args) throws Exception {
            try (var model = Model.of(mlp(), 42);
                    Dataset data = images(256)) {
                Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).fit(data.batches(BATCH), 1);
                try (Plan plan = Plan.freeze(model, Shape.of(1, 784));
                        Session s = plan.newSession()) {
                    s.set(new float[784]).run();
                }
            }
            List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
            System.out.println("fathom " + maps.stream().anyMatch(l -> l.contains("libfathom")));
            maps.stream()
                    .filter(l -> l.contains("openblas") || l.contains("jniopenblas") || l.contains("libjnijavacpp"))
                    .forEach(System.out::println);
        }
    }

    @Test
    void openBlasIsNotLoadedUnlessAskedFor() throws Exception {
        assumeThat(Files.exists(Path.of("/proc/self/maps"))).as("Linux").isTrue();
        assertThat(ChildJvm.said(Child.class, List.of())).isEqualTo("fathom true\n");
    }
}
