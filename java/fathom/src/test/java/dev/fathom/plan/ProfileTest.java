package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Rng;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a plan says of its calls. */
class ProfileTest {
    private static Model<Sequential> net() {
        return Model.of(
                new Sequential(
                        new Conv(3, 8, Window.of(3).pad(1)).act(Activation.RELU),
                        new Flatten(),
                        new Linear(8 * 36, 10)),
                1);
    }

    @Test
    void eachCallHasARow() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(2, 6, 6, 3));
                Session session = plan.newSession()) {
            float[] x = new Rng(1).normal(2 * 108, 0, 1);
            session.set(x).run();
            float[] y = new float[20];
            session.output().get(0, y);
            Profile profile = session.profile(20);
            assertThat(profile.rows())
                    .extracting(Profile.Row::where)
                    .containsExactly("conv at 0", "permute at 1", "linear at 2");
            Profile.Row conv = profile.rows().get(0);
            assertThat(conv.shapes()).startsWith("[2, 6, 6, 3] ").endsWith(" to [2, 6, 6, 8]");
            assertThat(conv.bytes()).isBetween(4L * 2 * 36 * (3 + 8), 4L * 2 * 36 * (3 + 8) + 20_000);
            assertThat(profile.rows().stream()
                            .mapToLong(Profile.Row::multiplyAdds)
                            .sum())
                    .isEqualTo(model.multiplyAdds(Shape.of(2, 6, 6, 3)));
            for (Profile.Row row : profile.rows()) {
                assertThat(row.micros()).isPositive();
                assertThat(row.bytes()).isGreaterThan(2 * 10 * 4);
                assertThat(row.kernels()).isNotEmpty();
                assertThat(row.shareOfBound(1e9, 1e9))
                        .isCloseTo(
                                Math.max(2e-3 * row.multiplyAdds(), 1e-3 * row.bytes()) / row.micros(), within(1e-6));
            }
            assertThat(profile.micros()).isPositive();
            assertThat(profile.toString().lines()).hasSize(5);
            assertThat(profile.toString()).contains("linear at 2: ").contains(" in one run");
            float[] again = new float[20];
            session.output().get(0, again);
            assertThat(again).containsExactly(y);
        }
    }

    @Test
    void plansOfAllKinds() {
        try (var model = Model.of(new Sequential(new Embedding(9, 4), new Linear(4, 2)), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0]),
                        Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH).length(1, 40))) {
            assertThat(plan.explain().rows()).hasSize(2);
            assertThat(plan.explain().rows().get(0).shapes()).contains("[1, 40] ");
        }
        try (Plan plan = PlanFileTest.steps();
                Session session = plan.newSession(1)) {
            assertThat(plan.explain().rows()).isNotEmpty();
            session.set(new float[] {1, 2, 3}).run();
            float first = session.output().get(0);
            session.profile(5);
            session.run(); // from zeros again
            assertThat(session.output().get(0)).isEqualTo(first);
        }
    }

    @Test
    void aGraph() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6, 6, 3))) {
            String dot = plan.toDot();
            assertThat(dot).startsWith("digraph plan {").endsWith("}\n");
            assertThat(dot.lines().filter(l -> l.contains(" -> "))).hasSize(5);
            assertThat(dot).contains("[label=\"input [1, 6, 6, 3]\", shape=ellipse]");
            assertThat(Pattern.compile("v0 -> c0 \\[label=\"\\[1, 6, 6, 3\\]\"\\]")
                            .matcher(dot)
                            .find())
                    .isTrue();
        }
    }

    @Test
    void mistakes() {
        try (Model<Sequential> model = net();
                Plan plan = Plan.freeze(model, Shape.of(1, 6, 6, 3));
                Session session = plan.newSession()) {
            assertThatThrownBy(() -> session.profile(0)).hasMessage("profile: runs=0 must be at least 1");
            assertThatThrownBy(() -> session.profile(1)).hasMessageContaining("was never written");
        }
    }
}
