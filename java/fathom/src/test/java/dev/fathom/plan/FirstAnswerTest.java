package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.testing.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process loads until the plan of a file has answered. */
class FirstAnswerTest {
    @TempDir
    Path temp;

    /** Asks a plan once. */
    static final class Ask {
        public static void main(String[] args) {
            try (Plan plan = Plan.load(Path.of(args[0]));
                    Session session = plan.newSession()) {
                session.set(new float[4]).run();
                System.out.println("answer " + session.output().capacity());
            }
        }
    }

    /**
     * The first class that a JVM writes by itself, such as that of a lambda, takes as long as the rest of it, and so do
     * the classes of the Flight Recorder.
     */
    @Test
    void noClassIsWrittenAndNoEventIsMade() throws Exception {
        Path file = temp.resolve("net.plan");
        try (var model = Model.of(new Sequential(new Linear(4, 3).act(Activation.RELU), new Linear(3, 2)), 0);
                Plan plan = Plan.freeze(model, Shape.of(1, 4))) {
            plan.save(file);
        }
        List<String> said = ChildJvm.said(Ask.class, List.of("-Xlog:class+load"), file)
                .lines()
                .toList();
        assertThat(said).contains("answer 2");
        assertThat(said.subList(0, said.indexOf("answer 2")))
                .filteredOn(line -> line.contains(" dev.fathom."))
                .anyMatch(line -> line.contains(" dev.fathom.plan.Session "))
                .noneMatch(line -> line.contains("/0x") || line.contains("Events$"));
    }
}
