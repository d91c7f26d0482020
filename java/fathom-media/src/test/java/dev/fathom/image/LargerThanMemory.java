package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.testing.ChildJvm;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Trainings on images that do not fit into the memory that a JVM may use. */
final class LargerThanMemory {
    private LargerThanMemory() {}

    /** Trains a linear classifier for one epoch and returns a hash of its weights. */
    static String trained(Dataset data) {
        Dataset x = data.flattened();
        int pixels = x.featureShape().dim(0);
        try (x;
                var model = Model.of(new Linear(pixels, data.classes()), 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .fit(x.shuffled(1).batches(10_000_000 / 8 / pixels), 1);
            try (Pass pass = Pass.infer()) {
                assertThat(pass.liveBytes()).isZero();
                return "weights " + Arrays.hashCode(model.net().weight().value().toArray());
            }
        }
    }

    /** Runs a class in a JVM of 64 MB of heap and 48 MB of native memory, and returns what it printed. */
    static String child(Class<?> main, Path... files) throws Exception {
        List<String> options = List.of(
                "-Xmx64m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dfathom.memory=48m",
                "-Dfathom.isa=" + NativeRuntime.get().isa());
        return ChildJvm.said(main, options, (Object[]) files).strip();
    }
}
