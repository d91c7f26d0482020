package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.plan.Plan;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Flight Recorder is told. */
class FlightRecorderTest {
    private static List<RecordedEvent> named(List<RecordedEvent> all, String name) {
        return all.stream().filter(e -> e.getEventType().getName().equals(name)).toList();
    }

    @Test
    void stepsFreezingLoadsAndRuns(@TempDir Path temp) throws Exception {
        Path file = temp.resolve("net.plan");
        List<RecordedEvent> all;
        try (Recording recording = new Recording();
                Dataset data = Dataset.of(new float[40], Shape.of(2), new int[20]);
                var model = Model.of(new Linear(2, 3), 1)) {
            for (String name : List.of("Step", "Freeze", "Load", "Run")) {
                recording.enable("dev.fathom." + name).withoutThreshold();
            }
            recording.start();
            Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).fit(data.batches(5), 2);
            try (Plan plan = Plan.freeze(model, Shape.of(4, 2))) {
                plan.save(file);
            }
            try (Plan plan = Plan.load(file)) {
                plan.predict(new float[12]);
            }
            recording.stop();
            recording.dump(temp.resolve("all.jfr"));
            all = RecordingFile.readAllEvents(temp.resolve("all.jfr"));
        }
        List<RecordedEvent> steps = named(all, "dev.fathom.Step");
        assertThat(steps).hasSize(2 * 4);
        assertThat(steps.get(7).getInt("epoch")).isEqualTo(2);
        assertThat(steps.get(7).getInt("step")).isEqualTo(4);
        assertThat(steps.get(7).getDuration().toNanos()).isPositive();
        assertThat(named(all, "dev.fathom.Freeze").get(0).getInt("calls")).isEqualTo(1);
        RecordedEvent load = named(all, "dev.fathom.Load").get(0);
        assertThat(load.getString("file")).isEqualTo(file.toString());
        assertThat(load.getLong("weights")).isPositive();
        assertThat(load.getBoolean("mapped")).isFalse();
        RecordedEvent run = named(all, "dev.fathom.Run").get(0);
        assertThat(run.getInt("batch")).isEqualTo(6);
        assertThat(run.getInt("length")).isEqualTo(1);
    }
}
