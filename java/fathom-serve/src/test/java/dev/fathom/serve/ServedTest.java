package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Plans that replace others under load. */
class ServedTest {
    private static Session one(Plan plan) {
        return plan.newSession(1).threads(1);
    }

    private static float[] answer(Served served, float... x) throws InterruptedException {
        return served.with(session -> Nets.answer(session, x));
    }

    /** A thousand swaps under load: each answer is that of one of the plans, none fails, and memory stays. */
    @Test
    void aThousandSwapsUnderLoad() throws Exception {
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        List<float[]> answers = Nets.answers(x);
        ExecutorService threads = Executors.newFixedThreadPool(8);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong calls = new AtomicLong();
        long before = 0;
        try (Served served = new Served(Nets.vectors(0), 2, ServedTest::one)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                all.add(threads.submit(() -> {
                    while (!ended.get()) {
                        float[] y = served.with(session -> Nets.answer(session, x));
                        assertThat(answers).anyMatch(a -> Arrays.equals(a, y));
                        calls.incrementAndGet();
                    }
                    return null;
                }));
            }
            Nets.until(() -> calls.get() > 0);
            for (int swap = 1; swap <= 1000; swap++) {
                served.swap(Nets.vectors(swap % 2));
                if (swap == 10) {
                    before = Memory.stats().owned();
                }
                if (swap % 100 == 0) {
                    long seen = calls.get();
                    Nets.until(() -> calls.get() > seen);
                }
            }
            // at most the plans of a few swaps whose calls are under way, each of some pages
            assertThat(Memory.stats().owned()).isLessThan(before + (1 << 20));
            assertThat(answer(served, x)).containsExactly(answers.get(0));
            ended.set(true);
            for (Future<?> f : all) {
                f.get();
            }
            assertThat(served.statistics().inUse()).isZero();
            assertThat(served.statistics().lent()).isGreaterThan(calls.get()); // on all plans
        } finally {
            ended.set(true);
            threads.shutdownNow();
        }
    }

    /** A call that began on the old plan ends on it, and the old plan is closed after it. */
    @Test
    void aCallUnderWayEndsOnTheOldPlan() throws Exception {
        Plan old = Nets.vectors(1);
        float[] x = new float[Nets.IN];
        Arrays.fill(x, 1);
        float[] expected = Nets.alone(old, x);
        try (Served served = new Served(old, 1, ServedTest::one)) {
            float[] y = served.with(session -> {
                served.swap(Nets.vectors(2));
                return Nets.answer(session, x);
            });
            assertThat(y).containsExactly(expected);
            assertThatThrownBy(old::newSession).hasMessageContaining("plan is closed");
            assertThat(answer(served, x)).isNotEqualTo(expected);
        }
    }

    @Test
    void anotherKindOfPlanIsRefused() throws Exception {
        try (Served served = new Served(Nets.vectors(1), 1, ServedTest::one);
                var model = Model.of(new Linear(Nets.IN, 2), 1);
                Plan other = Plan.freeze(model, Shape.of(1, Nets.IN))) {
            assertThatThrownBy(() -> served.swap(other))
                    .hasMessage("swap: the plan goes from [input F32 [batch, 6]] to [output F32 [batch, 2]] but the one"
                            + " in its place from [input F32 [batch, 6]] to [output F32 [batch, 3]]; give one with the"
                            + " same names, types and dimensions");
            assertThat(answer(served, new float[Nets.IN])).hasSize(Nets.OUT);
        }
    }

    @Test
    void closed() throws Exception {
        Plan plan = Nets.vectors(1);
        Served served = new Served(plan, 1, ServedTest::one);
        served.close();
        served.close();
        assertThatThrownBy(() -> served.with(session -> 1)).hasMessageContaining("Served is closed");
        assertThatThrownBy(plan::newSession).hasMessageContaining("plan is closed");
        try (Plan next = Nets.vectors(1)) {
            assertThatThrownBy(() -> served.swap(next)).hasMessageContaining("Served is closed");
        }
    }
}
