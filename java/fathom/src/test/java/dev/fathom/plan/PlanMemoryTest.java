package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a plan holds, and the limit that it keeps. */
class PlanMemoryTest {
    private static Plan plan() {
        try (var model = Model.of(new Sequential(new Linear(64, 256), Tensor::tanh, new Linear(256, 64)), 1)) {
            return Plan.freeze(model, Shape.of(1, 64));
        }
    }

    /** The bytes of a session of 64 examples. */
    private static long session(Plan plan) {
        long before = plan.memory();
        try (Session first = plan.newSession(64)) {
            assertThat(first.batch()).isEqualTo(64);
            return plan.memory() - before;
        }
    }

    @Test
    void weightsAndSessions() {
        try (Plan plan = plan()) {
            long weights = plan.memory();
            assertThat(weights).isGreaterThanOrEqualTo(4 * (64 * 256 + 256 * 64));
            try (Session one = plan.newSession(1);
                    Session many = plan.newSession(512)) {
                assertThat(plan.memory() - weights)
                        .isGreaterThanOrEqualTo(plan.workspaceBytes(1) + plan.workspaceBytes(512));
                assertThat(one.batch() + many.batch()).isEqualTo(513);
            }
            assertThat(plan.memory()).isEqualTo(weights);
        }
    }

    @Test
    void theLimit() {
        try (Plan plan = plan()) {
            long weights = plan.memory();
            long session = session(plan);
            plan.limitMemory(weights + 3 * session);
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                sessions.add(plan.newSession(64));
            }
            assertThatThrownBy(() -> plan.newSession(64))
                    .isInstanceOf(NativeMemoryException.class)
                    .hasMessageContaining("out of the memory of this plan: it may hold ")
                    .hasMessageContaining("raise its limit");
            sessions.get(0).set(new float[64 * 64]).run(); // they go on
            sessions.remove(2).close();
            sessions.add(plan.newSession(64));
            assertThat(plan.memory()).isEqualTo(weights + 3 * session);
            sessions.forEach(Session::close);
            assertThat(plan.memory()).isEqualTo(weights);
            assertThatThrownBy(() -> plan.limitMemory(weights - 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the weights of this plan have " + weights + " bytes");
        }
    }

    /** Threads that make sessions at the same time together keep the limit. */
    @Test
    void manyThreads() {
        try (Plan plan = plan()) {
            long weights = plan.memory();
            long session = session(plan);
            plan.limitMemory(weights + 4 * session);
            AtomicInteger made = new AtomicInteger();
            AtomicInteger refused = new AtomicInteger();
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                all.add(CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 200; i++) {
                        try (Session each = plan.newSession(64)) {
                            assertThat(plan.memory()).isGreaterThan(weights);
                            made.addAndGet(each.batch() / 64);
                        } catch (NativeMemoryException e) {
                            refused.incrementAndGet();
                        }
                    }
                }));
            }
            all.forEach(CompletableFuture::join);
            assertThat(made.get() + refused.get()).isEqualTo(1600);
            assertThat(made.get()).isPositive();
            assertThat(plan.memory()).isEqualTo(weights);
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                sessions.add(plan.newSession(64));
            }
            assertThatThrownBy(() -> plan.newSession(64)).isInstanceOf(NativeMemoryException.class);
            sessions.forEach(Session::close);
        }
    }
}
